import type { DescribedField, DescribedMessages, FieldKind } from './described-messages.ts';

/** How a value is written (Protocol Buffers, Encoding, Message Structure); 4 ends a group. */
export type WireType = 0 | 1 | 2 | 3 | 5;

const RANGES: Partial<Readonly<Record<FieldKind, NumberRange>>> = {
  int32: 'signed',
  enum: 'signed',
  uint32: 'unsigned',
  // Those that it stands for have a sign, and it has none.
  sint32: 'unsigned',
  bool: 'bool',
};

/** Kinds of well-known messages that have a meaning beyond their fields. */
export type WellKnown = 'any' | 'timestamp' | 'duration';

/** What a number may be that is written in as many octets as it needs: 32 bits of either kind, a truth value, or all. */
export type NumberRange = 'signed' | 'unsigned' | 'bool' | 'any';

/** What the numbers of an enum are called in JSON: by the first name of each, and null for the one of `NullValue`. */
export type EnumNames = ReadonlyMap<number, string | null>;

/** A field as messages are held against it. All are of one shape. */
export interface FieldType {
  readonly name: string;
  readonly json: string;
  readonly number: number;
  readonly kind: FieldKind;
  readonly wire: WireType;
  readonly range: NumberRange;
  readonly many: boolean;
  readonly map: boolean;
  /** Whether several values may be written as one. */
  readonly packable: boolean;
  readonly required: boolean;
  /** Whether its zero stands for it where it was not sent. */
  readonly zero: boolean;
  /** Whether its text must be UTF-8. */
  readonly checked: boolean;
  /** The numbers of an enum that has no others; else null. */
  readonly closed: ReadonlySet<number> | null;
  /** The names of its enum; null for none. */
  readonly names: EnumNames | null;
  /** The full name of the message that it holds; null for none. */
  readonly type: string | null;
  /** Where in the counts of a message those of the field and of its oneof stand; -1 for no oneof. */
  readonly slot: number;
  readonly oneofSlot: number;
}

const WIRE_TYPES: Readonly<Record<FieldKind, WireType>> = {
  double: 1,
  float: 5,
  int64: 0,
  uint64: 0,
  int32: 0,
  fixed64: 1,
  fixed32: 5,
  bool: 0,
  string: 2,
  bytes: 2,
  uint32: 0,
  sfixed32: 5,
  sfixed64: 1,
  sint32: 0,
  sint64: 0,
  enum: 0,
  message: 2,
  group: 3,
};

const WELL_KNOWN: ReadonlyMap<string, WellKnown> = new Map([
  ['google.protobuf.Any', 'any'],
  ['google.protobuf.Timestamp', 'timestamp'],
  ['google.protobuf.Duration', 'duration'],
]);

/** Numbers below are looked up in a list, others in a map. */
const LISTED_NUMBERS = 256;

/** A message as others are held against it. */
export class MessageType {
  readonly name: string;
  readonly wellKnown: WellKnown | null;
  readonly fields: readonly FieldType[];
  readonly required: readonly FieldType[];
  readonly hasMaps: boolean;
  /** Counts that one message of it needs. */
  readonly slots: number;
  readonly #listed: (FieldType | undefined)[] = [];
  readonly #others = new Map<number, FieldType>();

  constructor(name: string, fields: readonly FieldType[], slots: number) {
    this.name = name;
    this.wellKnown = WELL_KNOWN.get(name) ?? null;
    this.fields = fields;
    this.required = fields.filter(({ required }) => required);
    this.hasMaps = fields.some(({ map }) => map);
    this.slots = slots;
    for (const field of fields) {
      if (field.number < LISTED_NUMBERS) this.#listed[field.number] = field;
      else this.#others.set(field.number, field);
    }
  }

  field(number: number): FieldType | undefined {
    return number < LISTED_NUMBERS ? this.#listed[number] : this.#others.get(number);
  }
}

/** The messages of one set, each made when it is first met. */
export class MessageTypes {
  readonly #described: DescribedMessages['components'];
  readonly #known = new Map<string, MessageType>();
  readonly #enums = new Map<string, EnumType>();

  constructor({ components }: DescribedMessages) {
    this.#described = components;
  }

  /** The messages of a method; null where the set does not know it. */
  ofMethod(method: string): { readonly request: MessageType; readonly reply: MessageType } | null {
    const { methods } = this.#described;
    const [request, reply] = (Object.hasOwn(methods, method) ? methods[method] : undefined) ?? [];
    const types = { request: this.find(request ?? ''), reply: this.find(reply ?? '') };
    return types.request === null || types.reply === null ? null : { request: types.request, reply: types.reply };
  }

  /** A message by its full name; null where the set does not have it. */
  find(name: string): MessageType | null {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const { messages } = this.#described;
    const described = Object.hasOwn(messages, name) ? messages[name] : undefined;
    if (described === undefined) return null;
    const { length } = described.fields;
    const fields = described.fields.map((field, index) => this.#fieldOf(field, index, length));
    const slots = Math.max(length, ...fields.map(({ oneofSlot }) => oneofSlot + 1));
    const made = new MessageType(name, fields, slots);
    this.#known.set(name, made);
    return made;
  }

  #fieldOf(
    { number, name, json, kind, type, many, map, required, optional, raw, oneof }: DescribedField,
    slot: number,
    count: number,
  ): FieldType {
    const wire = WIRE_TYPES[kind];
    const holdsMessage = kind === 'message' || kind === 'group';
    const isOne = many !== true && required !== true && optional !== true && oneof === undefined;
    return {
      ...{ name, json: json ?? name, number, kind, wire, slot },
      ...(kind === 'enum' ? this.#enumOf(type ?? '') : NO_ENUM),
      many: many === true,
      map: map === true,
      range: RANGES[kind] ?? 'any',
      packable: many === true && wire !== 2 && wire !== 3,
      required: required === true,
      zero: isOne && !holdsMessage,
      checked: kind === 'string' && raw !== true,
      type: holdsMessage ? (type ?? '') : null,
      oneofSlot: oneof === undefined ? -1 : count + oneof,
    };
  }

  #enumOf(name: string): EnumType {
    const known = this.#enums.get(name);
    if (known !== undefined) return known;
    const { enums } = this.#described;
    const described = Object.hasOwn(enums, name) ? enums[name] : undefined;
    if (described === undefined) throw new Error(`an enum that no set describes: ${name}`);
    const { numbers, names, open } = described;
    const named = new Map<number, string | null>();
    for (const [at, number] of numbers.entries())
      if (!named.has(number)) named.set(number, name === NULL_VALUE ? null : (names[at] ?? null));
    const made = { closed: open ? null : new Set(numbers), names: named };
    this.#enums.set(name, made);
    return made;
  }
}

/** Of an enum, what a field of it has. */
type EnumType = Pick<FieldType, 'closed' | 'names'>;

const NO_ENUM: EnumType = { closed: null, names: null };
const NULL_VALUE = 'google.protobuf.NullValue';
