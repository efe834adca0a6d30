import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiConfig } from '../config/compiled.ts';
import {
  createSlot,
  type IssuerConfig,
  PASS,
  type PolicyKind,
  type Principal,
  usedCredential,
} from '../policy/index.ts';
import type { OutgoingHead } from '../wire/index.ts';
import { Challenges } from './challenges.ts';
import {
  apiText,
  type Bench,
  fieldsOf,
  gatheredOf,
  kindOf,
  principalNamed,
  replyText,
  snapshotOf,
  startBench,
  step,
  UNJUDGED,
} from './fixture.test.ts';
import { RehearsedStream } from './rehearsed-stream.ts';

/** A policy that knows everybody as this principal, by a credential in the field of this name. */
function identifying(principal: Principal, header: string | null = 'authorization'): PolicyKind<never> {
  return kindOf('p', {
    authenticate: step((exchange) => {
      exchange.slot(usedCredential).header = header;
      return { kind: 'identified', principal };
    }),
  });
}

const ADA = principalNamed('ada', { roles: ['customer', 'on call'], tenant: 'acme' });

/** The lines of the head that the upstream got, in lower case. */
const linesOf = (bench: Bench): readonly string[] => bench.upstream.last.head.toLowerCase().split('\r\n');

function get(...lines: readonly string[]): string {
  return `GET /x HTTP/1.1\r\nhost: x.example\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
}

test('an upstream hears who is calling, each time the same', async (t) => {
  const bench = await startBench(t, { kinds: [identifying(ADA)] });
  for (let round = 0; round < 2; round++) {
    await bench.ask(get());
    assert.deepEqual(
      linesOf(bench).filter((line) => line.startsWith('x-portcullis')),
      ['x-portcullis-subject: ada', 'x-portcullis-roles: customer,on%20call', 'x-portcullis-tenant: acme'],
    );
  }
});

const FORGED = [
  'x-portcullis-subject: root',
  'X-PORTCULLIS-ROLES: admin',
  'X-Portcullis-Tenant: other',
  'x.portcullis.subject: root',
  'x-portcullis.roles: admin',
  'x~portcullis~subject: root',
  'XPortcullis-Subject: root',
  'x-portcullis-anything: root',
  'x-portcullis: root',
];

for (const line of FORGED) {
  test(`a client's own ${line.split(':')[0]} does not get there, signed in or not`, async (t) => {
    for (const kinds of [[], [identifying(ADA)]]) {
      const bench = await startBench(t, { kinds });
      assert.equal((await bench.ask(get(line))).status, 200);
      const said = linesOf(bench).filter((each) => /^x.?portcullis/.test(each));
      assert.equal(said.length, kinds.length === 0 ? 0 : 3);
      assert.ok(!said.some((each) => /root|admin|other/.test(each)));
    }
  });
}

test('underscores for hyphens are refused, since servers read them as the same', async (t) => {
  const bench = await startBench(t);
  assert.equal((await bench.ask(get('x_portcullis_subject: root'))).status, 400);
  assert.equal((await bench.ask(get('connection: x-portcullis-subject'))).status, 400);
  assert.equal(bench.upstream.connections, 0);
});

test('the credential that was used stays here, in whatever case, and any other goes on', async (t) => {
  const bench = await startBench(t, { kinds: [identifying(ADA)] });
  await bench.ask(get('AUTHORIZATION: Bearer secret', 'x-api-key: other', 'kept: 1'));
  assert.doesNotMatch(bench.upstream.last.head, /authorization|secret/i);
  assert.ok(linesOf(bench).includes('x-api-key: other') && linesOf(bench).includes('kept: 1'));
});

test('a credential in another field is the one that stays here', async (t) => {
  const bench = await startBench(t, { kinds: [identifying(ADA, 'x-api-key')] });
  await bench.ask(get('authorization: Basic b', 'x-api-key: secret'));
  assert.ok(linesOf(bench).includes('authorization: basic b'));
  assert.doesNotMatch(bench.upstream.last.head, /secret/);
});

test('with `credentials: pass` the upstream gets it', async (t) => {
  const api = "routes: ['* /{rest...}']\n    credentials: pass";
  const bench = await startBench(t, { kinds: [identifying(ADA)], api });
  await bench.ask(get('Authorization: Bearer b'));
  assert.ok(linesOf(bench).includes('authorization: bearer b'));
});

test('where nobody is identified an Authorization field goes on untouched', async (t) => {
  const named = step<'authenticate'>((exchange) => {
    exchange.slot(usedCredential).header = 'authorization';
    return PASS;
  });
  for (const kinds of [[], [kindOf('p', { authenticate: named })], [identifying(ADA, null)]]) {
    const bench = await startBench(t, { kinds });
    await bench.ask(get('Authorization: Bearer b'));
    assert.ok(linesOf(bench).includes('authorization: bearer b'));
  }
});

test('a policy sees the credential that is removed, and may put another in its place', async (t) => {
  const seen = createSlot<{ value: string | null }>('seen', () => ({ value: null }));
  let found: string | null = null;
  const swap = kindOf('q', {
    transform: step((exchange, editor) => {
      found = exchange.slot(seen).value = exchange.request.headers.get('authorization');
      editor.setHeader('authorization', 'Bearer own');
      return PASS;
    }),
  });
  const bench = await startBench(t, { kinds: [identifying(ADA), swap] });
  await bench.ask(get('authorization: Bearer b'));
  assert.equal(found, 'Bearer b');
  assert.deepEqual(
    linesOf(bench).filter((line) => line.startsWith('authorization')),
    ['authorization: bearer own'],
  );
});

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a trace is continued under a parent of the gateway, once, and its state goes on', async (t) => {
  const bench = await startBench(t);
  await bench.ask(get(`TraceParent: 00-${TRACE}-00f067aa0ba902b7-01`, 'tracestate: a=1'));
  const lines = linesOf(bench).filter((line) => line.startsWith('trace'));
  assert.deepEqual(lines, ['tracestate: a=1', `traceparent: 00-${TRACE}-0000000000000001-01`]);
});

test('a malformed trace is replaced by a new one, without its state', async (t) => {
  const bench = await startBench(t);
  await bench.ask(get(`traceparent: 00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`, 'tracestate: a=1'));
  const lines = linesOf(bench).filter((line) => line.startsWith('trace'));
  assert.deepEqual(lines, ['traceparent: 00-00000000000000010000000000000002-0000000000000003-03']);
});

const SECURITY = ['x-content-type-options', 'x-frame-options', 'referrer-policy', 'content-security-policy'] as const;

test('every reply bears the security fields once: the upstream’s, a refusal, one of a policy, one that could not be read', async (t) => {
  const own = kindOf('p', {
    admit: step(({ request }) =>
      request.path === '/own' ? { kind: 'reply', response: { status: 200, headers: [], body: 'own' } } : PASS,
    ),
  });
  const bench = await startBench(t, { kinds: [own], api: "routes: ['GET /x', 'GET /own']" });
  const requests = [get(), get().replace('/x', '/own'), get().replace('/x', '/none'), get().replace('/x', '/x/../y')];
  for (const [at, request] of requests.entries()) {
    const reply = await bench.ask(request);
    assert.equal(reply.status, [200, 200, 404, 400][at]);
    for (const name of SECURITY) assert.match(reply.headers[name] ?? '', /^[^,]+$/, `${name} of ${at}`);
  }
  const streamed = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n';
  bench.upstream.respond = ({ socket }) => void socket.write(streamed);
  assert.equal((await bench.ask(get())).headers['x-frame-options'], 'DENY');
});

test('204 and 304 and the reply to HEAD bear them too', async (t) => {
  const bench = await startBench(t);
  for (const status of [204, 304]) {
    bench.upstream.respond = ({ socket }) => void socket.write(`HTTP/1.1 ${status} X\r\n\r\n`);
    const reply = await bench.ask(get());
    assert.deepEqual([reply.status, reply.headers['x-content-type-options']], [status, 'nosniff']);
    assert.equal(reply.headers['content-security-policy'] === undefined, status === 304);
  }
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n');
  assert.equal((await bench.ask(get().replace('GET', 'HEAD'))).headers['x-frame-options'], 'DENY');
});

test('what the upstream says stays as it is and is not said twice', async (t) => {
  const bench = await startBench(t, { kinds: [identifying(ADA)] });
  const fields =
    "X-Frame-Options: SAMEORIGIN\r\ncontent-security-policy: default-src 'self'\r\ncache-control: max-age=7\r\ncontent-type: a/b";
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', fields));
  const { headers } = await bench.ask(get());
  assert.deepEqual(
    [headers['x-frame-options'], headers['content-security-policy'], headers['cache-control']],
    ['SAMEORIGIN', "default-src 'self'", 'max-age=7'],
  );
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('a page gets no content policy, and only what a known caller gets is not to be kept', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', 'content-type: text/html'));
  const anonymous = await bench.ask(get());
  assert.deepEqual(
    [anonymous.headers['content-security-policy'], anonymous.headers['cache-control']],
    [undefined, undefined],
  );
  const known = await startBench(t, { kinds: [identifying(ADA)] });
  assert.equal((await known.ask(get())).headers['cache-control'], 'no-store');
});

test('with `securityHeaders: off` nothing is added, and banners still go', async (t) => {
  const api = "routes: ['* /{rest...}']\n    securityHeaders: off";
  const bench = await startBench(t, { kinds: [identifying(ADA)], api });
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', 'Server: nginx/1.2\r\nx-frame-options: A'));
  const { headers } = await bench.ask(get());
  assert.equal(headers['x-frame-options'], 'A');
  for (const name of ['x-content-type-options', 'content-security-policy', 'cache-control', 'server'])
    assert.equal(headers[name], undefined, name);
});

test('what tells which software runs behind does not leave', async (t) => {
  const bench = await startBench(t);
  const banners = [
    'Server: nginx',
    'X-Powered-By: Express',
    'X-AspNet-Version: 4',
    'x-aspnetmvc-version: 5',
    'X-Runtime: 1',
    'X-Generator: D',
  ];
  const fields = [...banners, 'kept: 1', 'server: twice'].join('\r\n');
  bench.upstream.respond = ({ socket }) => void socket.write(replyText('x', fields));
  const { headers } = await bench.ask(get());
  assert.equal(headers['kept'], '1');
  for (const name of banners.map((line) => line.slice(0, line.indexOf(':')).toLowerCase()))
    assert.equal(headers[name], undefined, name);
});

/** The field that asks for https, of a reply and of a refusal of a gateway without a network. */
async function strictTransport(
  bench: Bench,
  { tls, trusted, own = '' }: { readonly tls: boolean; readonly trusted: boolean; readonly own?: string },
): Promise<readonly boolean[]> {
  const text = own + apiText(bench.upstream.url, [], "host: x.example\n    routes: ['GET /x']");
  const snapshot = snapshotOf(gatheredOf(text, new Map()), new Map());
  assert.equal(snapshot.strictTransport, false);
  assert.ok(bench.gateway.install({ ...snapshot, strictTransport: trusted }));
  const session = {
    protocol: 'TLSv1.3',
    cipher: '',
    group: null,
    serverName: null,
    applicationProtocol: null,
    ...UNJUDGED,
  };
  const peer = { address: '192.0.2.1', port: 1, tls: tls ? session : null, via: [] };
  const heads = ['/x', '/none'].map((path) => {
    const { promise, resolve } = Promise.withResolvers<OutgoingHead>();
    const request = { method: 'GET', host: 'x.example', port: null, path, query: null, headers: fieldsOf(), peer };
    const stream = new RehearsedStream(request, { kind: 'none' }, { body: Buffer.alloc(0), answered() {} });
    stream.send = resolve;
    bench.gateway.request(stream);
    return promise;
  });
  return (await Promise.all(heads)).map(({ added, closing }) =>
    `${added.join()},${closing}`.includes('strict-transport-security'),
  );
}

test('https is asked for over TLS with a certificate that others trust, and never else', async (t) => {
  const bench = await startBench(t);
  assert.deepEqual(await strictTransport(bench, { tls: true, trusted: true }), [true, true]);
  assert.deepEqual(await strictTransport(bench, { tls: false, trusted: true }), [false, false]);
  assert.deepEqual(await strictTransport(bench, { tls: true, trusted: false }), [false, false]);
  const certificate = 'server: { https: { certificate: { cert: a.pem, key: b.pem } } }\n';
  const gathered = gatheredOf(certificate + apiText(bench.upstream.url, []), new Map());
  assert.equal(snapshotOf(gathered, new Map()).strictTransport, true);
});

test('an API whose host has a certificate of its own asks for https, also where all others have the local one', async (t) => {
  const bench = await startBench(t);
  const hostsOf = (name: string): string =>
    `server: { https: { certificate: local, hosts: { ${name}: { certificate: { cert: a.pem, key: b.pem } } } } }\n`;
  const own = hostsOf('x.example');
  assert.deepEqual(await strictTransport(bench, { tls: true, trusted: false, own }), [true, false]);
  assert.deepEqual(await strictTransport(bench, { tls: false, trusted: false, own }), [false, false]);
  const anothers = hostsOf('y.example');
  assert.deepEqual(await strictTransport(bench, { tls: true, trusted: false, own: anothers }), [false, false]);
});

test('a challenge for a credential says nothing of an error where none was sent', async (t) => {
  const bench = await startBench(t);
  const snapshot = bench.gateway.current;
  const target = snapshot?.operations[0];
  const plan = target?.plan();
  assert.ok(snapshot !== null && target !== undefined && plan?.ok === true);
  const { name } = target.api;
  const asking = { name, auth: ['acme'], metadata: null, basePath: '', operations: {} } as unknown as ApiConfig;
  const issuers = [{ name: 'acme', proof: 'none' }] as unknown as readonly IssuerConfig[];
  const closed = {
    ...target,
    api: { ...target.api, challenges: new Challenges(asking, issuers) },
    plan: () => ({ ok: true, value: { ...plan.value, signInNeeded: true } }) as const,
  };
  bench.gateway.install({ ...snapshot, router: { find: () => ({ kind: 'matched', target: closed, params: {} }) } });
  const reply = await bench.ask(get());
  assert.deepEqual([reply.status, reply.headers['www-authenticate']], [401, 'Bearer realm="a"']);
  assert.equal((await bench.ask(get('authorization: Basic b'))).headers['www-authenticate'], 'Bearer realm="a"');
});
