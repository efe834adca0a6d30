/** A certificate chain with its key, PEM. The key is bytes so that it can travel between threads and be wiped. */
export interface CertificateMaterial {
  readonly names: readonly string[];
  readonly chainPem: string;
  readonly keyPem: Uint8Array;
  readonly notAfterMs: number;
  readonly origin: 'local' | 'file' | 'acme';
}

/** The certificates this node serves. */
export interface Certificates {
  /** All of them; the first is for clients that name no host or one we don't know. */
  current(): readonly CertificateMaterial[];
  /** The CA that clients must trust, PEM, where the certificates are our own; null otherwise. */
  localCaPem(): string | null;
  /** Calls back with the new list whenever one was replaced. Returns how to stop. */
  onChange(changed: (all: readonly CertificateMaterial[]) => void): () => void;
}
