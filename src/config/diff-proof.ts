import type { IssuerConfig } from '../policy/index.ts';
import type { ApiConfig } from './config.ts';
import type { ChangeEffect, ConfigChange } from './config-change.ts';

type Tell = (about: ConfigChange['about'], effect: ChangeEffect, message: string) => ConfigChange;

/** What differs in how callers of an API prove that they have the key of their tokens. */
export function dpopChanges(
  old: Pick<ApiConfig, 'dpop'>,
  next: Pick<ApiConfig, 'dpop'>,
  tell: Tell,
): readonly ConfigChange[] {
  if (old.dpop.nonce === next.dpop.nonce) return [];
  const needs = next.dpop.nonce === 'required';
  const words = `proofs ${needs ? 'need' : 'no longer need'} a nonce of the gateway’s`;
  return [tell('authentication', needs ? 'tightens' : 'loosens', words)];
}

const WORDS = {
  none: 'nothing',
  dpop: 'a key of the client',
  mtls: 'a certificate of the client',
  any: 'a key or a certificate of the client',
} as const;

/** The same of what an issuer's tokens have to be bound to; null where nothing differs. */
export function proofChange(
  { proof: old = 'none' }: IssuerConfig,
  { proof: next = 'none' }: IssuerConfig,
): readonly [effect: ChangeEffect, words: string] | null {
  if (old === next) return null;
  const loosens = next === 'none' || (next === 'any' && old !== 'none');
  const tightens = old === 'none' || (old === 'any' && next !== 'none');
  const effect = loosens ? 'loosens' : tightens ? 'tightens' : 'changes';
  return [effect, `its tokens have to be bound to ${WORDS[next]}`];
}
