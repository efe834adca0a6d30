import { type BadInput, judged, refused } from './bad-input.ts';
import type { Became, CredentialScene, Sent, Version } from './scene.ts';

// 63 to 68: the request around the credential.

/** Ways to a path that needs a token, through one that needs none or by another spelling. */
const WAYS = [
  '/open/..%2forders/7',
  '/open/%2e%2e/orders/7',
  '/open/../orders/7',
  '/open/..;/orders/7',
  '/open/..%5corders/7',
  '/open/..\\orders/7',
  '/open/%252e%252e/orders/7',
  '/open/..%c0%aforders/7',
  '/open/%c0%ae%c0%ae/orders/7',
  '/open/.%2e/.%2e/orders/7',
  '/open/x/..%00/../orders/7',
  '//orders/7',
  '/./orders/7',
  '/orders//7',
  '/orders/./7',
  '/orders%2f7',
  '/orders/7;x',
  '/orders;x/7',
  '/orders/7%23',
  '/orders/7#x',
  '/orders/7%3f',
  '/%6frders/7',
  '/ORDERS/7',
  '/Orders/7',
  '/orders/7/',
  '/orders/7%00',
  '/orders/7%20',
  '/orders\\7',
  '/open?/../orders/7',
];

/** What a server takes a path for that decodes it once, as each should, and is careless otherwise. */
function takenFor(url: string): string {
  const path = url
    .replace(/[?#].*/s, '')
    .replaceAll(/%([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  const plain = path
    .replaceAll('\\', '/')
    .replaceAll(/;[^/]*/g, '')
    .replaceAll(/\/{2,}/g, '/');
  return new URL(plain.replaceAll('%', '%25'), 'http://upstream').pathname.toLowerCase();
}

/** It may be refused or be another place, but the upstream must not take it for what needs a token. */
function unopened({ reply, arrived }: Became): string | null {
  const wrong = arrived.find(({ url }) => !takenFor(url).startsWith('/open'));
  if (wrong !== undefined) return `reached the upstream as ${wrong.url}`;
  return reply.status < 500 ? null : `${reply.status}`;
}

const way = (path: string, over: Version | null = null): BadInput =>
  judged({ item: 63, what: `without a token: ${JSON.stringify(path)}`, over }, () => ({ path }), unopened);

const signed = (scene: CredentialScene): Record<string, string> => ({ authorization: `Bearer ${scene.token()}` });

const claimed = (what: string, fields: Readonly<Record<string, string | string[]>>, over: Version | null = null) =>
  judged(
    { item: 64, what, over },
    (scene) => ({ headers: { ...signed(scene), ...fields } }),
    ({ reply, arrived }) => {
      if (reply.status === 400) return null;
      const [one] = arrived;
      if (one === undefined) return `${reply.status}, and nothing arrived`;
      const told = ['subject', 'roles'].map((name) => one.headers[`x-portcullis-${name}`]);
      if (told.join() !== 'ada,reader') return `the upstream was told ${told.join()}`;
      const values = Object.values(one.headers).flat().join();
      return /root|admin/.test(values) ? 'what the client said of itself arrived' : null;
    },
  );

const both = (what: string, made: (scene: CredentialScene) => Sent['headers'], code = '400 several-credentials') =>
  refused(65, what, (scene) => ({ path: '/any', headers: made(scene) ?? {} }), { code });

const UPGRADE = {
  ...{ connection: 'Upgrade', upgrade: 'websocket' },
  ...{ 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' },
};

const upgrade = (what: string, code: string, made: (scene: CredentialScene) => Record<string, string>): BadInput =>
  refused(69, what, (scene) => ({ path: '/chat', headers: { ...UPGRADE, ...made(scene) } }), {
    code,
    over: 'http/1.1',
  });

/** Paths, fields, and more than one credential. */
export const BAD_REQUESTS: readonly BadInput[] = [
  ...WAYS.map((path) => way(path)),
  way('https://localhost/orders/7', 'http/1.1'),
  way('https://evil.example/orders/7', 'http/1.1'),
  refused(63, 'a host with a dot behind, without a token', () => ({ headers: { host: 'localhost.' } }), {
    code: '401 unauthenticated',
  }),
  claimed('a subject of one’s own', { 'x-portcullis-subject': 'root' }),
  claimed('roles in capitals', { 'X-Portcullis-Roles': 'admin' }),
  claimed('a subject with underscores', { x_portcullis_subject: 'root', 'x-portcullis_roles': 'admin' }),
  claimed('two subjects', { 'x-portcullis-subject': ['root', 'ada'] }),
  claimed('a subject that Connection names', { connection: 'x-portcullis-subject, x-portcullis-roles' }, 'http/1.1'),
  claimed('a tenant nobody gave', { 'x-portcullis-tenant': 'admin' }),
  both('a token and an API key', (scene) => ({ ...signed(scene), 'x-api-key': scene.apiKey })),
  both('a token and what is no API key', (scene) => ({ ...signed(scene), 'x-api-key': 'x' })),
  both('an API key and what is no token', (scene) => ({ authorization: 'Bearer x', 'x-api-key': scene.apiKey })),
  both('an API key and a password', (scene) => ({ authorization: 'Basic YTpi', 'x-api-key': scene.apiKey })),
  refused(66, 'a token in the query', (scene) => ({ path: `/orders/7?access_token=${scene.token()}` }), {
    code: '400 credential-in-query',
  }),
  refused(
    66,
    'a token in the query, and in the head too',
    (scene) => ({
      path: `/orders/7?access_token=${scene.token()}`,
      headers: signed(scene),
    }),
    { code: '400 credential-in-query' },
  ),
  refused(66, 'a token in the query by another name', (scene) => ({ path: `/orders/7?next=${scene.token()}` }), {
    code: '400 credential-in-query',
  }),
  refused(
    66,
    'a token in the query with its name encoded',
    (scene) => ({ path: `/orders/7?%61ccess_token=${scene.token()}` }),
    {
      code: '400 credential-in-query',
    },
  ),
  refused(66, 'an API key in the query', ({ apiKey }) => ({ path: `/keyed?api_key=${apiKey}` }), {
    code: '400 credential-in-query',
  }),
  upgrade('a WebSocket without a token', '401 unauthenticated', () => ({})),
  upgrade('a WebSocket with a token that has run out', '401 invalid-token', (scene) => ({
    authorization: `Bearer ${scene.token({ exp: 1_000_000_000, iat: 999_999_999 })}`,
  })),
  upgrade('a WebSocket of a page of another origin', '403 origin-refused', (scene) => ({
    ...signed(scene),
    origin: 'https://evil.example',
  })),
  refused(
    68,
    'X-HTTP-Method-Override',
    (scene) => ({ headers: { ...signed(scene), 'x-http-method-override': 'DELETE' } }),
    { code: '400 method-override' },
  ),
  refused(68, 'X-HTTP-Method', (scene) => ({ headers: { ...signed(scene), 'x-http-method': 'DELETE' } }), {
    code: '400 method-override',
  }),
  refused(68, 'X-Method-Override', (scene) => ({ headers: { ...signed(scene), 'x-method-override': 'DELETE' } }), {
    code: '400 method-override',
  }),
  refused(68, 'DELETE with a token that may read', (scene) => ({ method: 'DELETE', headers: signed(scene) }), {
    code: '403 forbidden',
  }),
  refused(68, 'HEAD without a token', () => ({ method: 'HEAD' }), { code: '401' }),
  ...['OPTIONS', 'TRACE', 'PUT', 'PROPFIND'].map((method) =>
    judged(
      { item: 68, what: `${method} without a token`, over: null },
      () => ({ method, headers: { origin: 'https://evil.example', 'access-control-request-method': 'GET' } }),
      ({ reply, arrived }) =>
        arrived.length === 0 && reply.status >= 400 && reply.status < 502
          ? null
          : `${reply.status}, ${arrived.length} arrived`,
    ),
  ),
];
