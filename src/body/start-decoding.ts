import { Buffer } from 'node:buffer';
import zlib from 'node:zlib';
import { type ContentCoding, ZSTD_PARAMETERS } from './content-coding.ts';

/** The first bytes of a coded body, and how many of what they hold are wanted. */
export interface CodedStart {
  readonly bytes: Buffer;
  readonly coding: ContentCoding;
  readonly limitBytes: number;
}

const PIECE_BYTES = 16_384;

type Decoder = zlib.Gunzip | zlib.Inflate | zlib.BrotliDecompress | zlib.ZstdDecompress;

/** A body that ends in its middle is no fault here, so each is told to give what it has. */
const decoders: Readonly<Record<ContentCoding, () => Decoder>> = {
  gzip: () => zlib.createGunzip({ chunkSize: PIECE_BYTES, finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  deflate: () => zlib.createInflate({ chunkSize: PIECE_BYTES, finishFlush: zlib.constants.Z_SYNC_FLUSH }),
  // RFC 7932 §9.1 allows windows of up to 16 MiB; the decoder makes one only as large as it is used.
  br: () => zlib.createBrotliDecompress({ chunkSize: PIECE_BYTES, finishFlush: zlib.constants.BROTLI_OPERATION_FLUSH }),
  zstd: () =>
    zlib.createZstdDecompress({
      chunkSize: PIECE_BYTES,
      finishFlush: zlib.constants.ZSTD_e_flush,
      params: ZSTD_PARAMETERS,
    }),
};

/**
 * What the beginning of a coded body holds, up to so many bytes, on a thread of Node's pool. It ends where the bytes do,
 * or where they are no longer what their coding says; null where nothing could be decoded. The promise is never rejected.
 */
export function decodeStart({ bytes, coding, limitBytes }: CodedStart): Promise<Buffer | null> {
  const { promise, resolve } = Promise.withResolvers<Buffer | null>();
  const decoder = decoders[coding]();
  const pieces: Buffer[] = [];
  let total = 0;
  const settle = (): void => {
    resolve(total === 0 ? null : Buffer.concat(pieces).subarray(0, limitBytes));
    decoder.destroy();
  };
  decoder.on('data', (piece: Buffer) => {
    pieces.push(piece);
    total += piece.length;
    if (total >= limitBytes) settle();
  });
  decoder.on('error', settle);
  decoder.on('end', settle);
  decoder.end(bytes);
  return promise;
}
