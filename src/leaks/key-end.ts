/** Where the armour of a key ends, and whether that was seen. */
export interface KeyEnd {
  readonly to: number;
  readonly whole: boolean;
}

/** What armour is made of (RFC 7468 §3, RFC 9580 §6.2, and the files of PuTTY). */
const IN_ARMOUR = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=:;,.()<>@ _\r\n\t-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const DASH = 0x2d;
const MARK_DASHES = 5;
const LINE_FEED = 0x0a;
/** An `age` key is one word, whose form tells all of it. */
const ONE_WORD = 'age-secret-key';
const PUTTY = 'putty-private-key';
/** The last line of a file of PuTTY begins so, from its second line on. */
const LAST_OF_PUTTY = 'Private-MAC:';

/** Where a private key ends whose first line ends at `at`: behind its last line, or else where it can go on no further. */
export function keyEnd(bytes: Uint8Array, at: number, form: string): KeyEnd {
  if (form === ONE_WORD) return { to: at, whole: true };
  let to = at;
  while (to < bytes.length && IN_ARMOUR[bytes[to] as number] === 1) {
    if (form === PUTTY && bytes[to] === LINE_FEED && startsWith(bytes, to + 1, LAST_OF_PUTTY))
      return { to: lineEnd(bytes, to + 1), whole: true };
    if (form !== PUTTY && isMark(bytes, to)) {
      const end = markBehind(bytes, to + MARK_DASHES);
      return end === null ? { to, whole: false } : { to: end, whole: true };
    }
    to++;
  }
  return { to, whole: false };
}

function isMark(bytes: Uint8Array, at: number): boolean {
  for (let dash = 0; dash < MARK_DASHES; dash++) if (bytes[at + dash] !== DASH) return false;
  return true;
}

/** Behind the dashes that end the last line; null where there are none. */
function markBehind(bytes: Uint8Array, at: number): number | null {
  const last = Math.min(bytes.length, at + 64);
  for (let to = at; to < last; to++) if (isMark(bytes, to)) return to + MARK_DASHES;
  return null;
}

function lineEnd(bytes: Uint8Array, at: number): number {
  let to = at;
  while (to < bytes.length && IN_ARMOUR[bytes[to] as number] === 1 && bytes[to] !== LINE_FEED) to++;
  return to;
}

function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text.charCodeAt(index)) return false;
  return true;
}
