import { timingSafeEqual } from 'node:crypto';
import type { Problem } from '../../../base/index.ts';
import { isIssuerOf } from '../../../credential/index.ts';
import type { Exchange } from '../../exchange.ts';
import { READS_NOTHING, type RoleTable, type Step } from '../../kind.ts';
import { ABSTAIN, type AuthenticateVerdict, deny, type OwnReply } from '../../verdict.ts';
import type { SessionRules, SignInIssuer } from './config.ts';
import { NO_SESSION_COOKIE, shownSession } from './cookies.ts';
import { type AllowedOrigins, crossSiteFault, isUnsafe, isUpgrade } from './cross-site.ts';
import { type Found, keyOfSession, type LiveSessions } from './live-sessions.ts';
import { isNavigation } from './navigation.ts';
import { link, page, paragraph, redirect } from './page-text.ts';
import { returnPathOf } from './return-path.ts';
import { type StepUpOffer, stepUpOffer } from '../../step-up.ts';
import type { SessionView } from '../../../session/contract.ts';
import { identityOf } from './session-principal.ts';
import { sessionChallenge, signInPath } from './sign-in-path.ts';

/** The field in which pages send the session’s own token along. */
export const CSRF_FIELD = 'x-portcullis-csrf';

/** What the step of an operation goes by. */
export interface SessionSetting {
  /** Those at which people sign in for it, by their names. */
  readonly issuers: ReadonlyMap<string, SignInIssuer>;
  readonly rules: SessionRules;
  readonly roles: RoleTable;
  readonly allowed: AllowedOrigins | null;
}

function challengeOf({ operation }: Exchange): readonly [name: string, value: string] {
  return ['www-authenticate', sessionChallenge(operation.api)];
}

const SEVERAL = deny({ code: 'several-credentials' }, 'several-cookies');
const UNAVAILABLE: Problem = { code: 'sessions-unavailable', headers: [['retry-after', '5']] };

/**
 * The step that says whose session a request bears. It abstains where there is none, but sends browsers that ask for a page
 * to where people sign in, unless somebody has been identified already or another credential is there to be judged.
 */
export function authenticateStep(setting: SessionSetting, sessions: LiveSessions): Step<'authenticate'> {
  return {
    reads: READS_NOTHING,
    run(exchange) {
      const { request } = exchange;
      const shown = shownSession(request.headers.get('cookie'));
      if (shown.kind === 'none') return withoutSession(exchange, setting);
      if (shown.kind === 'several') return SEVERAL;
      if (shown.kind === 'malformed') return endedSession(exchange, setting, 'malformed');
      // The cookie goes over TLS alone; whoever sends it in clear has it from elsewhere.
      if (request.peer.tls === null) return deny({ code: 'plain-http' }, 'plain-http');
      const fault = crossSiteFault(request, setting.allowed);
      if (fault !== null) return deny({ code: 'cross-site-request' }, fault);
      const nowMs = exchange.startedAtMs;
      const found = sessions.find(keyOfSession(shown.id), nowMs, request.peer.address);
      if (found instanceof Promise) return found.then((later) => judge(exchange, later, setting, sessions));
      return judge(exchange, found, setting, sessions);
    },
  };
}

function judge(exchange: Exchange, found: Found, setting: SessionSetting, sessions: LiveSessions): AuthenticateVerdict {
  if (found === 'unavailable') return deny(UNAVAILABLE, 'unavailable');
  if (found === 'none') return endedSession(exchange, setting, 'ended');
  const provider = setting.issuers.get(found.view.issuer);
  // Somebody has signed in, and elsewhere than this operation asks for; or who bears the name now is somebody else.
  const isTaken = provider !== undefined && isIssuerOf(provider.issuer, found.view.claims['iss']);
  if (!isTaken) return endedSession(exchange, setting, 'other-issuer');
  const { request } = exchange;
  const mustShow = setting.rules.csrf === 'token' && isUnsafe(request) && !isUpgrade(request.headers);
  if (mustShow && !showsToken(request.headers.all(CSRF_FIELD), found.view.csrf))
    return deny({ code: 'cross-site-request' }, 'token');
  const identity = identityOf(found, provider.issuer, setting.roles);
  if (identity === null) return deny({ code: 'invalid-token', headers: [challengeOf(exchange)] }, 'claims');
  sessions.use(found, exchange.startedAtMs);
  exchange.slot(stepUpOffer).answer = found.offer ??= offerFor(found.view);
  return identity;
}

/** Whoever has signed in so lately and is still not sure enough would only go round in circles. */
const JUST_SIGNED_IN_MS = 10_000;

/**
 * Sends a person who is not sure enough to sign in at the same provider, with what an operation asks for (RFC 9470 §4).
 * Only where a page is asked for. Where the provider can't be told what is missing, or has just been told and gave
 * something else, a page says so: nobody is sent there and back without end.
 */
function offerFor({ issuer, startedAtMs }: SessionView): StepUpOffer['answer'] {
  return ({ request, startedAtMs: nowMs, operation }, { acrValues, maxAgeS }) => {
    if (!isNavigation(request)) return null;
    const wish = { returnTo: returnPathOf(request), providers: [issuer], acrValues, maxAgeSeconds: maxAgeS };
    const canBeTold = acrValues.length > 0 || maxAgeS !== null;
    const isOfUse = canBeTold && nowMs - startedAtMs >= JUST_SIGNED_IN_MS;
    return isOfUse ? redirect(signInPath(wish)) : notEnough(signInPath(wish), operation.api);
  };
}

function notEnough(again: string, api: string): OwnReply {
  const text = 'You are signed in, but this page needs a sign-in of another kind, such as one with a second factor.';
  const parts = [paragraph(text), link('Sign in again', again)];
  return page({ status: 401, title: 'Not enough to open this', parts }, [['www-authenticate', sessionChallenge(api)]]);
}

/** Compared in a time that does not depend on what is the same. */
export function showsToken(shown: readonly string[], token: string): boolean {
  const [one] = shown;
  if (one === undefined || shown.length > 1 || one.length !== token.length) return false;
  return timingSafeEqual(Buffer.from(one, 'latin1'), Buffer.from(token, 'latin1'));
}

function withoutSession(exchange: Exchange, setting: SessionSetting): AuthenticateVerdict {
  const { principal, request } = exchange;
  if (principal !== null || request.headers.has('authorization') || !isNavigation(request)) return ABSTAIN;
  return { kind: 'reply', response: redirect(signInFor(exchange, setting)), rule: 'sign-in' };
}

/** Whoever waits for a page signs in anew; whoever else asks must be told. */
function endedSession(exchange: Exchange, setting: SessionSetting, rule: string): AuthenticateVerdict {
  if (isNavigation(exchange.request)) {
    const cookie = rule === 'other-issuer' ? [] : [['set-cookie', NO_SESSION_COOKIE] as const];
    return { kind: 'reply', response: redirect(signInFor(exchange, setting), cookie), rule: 'sign-in' };
  }
  return deny({ code: 'session-ended', headers: [challengeOf(exchange)] }, rule);
}

function signInFor({ request }: Exchange, { issuers }: SessionSetting): string {
  const providers = [...issuers.keys()];
  return signInPath({ returnTo: returnPathOf(request), providers, acrValues: [], maxAgeSeconds: null });
}
