import type { Problem } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import { API_KEY_START, isOpaqueToken, looksLikeJwt, readJwt } from '../../../credential/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import type { Exchange } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { usedCredential } from '../../used-credential.ts';
import { ABSTAIN, type AuthenticateVerdict, deny } from '../../verdict.ts';
import { bearerToken } from '../../token-field.ts';
import { type AskedTokens, type AskedVerdict, hashOf } from './asked-tokens.ts';

// The control side leaves a server that fails alone for a second at least, for half a minute at most.
const UNAVAILABLE: Problem = { code: 'introspection-unavailable', headers: [['retry-after', '5']] };

const SEVERAL_CREDENTIALS = deny({ code: 'several-credentials' }, 'several-fields');

/**
 * The step that asks an issuer who bears a token, for an operation that takes tokens of these. It abstains where there is
 * no token, and where it has been verified here. A token is shown to one issuer at most: an opaque one to the issuer whose
 * prefix it has, a JWT to the one that it names.
 */
export function authenticateStep(issuers: readonly AskedTokens[], removes: boolean): Step<'authenticate'> {
  const ofJwts = issuers.filter(({ issuer }) => issuer.introspection.tokens === 'all');
  return {
    reads: READS_NOTHING,
    run(exchange) {
      if (exchange.principal !== null) return ABSTAIN;
      const { headers } = exchange.request;
      const value = headers.get('authorization');
      const token = value === null ? null : bearerToken(value);
      // An API key as a Bearer is never shown to an issuer.
      if (token === null || token.startsWith(API_KEY_START)) return ABSTAIN;
      const isJwt = looksLikeJwt(token);
      // Whoever verifies JWTs has spoken.
      if (isJwt && ofJwts.length === 0) return ABSTAIN;
      if (removes) exchange.slot(usedCredential).header = 'authorization';
      if (headers.all('authorization').length > 1) return SEVERAL_CREDENTIALS;
      const asked = isJwt ? issuerNamed(ofJwts, token) : issuerOf(issuers, token);
      return typeof asked === 'string' ? invalid(exchange, asked) : verdictOf(asked, token, exchange);
    },
  };
}

/** The issuer that a JWT says it is of, which nobody has verified: it is as good as any to be asked. */
function issuerNamed(issuers: readonly AskedTokens[], token: string): AskedTokens | string {
  const jwt = readJwt(token, parseJson);
  if (!jwt.ok) return jwt.error;
  const named = issuers.find(({ issuer }) => issuer.issuer === jwt.value.claims['iss']);
  if (named === undefined) return 'issuer';
  return named.issuer.algorithms.some((name) => name === jwt.value.header.algorithm) ? named : 'algorithm';
}

function issuerOf(issuers: readonly AskedTokens[], token: string): AskedTokens | string {
  if (!isOpaqueToken(token)) return 'not-a-token';
  return issuers.find(({ issuer }) => token.startsWith(issuer.introspection.prefix ?? '')) ?? 'prefix';
}

function verdictOf(
  asked: AskedTokens,
  token: string,
  exchange: Exchange,
): AuthenticateVerdict | Promise<AuthenticateVerdict> {
  const hashed = hashOf(token);
  const known = asked.remembered(hashed, exchange.startedAtMs);
  if (known !== null) return saidTo(exchange, known);
  const answer = asked.ask(token, hashed, exchange.request.peer.address);
  return answer instanceof Promise ? answer.then((said) => saidTo(exchange, said)) : saidTo(exchange, answer);
}

function saidTo(exchange: Exchange, said: AskedVerdict): AuthenticateVerdict {
  switch (said.kind) {
    case 'identified':
      return said.verdict;
    case 'refused':
      return invalid(exchange, said.rule);
    case 'unavailable':
      return deny(UNAVAILABLE, said.rule);
    default:
      return said satisfies never;
  }
}

/** The client learns that its token is not taken, and no word more (RFC 6750 §3.1). */
function invalid({ operation }: Exchange, rule: string): AuthenticateVerdict {
  return deny({ code: 'invalid-token', headers: bearerChallenge(operation.api, 'invalid_token') }, rule);
}
