import zlib from 'node:zlib';
import { err, ok, type Result } from '../base/index.ts';

/** A content coding that is undone here (RFC 9110 §8.4.1, RFC 8878 for zstd, RFC 7932 for br). */
export type ContentCoding = 'gzip' | 'deflate' | 'br' | 'zstd';

/** Why a coded body can't be read: it is not what its coding says, or holds more than it may. */
export type CodingFault = 'malformed' | 'too-large';

/**
 * What `Accept-Encoding` of a 415 names (RFC 7694 §3). `deflate` is left out: half of all software sends it without
 * the zlib frame that it should have.
 */
export const ACCEPTED_CODINGS = 'gzip, br, zstd';

/** More than this no coded body may hold, whatever its operation takes: it is kept whole, beside the coded one. */
export const DECODED_LIMIT_BYTES = 10 * 1024 * 1024;
/** Text rarely packs better than 20 to 1; deflate can do 1,032 to 1, and the others far more. */
const RATIO_LIMIT = 100;
/** A few bytes may hold this many all the same. */
const SPARE_BYTES = 1_024;
/** RFC 9659 §3: no coded body may ask its reader for a larger window, 8 MiB. */
const ZSTD_WINDOW_LOG = 23;
/** Fewer and larger pieces: a third of the time of Node's 16 KiB. */
const PIECE_BYTES = 65_536;

const CODINGS: Readonly<Record<string, ContentCoding>> = Object.freeze({
  __proto__: null,
  gzip: 'gzip',
  // RFC 9110 §8.4.1.3.
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
  zstd: 'zstd',
} as unknown as Record<string, ContentCoding>);

/**
 * The one coding that a Content-Encoding names, in any case; `none` where it is missing or `identity`; `unknown` for
 * anything else. So are lists and fields that come twice: who unpacks how often is not agreed on.
 */
export function contentCodingOf(field: string | null): ContentCoding | 'none' | 'unknown' {
  if (field === null) return 'none';
  const name = field.toLowerCase();
  return name === 'identity' ? 'none' : (CODINGS[name] ?? 'unknown');
}

/** How many bytes a coded body of this length may hold. A bomb is found out when it has given so many, and no later. */
export function decodedLimitOf(codedBytes: number): number {
  return Math.min(DECODED_LIMIT_BYTES, RATIO_LIMIT * codedBytes + SPARE_BYTES);
}

/** A whole coded body, and how many bytes it may hold. */
export interface CodedBody {
  readonly bytes: Buffer;
  readonly coding: ContentCoding;
  readonly limitBytes: number;
}

/** Undoes the coding in this moment. All bytes must belong to it: what stands behind its end is a fault. */
export function decodeNow({ bytes, coding, limitBytes }: CodedBody): Result<Buffer, CodingFault> {
  try {
    return judged(decoders[coding].now(bytes, optionsFor(limitBytes)), bytes);
  } catch (fault) {
    return err(faultOf(fault));
  }
}

/** The same on a thread of Node's pool. The promise is never rejected. */
export function decodeAside({ bytes, coding, limitBytes }: CodedBody): Promise<Result<Buffer, CodingFault>> {
  const { promise, resolve } = Promise.withResolvers<Result<Buffer, CodingFault>>();
  decoders[coding].aside(bytes, optionsFor(limitBytes), (fault, decoded) =>
    resolve(fault === null ? judged(decoded, bytes) : err(faultOf(fault))),
  );
  return promise;
}

interface Options {
  readonly info: true;
  readonly maxOutputLength: number;
  readonly chunkSize: number;
  readonly params?: Record<number, number>;
}

type Callback = (fault: Error | null, decoded: unknown) => void;

interface Decoder {
  now(bytes: Buffer, options: Options): unknown;
  aside(bytes: Buffer, options: Options, callback: Callback): void;
}

/** `deflate` is the zlib format alone (RFC 9110 §8.4.1.2): bytes without its frame could be taken for other things. */
const decoders: Readonly<Record<ContentCoding, Decoder>> = {
  gzip: {
    now: (bytes, options) => zlib.gunzipSync(bytes, options),
    aside: (bytes, options, callback) => zlib.gunzip(bytes, options, callback),
  },
  deflate: {
    now: (bytes, options) => zlib.inflateSync(bytes, options),
    aside: (bytes, options, callback) => zlib.inflate(bytes, options, callback),
  },
  br: {
    now: (bytes, options) => zlib.brotliDecompressSync(bytes, options),
    aside: (bytes, options, callback) => zlib.brotliDecompress(bytes, options, callback),
  },
  zstd: {
    now: (bytes, options) => zlib.zstdDecompressSync(bytes, { ...options, params: ZSTD_PARAMETERS }),
    aside: (bytes, options, callback) => zlib.zstdDecompress(bytes, { ...options, params: ZSTD_PARAMETERS }, callback),
  },
};

/** For every decoder of zstd. */
export const ZSTD_PARAMETERS = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG };

function optionsFor(limitBytes: number): Options {
  // Zero would be taken for a value that is missing.
  return { info: true, maxOutputLength: Math.max(1, limitBytes), chunkSize: PIECE_BYTES };
}

/** Node stops at the end of what is coded, whatever follows; the engine says how much it took. */
function judged(decoded: unknown, bytes: Buffer): Result<Buffer, CodingFault> {
  const { buffer, engine } = decoded as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
  return engine.bytesWritten === bytes.length ? ok(buffer) : err('malformed');
}

function faultOf(fault: unknown): CodingFault {
  const code = fault instanceof Error && 'code' in fault ? fault.code : null;
  return code === 'ERR_BUFFER_TOO_LARGE' ? 'too-large' : 'malformed';
}
