import type { Result } from '../base/index.ts';

/** One address a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Addresses to the names that their PTR records say (RFC 1035 §3.5): none where there are none. Nobody has said that these lead back. */
export interface ReverseResolver {
  namesOf(address: string): Promise<Result<readonly string[], string>>;
}

/** Names to addresses. An IP literal resolves to itself. */
export interface Resolver {
  resolve(host: string): Promise<Result<readonly ResolvedAddress[], string>>;
}
