import { type FieldName, type FieldRules, type HpackField, pairFault, valueFault } from './hpack-field.ts';
import { STATIC_COUNT, STATIC_ENTRIES } from './hpack-static.ts';

/** A field that a later one may take its name from. */
export interface TableField extends HpackField {
  readonly named: FieldName;
}

/** What keeping an entry takes beside what is counted for it (measured): objects, and a place in the ring. */
const ENTRY_BYTES = 144;

/** What an entry costs besides its octets (RFC 7541 §4.1), so this many octets of a table hold one entry at most. */
const ENTRY_OVERHEAD = 32;

/** The largest table that may be asked for: four times the default. */
export const TABLE_LIMIT_BYTES = 16_384;

/** A decoder's index space: the static table and behind it the dynamic one, newest entry first (RFC 7541 §2.3). */
export class HpackTable {
  readonly #statics: readonly TableField[];
  readonly #limitBytes: number;
  /** A ring, whose length is a power of two; made with the first entry, since many connections never add one. */
  #ring: (TableField | null)[] = [];
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #capacityBytes: number;

  /** `limitBytes`: what SETTINGS_HEADER_TABLE_SIZE tells the peer, `TABLE_LIMIT_BYTES` at most. */
  constructor(rules: FieldRules, limitBytes: number) {
    if (limitBytes > TABLE_LIMIT_BYTES) throw new RangeError(`no table holds ${limitBytes} bytes`);
    this.#statics = staticFields(rules);
    this.#limitBytes = limitBytes;
    this.#capacityBytes = limitBytes;
  }

  /** Octets of all entries and what is counted besides (RFC 7541 §4.1). */
  get bytes(): number {
    return this.#bytes;
  }

  /** What it takes of memory, about. */
  get heldBytes(): number {
    return this.#bytes + this.#count * ENTRY_BYTES;
  }

  /** The field of an index, or null where there is none. */
  at(index: number): TableField | null {
    if (index <= STATIC_COUNT) return index > 0 ? (this.#statics[index - 1] as TableField) : null;
    const age = index - STATIC_COUNT - 1;
    if (age >= this.#count) return null;
    return this.#ring[(this.#newest - age) & (this.#ring.length - 1)] ?? null;
  }

  /** Adds an entry; as many of the oldest leave as it needs, and all where it is larger than the table (RFC 7541 §4.4). */
  add(field: TableField): void {
    const bytes = field.name.length + field.value.length + ENTRY_OVERHEAD;
    this.#evictTo(this.#capacityBytes - bytes);
    if (bytes > this.#capacityBytes) return;
    if (this.#ring.length === 0) this.#ring = newRing(this.#limitBytes);
    this.#newest = (this.#newest + 1) & (this.#ring.length - 1);
    this.#ring[this.#newest] = field;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Takes a new capacity (RFC 7541 §4.3, §6.3). False where it is above the limit. */
  resize(bytes: number): boolean {
    if (bytes > this.#limitBytes) return false;
    this.#capacityBytes = bytes;
    this.#evictTo(bytes);
    return true;
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const oldest = (this.#newest - this.#count + 1) & (this.#ring.length - 1);
      const field = this.#ring[oldest] as TableField;
      this.#ring[oldest] = null;
      this.#bytes -= field.name.length + field.value.length + ENTRY_OVERHEAD;
      this.#count--;
    }
  }
}

function newRing(limitBytes: number): null[] {
  let length = 1;
  while (length * ENTRY_OVERHEAD < limitBytes) length *= 2;
  return Array.from({ length }, () => null);
}

/** The static table as judged by each set of rules: two in the product. */
const judged = new WeakMap<FieldRules, readonly TableField[]>();

function staticFields(rules: FieldRules): readonly TableField[] {
  const known = judged.get(rules);
  if (known !== undefined) return known;
  const fields = STATIC_ENTRIES.map(([name, value]) => staticField(rules, name, value));
  judged.set(rules, fields);
  return fields;
}

function staticField(rules: FieldRules, name: string, value: string): TableField {
  const bytes = Buffer.from(`${name}${value}\r\n`, 'latin1');
  const valueEnd = name.length + value.length;
  const named = rules.name(bytes, 0, name.length);
  const fault = named.fault ?? valueFault(bytes, name.length, valueEnd, rules.values) ?? pairFault(named, value);
  return newField(named, value, Buffer.from(`${name}: ${value}\r\n`, 'latin1').toString('latin1'), fault);
}

/** Makes a field. `line` is what HTTP/1.1 would write; it is not kept where nobody may. */
export function newField(named: FieldName, value: string, line: string, fault: TableField['fault']): TableField {
  const { name, number } = named;
  const kept = fault === null && number >= 0 ? line : '';
  return { name, value, line: kept, number, fault, named };
}
