import { ok } from '../../../base/index.ts';
import { backchannelPath, callbackPath } from '../../../session/contract.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { PolicyKind, Step } from '../../kind.ts';
import type { OwnPage, PageRequest, PageVerdict } from '../../own-page.ts';
import { deny, type Verdict } from '../../verdict.ts';
import { authenticateStep } from './authenticate.ts';
import type { SessionConfig, SessionSiteConfig, SignInIssuer } from './config.ts';
import { LiveSessions } from './live-sessions.ts';
import { listedOrigins } from './listed-origins.ts';
import { SessionDesk } from './session-desk.ts';
import { type PageAnswer, SessionPages, type SessionSite } from './session-pages.ts';
import { LOGIN_PATH, LOGOUT_PATH, SESSION_PATH } from './sign-in-path.ts';

const FORM = 'application/x-www-form-urlencoded';
/** The token of a form that signs out is much shorter. */
const FORM_LIMIT_BYTES = 4_096;
/** A logout token is as long as a token may be, percent-encoded. */
const BACKCHANNEL_LIMIT_BYTES = 65_536;

/**
 * The kind `session`: who is calling, by the cookie of a session that somebody has opened at a provider (OpenID Connect
 * Core). The word `session` of the key `auth` makes it. It knows sessions by what the control side says of them, keeps that
 * shortly, and has the pages by which people sign in and out.
 */
export function createSessionKind(given: Pick<KindPorts, 'clock' | 'desk' | 'random'>): PolicyKind<SessionConfig> {
  const ports = { ...given, desk: new SessionDesk(given.desk) };
  const sessions = new LiveSessions(ports);
  const pages = new SessionPages(ports, sessions);
  return {
    kind: 'session',
    summary: 'Sessions of browsers, and the pages where people sign in and out',
    schema: null,
    sources: () => [],
    pages: ({ site }) => pagesOf(pages, site),
    compile: (config, { operations, roles }) => {
      const { rules } = config.site;
      const allowed = listedOrigins(config.cors);
      // Operations of the same issuers share a step.
      const made = new Map<readonly SignInIssuer[], Step<'authenticate'>>();
      return compileEach(operations, (operation) => {
        const asked = saidOf(config.operations, operation) ?? config.issuers;
        if (asked.length === 0) return ok({});
        const setting = { issuers: byName(asked), rules, roles, allowed };
        const authenticate = made.get(asked) ?? authenticateStep(setting, sessions);
        made.set(asked, authenticate);
        return ok({ authenticate });
      });
    },
  };
}

function byName(issuers: readonly SignInIssuer[]): ReadonlyMap<string, SignInIssuer> {
  return new Map(issuers.map((one) => [one.issuer.name, one]));
}

function pagesOf(pages: SessionPages, { host, issuers, rules, cors }: SessionSiteConfig): readonly OwnPage[] {
  const site: SessionSite = { issuers: byName(issuers), rules, allowed: listedOrigins(...cors) };
  const form = { types: [FORM], limitBytes: FORM_LIMIT_BYTES };
  const logout = { types: [FORM], limitBytes: BACKCHANNEL_LIMIT_BYTES };
  const own = (name: string, path: string, methods: readonly string[], more: Pick<OwnPage, 'body' | 'answer'>) => ({
    ...{ name, host, path, methods, calledBy: 'browsers' as const },
    ...more,
  });
  return [
    own('login', LOGIN_PATH, ['GET'], { body: null, answer: ({ request }) => said(pages.login(request, site)) }),
    own('logout', LOGOUT_PATH, ['GET', 'POST'], {
      body: form,
      answer: ({ request, body }) =>
        said(request.method === 'POST' ? pages.logout(request, text(body), site) : pages.logoutPage(request)),
    }),
    own('session', SESSION_PATH, ['GET'], { body: null, answer: ({ request }) => said(pages.info(request, site)) }),
    ...issuers.flatMap(({ issuer: { name } }) => [
      own('callback', callbackPath(name), ['GET'], {
        body: null,
        answer: ({ request }: PageRequest) => said(pages.callback(request, name)),
      }),
      {
        ...own('backchannel-logout', backchannelPath(name), ['POST'], {
          body: logout,
          answer: ({ body }: PageRequest) => said(pages.backchannel(name, text(body))),
        }),
        calledBy: 'servers' as const,
      },
    ]),
  ];
}

/** Forms are ASCII; whatever else comes stands for itself and fits nothing. */
function text(body: Uint8Array): string {
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
}

function said(answer: PageAnswer | Promise<PageAnswer>): PageVerdict | Promise<PageVerdict> {
  return answer instanceof Promise ? answer.then(verdictOf) : verdictOf(answer);
}

function verdictOf(answer: PageAnswer): PageVerdict {
  return 'code' in answer ? (deny(answer) as Extract<Verdict, { kind: 'deny' }>) : { kind: 'reply', response: answer };
}
