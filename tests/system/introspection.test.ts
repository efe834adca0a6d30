import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { after, before, beforeEach, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import type { Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { askOver, VERSIONS } from './possession-scene.ts';

const AUDIENCE = 'https://api.acme.example';
const SECRET = 'the secret of the gateway';

/** What was asked of the issuer's server. */
interface Asked {
  readonly authorization: string | undefined;
  readonly form: Readonly<Record<string, string>>;
}

type Answer = (asked: Asked, response: ServerResponse) => void;

const asked: Asked[] = [];
let answer: Answer;
let issuer: LocalServer;
let upstream: LocalServer;
let gateway: GatewayProcess | undefined;

const nowS = (): number => Math.floor(Date.now() / 1_000);

function active(more: object = {}): object {
  const names = { iss: issuer.url, aud: AUDIENCE, sub: 'ada', client_id: 'shop', username: 'ada@acme.example' };
  const rights = { roles: ['customer'], scope: 'orders:read', token_type: 'Bearer', jti: 'j1' };
  return { active: true, ...names, ...rights, iat: nowS() - 5, exp: nowS() + 600, ...more };
}

function says(body: unknown, { status = 200, type = 'application/json' } = {}): Answer {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': type });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

async function hear(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.url === '/.well-known/openid-configuration') {
    const metadata = {
      issuer: issuer.url,
      jwks_uri: `${issuer.url}/jwks`,
      introspection_endpoint: `${issuer.url}/ask`,
    };
    says(metadata)({} as Asked, response);
    return;
  }
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const form = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString()));
  const one = { authorization: request.headers.authorization, form };
  if (request.url === '/ask') asked.push(one);
  answer(one, response);
}

before(async () => {
  issuer = await startLocalServer((request, response) => void hear(request, response));
  upstream = await startLocalServer((request, response) => response.end(JSON.stringify(request.headers)));
  const said = `issuer: '${issuer.url}', audience: '${AUDIENCE}', claims: { roles: roles }, scopes: ignore`;
  const client = `client: { id: gateway, secret: '\${file:secret}' }`;
  gateway = await startGateway(
    `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
issuers:
  acme: { ${said}, introspection: { ${client}, for: all, cache: 2s, timeout: 500ms } }
  never: { ${said}, introspection: { endpoint: '${issuer.url}/ask', ${client}, for: all, cache: 0s, prefix: nev_ } }
roles: { customer: { can: [orders] } }
apis:
  orders:
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [acme]
    operations: { 'GET /orders': { needs: orders } }
  fresh:
    basePath: /fresh
    routes: ['GET /orders']
    upstream: '${upstream.url}'
    auth: [never]
`,
    { beside: { secret: SECRET } },
  );
});

after(async () => {
  await gateway?.stop();
  issuer.stop();
  upstream.stop();
});

beforeEach(() => {
  asked.length = 0;
  answer = says(active());
});

let tokens = 0;

/** A token that nobody has borne before. */
function newToken(): string {
  return `token-${++tokens}.of/some+length==`;
}

type Version = (typeof VERSIONS)[number];

async function get(token: string | null, path = '/orders', version: Version = 'http/1.1'): Promise<Reply> {
  const { https: port, ca } = gateway ?? assert.fail('no gateway');
  const headers: Record<string, string> = { host: `localhost:${port}` };
  if (token !== null) headers['authorization'] = `Bearer ${token}`;
  return await askOver({ port, ca, version, path, headers });
}

function codeOf({ status, body }: Reply): string {
  return `${status} ${String((JSON.parse(body) as Record<string, unknown>)['code'])}`;
}

test('a token is asked about once, and who bears it is who the issuer says', async () => {
  const token = newToken();
  const replies = await Promise.all(Array.from({ length: 20 }, async () => await get(token)));
  for (const { status, body } of replies) {
    assert.equal(status, 200, body);
    const told = JSON.parse(body) as Record<string, string>;
    assert.equal(told['x-portcullis-subject'], 'ada');
    assert.equal(told['x-portcullis-roles'], 'customer');
    assert.equal(told['authorization'], undefined);
  }
  assert.equal(asked.length, 1);
  assert.deepEqual(asked[0]?.form, { token, token_type_hint: 'access_token' });
  const name = Buffer.from('gateway:the+secret+of+the+gateway').toString('base64');
  assert.equal(asked[0]?.authorization, `Basic ${name}`);
});

test('what was said counts for a while and not longer, and not at all where nothing is to be kept', async () => {
  const token = newToken();
  assert.equal((await get(token)).status, 200);
  answer = says({ active: false });
  assert.equal((await get(token)).status, 200);
  await new Promise((resolve) => {
    setTimeout(resolve, 2_100);
  });
  assert.equal(codeOf(await get(token)), '401 invalid-token');
  assert.equal(asked.length, 2);
  answer = says(active());
  const fresh = `nev_${newToken()}`;
  assert.equal((await get(fresh, '/fresh/orders')).status, 200);
  answer = says({ active: false });
  assert.equal(codeOf(await get(fresh, '/fresh/orders')), '401 invalid-token');
});

test('what another server said of the same token is not asked here', async () => {
  const token = `nev_${newToken()}`;
  assert.equal((await get(token)).status, 200);
  answer = says({ active: false });
  assert.equal(codeOf(await get(token, '/fresh/orders')), '401 invalid-token');
  assert.equal(asked.length, 2);
});

test('a token of another issuer is shown to nobody', async () => {
  assert.equal(codeOf(await get(newToken(), '/fresh/orders')), '401 invalid-token');
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const foreign = `${part({ alg: 'ES256' })}.${part({ iss: 'https://other.example' })}.AAAA`;
  assert.equal(codeOf(await get(foreign)), '401 invalid-token');
  assert.equal(codeOf(await get(`${part({ alg: 'ES256' })}.${part({ iss: issuer.url })}=.AAAA`)), '401 invalid-token');
  assert.equal(codeOf(await get('two words')), '401 invalid-token');
  assert.equal(codeOf(await get('')), '401 invalid-token');
  assert.equal(asked.length, 0);
});

test('its JWTs are asked about too, whoever has signed them, and none that is not signed', async () => {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const own = `${part({ alg: 'none' })}.${part({ iss: issuer.url, sub: 'eve' })}.`;
  assert.equal(codeOf(await get(own)), '401 invalid-token');
  const signed = `${part({ alg: 'ES256' })}.${part({ iss: issuer.url, sub: 'eve' })}.AAAA`;
  const reply = await get(signed);
  assert.equal((JSON.parse(reply.body) as Record<string, string>)['x-portcullis-subject'], 'ada');
  assert.deepEqual(
    asked.map(({ form }) => form['token']),
    [signed],
  );
});

const REFUSED: readonly (readonly [name: string, body: () => unknown])[] = [
  ['one that is not active', () => ({ active: false })],
  ['another issuer', () => active({ iss: 'https://other.example' })],
  ['no audience', () => active({ aud: undefined })],
  ['another audience', () => active({ aud: `${AUDIENCE}/` })],
  ['no end', () => active({ exp: undefined })],
  ['an end that has been', () => active({ exp: nowS() - 60 })],
  ['an end as text', () => active({ exp: String(nowS() + 60) })],
  ['a beginning to come', () => active({ nbf: nowS() + 60 })],
  ['nobody', () => active({ sub: undefined, client_id: undefined })],
  ['a subject that is an object', () => active({ sub: { admin: true } })],
  ['roles that are a number', () => active({ roles: 5 })],
  ['a refresh token', () => active({ token_type: 'refresh_token' })],
  ['a refresh token by its use', () => active({ token_type: undefined, token_use: 'refresh_token' })],
  ['a token that is bound, of which nobody has shown the key', () => active({ cnf: { jkt: 'x' }, token_type: 'DPoP' })],
];

for (const [name, body] of REFUSED) {
  test(`where the issuer says of a token that it is of ${name}, it is refused`, async () => {
    answer = says(body());
    for (const version of VERSIONS) {
      const reply = await get(newToken(), '/orders', version);
      assert.match(codeOf(reply), /^401 /, version);
      assert.doesNotMatch(reply.body, /customer|acme/);
    }
  });
}

/** The pause of a server that fails is ended by an answer. */
async function isWell(): Promise<void> {
  answer = says(active());
  for (let count = 0; count < 50; count++) {
    if ((await get(newToken())).status === 200) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
  }
  assert.fail('it is left alone still');
}

const UNANSWERED: readonly (readonly [name: string, answer: () => Answer])[] = [
  ['a failure of its own', () => says(active(), { status: 500 })],
  ['a page', () => says('<p>active: true</p>', { type: 'text/html' })],
  ['JSON as a page', () => says(active(), { type: 'text/html' })],
  ['nothing in time', () => () => {}],
  [
    'an answer that drips, each piece in time and the whole of it never',
    () => (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const text = JSON.stringify(active());
      let at = 0;
      const dripping = setInterval(() => void response.write(text.charAt(at++)), 50);
      response.on('close', () => clearInterval(dripping));
    },
  ],
  ['a redirect', () => (_asked, response) => void response.writeHead(307, { location: '/ask' }).end()],
  ['no `active`', () => says({ ...active(), active: undefined })],
  ['`active` as text', () => says(active({ active: 'true' }))],
  ['`active` as a number', () => says(active({ active: 1 }))],
  ['`active` twice', () => says(JSON.stringify(active()).replace('{', '{"active":false,'))],
  ['a list', () => says([active()])],
  ['an answer beyond all bounds', () => says(active({ more: 'x'.repeat(70_000) }))],
  [
    'an answer that is cut',
    () => (_asked, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write(JSON.stringify(active()));
      setTimeout(() => response.destroy(), 20);
    },
  ],
  ['that it does not know the gateway', () => says(active(), { status: 401 })],
];

for (const [name, made] of UNANSWERED) {
  test(`where the issuer answers with ${name}, nobody can say, and nothing is opened`, async () => {
    await isWell();
    answer = made();
    for (const version of VERSIONS) {
      const reply = await get(newToken(), '/orders', version);
      assert.equal(codeOf(reply), '503 introspection-unavailable', version);
      assert.equal(reply.headers['retry-after'], '5');
      assert.doesNotMatch(reply.body, /customer|acme|active/);
    }
  });
}

test('an issuer that fails again and again is left alone, and asked again when it may be well', async () => {
  await isWell();
  answer = says('', { status: 500 });
  asked.length = 0;
  for (let count = 0; count < 12; count++) assert.match(codeOf(await get(newToken())), /^503 /);
  assert.equal(asked.length, 5);
  await isWell();
});

test('who brings tokens that nobody knows takes nothing from who is known, nor calls without end from the issuer', async (t) => {
  // Only there has a machine more addresses of its own than one.
  if (process.platform !== 'linux') return t.skip('needs 127.0.0.2');
  await isWell();
  const { https: port, ca } = gateway ?? assert.fail('no gateway');
  const from = async (address: string, token: string, version: Version): Promise<string> => {
    const headers = { host: `localhost:${port}`, authorization: `Bearer ${token}` };
    const reply = await askOver({ port, ca, version, path: '/orders', headers, from: address });
    return reply.status === 200 ? '200' : codeOf(reply);
  };
  const known = newToken();
  assert.equal(await from('127.0.0.1', known, 'http/1.1'), '200');
  answer = ({ form }, response) => {
    const isGood = form['token'] === known || form['token']?.startsWith('good') === true;
    setTimeout(() => says(isGood ? active() : { active: false })({} as Asked, response), 20);
  };
  asked.length = 0;
  const startedMs = Date.now();
  const became = new Map<string, number>();
  let left = 300;
  const attacker = async (version: Version): Promise<void> => {
    while (left-- > 0) {
      const word = await from('127.0.0.2', `guess-${left}`, version);
      became.set(word, (became.get(word) ?? 0) + 1);
    }
  };
  const flood = Promise.all(Array.from({ length: 16 }, (_, at) => attacker(VERSIONS[at % 2] ?? 'h2')));
  for (let count = 0; count < 5; count++) {
    for (const version of VERSIONS) {
      assert.equal(await from('127.0.0.1', known, version), '200');
      assert.equal(await from('127.0.0.3', `good-${version}-${count}`, version), '200', 'nobody else is kept waiting');
    }
  }
  await flood;
  const allowed = 100 + 16 + (20 * (Date.now() - startedMs)) / 1_000;
  const guesses = asked.filter(({ form }) => form['token']?.startsWith('guess') === true).length;
  assert.ok(guesses <= allowed, `${guesses} calls, ${allowed} at most`);
  assert.deepEqual([...became.keys()].toSorted(), ['401 invalid-token', '503 introspection-unavailable']);
});

test('neither tokens nor the secret stand in the log', () => {
  assert.doesNotMatch(gateway?.said() ?? '', /token-\d|the.secret/);
});
