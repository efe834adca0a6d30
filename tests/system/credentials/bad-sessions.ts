import { codeOf } from '../possession-scene.ts';
import { type BadInput, judged, refused } from './bad-input.ts';
import type { Became, CredentialScene, Sent } from './scene.ts';

// 48 to 52, 65 and 67: browsers, without a sign-in at a provider, for which there are tests of their own.

const NAME = '__Host-portcullis-session';
/** In the form of a session's id, and nobody's. */
const ID = 'A'.repeat(43);
const LOGIN = '/.portcullis/login?provider=people';
const CALLBACK = '/.portcullis/callback/people';
const PAGE = { accept: 'text/html' };

/** Places that browsers take for another host, or that are more than a path. */
const PLACES = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'https://evil.example/',
  'javascript:alert(1)',
  '\t//evil.example',
  '%09//evil.example',
  '/\t/evil.example',
  '//user@evil.example',
  '@evil.example',
  '/a\r\nSet-Cookie: x=1',
  '/%0d%0aSet-Cookie:x',
  '/%2F%2Fevil.example',
  '/%5Cevil.example',
  '/..//evil.example',
  '/a#b',
  '/a\u0000',
  '/.portcullis/logout',
  '',
];

/** Nobody gets a session, goes anywhere, or reads what they sent. */
function unmoved({ reply, arrived }: Became): string | null {
  if (reply.status < 400 || reply.status > 404) return codeOf(reply);
  if (arrived.length > 0) return 'reached the upstream';
  if (reply.headers['location'] !== undefined) return 'led somewhere';
  if ([reply.headers['set-cookie']].flat().some((line) => line?.startsWith(`${NAME}=A`) === true))
    return 'gave a session';
  return /evil|<script|onerror/.test(reply.body) ? 'said what was sent' : null;
}

const unmoving = (item: number, what: string, path: string, headers: Sent['headers'] = PAGE): BadInput =>
  judged({ item, what, over: null }, () => ({ path, headers }), unmoved);

const SCRIPT = encodeURIComponent('<script>alert(1)</script><img src=x onerror=alert(1)>evil');

const both = (what: string, path: string, made: (scene: CredentialScene) => Sent['headers']): BadInput =>
  refused(65, what, (scene) => ({ path, headers: made(scene) ?? {} }), { code: '400 several-credentials' });

/** What browsers are made to send. */
export const BAD_SESSIONS: readonly BadInput[] = [
  {
    ...judged(
      { item: 50, what: 'a path of the host', over: null },
      () => ({ path: `${LOGIN}&return_to=/orders/7` }),
      leads,
    ),
    good: true,
  },
  ...PLACES.map((place) =>
    unmoving(50, `return_to ${JSON.stringify(place)}`, `${LOGIN}&return_to=${encodeURIComponent(place)}`),
  ),
  unmoving(50, 'return_to twice', `${LOGIN}&return_to=/a&return_to=//evil.example`),
  unmoving(48, 'a code without a state', `${CALLBACK}?code=c`),
  unmoving(48, 'a code with a state that nobody gave', `${CALLBACK}?code=c&state=${ID}`),
  unmoving(48, 'two states', `${CALLBACK}?code=c&state=${ID}&state=${ID}`),
  unmoving(48, 'a code for another provider', `/.portcullis/callback/other?code=c&state=${ID}`),
  unmoving(48, 'a state with a cookie that was planted', `${CALLBACK}?code=c&state=${ID}`, {
    ...PAGE,
    cookie: `${NAME}=${ID}; __Host-portcullis-login=${ID}`,
  }),
  unmoving(49, 'the words of an error', `${CALLBACK}?error=${SCRIPT}&error_description=${SCRIPT}&state=${ID}`),
  unmoving(49, 'an error in the place of a state', `${CALLBACK}?error=access_denied&state=${SCRIPT}`),
  unmoving(49, 'a provider that is a script', `/.portcullis/login?provider=${SCRIPT}`),
  refused(52, 'a session that somebody planted', () => ({ path: '/pages', headers: { cookie: `${NAME}=${ID}` } }), {
    code: '401 session-ended',
  }),
  both('a token and a session', '/both', (scene) => ({
    authorization: `Bearer ${scene.token()}`,
    cookie: `${NAME}=${ID}`,
  })),
  both('two sessions', '/both', () => ({ cookie: `${NAME}=${ID}; ${NAME}=${'B'.repeat(43)}` })),
  judged(
    { item: 67, what: 'a session to an API that takes none', over: null },
    () => ({ path: '/open/x', headers: { cookie: `a=1; ${NAME}=${ID}; b=2` } }),
    ({ arrived: [one] }) => (one?.headers.cookie === 'a=1; b=2' ? null : `arrived as ${String(one?.headers.cookie)}`),
  ),
];

function leads({ reply }: Became): string | null {
  return reply.status === 303 && /^http:\/\/127\.0\.0\.1:\d+\/authorize\?/.test(String(reply.headers['location']))
    ? null
    : codeOf(reply);
}
