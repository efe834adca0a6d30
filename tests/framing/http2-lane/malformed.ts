import type { Field } from './hpack.ts';

const CONNECTION_FIELDS = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** Whether a field is of the kind that HTTP/2 has not (RFC 9113 §8.2.2). */
export function isConnectionField([name, value]: Field): boolean {
  const lower = name.toLowerCase();
  return CONNECTION_FIELDS.has(lower) || (lower === 'te' && value !== 'trailers');
}

/**
 * Whether RFC 9113 §8.2 calls a field malformed by itself: a name in upper case or with an octet that no name has; a value
 * with a line break or NUL, or with white space at an end. Underscores and other control characters it leaves to us.
 */
function isMalformedField(field: Field): boolean {
  const [name, value] = field;
  return !/^:?[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) || /[\r\n\0]|^[ \t]|[ \t]$/.test(value) || isConnectionField(field);
}

/** The same for a trailer, which has no pseudo fields either. */
export function isMalformedTrailer(field: Field): boolean {
  return isMalformedField(field) || field[0].startsWith(':');
}

/**
 * Whether RFC 9113 calls a request malformed (§8.1.1, §8.2, §8.3.1, §8.5), which resets its stream without a reply.
 * `dataBytes`: how much DATA it has, or null where its end does not come.
 */
export function isMalformed(fields: readonly Field[], dataBytes: number | null): boolean {
  const value = (name: string): string | null => fields.find(([found]) => found === name)?.[1] ?? null;
  const method = value(':method') ?? '';
  const path = value(':path') ?? '';
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method)) return true;
  const isPath = path.startsWith('/') || (path === '*' && method === 'OPTIONS');
  if (method !== 'CONNECT' && !isPath) return true;
  const lengths = fields.filter(([name]) => name === 'content-length').map(([, length]) => length);
  const isPlain = lengths.length === 1 && /^(0|[1-9][0-9]{0,14})$/.test(lengths[0] ?? '');
  if (isPlain && dataBytes !== null && Number(lengths[0]) !== dataBytes) return true;
  return fields.some(isMalformedField);
}
