/** A value of structured fields without parameters (RFC 9651 §3.3). Dates are in seconds since 1970. */
export type BareItem =
  | { readonly kind: 'integer' | 'decimal' | 'date'; readonly value: number }
  | { readonly kind: 'string' | 'token' | 'display-string'; readonly value: string }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'boolean'; readonly value: boolean };

/** Parameters in their order (RFC 9651 §3.1.2). */
export type FieldParameters = ReadonlyMap<string, BareItem>;

/** A value with its parameters (RFC 9651 §3.3). */
export interface FieldItem {
  readonly kind: 'item';
  readonly item: BareItem;
  readonly parameters: FieldParameters;
}

/** A list inside a list or a dictionary (RFC 9651 §3.1.1). */
export interface InnerList {
  readonly kind: 'inner-list';
  readonly items: readonly FieldItem[];
  readonly parameters: FieldParameters;
}

/** What lists and dictionaries hold. */
export type FieldMember = FieldItem | InnerList;

/** A field that is a list (RFC 9651 §3.1). */
export type FieldList = readonly FieldMember[];

/** A field that is a dictionary, in its order (RFC 9651 §3.2). */
export type FieldDictionary = ReadonlyMap<string, FieldMember>;

/** The largest integer either way (RFC 9651 §3.3.1). */
export const LARGEST_INTEGER = 999_999_999_999_999;

/** The largest whole part of a decimal (RFC 9651 §3.3.2). */
export const LARGEST_WHOLE = 999_999_999_999;

/** A key of a dictionary or a parameter (RFC 9651 §3.1.2). */
export const FIELD_KEY = /^[a-z*][a-z0-9_.*-]*$/;

/** A token (RFC 9651 §3.3.4). */
export const FIELD_TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/;
