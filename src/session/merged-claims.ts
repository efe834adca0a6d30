import { err, ok, type Result } from '../base/index.ts';
import type { Stored } from '../ports/index.ts';
import type { ProviderFault } from './provider-fault.ts';

/** A token has as many characters at most. */
const LIMIT = 32 * 1_024;

/** What speaks of the sign-in itself: userinfo is asked later, and knows nothing of it. */
const OF_THE_TOKEN: ReadonlySet<string> = new Set([
  ...['iss', 'sub', 'aud', 'azp', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'at_hash', 'c_hash', 's_hash'],
  ...[
    'auth_time',
    'acr',
    'amr',
    'sid',
    'cnf',
    'act',
    'may_act',
    'client_id',
    'scope',
    'scp',
    'typ',
    'token_use',
    'events',
  ],
]);

/** The claims of an ID token, which is signed, and what userinfo says besides; where both say something, the token counts. */
export function mergedClaims(
  own: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>>,
): Result<Readonly<Record<string, Stored>>, ProviderFault> {
  const added = Object.entries(more).filter(([name]) => !OF_THE_TOKEN.has(name) && !Object.hasOwn(own, name));
  const text = JSON.stringify(Object.fromEntries([...Object.entries(own), ...added]));
  if (text.length > LIMIT) return err({ kind: 'untrusted', code: '', words: 'it says more of them than is kept' });
  // What the reader of tokens makes of an object is no plain one, and only plain ones are kept.
  return ok(JSON.parse(text) as Record<string, Stored>);
}
