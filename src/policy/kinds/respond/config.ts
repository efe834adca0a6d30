/** What the gateway answers by itself. */
export interface RespondRules {
  /** 200 to 599, and none of 3xx. */
  readonly status: number;
  /** Names in lower case, Content-Type among them where there is a body. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A text, or the absolute path of a file. */
  readonly body: { readonly kind: 'text'; readonly text: string } | { readonly kind: 'file'; readonly path: string };
}

/** The fixed replies of an API, by operation name. */
export interface RespondConfig {
  readonly operations: Readonly<Record<string, RespondRules>>;
}
