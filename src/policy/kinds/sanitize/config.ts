/** What is done to a text, but for HTML; in the order in which it is done. */
export const PLAIN_ACTIONS = ['nfc', 'single-line', 'control', 'bidi', 'invisible', 'trim'] as const;

/** One of those. */
export type PlainAction = (typeof PLAIN_ACTIONS)[number];

/** What HTML a text may hold: `text` none, `basic` formatting, or these elements with these attributes (`*`: of all of them). */
export type HtmlProfile =
  | 'text'
  | 'basic'
  | { readonly tags: readonly string[]; readonly attributes: Readonly<Record<string, readonly string[]>> };

/** What is done to a text. */
export type TextAction = PlainAction | { readonly html: HtmlProfile };

/** What of one API's or operation's requests is cleaned. */
export interface SanitizeRules {
  /** By JSON Pointer (RFC 6901), in which `*` stands for any name or index: the text there, and all text below it. */
  readonly body: Readonly<Record<string, readonly TextAction[]>>;
  /** By the decoded name of a parameter. */
  readonly query: Readonly<Record<string, readonly TextAction[]>>;
}

/** What the kind is told: of each operation that has a word of its own, else of its API. Null: nothing is cleaned. */
export interface SanitizeConfig {
  readonly api: SanitizeRules | null;
  readonly operations: Readonly<Record<string, SanitizeRules | null>>;
  /** Where it is written, for issues. */
  readonly keyPath: string;
}
