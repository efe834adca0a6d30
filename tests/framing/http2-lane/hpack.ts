/**
 * An HPACK of its own (RFC 7541), which shares no line with the gateway's: it writes fields in each way that the format
 * has, and reads what a server without a dynamic table sends. Texts have one character an octet.
 */
export type Field = readonly [name: string, value: string];

/** Appendix A, each entry as name and value. */
const STATIC_TABLE: readonly Field[] = `:authority|:method GET|:method POST|:path /|:path /index.html|:scheme http|\
:scheme https|:status 200|:status 204|:status 206|:status 304|:status 400|:status 404|:status 500|accept-charset|\
accept-encoding gzip, deflate|accept-language|accept-ranges|accept|access-control-allow-origin|age|allow|authorization|\
cache-control|content-disposition|content-encoding|content-language|content-length|content-location|content-range|\
content-type|cookie|date|etag|expect|expires|from|host|if-match|if-modified-since|if-none-match|if-range|\
if-unmodified-since|last-modified|link|location|max-forwards|proxy-authenticate|proxy-authorization|range|referer|\
refresh|retry-after|server|set-cookie|strict-transport-security|transfer-encoding|user-agent|vary|via|www-authenticate`
  .split('|')
  .map((entry) => {
    const space = entry.indexOf(' ');
    return space < 0 ? [entry, ''] : [entry.slice(0, space), entry.slice(space + 1)];
  });

/** What an entry counts besides its octets (§4.1). */
const ENTRY_BYTES = 32;

/** The table that both ends begin with (RFC 9113 §6.5.2). */
const TABLE_BYTES = 4_096;

/** An integer whose first octet has other bits, `flags`, above its prefix (§5.1). */
export function integer(value: number, prefixBits: number, flags: number): Buffer {
  const largest = 2 ** prefixBits - 1;
  if (value < largest) return Buffer.of(flags | value);
  const octets = [flags | largest];
  let rest = value - largest;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 128);
  return Buffer.from([...octets, rest]);
}

/** A string as it stands (§5.2). */
export function plainString(text: string): Buffer {
  return Buffer.concat([integer(text.length, 7, 0), Buffer.from(text, 'latin1')]);
}

/** A string in the code of Appendix B, padded with ones. */
export function huffmanString(text: string): Buffer {
  const octets: number[] = [];
  let bits = 0;
  let count = 0;
  for (const octet of Buffer.from(text, 'latin1')) {
    const code = CODES[octet] as Code;
    for (let at = code.length - 1; at >= 0; at--) {
      bits = (bits << 1) | ((code.bits >>> at) & 1);
      if (++count === 8) {
        octets.push(bits);
        bits = count = 0;
      }
    }
  }
  if (count > 0) octets.push((bits << (8 - count)) | (0xff >>> count));
  return Buffer.concat([integer(octets.length, 7, 0x80), Buffer.from(octets)]);
}

/** How the strings of a block are written. */
export type StringForm = (text: string) => Buffer;

/** A block of literals that nobody has to remember (§6.2.2). */
export function literals(fields: readonly Field[], form: StringForm = plainString): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.of(0), form(name), form(value)]));
}

/** Writes fields into the dynamic table of the other end and names them by their index from then on (§2.3.3, §6.1, §6.2.1). */
export class IndexingEncoder {
  /** Newest first. */
  readonly #entries: Field[] = [];
  #bytes = 0;

  block(fields: readonly Field[]): Buffer {
    return Buffer.concat(fields.map((field) => this.#field(field)));
  }

  #field([name, value]: Field): Buffer {
    const index = this.#entries.findIndex(([n, v]) => n === name && v === value);
    if (index >= 0) return integer(STATIC_TABLE.length + 1 + index, 7, 0x80);
    const named = this.#entries.findIndex(([n]) => n === name);
    const head = named < 0 ? [Buffer.of(0x40), plainString(name)] : [integer(STATIC_TABLE.length + 1 + named, 6, 0x40)];
    this.#add([name, value]);
    return Buffer.concat([...head, plainString(value)]);
  }

  #add(field: Field): void {
    this.#entries.unshift(field);
    this.#bytes += bytesOf(field);
    while (this.#bytes > TABLE_BYTES) this.#bytes -= bytesOf(this.#entries.pop() as Field);
  }
}

function bytesOf([name, value]: Field): number {
  return name.length + value.length + ENTRY_BYTES;
}

/** Reads a block that uses no dynamic table and no Huffman code, as the gateway's are; anything else throws. */
export function readPlainBlock(block: Buffer): Field[] {
  const reader = new BlockReader(block);
  const fields: Field[] = [];
  while (!reader.ended) fields.push(...reader.next());
  return fields;
}

class BlockReader {
  readonly #block: Buffer;
  #at = 0;

  constructor(block: Buffer) {
    this.#block = block;
  }

  get ended(): boolean {
    return this.#at >= this.#block.length;
  }

  /** One field, or none where the block says how large the table is to be. */
  next(): Field[] {
    const first = this.#octet(false);
    if (first >= 0x80) return [this.#entry(this.#integer(7))];
    if (first >= 0x40) throw new Error('a field for the dynamic table');
    if (first >= 0x20) {
      if (this.#integer(5) !== 0) throw new Error('a dynamic table');
      return [];
    }
    const index = this.#integer(4);
    const name = index === 0 ? this.#string() : this.#entry(index)[0];
    return [[name, this.#string()]];
  }

  #entry(index: number): Field {
    const entry = STATIC_TABLE[index - 1];
    if (entry === undefined) throw new Error(`no static entry ${index}`);
    return entry;
  }

  #octet(take: boolean): number {
    const octet = this.#block[this.#at];
    if (octet === undefined) throw new Error('the block ends too early');
    if (take) this.#at++;
    return octet;
  }

  #integer(prefixBits: number): number {
    const largest = 2 ** prefixBits - 1;
    let value = this.#octet(true) & largest;
    if (value < largest) return value;
    for (let factor = 1; ; factor *= 128) {
      const octet = this.#octet(true);
      value += (octet & 127) * factor;
      if (octet < 128) return value;
    }
  }

  #string(): string {
    if (this.#octet(false) >= 0x80) throw new Error('a Huffman string');
    const length = this.#integer(7);
    if (this.#at + length > this.#block.length) throw new Error('a string that goes beyond its block');
    this.#at += length;
    return this.#block.toString('latin1', this.#at - length, this.#at);
  }
}

interface Code {
  readonly bits: number;
  readonly length: number;
}

/**
 * Appendix B by the length of the codes, which is enough: the code is canonical, so that codes of one length follow each
 * other in the order of their symbols, and the first of a length follows the last of the one before. 256 is EOS.
 */
const SYMBOLS_BY_LENGTH: Readonly<Record<number, readonly number[]>> = {
  5: octetsOf('012aceiost'),
  6: octetsOf(' %-./3456789=A_bdfghlmnpru'),
  7: octetsOf(':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz'),
  8: octetsOf('&*,;XZ'),
  10: octetsOf('!"()?'),
  11: octetsOf("'+|"),
  12: octetsOf('#>'),
  13: octetsOf('\0$@[]~'),
  14: octetsOf('^}'),
  15: octetsOf('<`{'),
  19: [92, 195, 208],
  20: [128, 130, 131, 162, 184, 194, 224, 226],
  21: [153, 161, 167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230],
  22: [
    129, 132, 133, 134, 136, 146, 154, 156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198,
    228, 232, 233,
  ],
  23: [
    1, 135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165, 166, 168, 174, 175, 180, 182,
    183, 188, 191, 197, 231, 239,
  ],
  24: [9, 142, 144, 145, 148, 159, 171, 206, 215, 225, 236, 237],
  25: [199, 207, 234, 235],
  26: [192, 193, 200, 201, 202, 205, 210, 213, 218, 219, 238, 240, 242, 243, 255],
  27: [203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245, 246, 247, 248, 250, 251, 252, 253, 254],
  28: [2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 23, 24, 25, 26, 27, 28, 29, 30, 31, 127, 220, 249],
  30: [10, 13, 22, 256],
};

const CODES = canonicalCodes();

function octetsOf(text: string): readonly number[] {
  return [...Buffer.from(text, 'latin1')];
}

function canonicalCodes(): readonly (Code | undefined)[] {
  const codes: (Code | undefined)[] = [];
  let next = 0;
  let last = 0;
  for (const [key, symbols] of Object.entries(SYMBOLS_BY_LENGTH)) {
    const length = Number(key);
    next *= 2 ** (length - last);
    last = length;
    for (const symbol of symbols) codes[symbol] = { bits: next++, length };
  }
  return codes;
}
