/** A scanner of files, as the configuration names it. */
export interface ScannerTarget {
  readonly name: string;
  /** Without brackets, where it is an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** The path of its service, with the slash at its beginning. */
  readonly service: string;
  /** For one file, connecting included. */
  readonly timeoutMs: number;
}

/** What a scanner says. `found`: nobody should have this file; what it is called is the scanner's own word, null for none. */
export type ScanResult =
  | { readonly kind: 'clean' }
  | { readonly kind: 'found'; readonly name: string | null }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** Has files looked at for what must not pass. */
export interface Scanner {
  /** Never rejected, and settled within the time of the target. `signal` ends it early, as `unavailable`. */
  scan(target: ScannerTarget, bytes: Uint8Array, signal: AbortSignal): Promise<ScanResult>;
}
