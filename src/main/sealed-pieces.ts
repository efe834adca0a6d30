import { err, ok, type Result } from '../base/index.ts';

/** More pieces than a configuration can name. */
const PIECE_LIMIT = 20_000;

/** Named pieces of bytes as one: for each the lengths of name and bytes, four bytes each, then both. */
export function packPieces(pieces: readonly (readonly [name: string, bytes: Uint8Array])[]): Uint8Array {
  const parts = pieces.flatMap(([name, bytes]) => {
    const head = Buffer.alloc(8);
    head.writeUInt32BE(Buffer.byteLength(name), 0);
    head.writeUInt32BE(bytes.byteLength, 4);
    return [head, Buffer.from(name), bytes];
  });
  return Buffer.concat(parts);
}

/** The pieces again, each bytes of its own; an error says in words what does not fit. Nothing is left over or used twice. */
export function unpackPieces(packed: Uint8Array): Result<ReadonlyMap<string, Uint8Array>, string> {
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const pieces = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < 8) return err('ends within a piece');
    const nameEnd = at + 8 + bytes.readUInt32BE(at);
    const end = nameEnd + bytes.readUInt32BE(at + 4);
    if (end > bytes.length) return err('ends within a piece');
    if (pieces.size >= PIECE_LIMIT) return err('holds too many pieces');
    const name = bytes.toString('utf8', at + 8, nameEnd);
    if (pieces.has(name)) return err('holds a piece twice');
    pieces.set(name, new Uint8Array(bytes.subarray(nameEnd, end)));
    at = end;
  }
  return ok(pieces);
}
