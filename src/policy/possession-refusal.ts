import type { Problem, ProblemCode } from '../base/index.ts';
import { SIGNATURE_ALGORITHMS } from '../credential/index.ts';

type Field = readonly [name: string, value: string];

const ALGORITHMS = SIGNATURE_ALGORITHMS.join(' ');

/**
 * The field that asks for a token that is bound to a key, with a proof (RFC 9449 §7.1). `error` is given only where a
 * token or a proof was sent. Names of APIs need no escape in a quoted string.
 */
function dpopChallenge(
  api: string,
  error?: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce',
): readonly [Field] {
  const said = error === undefined ? '' : `, error="${error}"`;
  return [['www-authenticate', `DPoP realm="${api}"${said}, algs="${ALGORITHMS}"`]];
}

/** A refusal that asks for a proof or a token of the scheme DPoP. */
export function dpopRefusal(
  code: ProblemCode,
  api: string,
  error: 'invalid_token' | 'invalid_dpop_proof' | 'use_dpop_nonce',
): Problem {
  return { code, headers: dpopChallenge(api, error) };
}
