/**
 * 256-entry tables over octets: one look-up a byte is what makes a strict reader cheap.
 * Sources: RFC 9110 §5.6.2 (token), RFC 9110 §5.5 (field content), RFC 3986 §3.3 and §3.4 (path, query).
 */
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const SUB_DELIMS_BUT_SEMICOLON = "!$&'()*+,=";

function table(marks: Readonly<Record<number, string>>): Uint8Array {
  const octets = new Uint8Array(256);
  for (const [mark, characters] of Object.entries(marks)) {
    for (const character of characters) octets[character.charCodeAt(0)] = Number(mark);
  }
  return octets;
}

/** 1 for each octet of a token (RFC 9110 §5.6.2). */
export const TOKEN = table({ 1: `${ALPHANUMERIC}!#$%&'*+-.^_\`|~` });

/** Field names of requests: 1 for letters, digits and hyphen; 2 for the rest of a token. An underscore is 0: such names are refused. */
export const REQUEST_NAME = table({ 1: `${ALPHANUMERIC}-`, 2: "!#$%&'*+.^`|~" });

/** Field values of requests: visible ASCII, space and tab. */
export const REQUEST_VALUE = fieldValue(false);

/** Field values of replies: obs-text too, since upstreams send file names in it. */
export const REPLY_VALUE = fieldValue(true);

function fieldValue(obsText: boolean): Uint8Array {
  const octets = new Uint8Array(256);
  octets.fill(1, 0x20, 0x7f);
  octets[0x09] = 1;
  if (obsText) octets.fill(1, 0x80, 0x100);
  return octets;
}

/** Paths: 1 for what stands for itself, 2 for the slash, 3 for what needs a closer look (`%` and `.`). */
export const PATH = table({ 1: `${ALPHANUMERIC}-_~:@${SUB_DELIMS_BUT_SEMICOLON}`, 2: '/', 3: '%.' });

/** Queries: 1 for what stands for itself, 2 for what needs a closer look: escapes, and brackets, which clients leave bare. */
export const QUERY = table({ 1: `${ALPHANUMERIC}-._~:@/?;${SUB_DELIMS_BUT_SEMICOLON}`, 2: '%[]' });

/** 1 for the unreserved characters (RFC 3986 §2.3), which mean the same with and without encoding. */
export const UNRESERVED = table({ 1: `${ALPHANUMERIC}-._~` });

/** Each octet in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, octet) =>
  octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet,
);

/** The value of a hexadecimal digit, or 255. */
export const HEX_VALUE = hexValues();

function hexValues(): Uint8Array {
  const octets = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    const character = digit.toString(16);
    octets[character.charCodeAt(0)] = digit;
    octets[character.toUpperCase().charCodeAt(0)] = digit;
  }
  return octets;
}

/**
 * These octets as text, one character each: what `toString('latin1')` gives, without its looking at the arguments, which
 * costs more than the copying of a short piece. Node has it on every Buffer; its types leave it out.
 */
export function latin1Text(bytes: Buffer, start: number, end: number): string {
  return (bytes as Buffer & { latin1Slice(start: number, end: number): string }).latin1Slice(start, end);
}

/** Horizontal tab. */
export const HTAB = 0x09;

/** Line feed. */
export const LF = 0x0a;

/** Carriage return. */
export const CR = 0x0d;

/** Space. */
export const SP = 0x20;

/** The colon behind a field name. */
export const COLON = 0x3a;

/** The semicolon before a chunk extension. */
export const SEMICOLON = 0x3b;
