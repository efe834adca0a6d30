import type { PathText } from '../../path-text.ts';
import type { WrittenText } from '../../written-text.ts';

/** A field or a query parameter, and the text it gets. Names of fields are in lower case. */
export interface NamedText {
  readonly name: string;
  readonly value: WrittenText;
}

/** What is done to the fields of a message: first taken out, then set, then added. */
export interface FieldEdits {
  readonly set: readonly NamedText[];
  readonly add: readonly NamedText[];
  readonly remove: readonly string[];
}

/** What is done to the parameters of a query: first taken out, then renamed, then set. Names are decoded. */
export interface QueryEdits {
  readonly set: readonly NamedText[];
  readonly remove: readonly string[];
  readonly rename: readonly { readonly from: string; readonly to: string }[];
}

/** What of a request or its reply is rewritten; null for what stays as it is. */
export interface RewriteRules {
  /** Behind the upstream's own prefix. */
  readonly path: PathText | null;
  /** What the upstream hears as Host. */
  readonly host: WrittenText | null;
  readonly query: QueryEdits | null;
  readonly request: FieldEdits | null;
  readonly response: FieldEdits | null;
  /** Where it is written: the key path of the whole. */
  readonly keyPath: string;
}

/** The rewriting of an API. */
export interface RewriteConfig {
  readonly api: RewriteRules | null;
  /** By operation name: each part that stands here takes the place of the API's. */
  readonly operations: Readonly<Record<string, RewriteRules>>;
}
