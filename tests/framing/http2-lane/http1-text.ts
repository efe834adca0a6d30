import type { FramingCase } from '../case.ts';
import type { Field } from './hpack.ts';

/** The bytes of a request, read as leniently as can be: nothing is checked, and what is wrong with a part stays in it. */
export interface Http1Text {
  readonly method: string;
  readonly target: string;
  /** The values of Host, which is none of the fields. */
  readonly hosts: readonly string[];
  /** Names as they stand; values without one space before them. */
  readonly fields: readonly Field[];
  /** What stands behind the head, or null where nothing does. */
  readonly data: Buffer | null;
  readonly trailers: readonly Field[] | null;
  /** Content-Length announces more than there is, and the client goes on waiting. */
  readonly isShort: boolean;
  readonly awaitsContinue: boolean;
}

/** What the chunks of a body hold; where it is not chunks, the body itself. */
export interface Unchunked {
  readonly data: Buffer | null;
  readonly trailers: readonly Field[] | null;
}

/** Reads what a case sends. */
export function readHttp1Text({ steps }: FramingCase): Http1Text {
  const text = steps
    .filter((step) => Buffer.isBuffer(step))
    .map((step) => step.toString('latin1'))
    .join('');
  const headEnd = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = (headEnd < 0 ? text : text.slice(0, headEnd)).split('\r\n');
  const body = headEnd < 0 ? '' : text.slice(headEnd + 4);
  const fields = lines.filter((entry) => entry !== '').map(fieldOf);
  const isHost = ([name]: Field): boolean => name.toLowerCase() === 'host';
  const announced = fields
    .filter(([name]) => name.toLowerCase() === 'content-length')
    .map(([, value]) => Number(value));
  const [, method = '', target = ''] = /^([^ ]*) ?(.*?)(?: HTTP[^ ]*)?$/s.exec(line) ?? [];
  return {
    method,
    target,
    hosts: fields.filter(isHost).map(([, value]) => value),
    fields: fields.filter((field) => !isHost(field)),
    data: body === '' ? null : Buffer.from(body, 'latin1'),
    trailers: null,
    isShort: announced.some((length) => length > body.length) && !steps.includes('fin'),
    awaitsContinue: steps.some((step) => typeof step === 'object' && 'until' in step),
  };
}

function fieldOf(line: string): Field {
  const colon = line.indexOf(':');
  if (colon < 0) return [line, ''];
  const value = line.slice(colon + 1);
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value];
}

/** The same with no white space around any value; null where there is none. */
export function trimmed(text: Http1Text): Http1Text | null {
  const trim = (value: string): string => value.replace(/^[ \t]+|[ \t]+$/g, '');
  const hosts = text.hosts.map(trim);
  const fields = text.fields.map(([name, value]): Field => [name, trim(value)]);
  const differs = [...hosts, ...fields.flat()].join('\n') !== [...text.hosts, ...text.fields.flat()].join('\n');
  return differs ? { ...text, hosts, fields } : null;
}

/** Takes a body out of its chunks. */
export function unchunked({ data, fields }: Http1Text): Unchunked {
  const isChunked = fields.some(([name]) => name.toLowerCase() === 'transfer-encoding');
  let rest = data?.toString('latin1') ?? '';
  if (!isChunked || data === null) return { data, trailers: null };
  const pieces: string[] = [];
  for (;;) {
    const [line, digits] = /^([0-9A-Fa-f]+)[^\r]*\r\n/.exec(rest) ?? [];
    if (line === undefined || digits === undefined) return { data, trailers: null };
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (size === 0) break;
    pieces.push(rest.slice(0, size));
    if (rest.slice(size, size + 2) !== '\r\n') return { data, trailers: null };
    rest = rest.slice(size + 2);
  }
  if (!rest.endsWith('\r\n')) return { data, trailers: null };
  const lines = rest.split('\r\n').filter((line) => line !== '');
  return { data: Buffer.from(pieces.join(''), 'latin1'), trailers: lines.length === 0 ? null : lines.map(fieldOf) };
}
