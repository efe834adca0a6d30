import type { Result } from '../base/index.ts';

/** One address a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/**
 * Asks the DNS alone who addresses are, and whether that leads back. Strangers choose what is asked for, and whose servers
 * answer it: however slow those are, nothing else of the program waits for them.
 */
export interface ReverseResolver {
  /** The names that an address's PTR records say (RFC 1035 §3.5): none where there are none. Nobody has said that these lead back. */
  namesOf(address: string): Promise<Result<readonly string[], string>>;
  /** The addresses of one family that a name has: none where there are none. */
  addressesOf(name: string, family: 4 | 6): Promise<Result<readonly string[], string>>;
}

/** Names to addresses. An IP literal resolves to itself. */
export interface Resolver {
  resolve(host: string): Promise<Result<readonly ResolvedAddress[], string>>;
}
