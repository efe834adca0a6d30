import type { FieldValues, Selection } from './types.ts';

/** A reply that is chosen by more fields than this is not one that is asked for again. */
const NAMES_LIMIT = 16;
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/;

/** The values of these are what clients prove themselves with. They are held in no key. */
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/**
 * Fields that some servers and frameworks take for the target, the host or the scheme, past what a key is made of. They
 * choose every reply, whether it says so or not.
 */
const STEERING: readonly string[] = [
  'x-original-url',
  'x-rewrite-url',
  'x-original-uri',
  'x-override-url',
  'x-original-host',
  'x-host',
  'x-http-host-override',
  'x-forwarded-server',
  'x-forwarded-prefix',
  'x-forwarded-path',
  'x-forwarded-scheme',
  'x-forwarded-port',
  'x-forwarded-ssl',
  'x-url-scheme',
  'front-end-https',
  'x-middleware-subrequest',
  'x-middleware-prefetch',
  'x-nextjs-data',
];

/** Fields whose white space means nothing, and which are alike in any case (RFC 9110 §12.5). */
const LISTS: ReadonlySet<string> = new Set(['accept-charset', 'accept-encoding', 'accept-language']);

const NO_NAMES: readonly string[] = [];

/**
 * What a reply to a request with these fields was chosen by (RFC 9111 §4.1); null where it can't be chosen again: `*`, a
 * list that is none, or one that names a credential the request has.
 *
 * Some say by their fields alone that they were chosen, and often forget Vary: a coded body by Accept-Encoding, a grant
 * to one origin by Origin.
 */
export function selectionOf(reply: FieldValues, request: FieldValues): Selection | null {
  const names = new Set<string>();
  for (const word of (reply.get('vary') ?? '').split(',')) {
    const name = word.trim().toLowerCase();
    if (name === '') continue;
    if (name === '*' || !NAME.test(name)) return null;
    names.add(name);
  }
  if (isCoded(reply)) names.add('accept-encoding');
  if (isForOneOrigin(reply)) names.add('origin');
  const steering = steeringText(request);
  if (names.size === 0) return { names: NO_NAMES, values: NO_NAMES, steering };
  if (names.size > NAMES_LIMIT) return null;
  const list = [...names].toSorted();
  if (list.some((name) => CREDENTIALS.has(name) && request.has(name))) return null;
  const values = list.map((name) => selectingValue(name, request));
  return { names: list.map(copyOf), values: values.map((value) => (value === null ? null : copyOf(value))), steering };
}

/** The same text in memory of its own: what is cut from a head holds all of that head. */
function copyOf(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

function isCoded(reply: FieldValues): boolean {
  const coding = reply.get('content-encoding');
  return coding !== null && coding.toLowerCase() !== 'identity';
}

function isForOneOrigin(reply: FieldValues): boolean {
  const origin = reply.get('access-control-allow-origin');
  return origin !== null && origin !== '*';
}

/** What stands in a request's steering fields, as one text which no others give; null where it has none, as is common. */
export function steeringText(request: FieldValues): string | null {
  let found: [string, string | null][] | null = null;
  for (const name of STEERING) if (request.has(name)) (found ??= []).push([name, request.get(name)]);
  return found === null ? null : JSON.stringify(found);
}

/**
 * Whether a request with these fields would have been answered with what was so chosen (RFC 9111 §4.1). `steering` is
 * that of the request.
 */
export function isSelected(selection: Selection, request: FieldValues, steering: string | null): boolean {
  const { names, values } = selection;
  if (selection.steering !== steering) return false;
  for (let at = 0; at < names.length; at++)
    if (selectingValue(names[at] as string, request) !== values[at]) return false;
  return true;
}

/** The values of these fields as one text, which no other values give. */
export function selectingText(names: readonly string[], request: FieldValues): string {
  return names.length === 0 ? '' : JSON.stringify(names.map((name) => selectingValue(name, request)));
}

/** Several lines are one value; white space and case are left out where they mean nothing. Absent is not empty. */
function selectingValue(name: string, request: FieldValues): string | null {
  const value = request.get(name);
  if (value === null || !LISTS.has(name) || value.includes('"')) return value;
  return value.toLowerCase().replace(/[ \t]+/g, '');
}
