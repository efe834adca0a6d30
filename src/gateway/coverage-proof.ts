import type { CoverageCell } from '../base/index.ts';
import type { ApiConfig, Configured } from '../config/compiled.ts';

/** What callers prove beside their tokens, where more is asked than that those which are bound to something prove it. */
export function proofCells(
  { dpop, path }: ApiConfig,
  auth: readonly string[],
  { issuers }: Configured['config'],
  lineOf: (path: string) => string | null,
): readonly CoverageCell[] {
  const bound = issuers.filter(({ name, proof = 'none' }) => auth.includes(name) && proof !== 'none');
  const cells = bound.map(({ name, proof, path: at }): CoverageCell => {
    const holds = `tokens of ${name} bound by ${proof === 'any' ? 'dpop or mtls' : proof}`;
    return { aspect: 'authentication', holds, open: false, from: lineOf(`${at}.proof`) };
  });
  if (dpop.nonce === 'off') return cells;
  const holds = 'proofs with nonces';
  return [...cells, { aspect: 'authentication', holds, open: false, from: lineOf(`${path}.dpop.nonce`) }];
}
