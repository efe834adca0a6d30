import { Buffer } from 'node:buffer';
import { KEPT_BODY_BYTES, type OriginalReply } from './original.ts';
import { maskField, maskSecrets } from './secret-mask.ts';

const FIELD_LIMIT = 64;
const VALUE_LIMIT_CHARACTERS = 512;

/**
 * What is kept of an original, as JSON: its status, fields and the first 8 KiB of its body, secrets masked. A body in a
 * coding that could not be undone is not kept, since nobody knows what it holds. The same original gives the same text.
 */
export function keptText({ status, trace, headers, start, whole, coded }: OriginalReply): string {
  const fields = [...headers.entries()].slice(0, FIELD_LIMIT).map(([name, value]) => {
    const lower = name.toLowerCase();
    return [lower, maskField(lower, value).slice(0, VALUE_LIMIT_CHARACTERS)];
  });
  const part = start.subarray(0, KEPT_BODY_BYTES);
  const text = coded ? '' : Buffer.from(part.buffer, part.byteOffset, part.byteLength).toString('utf8');
  // Without octets of zero, so that nothing is hidden from the masks by UTF-16; what else is no text would be escaped at
  // six times its length.
  const body = maskSecrets(text.replaceAll('\0', '')).replace(/[^\P{Cc}\t\n\r]|\p{Cs}/gu, '\ufffd');
  const isWhole = whole && !coded && start.byteLength <= KEPT_BODY_BYTES;
  return JSON.stringify({ status, trace, fields, body, whole: isWhole, coded });
}
