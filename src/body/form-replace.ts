import { decodeFormPart, type FormFields } from './form.ts';
import { KeptBytes } from './kept-bytes.ts';
import { bufferOf } from './text.ts';

const AMPERSAND = 0x26;
const EQUALS = 0x3d;

/** What the serializer of forms leaves plain (WHATWG URL §5.2); a space is a plus. */
const OTHERS = /[^A-Za-z0-9*._-]/gu;

/**
 * Puts other values in the place of those of a form that `parseForm` has read. `values` has all values of a name in their
 * order, changed or not; those that are as they were stay byte for byte, as do names and all pairs of other names.
 */
export function replaceFields(bytes: Uint8Array, fields: FormFields, values: FormFields): Buffer {
  const buffer = bufferOf(bytes);
  const seen = new Map<string, number>();
  const kept = new KeptBytes(buffer);
  for (let at = 0; at < buffer.length; ) {
    const found = buffer.indexOf(AMPERSAND, at);
    const end = found === -1 ? buffer.length : found;
    if (end > at) {
      const pair = buffer.subarray(at, end);
      const equals = pair.indexOf(EQUALS);
      const name = nameOf(pair.subarray(0, equals === -1 ? pair.length : equals));
      const index = seen.get(name) ?? 0;
      seen.set(name, index + 1);
      const value = values.get(name)?.[index];
      if (value !== undefined && value !== fields.get(name)?.[index]) {
        const from = equals === -1 ? end : at + equals + 1;
        kept.drop(from, end, Buffer.from(`${equals === -1 ? '=' : ''}${encodeFormText(value)}`));
      }
    }
    at = end + 1;
  }
  return kept.rest();
}

function nameOf(bytes: Buffer): string {
  const name = decodeFormPart(bytes);
  if (!name.ok) throw new Error('what was read as a form is none');
  return name.value;
}

/** A name or a value as a form has it. */
export function encodeFormText(text: string): string {
  return text.replace(OTHERS, (character) => (character === ' ' ? '+' : percentEncoded(character)));
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
