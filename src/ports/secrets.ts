import type { Result, Secret } from '../base/index.ts';

/** A reference to a secret, as written `${env:NAME}` or `${file:PATH}`; a file's path is absolute here. */
export type SecretReference =
  | { readonly scheme: 'env'; readonly name: string }
  | { readonly scheme: 'file'; readonly path: string };

/** Where secrets come from. The text of an error names the reference, never the secret. */
export interface Secrets {
  /** The bytes behind a reference; a file's last line break is cut off. An unset or empty one is an error. */
  resolve(reference: SecretReference): Promise<Result<Secret, string>>;
}
