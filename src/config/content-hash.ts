import { createHash } from 'node:crypto';

/** Named pieces of content, in any order. */
export type Pieces = Readonly<Record<string, Uint8Array | SharedArrayBuffer>>;

/**
 * SHA-256 in hexadecimal over tables of named bytes. Every name and content is preceded by its length, so that
 * no two different sets of tables are the same stream; the order in which names were found does not count.
 */
export function contentHash(tables: readonly Pieces[]): string {
  const hash = createHash('sha256');
  const add = (bytes: Uint8Array): void => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(bytes.byteLength));
    hash.update(length).update(bytes);
  };
  for (const table of tables) {
    const names = Object.keys(table).toSorted();
    add(Buffer.from(String(names.length)));
    for (const name of names) {
      const content = table[name] as Uint8Array | SharedArrayBuffer;
      add(Buffer.from(name));
      add(content instanceof Uint8Array ? content : new Uint8Array(content));
    }
  }
  return hash.digest('hex');
}
