import { type JsonValue, parseJson, type Part } from '../../body/index.ts';

/** The form as it is held against its description; undefined where it is not as described. */
export type JudgedForm = () => FormValue | undefined;

/**
 * The parts of a form as conditions read them: a field is its text, or its value where it is called JSON, or XML that its
 * description takes apart; a file is `{ name, type, size }`, and several of one name are a list. Null where a field stands
 * twice, a part has no name, or is not what it is called: that has no single reading. A place for a file where none was
 * chosen is not there. `judged` is null where nothing is described.
 */
export function multipartValue(parts: readonly Part[], judged: JudgedForm | null): FormValue | null {
  const known = valuesOfParts.get(parts);
  if (known !== undefined) return known;
  const value = readParts(parts, judged);
  valuesOfParts.set(parts, value);
  return value;
}

/** A form, by the names of its parts. */
export type FormValue = Readonly<Record<string, JsonValue>>;

/** Each condition asks for the body, and what is JSON in it is not read again each time. */
const valuesOfParts = new WeakMap<readonly Part[], FormValue | null>();

function readParts(parts: readonly Part[], judged: JudgedForm | null): FormValue | null {
  const values = Object.create(null) as Record<string, JsonValue>;
  const files = new Map<string, JsonValue[]>();
  for (const part of parts) {
    const { name, fileName, mediaType, bytes } = part;
    if (name === null) return null;
    if (fileName === '') continue;
    const before = files.get(name);
    if (Object.hasOwn(values, name) && (before === undefined || fileName === null)) return null;
    if (fileName === null) {
      const value = fieldValue(part, judged);
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

function fieldValue({ name, mediaType, bytes }: Part, judged: JudgedForm | null): JsonValue | undefined {
  const { suffix, subtype } = mediaType;
  if (judged !== null && (suffix === 'xml' || subtype === 'xml')) {
    const form = judged();
    if (form === undefined) return undefined;
    const value = form[name ?? ''];
    if (typeof value === 'object') return value;
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (suffix !== 'json' && subtype !== 'json') return buffer.toString('utf8');
  const read = parseJson(buffer);
  return read.ok ? read.value : undefined;
}
