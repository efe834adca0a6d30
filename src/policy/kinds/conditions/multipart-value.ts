import { type JsonValue, parseJson, type Part } from '../../../body/index.ts';

/**
 * The parts of a form as conditions read them: a field is its text, or its value where it is called JSON, a file is
 * `{ name, type, size }`; several files of one name are a list. Null where a field stands twice, a part has no name, or
 * is called JSON and is none: that has no single reading. A place for a file where none was chosen is not there.
 */
export function multipartValue(parts: readonly Part[]): FormValue | null {
  const known = valuesOfParts.get(parts);
  if (known !== undefined) return known;
  const value = readParts(parts);
  valuesOfParts.set(parts, value);
  return value;
}

type FormValue = Readonly<Record<string, JsonValue>>;

/** Each condition asks for the body, and what is JSON in it is not read again each time. */
const valuesOfParts = new WeakMap<readonly Part[], FormValue | null>();

function readParts(parts: readonly Part[]): FormValue | null {
  const values = Object.create(null) as Record<string, JsonValue>;
  const files = new Map<string, JsonValue[]>();
  for (const part of parts) {
    const { name, fileName, mediaType, bytes } = part;
    if (name === null) return null;
    if (fileName === '') continue;
    const before = files.get(name);
    if (Object.hasOwn(values, name) && (before === undefined || fileName === null)) return null;
    if (fileName === null) {
      const value = fieldValue(part);
      if (value === undefined) return null;
      values[name] = value;
      continue;
    }
    const file = { name: fileName, type: mediaType.essence, size: bytes.length };
    if (before === undefined) {
      files.set(name, [file]);
      values[name] = file;
    } else {
      before.push(file);
      values[name] = before;
    }
  }
  return values;
}

function fieldValue({ mediaType, bytes }: Part): JsonValue | undefined {
  const { suffix, subtype } = mediaType;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (suffix !== 'json' && subtype !== 'json') return buffer.toString('utf8');
  const read = parseJson(buffer);
  return read.ok ? read.value : undefined;
}
