/** What a field holds. A `group` is a message that ends with a tag of its own. */
export type FieldKind =
  | 'double'
  | 'float'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'fixed64'
  | 'fixed32'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'uint32'
  | 'sfixed32'
  | 'sfixed64'
  | 'sint32'
  | 'sint64'
  | 'enum'
  | 'message'
  | 'group';

/** A field of a message, with the extensions of it that the set names. */
export interface DescribedField {
  readonly number: number;
  readonly name: string;
  /** What it is called in JSON, where that is another name. */
  readonly json?: string;
  readonly kind: FieldKind;
  /** The full name of the message or of the enum. */
  readonly type?: string;
  /** Any number of values. */
  readonly many?: true;
  /** The message is the entry of a map. */
  readonly map?: true;
  /** It must be there (proto2, and editions that say so). */
  readonly required?: true;
  /** A single value, of which it can be told whether it was sent: one that was not is nothing, and not its zero. */
  readonly optional?: true;
  /** Its text need not be UTF-8: editions can say so. */
  readonly raw?: true;
  /** The number of the oneof that it is in, of those of the message. */
  readonly oneof?: number;
}

/** A message. */
export interface DescribedMessage {
  readonly fields: readonly DescribedField[];
}

/** The full names of the message that a method takes, and of the one it gives. */
export type MethodMessages = readonly [request: string, reply: string];

/**
 * What a descriptor set says of messages, as plain data. It lies below `components` so that a thread reads of it only the
 * parts that it comes to, as of an OpenAPI document.
 */
export interface DescribedMessages {
  readonly components: {
    /** By `package.Service/Method`. */
    readonly methods: Readonly<Record<string, MethodMessages>>;
    /** By full name. */
    readonly messages: Readonly<Record<string, DescribedMessage>>;
    /** By full name. */
    readonly enums: Readonly<Record<string, DescribedEnum>>;
  };
}

/** An enum: its numbers with their names, and whether it may have others (proto3). */
export interface DescribedEnum {
  readonly numbers: readonly number[];
  /** The name of each number. */
  readonly names: readonly string[];
  readonly open: boolean;
}
