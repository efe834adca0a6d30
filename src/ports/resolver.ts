import type { Result } from '../base/index.ts';

/** One address a name stands for. */
export interface ResolvedAddress {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Names to addresses. An IP literal resolves to itself. */
export interface Resolver {
  resolve(host: string): Promise<Result<readonly ResolvedAddress[], string>>;
}
