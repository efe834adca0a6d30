/** Nothing is said of it: it stands or it does not. */
export type OutputEncodingConfig = Readonly<Record<string, never>>;
