/** A bound of a number. Whole numbers are text, since those of 64 bits do not fit. */
export type NumberText = string;

/** What the rules of protovalidate (`buf.validate`) ask of one value, as far as it is enforced. */
export interface ValueRules {
  /** In characters, which are code points; of bytes, in octets. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** In octets, of a text. */
  readonly minBytes?: number;
  readonly maxBytes?: number;
  /** In the syntax of RE2. */
  readonly pattern?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly contains?: string;
  readonly notContains?: string;
  /** Texts, or numbers as text. */
  readonly in?: readonly string[];
  readonly notIn?: readonly string[];
  /** A known form of text. */
  readonly form?: TextForm;
  readonly less?: NumberText;
  readonly most?: NumberText;
  readonly more?: NumberText;
  readonly least?: NumberText;
  readonly finite?: true;
  /** Of an enum: only its own numbers. */
  readonly defined?: true;
}

/** Forms of text that are enforced. */
export type TextForm = 'uuid' | 'ipv4' | 'ipv6' | 'ip';

/** What is asked of a field. */
export interface FieldRules {
  readonly required?: true;
  /** Where it holds its default it counts as not there. */
  readonly unlessDefault?: true;
  readonly value?: ValueRules;
  /** How many values it may have: of a list or of a map. */
  readonly minItems?: number;
  readonly maxItems?: number;
  /** Of a map. */
  readonly keys?: ValueRules;
  readonly values?: ValueRules;
}

/** What is asked of a message: the oneofs of which one must be there. */
export interface MessageRules {
  readonly oneofs: readonly number[];
}
