import type { Result, Secret } from '../base/index.ts';

/** A secret of this machine, as written `${env:NAME}` or `${file:PATH}`; a file's path is absolute here. */
export type HostReference =
  | { readonly scheme: 'env'; readonly name: string }
  | { readonly scheme: 'file'; readonly path: string };

/** A field of a secret in Vault, as written `${vault:PATH#FIELD}`; the path begins with that of its mount. */
export interface VaultReference {
  readonly scheme: 'vault';
  readonly path: string;
  readonly field: string;
}

/** A reference to a secret. */
export type SecretReference = HostReference | VaultReference;

/** How one proves to Vault who asks: what proves it is itself a secret of this machine. `mount` is where the method is. */
export type VaultAuth =
  | { readonly kind: 'token'; readonly token: HostReference }
  | { readonly kind: 'approle'; readonly mount: string; readonly role: string; readonly secret: HostReference }
  | { readonly kind: 'kubernetes'; readonly mount: string; readonly role: string; readonly token: HostReference };

/** The Vault that references lead to. */
export interface VaultSource {
  /** The URL of the server, without a slash at its end. */
  readonly address: string;
  readonly namespace: string | null;
  /** The CAs that vouch for it, an absolute path; null for the well-known ones. */
  readonly caFile: string | null;
  readonly auth: VaultAuth;
  /** The version of the KV engine by the path of its mount; one that is not here is the first name of a path, and of version 2. */
  readonly mounts: Readonly<Record<string, 1 | 2>>;
}

/** Where secrets come from. The text of an error names the reference, never the secret. */
export interface Secrets {
  /**
   * The bytes behind a reference; a file's last line break is cut off. An unset or empty one is an error, and so is one
   * that leads to Vault where no `vault` is given.
   */
  resolve(reference: SecretReference, vault?: VaultSource | null): Promise<Result<Secret, string>>;
}
