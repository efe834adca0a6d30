import type { DescField, DescExtension, DescMessage, FileRegistry, Message, ScalarType } from '@bufbuild/protobuf';
import type {
  DescribedEnum,
  DescribedField,
  DescribedMessage,
  DescribedMessages,
  FieldKind,
} from './described-messages.ts';

/** As descriptors number them (descriptor.proto, FieldDescriptorProto.Type). */
const SCALARS: Readonly<Record<ScalarType, FieldKind>> = {
  1: 'double',
  2: 'float',
  3: 'int64',
  4: 'uint64',
  5: 'int32',
  6: 'fixed64',
  7: 'fixed32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
  15: 'sfixed32',
  16: 'sfixed64',
  17: 'sint32',
  18: 'sint64',
};

const EXPLICIT = 1;
const LEGACY_REQUIRED = 3;
const EDITION_2023 = 1000;

/** The messages of a set, with the extensions of each, as plain data. */
export function messagesOf(registry: FileRegistry): DescribedMessages {
  const messages = new Map<string, DescribedMessage>();
  const enums = new Map<string, DescribedEnum>();
  const methods = new Map<string, readonly [string, string]>();
  const extensions = new Map<string, DescExtension[]>();
  for (const type of registry) {
    if (type.kind !== 'extension') continue;
    const { typeName } = type.extendee;
    const known = extensions.get(typeName);
    if (known === undefined) extensions.set(typeName, [type]);
    else known.push(type);
  }
  for (const type of registry) {
    if (type.kind === 'message') addMessage(messages, type, extensions.get(type.typeName) ?? []);
    if (type.kind === 'enum')
      enums.set(type.typeName, {
        numbers: type.values.map(({ number }) => number),
        names: type.values.map(({ name }) => name),
        open: type.open,
      });
    if (type.kind === 'service')
      for (const { name, input, output } of type.methods)
        methods.set(`${type.typeName}/${name}`, [input.typeName, output.typeName]);
  }
  return {
    components: {
      methods: Object.fromEntries(methods),
      messages: Object.fromEntries(messages),
      enums: Object.fromEntries(enums),
    },
  };
}

/** A message, and those of the entries of its maps. */
function addMessage(messages: Map<string, DescribedMessage>, type: DescMessage, extensions: readonly DescExtension[]) {
  const fields = [...type.fields, ...extensions].map((field) => {
    if (field.fieldKind !== 'map') return describedField(field, type);
    // A name that no message can have.
    const entry = `${type.typeName}/${field.name}`;
    messages.set(entry, { fields: entryFields(field) });
    return { ...named(field), kind: 'message', type: entry, many: true, map: true } as const;
  });
  messages.set(type.typeName, { fields });
}

function entryFields(field: DescField & { readonly fieldKind: 'map' }): readonly DescribedField[] {
  const raw = isRaw(field);
  const key = { number: 1, name: 'key', kind: SCALARS[field.mapKey], ...raw };
  return [key, { number: 2, name: 'value', ...heldBy(field), ...raw }];
}

function describedField(
  field: Exclude<DescField, { fieldKind: 'map' }> | DescExtension,
  { oneofs }: DescMessage,
): DescribedField {
  const presence: number = field.presence;
  const oneof = field.oneof === undefined ? -1 : oneofs.indexOf(field.oneof);
  return {
    ...named(field),
    ...heldBy(field),
    ...(field.fieldKind === 'list' ? { many: true as const } : {}),
    ...(presence === LEGACY_REQUIRED ? { required: true as const } : {}),
    ...(presence === EXPLICIT && field.message === undefined && oneof < 0 ? { optional: true as const } : {}),
    ...(oneof < 0 ? {} : { oneof }),
    ...isRaw(field),
  };
}

function named(field: DescField | DescExtension): Pick<DescribedField, 'number' | 'name' | 'json'> {
  const { number } = field;
  if (field.kind === 'extension') return { number, name: `[${field.typeName}]` };
  const { name } = field;
  const json = field.proto.jsonName === '' ? camelCased(name) : field.proto.jsonName;
  return { number, name, ...(json === name ? {} : { json }) };
}

/** The name in JSON of a field that says none (ProtoJSON, Field names): not every writer of sets says one. */
function camelCased(name: string): string {
  return name.replace(/_+(.?)/g, (_, next: string) => next.toUpperCase());
}

function heldBy(field: DescField | DescExtension): Pick<DescribedField, 'kind' | 'type'> {
  if (field.message !== undefined) {
    const isGroup = 'delimitedEncoding' in field && field.delimitedEncoding;
    return { kind: isGroup ? 'group' : 'message', type: field.message.typeName };
  }
  if (field.enum !== undefined) return { kind: 'enum', type: field.enum.typeName };
  return { kind: SCALARS[field.scalar] };
}

/** Text of proto2 must be UTF-8 too, though few readers check it; only editions can say that it need not be. */
function isRaw(field: DescField | DescExtension): { readonly raw?: true } {
  const edition: number = (field.kind === 'extension' ? field : field.parent).file.edition;
  return edition >= EDITION_2023 && !field.utf8Validation ? { raw: true } : {};
}

/** The extensions of options by which rules for values are written: of protovalidate, and of what was before it. */
const RULE_EXTENSIONS: readonly number[] = [1159, 1071];

/** Fields, oneofs and messages that have rules beyond their types, by full name. Nothing here enforces these. */
export function ruledParts(registry: FileRegistry): readonly string[] {
  const found: string[] = [];
  for (const type of registry) {
    if (type.kind !== 'message') continue;
    if (hasRules(type.proto.options)) found.push(type.typeName);
    for (const { name, proto } of [...type.fields, ...type.oneofs])
      if (hasRules(proto.options)) found.push(`${type.typeName}.${name}`);
  }
  return found;
}

function hasRules(options: Message | undefined): boolean {
  return options?.$unknown?.some(({ no }) => RULE_EXTENSIONS.includes(no)) === true;
}
