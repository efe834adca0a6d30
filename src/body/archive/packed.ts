import zlib from 'node:zlib';
import { err, ok, type Result } from '../../base/index.ts';
import { ZSTD_PARAMETERS } from '../content-coding.ts';
import type { ArchiveFault } from './archive-fault.ts';

/** How bytes are packed: deflate without a frame (in ZIP), or a file of gzip or zstd. */
export type Packing = 'raw' | 'gzip' | 'zstd';

/** What was packed. `bytes` is null where nothing was to be kept of it. */
export interface Unpacked {
  readonly bytes: Buffer | null;
  readonly size: number;
  readonly crc: number;
}

/** How unpacking is bounded. */
export interface UnpackBounds {
  /** Told how many bytes there are, after each piece; what it says ends it. */
  readonly grown: (bytes: number) => ArchiveFault | null;
  /** Asked with the first bytes, once there are some or no more come: whether all of it is kept, or why it ends. */
  readonly keeps: (start: Buffer) => boolean | ArchiveFault;
  /** So much is kept at most; one byte more ends it as `held`. */
  readonly heldBytes: number;
}

/** Enough to tell an archive by, tar too. */
const START_BYTES = 512;
const PIECE_BYTES = 65_536;
/** So few are unpacked in the thread's own time: that takes less than handing them over. */
const AT_ONCE_BYTES = 8_192;
const AT_ONCE_UNPACKED_BYTES = 131_072;

/**
 * Unpacks all of these bytes on a thread of Node's pool, piece by piece, so that no more than a piece is held of what is
 * not to be kept. What stands behind the end of what is packed makes it malformed. The promise is never rejected.
 */
export async function unpack(
  packed: Buffer,
  packing: Packing,
  bounds: UnpackBounds,
): Promise<Result<Unpacked, ArchiveFault>> {
  const small = packing === 'raw' && packed.length <= AT_ONCE_BYTES ? atOnce(packed, bounds) : null;
  if (small !== null) return small;
  const stream = streamOf(packing);
  const kept = new Kept(bounds);
  let fault: ArchiveFault | null = null;
  try {
    stream.end(packed);
    for await (const piece of stream as AsyncIterable<Buffer>) {
      fault = kept.add(piece);
      if (fault !== null) break;
    }
  } catch {
    fault ??= 'malformed';
  } finally {
    stream.destroy();
  }
  if (fault !== null) return err(fault);
  return stream.bytesWritten === packed.length ? kept.all() : err('malformed');
}

/** Null where it is too much for the thread's own time. */
function atOnce(packed: Buffer, bounds: UnpackBounds): Result<Unpacked, ArchiveFault> | null {
  const kept = new Kept(bounds);
  try {
    const options = { info: true, maxOutputLength: AT_ONCE_UNPACKED_BYTES, chunkSize: PIECE_BYTES } as const;
    const done = zlib.inflateRawSync(packed, options) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (done.engine.bytesWritten !== packed.length) return err('malformed');
    const fault = kept.add(done.buffer);
    return fault === null ? kept.all() : err(fault);
  } catch (fault) {
    const isLarge = fault instanceof Error && 'code' in fault && fault.code === 'ERR_BUFFER_TOO_LARGE';
    return isLarge ? null : err('malformed');
  }
}

function streamOf(packing: Packing): zlib.InflateRaw | zlib.Gunzip | zlib.ZstdDecompress {
  switch (packing) {
    case 'raw':
      return zlib.createInflateRaw({ chunkSize: PIECE_BYTES });
    case 'gzip':
      return zlib.createGunzip({ chunkSize: PIECE_BYTES });
    case 'zstd':
      return zlib.createZstdDecompress({ chunkSize: PIECE_BYTES, params: ZSTD_PARAMETERS });
  }
}

/** What comes out, counted and summed; kept as long as it may have to be. */
class Kept {
  readonly #bounds: UnpackBounds;
  #pieces: Buffer[] | null = [];
  #asked = false;
  #size = 0;
  #crc = 0;

  constructor(bounds: UnpackBounds) {
    this.#bounds = bounds;
  }

  add(piece: Buffer): ArchiveFault | null {
    this.#size += piece.length;
    const fault = this.#bounds.grown(piece.length);
    if (fault !== null) return fault;
    this.#crc = zlib.crc32(piece, this.#crc);
    this.#pieces?.push(piece);
    if (!this.#asked && this.#size >= START_BYTES) return this.#ask();
    return this.#heldFault();
  }

  all(): Result<Unpacked, ArchiveFault> {
    const fault = this.#asked ? null : this.#ask();
    if (fault !== null) return err(fault);
    const bytes = this.#pieces === null ? null : Buffer.concat(this.#pieces);
    return ok({ bytes, size: this.#size, crc: this.#crc });
  }

  #ask(): ArchiveFault | null {
    this.#asked = true;
    const start = Buffer.concat(this.#pieces ?? []).subarray(0, START_BYTES);
    const keeps = this.#bounds.keeps(start);
    if (typeof keeps === 'string') return keeps;
    if (!keeps) this.#pieces = null;
    return this.#heldFault();
  }

  #heldFault(): ArchiveFault | null {
    return this.#asked && this.#pieces !== null && this.#size > this.#bounds.heldBytes ? 'held' : null;
  }
}
