import type { Problem } from '../../../base/index.ts';
import {
  ATTEMPT_NAME_LENGTH,
  type BackchannelAnswer,
  type BeginAnswer,
  type CallbackAnswer,
  type EndAnswer,
  type SessionQuestion,
  type SignInRefusal,
} from '../../../session/contract.ts';
import type { Random } from '../../../ports/index.ts';
import type { CanonicalRequest } from '../../../wire/index.ts';
import type { OwnReply } from '../../verdict.ts';
import { CSRF_FIELD, showsToken } from './authenticate.ts';
import type { SessionRules, SignInIssuer } from './config.ts';
import {
  attemptCookies,
  endOfAttempt,
  isAttemptName,
  NO_SESSION_COOKIE,
  sessionCookie,
  shownAttempts,
  shownSession,
} from './cookies.ts';
import { type AllowedOrigins, crossSiteFault, originOf } from './cross-site.ts';
import { keyOfSession, type LiveSession, type LiveSessions, type SessionPorts } from './live-sessions.ts';
import { button, link, page, PAGE_FIELDS, paragraph, redirect } from './page-text.ts';
import { isReturnPath } from './return-path.ts';
import { LOGIN_PATH, LOGOUT_PATH, readSignIn, signInPath, type SignInWish } from './sign-in-path.ts';

/** What the pages of one host go by. */
export interface SessionSite {
  /** Those at which people sign in for any of its APIs, by their names. */
  readonly issuers: ReadonlyMap<string, SignInIssuer>;
  readonly rules: SessionRules;
  /** Pages of other origins that may call one of its APIs with the session’s cookie. */
  readonly allowed: AllowedOrigins | null;
}

/** What a page says: a reply of its own, or why there is none. */
export type PageAnswer = OwnReply | Problem;

/** What the pages work with. */
export interface PagePorts extends SessionPorts {
  readonly random: Random;
}

type Field = readonly [name: string, value: string];

/** What a provider says may have to be fetched first; a page has 10 s in all. */
const QUESTION_LIMIT_MS = 9_000;
/** 144 bits, in 24 characters: a browser that has very many of these cookies still sends a head that is small enough. */
const SECRET_BYTES = 18;

const UNREADABLE: Problem = { code: 'invalid-parameters' };
const UNAVAILABLE: Problem = { code: 'sessions-unavailable', headers: [['retry-after', '5']] };
const CROSS_SITE: Problem = { code: 'cross-site-request' };

/** The gateway’s own pages by which people sign in and out. Nothing that a browser or a provider sent stands in one of them. */
export class SessionPages {
  readonly #ports: PagePorts;
  readonly #sessions: LiveSessions;

  constructor(ports: PagePorts, sessions: LiveSessions) {
    this.#ports = ports;
    this.#sessions = sessions;
  }

  /** Sends a browser to the provider, or lets its user choose one. */
  login(request: CanonicalRequest, site: SessionSite): PageAnswer | Promise<PageAnswer> {
    const wish = readSignIn(request.query);
    if (wish === null) return UNREADABLE;
    const { providers } = wish;
    const open = [...site.issuers.keys()].filter((name) => providers.length === 0 || providers.includes(name));
    const [first] = open;
    if (first === undefined) return { code: 'not-found' };
    return open.length > 1 ? chooser(open, wish, site) : this.#begin(request, first, wish);
  }

  async #begin(request: CanonicalRequest, issuer: string, wish: SignInWish): Promise<PageAnswer> {
    const secret = this.#secret();
    const session = sessionKeyOf(request);
    const asked: SessionQuestion = {
      ask: 'begin',
      issuer,
      origin: originOf(request),
      returnTo: wish.returnTo,
      binding: keyOfSession(secret),
      ...(wish.acrValues.length === 0 ? {} : { acrValues: wish.acrValues }),
      ...(wish.maxAgeSeconds === null ? {} : { maxAgeSeconds: wish.maxAgeSeconds }),
      ...(session === null ? {} : { session }),
    };
    const answer = await this.#ask<BeginAnswer>(asked);
    if (answer === null) return UNAVAILABLE;
    if (!answer.ok) return refusalPage(answer.refusal, signInPath({ ...wish, providers: [] }));
    const maxAgeSeconds = Math.max(1, Math.ceil((answer.expiresAtMs - this.#ports.clock.now()) / 1_000));
    const { attempt } = answer;
    if (!isAttemptName(attempt)) throw new Error('an attempt to sign in has a name that no cookie can have');
    const shown = shownAttempts(request.headers.get('cookie'));
    const cookies = attemptCookies({ attempt, secret, maxAgeSeconds }, shown);
    return redirect(answer.url, cookies.map(setCookie));
  }

  /** A provider has sent the browser back to `callbackPath` of this issuer. */
  async callback(request: CanonicalRequest, issuer: string): Promise<PageAnswer> {
    const parameters = request.query ?? '';
    const states = new URLSearchParams(parameters).getAll('state');
    const attempt = states.length === 1 ? (states[0] as string).slice(0, ATTEMPT_NAME_LENGTH) : '';
    const secret = shownAttempts(request.headers.get('cookie')).get(attempt) ?? '';
    const answer = await this.#ask<CallbackAnswer>({
      ask: 'callback',
      issuer,
      origin: originOf(request),
      parameters,
      binding: secret === '' ? null : keyOfSession(secret),
      session: sessionKeyOf(request),
    });
    if (answer === null) return UNAVAILABLE;
    const ended = isAttemptName(attempt) ? [setCookie(endOfAttempt(attempt))] : [];
    if (!answer.ok) return refusalPage(answer.refusal, LOGIN_PATH, ended);
    const returnTo = isReturnPath(answer.returnTo) ? answer.returnTo : '/';
    return redirect(originOf(request) + returnTo, [setCookie(sessionCookie(answer.id)), ...ended]);
  }

  /** What a page needs to know of whoever looks at it. */
  async info(request: CanonicalRequest, site: SessionSite): Promise<PageAnswer> {
    const fields = readableBy(request, site);
    if (crossSiteFault(request, site.allowed) !== null) return CROSS_SITE;
    const found = await this.#find(request);
    if (found === 'unavailable') return UNAVAILABLE;
    if (found === null) return { code: 'session-ended', headers: [...fields, SIGN_IN_CHALLENGE] };
    const { csrf, endsAtMs, idleEndsAtMs, issuer, startedAtMs, subject } = found.view;
    const body = {
      ...{ issuer, subject, csrf },
      startedAt: new Date(startedAtMs).toISOString(),
      idleEndsAt: new Date(idleEndsAtMs).toISOString(),
      endsAt: new Date(endsAtMs).toISOString(),
    };
    return { status: 200, headers: [JSON_TYPE, ...PAGE_FIELDS, ...fields], body: JSON.stringify(body) };
  }

  /** The page that asks whether somebody means to sign out. */
  async logoutPage(request: CanonicalRequest): Promise<PageAnswer> {
    const found = await this.#find(request);
    if (found === 'unavailable') return UNAVAILABLE;
    if (found === null) return SIGNED_OUT;
    return page({
      status: 200,
      title: 'Sign out',
      parts: [paragraph('Do you want to sign out?'), button('Sign out', LOGOUT_PATH, { csrf: found.view.csrf })],
    });
  }

  /** Signs out: by the form of that page, or by a page’s own script with the token in its field. */
  async logout(request: CanonicalRequest, body: string, site: SessionSite): Promise<PageAnswer> {
    if (crossSiteFault(request, site.allowed) !== null) return CROSS_SITE;
    const found = await this.#find(request);
    if (found === 'unavailable') return UNAVAILABLE;
    const ended = [setCookie(NO_SESSION_COOKIE)];
    if (found === null) return this.#signedOut(request, null, site, ended);
    const said = request.headers.all(CSRF_FIELD);
    const shown = said.length > 0 ? said : new URLSearchParams(body).getAll('csrf');
    if (!showsToken(shown, found.view.csrf)) return CROSS_SITE;
    const answer = await this.#ask<EndAnswer>({ ask: 'end', session: found.key, origin: originOf(request) });
    if (answer === null) return UNAVAILABLE;
    this.#sessions.forget(found.key);
    return this.#signedOut(request, answer.url, site, ended);
  }

  #signedOut(request: CanonicalRequest, url: string | null, site: SessionSite, fields: readonly Field[]): OwnReply {
    const own = site.rules.afterLogout;
    const next = url ?? (own === null ? null : originOf(request) + own);
    if (!isForm(request))
      return {
        status: 200,
        headers: [JSON_TYPE, ...PAGE_FIELDS, ...fields, ...readableBy(request, site)],
        body: JSON.stringify({ next }),
      };
    if (next !== null) return redirect(next, fields);
    return { ...SIGNED_OUT, headers: [...SIGNED_OUT.headers, ...fields] };
  }

  /** A provider says that somebody has signed out (OpenID Connect Back-Channel Logout 1.0 §2.8). */
  async backchannel(issuer: string, body: string): Promise<PageAnswer> {
    const answer = await this.#ask<BackchannelAnswer>({ ask: 'backchannel', issuer, body });
    if (answer === null) return UNAVAILABLE;
    const headers = [JSON_TYPE, ...PAGE_FIELDS];
    return answer.ok
      ? { status: 200, headers: PAGE_FIELDS, body: '' }
      : { status: 400, headers, body: JSON.stringify({ error: 'invalid_request' }) };
  }

  /** The session that a request bears; null where there is none that stands. */
  async #find(request: CanonicalRequest): Promise<LiveSession | 'unavailable' | null> {
    const key = sessionKeyOf(request);
    if (key === null || request.peer.tls === null) return null;
    const found = await this.#sessions.find(key, this.#ports.clock.now(), request.peer.address);
    return found === 'none' ? null : found;
  }

  #ask<T extends object>(question: SessionQuestion): Promise<T | null> {
    return this.#ports.desk.ask<T>(question, QUESTION_LIMIT_MS);
  }

  #secret(): string {
    const bytes = new Uint8Array(SECRET_BYTES);
    this.#ports.random.fill(bytes);
    return Buffer.from(bytes).toString('base64url');
  }
}

const JSON_TYPE: Field = ['content-type', 'application/json'];
const SIGN_IN_CHALLENGE: Field = ['www-authenticate', `Portcullis-Session login="${LOGIN_PATH}"`];

const SIGNED_OUT = page({
  status: 200,
  title: 'Signed out',
  parts: [paragraph('You are not signed in here.'), link('Sign in', LOGIN_PATH)],
});

function setCookie(value: string): Field {
  return ['set-cookie', value];
}

/** The key of the one session that a request bears; null where there is none, or it can't be told which. */
function sessionKeyOf({ headers }: CanonicalRequest): string | null {
  const shown = shownSession(headers.get('cookie'));
  return shown.kind === 'id' ? keyOfSession(shown.id) : null;
}

/** A form of a page leads its browser on; a script is answered. */
function isForm({ headers }: CanonicalRequest): boolean {
  const mode = headers.get('sec-fetch-mode');
  return mode === null ? !(headers.get('accept') ?? '').includes('application/json') : mode === 'navigate';
}

/** What lets a page of another origin read the reply, where one is let in (Fetch Standard, CORS protocol). */
function readableBy({ headers }: CanonicalRequest, { allowed }: SessionSite): readonly Field[] {
  if (allowed === null) return [];
  const origin = headers.get('origin');
  const vary: Field = ['vary', 'Origin'];
  if (origin === null || !allowed.allows(origin)) return [vary];
  return [['access-control-allow-origin', origin], ['access-control-allow-credentials', 'true'], vary];
}

function chooser(open: readonly string[], wish: SignInWish, { issuers }: SessionSite): OwnReply {
  const links = open.map((name) => link(issuers.get(name)?.label ?? name, signInPath({ ...wish, providers: [name] })));
  return page({ status: 200, title: 'Sign in', parts: [paragraph('Where do you want to sign in?'), ...links] });
}

/** Words of ours for each refusal: nothing that a provider or a link says is shown to anybody. */
const REFUSALS: Readonly<Record<SignInRefusal, { readonly status: number; readonly text: string }>> = {
  'unknown-provider': { status: 404, text: 'Nobody can sign in there.' },
  'provider-unavailable': { status: 503, text: 'Where you sign in can not be reached now. Try again in a while.' },
  'attempt-expired': { status: 400, text: 'This attempt to sign in is over, or was begun in another browser.' },
  denied: { status: 403, text: 'You were not signed in.' },
  failed: { status: 403, text: 'You could not be signed in.' },
};

function refusalPage(refusal: SignInRefusal, again: string, fields: readonly Field[] = []): OwnReply {
  const { status, text } = REFUSALS[refusal];
  return page({ status, title: 'Not signed in', parts: [paragraph(text), link('Try again', again)] }, fields);
}
