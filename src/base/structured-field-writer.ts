import {
  type BareItem,
  FIELD_KEY,
  FIELD_TOKEN,
  type FieldDictionary,
  type FieldItem,
  type FieldList,
  type FieldMember,
  type FieldParameters,
  LARGEST_INTEGER,
  LARGEST_WHOLE,
} from './structured-field.ts';

/** Writes an item (RFC 9651 §4.1); null for what no field can hold, such as text beyond ASCII in a string. */
export function writeFieldItem({ item, parameters }: FieldItem): string | null {
  const written = writeBareItem(item);
  const rest = writeParameters(parameters);
  return written === null || rest === null ? null : written + rest;
}

/** Writes a list (RFC 9651 §4.1.1); the empty one is the empty text, for which the field is left out. */
export function writeFieldList(list: FieldList): string | null {
  return joined(list.map(writeMember), ', ');
}

/** Writes a dictionary (RFC 9651 §4.1.2); the empty one as an empty list. */
export function writeFieldDictionary(dictionary: FieldDictionary): string | null {
  const members = Array.from(dictionary, ([key, member]) => {
    if (!FIELD_KEY.test(key)) return null;
    if (member.kind === 'item' && isTrue(member.item)) return joined([key, writeParameters(member.parameters)], '');
    return joined([`${key}=`, writeMember(member)], '');
  });
  return joined(members, ', ');
}

/** Writes a value without parameters (RFC 9651 §4.1.3.1); null for what no field can hold. */
export function writeBareItem(item: BareItem): string | null {
  switch (item.kind) {
    case 'integer':
      return writeInteger(item.value);
    case 'date':
      return joined(['@', writeInteger(item.value)], '');
    case 'decimal':
      return writeDecimal(item.value);
    case 'string':
      return /^[ -~]*$/.test(item.value) ? `"${item.value.replaceAll(/["\\]/g, '\\$&')}"` : null;
    case 'token':
      return FIELD_TOKEN.test(item.value) ? item.value : null;
    case 'bytes':
      return `:${Buffer.from(item.value).toString('base64')}:`;
    case 'boolean':
      return item.value ? '?1' : '?0';
    case 'display-string':
      return writeDisplay(item.value);
  }
}

function writeMember(member: FieldMember): string | null {
  if (member.kind === 'item') return writeFieldItem(member);
  const items = joined(member.items.map(writeFieldItem), ' ');
  return joined([items === null ? null : `(${items})`, writeParameters(member.parameters)], '');
}

function writeParameters(parameters: FieldParameters): string | null {
  const written = Array.from(parameters, ([key, item]) => {
    if (!FIELD_KEY.test(key)) return null;
    return isTrue(item) ? `;${key}` : joined([`;${key}=`, writeBareItem(item)], '');
  });
  return joined(written, '');
}

function writeInteger(value: number): string | null {
  return Number.isInteger(value) && Math.abs(value) <= LARGEST_INTEGER ? String(value + 0) : null;
}

/** Three digits behind the point at most, of two as near the even one (RFC 9651 §4.1.5). */
function writeDecimal(value: number): string | null {
  if (!Number.isFinite(value)) return null;
  const thousandths = roundToEven(value * 1000);
  const whole = Math.trunc(thousandths / 1000);
  if (Math.abs(whole) > LARGEST_WHOLE) return null;
  const text = (Math.abs(thousandths) / 1000).toFixed(3).replace(/0{1,2}$/, '');
  return thousandths < 0 ? `-${text}` : text;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}

function writeDisplay(value: string): string | null {
  if (!value.isWellFormed()) return null;
  const bytes = Buffer.from(value);
  const text = Array.from(bytes, (byte) => {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x25;
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, '0')}`;
  });
  return `%"${text.join('')}"`;
}

function isTrue(item: BareItem): boolean {
  return item.kind === 'boolean' && item.value;
}

/** Null where a part is. */
function joined(parts: readonly (string | null)[], separator: string): string | null {
  return parts.includes(null) ? null : parts.join(separator);
}
