import type { ScannerTarget } from '../../ports/index.ts';

/** What a service says of itself (RFC 3507 §4.10). */
export interface ServiceOptions {
  readonly method: 'RESPMOD' | 'REQMOD';
  /** So many bytes it wants to see first; null where it says nothing of it. */
  readonly previewBytes: number | null;
  /** How long this holds. */
  readonly ttlMs: number;
}

/** The head of a reply, read. */
export interface IcapHead {
  readonly status: number;
  /** By name in lower case; what stood there several times is joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
}

/** The question what a service does. */
export function optionsRequest(target: ScannerTarget): Buffer {
  return Buffer.from(`OPTIONS ${addressOf(target)} ICAP/1.0\r\nHost: ${hostOf(target)}\r\nAllow: 204\r\n\r\n`);
}

/**
 * The head of a request to look at so many bytes, with the heads of HTTP that stand before them (§4.8, §4.9). What the
 * client said of the file stays here: nothing that it chose is in a head.
 */
export function scanRequest(
  target: ScannerTarget,
  { method }: Pick<ServiceOptions, 'method'>,
  { bytes, preview }: { readonly bytes: number; readonly preview: number | null },
): Buffer {
  const about = `Content-Type: application/octet-stream\r\nContent-Length: ${bytes}\r\n\r\n`;
  const question =
    method === 'RESPMOD'
      ? `GET ${PLACE} HTTP/1.1\r\nHost: ${PLACE_HOST}\r\n\r\n`
      : `POST ${PLACE} HTTP/1.1\r\nHost: ${PLACE_HOST}\r\n${about}`;
  const answer = method === 'RESPMOD' ? `HTTP/1.1 200 OK\r\n${about}` : '';
  const parts =
    method === 'RESPMOD'
      ? `req-hdr=0, res-hdr=${question.length}, res-body=${question.length + answer.length}`
      : `req-hdr=0, req-body=${question.length}`;
  const head = [
    `${method} ${addressOf(target)} ICAP/1.0`,
    `Host: ${hostOf(target)}`,
    'Allow: 204',
    ...(preview === null ? [] : [`Preview: ${preview}`]),
    `Encapsulated: ${parts}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${question}${answer}`, 'latin1');
}

const PLACE_HOST = 'upload.invalid';
const PLACE = `http://${PLACE_HOST}/file`;

function hostOf({ host, port }: ScannerTarget): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function addressOf(target: ScannerTarget): string {
  return `icap://${hostOf(target)}${target.service}`;
}

const STATUS = /^ICAP\/1\.0 ([1-5][0-9]{2})(?: [\t -~]*)?$/;
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):([\t\x20-\x7e\x80-\xff]*)$/;
const FIELD_LIMIT = 100;

/** Reads a head without its empty line; null where it is none. A line that begins with a blank goes on with the one before. */
export function readHead(text: string): IcapHead | null {
  const [first = '', ...lines] = text.replace(/\r\n[\t ]+/g, ' ').split('\r\n');
  const status = STATUS.exec(first)?.[1];
  if (status === undefined || lines.length > FIELD_LIMIT) return null;
  const fields = new Map<string, string>();
  for (const line of lines) {
    const found = FIELD.exec(line);
    if (found === null) return null;
    const name = found[1]!.toLowerCase();
    const before = fields.get(name);
    const value = found[2]!.trim();
    fields.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), fields };
}

const TTL_MS = 600_000;
const LONGEST_TTL_MS = 3_600_000;
const PREVIEW_LIMIT_BYTES = 65_536;

/** What a reply to the question says; null where it does neither of both. */
export function readOptions({ status, fields }: IcapHead): ServiceOptions | null {
  const methods = (fields.get('methods') ?? '').toUpperCase().split(/[\t ,]+/);
  const method = methods.includes('RESPMOD') ? 'RESPMOD' : methods.includes('REQMOD') ? 'REQMOD' : null;
  if (status !== 200 || method === null) return null;
  const preview = fields.get('preview');
  const ttl = Number(/^[0-9]{1,9}$/.exec(fields.get('options-ttl') ?? '')?.[0] ?? 0) * 1_000;
  return {
    method,
    previewBytes:
      preview !== undefined && /^[0-9]{1,9}$/.test(preview) ? Math.min(Number(preview), PREVIEW_LIMIT_BYTES) : null,
    ttlMs: ttl > 0 ? Math.min(ttl, LONGEST_TTL_MS) : TTL_MS,
  };
}

/** What is wrong with a file, as services say it in fields that no standard has: null where they say nothing is. */
export function findingOf({ fields }: IcapHead): { readonly name: string | null } | null {
  const found = fields.get('x-infection-found');
  if (found !== undefined) return { name: /Threat=([^;]{1,200})/i.exec(found)?.[1]?.trim() ?? null };
  const virus = fields.get('x-virus-id');
  if (virus !== undefined && !/^(?:|none|no threats?|clean)$/i.test(virus)) return { name: virus.slice(0, 200) };
  const violations = fields.get('x-violations-found');
  return violations !== undefined && !/^0\b/.test(violations) ? { name: null } : null;
}

/** The parts of what a reply carries (§4.4.1), by their names and where each begins; null where they make no sense. */
export function encapsulated({ fields }: IcapHead): readonly (readonly [name: string, at: number])[] | null {
  const parts = (fields.get('encapsulated') ?? '')
    .split(',')
    .map((part) => /^ *([a-z]+-(?:hdr|body))=([0-9]{1,6}) *$/.exec(part));
  const read = parts.map((found) => (found === null ? null : ([found[1]!, Number(found[2])] as const)));
  if (read.some((part) => part === null)) return null;
  const sound = read as readonly (readonly [string, number])[];
  const inOrder = sound.every(([, at], index) => (index === 0 ? at === 0 : at >= (sound[index - 1]?.[1] ?? 0)));
  const bodies = sound.slice(0, -1).some(([name]) => name.endsWith('-body'));
  return inOrder && !bodies && sound.at(-1)?.[0].endsWith('-body') === true ? sound : null;
}
