import { createOutputEncodingKind, createUpstreamErrorsKind, type PolicyKind } from '../../src/policy/index.ts';

/** The kinds that stand for every API of which nothing is said. */
export function usualKinds(): readonly PolicyKind<unknown>[] {
  return [
    createUpstreamErrorsKind({ originals: { keep: () => null } }) as PolicyKind<unknown>,
    createOutputEncodingKind() as PolicyKind<unknown>,
  ];
}
