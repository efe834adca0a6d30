import { isUtf8 } from 'node:buffer';
import { err, hexValue, ok, type Result } from '../base/index.ts';
import { bufferOf } from './text.ts';

/** The fields of a form: each name with its values, names by first appearance and values in the order sent. */
export type FormFields = ReadonlyMap<string, readonly string[]>;

/** Bounds on a form; the caller bounds its bytes. */
export interface FormLimits {
  /** What stands between ampersands, empty or not. */
  readonly pairs: number;
}

/** 1,000 pairs: more than any form has, and the bound of most frameworks, past which some drop the rest unsaid. */
export const DEFAULT_FORM_LIMITS: FormLimits = { pairs: 1_000 };

/** Why a form is not read, and the offset in bytes where that stands. */
export interface FormFault {
  readonly code:
    | 'too-many-pairs'
    | 'empty-name'
    | 'malformed-escape'
    | 'invalid-utf8'
    | 'nul-byte'
    | 'control-byte'
    | 'semicolon';
  readonly offset: number;
}

const NUL = 0x00;
const SPACE = 0x20;
const PERCENT = 0x25;
const AMPERSAND = 0x26;
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const DELETE = 0x7f;

/**
 * Reads `application/x-www-form-urlencoded` (WHATWG URL §5.1): pairs between ampersands, split at their first equals
 * sign, a plus is a space, each name and each value decoded once. A pair without an equals sign has an empty value;
 * nothing at all between two ampersands is no pair.
 * Refused, where that parser would go on: a percent sign without two hexadecimal digits, what decodes to other than UTF-8
 * or to NUL, an empty name, and, where not encoded, control bytes and the semicolon, which older readers split at.
 */
export function parseForm(bytes: Uint8Array, limits: FormLimits = DEFAULT_FORM_LIMITS): Result<FormFields, FormFault> {
  const buffer = bufferOf(bytes);
  const fields = new Map<string, string[]>();
  let at = 0;
  for (let count = 0; at < buffer.length; count++) {
    if (count === limits.pairs) return err({ code: 'too-many-pairs', offset: at });
    const found = buffer.indexOf(AMPERSAND, at);
    const end = found === -1 ? buffer.length : found;
    const fault = end === at ? null : readPair(buffer.subarray(at, end), fields);
    if (fault !== null) return err({ code: fault.code, offset: at + fault.offset });
    at = end + 1;
  }
  return ok(fields);
}

function readPair(pair: Buffer, fields: Map<string, string[]>): FormFault | null {
  const found = pair.indexOf(EQUALS);
  const end = found === -1 ? pair.length : found;
  if (end === 0) return { code: 'empty-name', offset: 0 };
  const name = decodeFormPart(pair.subarray(0, end));
  if (!name.ok) return name.error;
  const value = decodeFormPart(pair.subarray(end + 1));
  if (!value.ok) return { code: value.error.code, offset: end + 1 + value.error.offset };
  const values = fields.get(name.value);
  if (values === undefined) fields.set(name.value, [value.value]);
  else values.push(value.value);
  return null;
}

/** Decodes a name or a value, and refuses what has no single reading. */
export function decodeFormPart(bytes: Buffer): Result<string, FormFault> {
  const out = Buffer.allocUnsafe(bytes.length);
  let written = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at]!;
    if (byte === SEMICOLON) return err({ code: 'semicolon', offset: at });
    if (byte < SPACE || byte === DELETE) return err({ code: 'control-byte', offset: at });
    if (byte === PLUS) byte = SPACE;
    if (byte === PERCENT) {
      const high = hexValue(bytes[at + 1]);
      const low = hexValue(bytes[at + 2]);
      if (high === -1 || low === -1) return err({ code: 'malformed-escape', offset: at });
      byte = high * 16 + low;
      if (byte === NUL) return err({ code: 'nul-byte', offset: at });
      at += 2;
    }
    out[written++] = byte;
  }
  const decoded = out.subarray(0, written);
  // The fault is told where the name or value begins: offsets of decoded bytes are not those of the body.
  if (!isUtf8(decoded)) return err({ code: 'invalid-utf8', offset: 0 });
  return ok(decoded.toString('utf8'));
}
