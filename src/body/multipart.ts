import { err, ok, type Result } from '../base/index.ts';
import type { MediaType } from './media-type.ts';
import { type PartFacts, type PartFault, readPartHead } from './part-head.ts';
import { readPartContent } from './part-content.ts';
import { bufferOf } from './text.ts';

/** One part of a multipart body. */
export interface Part extends PartFacts {
  /** Its content: a view into the body, never a copy. */
  readonly bytes: Uint8Array;
  /** Where its content begins in the body. */
  readonly offset: number;
}

/** Bounds on a multipart body; the caller bounds its bytes. */
export interface MultipartLimits {
  readonly parts: number;
  /** Bytes of the header fields of one part. */
  readonly headBytes: number;
  /** How many header fields a part may have. */
  readonly headFields: number;
  /** Bytes of the name of a part. */
  readonly nameBytes: number;
  readonly fileNameBytes: number;
}

/**
 * 1,000 parts, as many as a form has fields. 8 KiB is what servers take for the whole head of a request, and a part has
 * two or three fields; 32 are more than any description has, and few enough for all parts to be read in 50 ms. 512 bytes are a hundred words of a name that a schema has to describe. 255 bytes are what file
 * systems have for a name: the longer ones are cut by some of them.
 */
export const DEFAULT_MULTIPART_LIMITS: MultipartLimits = {
  parts: 1_000,
  headBytes: 8_192,
  headFields: 32,
  nameBytes: 512,
  fileNameBytes: 255,
};

/** Why a multipart body is not read, and the offset in bytes where that stands. */
export interface MultipartFault {
  readonly code: MultipartFaultCode;
  readonly offset: number;
}

type MultipartFaultCode =
  | PartFault
  | 'bad-boundary'
  | 'preamble'
  | 'epilogue'
  | 'delimiter-line'
  | 'delimiter-inside'
  | 'no-end'
  | 'too-many-parts'
  | 'head-too-large'
  | 'no-blank-line';

const CARRIAGE_RETURN = 0x0d;
const LINE_FEED = 0x0a;
const DASH = 0x2d;
const BLANK_LINE: Buffer = Buffer.from('\r\n\r\n');

// RFC 2046 §5.1.1. It can't end in a space, which would not be told from padding.
const BOUNDARY = /^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/;

/** Whether the parts of such a body are taken apart: the types of multipart that are lists of parts and no more. */
export function isReadMultipart({ essence }: Pick<MediaType, 'essence'>): boolean {
  return essence === 'multipart/form-data' || essence === 'multipart/mixed' || essence === 'multipart/related';
}

/** What stands between the parts, without the line ends around it; null where the type names no boundary that may be one. */
export function delimiterOf({ parameters }: Pick<MediaType, 'parameters'>): Buffer | null {
  const boundary = parameters.get('boundary');
  return boundary !== undefined && BOUNDARY.test(boundary) ? Buffer.from(`--${boundary}`, 'latin1') : null;
}

/**
 * Reads `multipart/form-data` (RFC 7578), `mixed` and `related` into their parts, in the order sent (RFC 2046 §5.1).
 * It begins with its first delimiter and ends with the last, behind which at most a line end follows; wherever the
 * boundary stands behind two dashes, it is a delimiter with a line of its own. Whatever else RFC 2046 has room for
 * (a preamble, an epilogue, padding, single line feeds) is refused, since readers differ on where parts end then.
 * Takes time linear in the bytes.
 */
export function parseMultipart(
  mediaType: MediaType,
  bytes: Uint8Array,
  limits: MultipartLimits = DEFAULT_MULTIPART_LIMITS,
): Result<readonly Part[], MultipartFault> {
  const delimiter = delimiterOf(mediaType);
  if (delimiter === null) return fault('bad-boundary', 0);
  const buffer = bufferOf(bytes);
  if (!buffer.subarray(0, delimiter.length).equals(delimiter)) return fault('preamble', 0);
  const isForm = mediaType.subtype === 'form-data';
  const parts: Part[] = [];
  let at = delimiter.length;
  while (!isPair(buffer, at, DASH, DASH)) {
    if (!isPair(buffer, at, CARRIAGE_RETURN, LINE_FEED)) return fault('delimiter-line', at);
    if (parts.length === limits.parts) return fault('too-many-parts', at);
    const start = at + 2;
    const next = buffer.indexOf(delimiter, start);
    if (next === -1) return fault('no-end', buffer.length);
    if (next < start + 2 || !isPair(buffer, next - 2, CARRIAGE_RETURN, LINE_FEED))
      return fault('delimiter-inside', next);
    const part = readPart(buffer.subarray(start, next - 2), start, { isForm, limits });
    if (!part.ok) return part;
    parts.push(part.value);
    at = next + delimiter.length;
  }
  const rest = buffer.length - (at + 2);
  if (rest === 0 || (rest === 2 && isPair(buffer, at + 2, CARRIAGE_RETURN, LINE_FEED))) return ok(parts);
  return fault('epilogue', at + 2);
}

function readPart(
  part: Buffer,
  start: number,
  { isForm, limits }: { readonly isForm: boolean; readonly limits: MultipartLimits },
): Result<Part, MultipartFault> {
  const isBare = isPair(part, 0, CARRIAGE_RETURN, LINE_FEED);
  const headEnd = isBare ? 0 : part.subarray(0, limits.headBytes + BLANK_LINE.length).indexOf(BLANK_LINE);
  if (headEnd === -1) return fault(part.length > limits.headBytes ? 'head-too-large' : 'no-blank-line', start);
  const head = readPartHead(part.subarray(0, headEnd), isForm, limits);
  if (!head.ok) return fault(head.error, start);
  const contentStart = isBare ? 2 : headEnd + BLANK_LINE.length;
  const bytes = part.subarray(contentStart);
  const wrong = readPartContent(head.value, bytes, isForm);
  return wrong === null
    ? ok({ ...head.value.facts, bytes, offset: start + contentStart })
    : fault(wrong, start + contentStart);
}

function isPair(bytes: Buffer, at: number, first: number, second: number): boolean {
  return bytes[at] === first && bytes[at + 1] === second;
}

function fault(code: MultipartFaultCode, offset: number): Result<never, MultipartFault> {
  return err({ code, offset });
}
