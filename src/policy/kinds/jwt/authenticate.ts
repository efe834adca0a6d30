import type { Problem } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import {
  API_KEY_START,
  isIssuerOf,
  issuerNames,
  looksLikeJwt,
  readJwt,
  type UnverifiedJwt,
} from '../../../credential/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import type { Exchange } from '../../exchange.ts';
import type { KindPorts } from '../../kind-ports.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { usedCredential } from '../../used-credential.ts';
import { ABSTAIN, type AuthenticateVerdict, deny } from '../../verdict.ts';
import { bearerToken } from '../../token-field.ts';
import type { IssuerTokens, TokenRefusal } from './issuer-tokens.ts';
import type { SenderKeysReport } from './sender-keys.ts';
import { newTokenEnd, readTokenEnd } from './verified-tokens.ts';

/**
 * The client learns that its token is not taken (RFC 6750 §3.1) and nothing else: each further word would help who
 * tries tokens out. What exactly is wrong goes into the record, as the rule that decided.
 */
function invalidToken({ operation }: Exchange): Problem {
  return { code: 'invalid-token', headers: bearerChallenge(operation.api, 'invalid_token') };
}

// The control side tries again after 5 seconds, then ever more seldom: half a minute is soon enough for a client.
const KEYS_UNAVAILABLE: Problem = { code: 'keys-unavailable', headers: [['retry-after', '30']] };

const SEVERAL_CREDENTIALS = deny({ code: 'several-credentials' }, 'several-fields');

/** What this kind works with while requests run. */
export type JwtPorts = Pick<KindPorts, 'clock' | 'keys' | 'log'>;

/** What the steps of all operations share. */
export interface StepContext {
  readonly ports: JwtPorts;
  readonly report: SenderKeysReport;
}

/** Which tokens of an operation are not verified but asked about: those that are no JWTs, and those of these issuers. */
export interface Elsewhere {
  readonly opaque: boolean;
  readonly issuers: readonly string[];
}

/** What the step of an operation goes by. */
interface StepRules {
  /** Whether the field with the token is named in `usedCredential`. */
  readonly removes: boolean;
  readonly elsewhere: Elsewhere;
}

/**
 * The step that says who is calling, for an operation that takes tokens of these issuers. It abstains where there is no
 * Bearer token, and where somebody else is asked about it.
 */
export function authenticateStep(
  issuers: readonly IssuerTokens[],
  { removes, elsewhere }: StepRules,
  { ports, report }: StepContext,
): Step<'authenticate'> {
  // Where two share a name, the first that takes a token says who bears it. What the second remembers would be said
  // too early.
  const quick = issuers.filter(
    (one, at) =>
      !issuers.slice(0, at).some((other) => issuerNames(one.config).some((name) => isIssuerOf(other.config, name))),
  );

  return {
    reads: READS_NOTHING,
    run(exchange) {
      const { headers } = exchange.request;
      const value = headers.get('authorization');
      if (value === null) return ABSTAIN;
      const token = bearerToken(value);
      if (token !== null) {
        if (removes) exchange.slot(usedCredential).header = 'authorization';
        const known = rememberedBy(quick, token, exchange.startedAtMs);
        // Two fields are joined with a comma, which no token that was ever verified has.
        if (known !== null) return known;
      }
      if (headers.all('authorization').length > 1) return SEVERAL_CREDENTIALS;
      // An API key as a Bearer is another kind's matter: no JWT begins so.
      if (token === null || token.startsWith(API_KEY_START)) return ABSTAIN;
      if (elsewhere.opaque && !looksLikeJwt(token)) return ABSTAIN;
      const jwt = readJwt(token, parseJson);
      if (!jwt.ok) return deny(invalidToken(exchange), jwt.error);
      if (elsewhere.issuers.some((issuer) => issuer === jwt.value.claims['iss'])) return ABSTAIN;
      if (jwt.value.header.ignored.length > 0) report(exchange, jwt.value.header.ignored);
      return judge({ exchange, issuers, token, jwt: jwt.value, ports });
    },
  };
}

/** Filled anew for each token. */
const end = newTokenEnd();

function rememberedBy(issuers: readonly IssuerTokens[], token: string, nowMs: number): AuthenticateVerdict | null {
  if (!readTokenEnd(token, end)) return null;
  for (const issuer of issuers) {
    const verdict = issuer.remembered(token, end, nowMs);
    if (verdict !== null) return verdict;
  }
  return null;
}

interface Case {
  readonly exchange: Exchange;
  readonly issuers: readonly IssuerTokens[];
  readonly token: string;
  readonly jwt: UnverifiedJwt;
  readonly ports: JwtPorts;
}

/** Judges a token; where it names a key that nobody has seen, once more when newer keys have been asked for. */
function judge(asked: Case): AuthenticateVerdict | Promise<AuthenticateVerdict> {
  // At the time at which what is remembered is judged too: whether a token is known must not decide whether it has expired.
  const first = judgeOnce(asked, asked.exchange.startedAtMs);
  if (first.kind === 'said') return first.verdict;
  const { exchange, ports } = asked;
  const { keys, name } = first.issuer.config;
  const pending = keys.kind === 'file' ? null : ports.keys.want(name, exchange.request.peer.address);
  if (pending === null) return refusalFor('unknown-key', exchange);
  return pending.then(() => {
    const second = judgeOnce(asked, ports.clock.now());
    return second.kind === 'said' ? second.verdict : refusalFor('unknown-key', exchange);
  });
}

type Judgement =
  | { readonly kind: 'said'; readonly verdict: AuthenticateVerdict }
  | { readonly kind: 'keyUnknown'; readonly issuer: IssuerTokens };

/** Asks each issuer of the token's `iss`, in the order of the configuration, until one takes it. */
function judgeOnce({ exchange, issuers, token, jwt }: Case, nowMs: number): Judgement {
  let refusal: TokenRefusal = 'issuer';
  let refusedBy: IssuerTokens | null = null;
  for (const issuer of issuers) {
    if (!isIssuerOf(issuer.config, jwt.claims['iss'])) continue;
    const judged = issuer.judge(jwt, token, nowMs);
    if (judged.ok) return { kind: 'said', verdict: judged.value };
    if (weightOf(judged.error) <= weightOf(refusal)) continue;
    refusal = judged.error;
    refusedBy = issuer;
  }
  if (refusal === 'unknown-key' && refusedBy !== null) return { kind: 'keyUnknown', issuer: refusedBy };
  return { kind: 'said', verdict: refusalFor(refusal, exchange) };
}

/** Of several refusals the one counts that time or newer keys may change, then the one that came furthest. */
const WEIGHTS: ReadonlyMap<TokenRefusal, number> = new Map([
  ['keys-unavailable', 4],
  ['unknown-key', 3],
  ['audience', 1],
  ['issuer', 0],
]);

function weightOf(refusal: TokenRefusal): number {
  return WEIGHTS.get(refusal) ?? 2;
}

function refusalFor(refusal: TokenRefusal, exchange: Exchange): AuthenticateVerdict {
  return deny(refusal === 'keys-unavailable' ? KEYS_UNAVAILABLE : invalidToken(exchange), refusal);
}
