import type { VaultSource } from '../ports/index.ts';

/** Where secrets come from besides this machine, and which texts of the file only look like some. */
export interface SecretsConfig {
  readonly vault: VaultConfig | null;
  /** Key paths. */
  readonly notSecrets: readonly string[];
}

/** Vault, and how often what was read there is read anew. */
export interface VaultConfig {
  readonly source: VaultSource;
  readonly intervalMs: number;
}
