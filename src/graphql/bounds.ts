/** How large a document may be. A document exactly at a bound is taken. */
export interface DocumentBounds {
  /** Words and marks of all documents of a request, comments and white space left out. */
  readonly tokens: number;
  /** Fields within each other, counted through fragments; `{ a { b } }` has two. */
  readonly depth: number;
  /** Fields under another name, counted through fragments. */
  readonly aliases: number;
  /** Fields and fragments that are asked for, as often as they are: one in a fragment that is used twice counts twice. */
  readonly fields: number;
  /** Directives as they are written. */
  readonly directives: number;
}

/** How fields are weighed. */
export interface CostRules {
  /** What all operations of a request may cost together. */
  readonly limit: number;
  /** Of an object, interface or union, each time that one is given. */
  readonly object: number;
  /** Of a scalar or an enum. */
  readonly scalar: number;
  /** How many elements a list is taken to have where nothing says it. */
  readonly list: number;
  /** By `Type.field`; they stand before what directives of the schema say. */
  readonly fields: Readonly<Record<string, FieldCostRule>>;
}

/** What one field costs besides the objects that it gives. */
export interface FieldCostRule {
  readonly cost: number;
  /** Its arguments that say how many it gives; null: those of the usual names. */
  readonly multipliers: readonly string[] | null;
}

/** Characters of all documents of a request: more than any client writes, and read in a few milliseconds. */
export const DOCUMENT_LIMIT_CHARACTERS = 256 * 1024;

/** Brackets within brackets: readers of GraphQL call themselves for each, and the stack of some ends at a thousand. */
export const NESTING_LIMIT = 200;
