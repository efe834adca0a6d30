import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from '../base/index.ts';

/** RFC 3986 §2.3: these mean the same encoded or not, so they are always written plainly. */
const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
/** The rest of `pchar` (RFC 3986 §3.3), without the semicolon: requests that hold one are refused. */
const PLAIN = /^[!$&'()*+,=:@]$/;
/** What stands as it is in every place, as most literals do. */
const CANONICAL = /^[A-Za-z0-9\-._~!$&'()*+,=:@]*$/;
const REFUSED: ReadonlyMap<string, string> = new Map([
  ['?', 'holds a `?`; describe the query by parameters'],
  ['#', 'holds a `#`, which no request can send'],
  [';', 'holds a `;`, which the gateway refuses in paths; write it as %3B if the API takes it encoded'],
  ['\\', 'holds a backslash, which no request can send'],
]);

/**
 * Writes a literal piece of a path template as the paths of requests are written: what may stand plainly in a segment
 * does (RFC 3986 §3.3), what else was encoded stays so with upper-case digits, and what a path cannot hold is encoded
 * as UTF-8. Fails, with words that continue "the template …", on what no canonical request path can hold.
 * Idempotent. `text` is without slashes and braces.
 */
export function canonicalLiteral(text: string): Result<string, string> {
  if (CANONICAL.test(text)) return ok(text);
  let written = '';
  for (let at = 0; at < text.length; ) {
    const run = text[at] === '%' ? readEncoded(text, at) : readPlain(text, at);
    if (!run.ok) return run;
    written += run.value.written;
    at = run.value.next;
  }
  return ok(written);
}

interface Run {
  readonly written: string;
  readonly next: number;
}

function readPlain(text: string, at: number): Result<Run, string> {
  const character = String.fromCodePoint(text.codePointAt(at) as number);
  const next = at + character.length;
  if (UNRESERVED.test(character) || PLAIN.test(character)) return ok({ written: character, next });
  const refused = REFUSED.get(character);
  if (refused !== undefined) return err(refused);
  if (character < ' ' || character === '\x7f') return err('holds a control character');
  if (!character.isWellFormed()) return err('holds half of a surrogate pair, which is no character');
  return ok({ written: encodeBytes(Buffer.from(character, 'utf8')), next });
}

/** Reads all escapes that stand side by side, since only together they are UTF-8 or not. */
function readEncoded(text: string, from: number): Result<Run, string> {
  const bytes: number[] = [];
  let at = from;
  for (; text[at] === '%'; at += 3) {
    const digits = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return err('holds a `%` without two hexadecimal digits');
    const byte = Number.parseInt(digits, 16);
    if (byte === 0x2f || byte === 0x5c) return err(`holds %${digits}, an encoded separator, which no request may send`);
    if (byte < 0x20 || byte === 0x7f) return err('holds an encoded control character');
    bytes.push(byte);
  }
  if (!isUtf8(Uint8Array.from(bytes))) return err('holds percent-encoded bytes that are not UTF-8');
  return ok({ written: encodeBytes(bytes), next: at });
}

function encodeBytes(bytes: Iterable<number>): string {
  let text = '';
  for (const byte of bytes) {
    const character = String.fromCharCode(byte);
    text +=
      UNRESERVED.test(character) || PLAIN.test(character)
        ? character
        : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return text;
}
