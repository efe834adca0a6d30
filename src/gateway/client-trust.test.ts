import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { IntentRecord } from '../base/index.ts';
import type { CanonicalRequest, ClientCertificate, OutgoingHead, ServerExchange, TlsPeer } from '../wire/index.ts';
import { ClientTrust, ClientTrusts, trustFault, trustsOf } from './client-trust.ts';
import { compile } from './compile.ts';
import { judgeAgain } from './judge-again.ts';
import type { Walk, WalkContext } from './walk.ts';
import { fieldsOf, gatheredOf, NO_TABLES, snapshotOf, startBench } from './fixture.test.ts';
import { RehearsedStream } from './rehearsed-stream.ts';

function clientWith(...names: readonly string[]): ClientCertificate {
  const subject = names.find((name) => name.startsWith('subject:'))?.slice('subject:'.length) ?? 'CN=x';
  return {
    fingerprint256: 'F',
    subject,
    issuer: 'CN=ca',
    names: names.filter((name) => !name.startsWith('subject:')),
    notAfterMs: 0,
  };
}

function session(more: Partial<TlsPeer>): TlsPeer {
  const nothing = { trust: null, client: null, clientFault: null };
  return {
    protocol: 'TLSv1.3',
    cipher: '',
    group: null,
    serverName: null,
    applicationProtocol: null,
    ...nothing,
    ...more,
  };
}

function requestTo(host: string, tls: TlsPeer | null): CanonicalRequest {
  const peer = { address: '192.0.2.1', port: 1, tls, via: [] };
  return { method: 'GET', host, port: null, path: '/x', query: null, headers: fieldsOf(), peer };
}

const PARTNERS = new ClientTrust('partners', null, ['dns:*.partner.test', 'uri:spiffe://a/b', 'subject:O=P,CN=batch']);
const OTHERS = new ClientTrust('others', null, null);
const TRUSTS = new ClientTrusts(
  OTHERS,
  new Map([
    ['b2b.test', PARTNERS],
    ['open.test', null],
  ]),
);

test('a trust is another one as soon as anything about it is', () => {
  const all = [
    new ClientTrust('a', null, null),
    new ClientTrust('b', null, null),
    new ClientTrust('a', 'list', null),
    new ClientTrust('a', 'other list', null),
    new ClientTrust('a', null, ['dns:a.test']),
    new ClientTrust('a', null, []),
  ];
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.equal(new ClientTrust('a', 'list', ['dns:a.test']).id, new ClientTrust('a', 'list', ['dns:a.test']).id);
});

test('each host has its own trust, and the others that for all', () => {
  assert.equal(TRUSTS.of('b2b.test'), PARTNERS);
  assert.equal(TRUSTS.of('open.test'), null);
  for (const host of ['www.test', 'a.b2b.test', 'constructor', '', null]) assert.equal(TRUSTS.of(host), OTHERS);
  assert.deepEqual(TRUSTS.all, [OTHERS, PARTNERS]);
  const twice = new ClientTrusts(
    null,
    new Map([
      ['a.test', OTHERS],
      ['b.test', new ClientTrust('others', null, null)],
    ]),
  );
  assert.equal(twice.all.length, 1);
});

const PERMITTED: readonly (readonly [name: string, permitted: boolean])[] = [
  ['dns:a.partner.test', true],
  ['dns:partner.test', false],
  ['dns:a.b.partner.test', false],
  ['dns:*.partner.test', false],
  ['dns:.partner.test', false],
  ['dns:x, dns:a.partner.test', false],
  ['dns:a.partner.test.evil.test', false],
  ['dns:*', false],
  ['uri:spiffe://a/b', true],
  ['uri:spiffe://a/B', false],
  ['uri:spiffe://a/b/', false],
  ['email:a.partner.test', false],
  ['uri:a.partner.test', false],
  ['subject:O=P,CN=batch', true],
  ['subject:CN=batch,O=P', false],
  ['subject:CN=batch', false],
  ['subject:O=P,CN=batch,CN=more', false],
];

test('of those that the CAs vouch for, the named ones are meant, and no others', () => {
  for (const [name, permitted] of PERMITTED) {
    const client = clientWith(name);
    assert.equal(PARTNERS.permits(client), permitted, name);
    assert.equal(PARTNERS.permits(client), permitted, `${name} again`);
    assert.equal(OTHERS.permits(client), true);
  }
  assert.equal(PARTNERS.permits(clientWith()), false);
  assert.equal(PARTNERS.permits(clientWith('dns:x.test', 'uri:spiffe://a/b')), true, 'one of several is enough');
});

test('a name alone never stands for a subject, nor a subject for a name', () => {
  const trust = new ClientTrust('x', null, ['dns:a.test']);
  assert.equal(trust.permits({ ...clientWith(), subject: 'dns:a.test' }), false);
  const subject = new ClientTrust('x', null, ['subject:CN=a']);
  assert.equal(subject.permits(clientWith('subject=CN=a')), false);
});

const good = clientWith('dns:a.partner.test');
const bad = clientWith('dns:a.stranger.test');

const VERDICTS: readonly (readonly [
  what: string,
  host: string,
  tls: TlsPeer | null,
  code: string | null,
  rule?: string,
])[] = [
  ['a good client', 'b2b.test', session({ trust: PARTNERS.id, client: good }), null],
  ['a good client of all others', 'www.test', session({ trust: OTHERS.id, client: bad }), null],
  ['nobody, where nobody is asked', 'open.test', session({}), null],
  ['nobody', 'b2b.test', session({ trust: PARTNERS.id }), 'client-certificate-required', 'CERTIFICATE_MISSING'],
  [
    'another',
    'b2b.test',
    session({ trust: PARTNERS.id, client: bad }),
    'client-certificate-refused',
    'NAME_NOT_PERMITTED',
  ],
  [
    'a revoked one',
    'b2b.test',
    session({ trust: PARTNERS.id, clientFault: 'CERT_REVOKED' }),
    'client-certificate-refused',
    'CERT_REVOKED',
  ],
  [
    'a good client with a fault',
    'b2b.test',
    session({ trust: PARTNERS.id, client: good, clientFault: 'X' }),
    'client-certificate-refused',
    'X',
  ],
  [
    'one who asked for an open host',
    'b2b.test',
    session({ serverName: 'open.test' }),
    'misdirected-request',
    'CLIENT_TRUST_DIFFERS',
  ],
  [
    'one who was judged by others',
    'b2b.test',
    session({ trust: OTHERS.id, client: good }),
    'misdirected-request',
    'CLIENT_TRUST_DIFFERS',
  ],
  [
    'one who was judged, at an open host',
    'open.test',
    session({ trust: PARTNERS.id, client: good }),
    'misdirected-request',
    'CLIENT_TRUST_DIFFERS',
  ],
  ['no session', 'b2b.test', null, 'misdirected-request', 'CLIENT_TRUST_DIFFERS'],
  ['no session at an open host', 'open.test', null, null],
];

for (const [what, host, tls, code, rule] of VERDICTS) {
  test(`${what}: ${code ?? 'comes in'}`, () => {
    const fault = trustFault(requestTo(host, tls), TRUSTS);
    assert.deepEqual([fault?.problem.code ?? null, fault?.rule], [code, rule]);
  });
}

test('whatever a session says, nobody comes in to a host but a client whom its own trust let in', () => {
  const id = fc.constantFrom(null, PARTNERS.id, OTHERS.id, 'x');
  const client = fc.constantFrom(null, good, bad);
  const host = fc.constantFrom('b2b.test', 'www.test', 'open.test');
  const clientFault = fc.constantFrom(null, null, 'CERT_HAS_EXPIRED');
  fc.assert(
    fc.property(host, fc.record({ trust: id, client, clientFault, serverName: host }), (name, more) => {
      const fault = trustFault(requestTo(name, session(more)), TRUSTS);
      const wanted = TRUSTS.of(name);
      const isProven = more.client !== null && more.clientFault === null && wanted?.permits(more.client) === true;
      const allowed = wanted === null ? more.trust === null : more.trust === wanted.id && isProven;
      assert.equal(fault === null, allowed);
    }),
  );
});

const TEXT = `server: { https: { clientCa: /ca.pem, hosts: { b.test: { clientCa: /b.pem, clientCrl: /b.crl } } } }
apis: { a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:9', auth: public } }
`;

test('a configuration whose files were not read has no Snapshot', () => {
  const files = { '/ca.pem': Buffer.from('CA'), '/b.pem': Buffer.from('B'), '/b.crl': Buffer.from('L') };
  const whole = gatheredOf(TEXT, new Map(), { files });
  const trusts = trustsOf(whole, () => assert.fail('all are there'));
  assert.deepEqual([trusts?.of('b.test')?.caPem, trusts?.of('b.test')?.crlPem], ['B', 'L']);
  assert.deepEqual([trusts?.of(null)?.caPem, trusts?.of(null)?.crlPem], ['CA', null]);
  for (const [file, path] of [
    ['/ca.pem', 'server.https.clientCa'],
    ['/b.pem', 'server.https.hosts["b.test"].clientCa'],
    ['/b.crl', 'server.https.hosts["b.test"].clientCrl'],
  ] as const) {
    const { [file]: _, ...others } = files;
    const built = compile({ ...whole, files: others }, { kinds: new Map(), tables: NO_TABLES });
    assert.ok(!built.ok);
    assert.deepEqual(
      built.error.map((issue) => issue.path),
      [path],
    );
  }
});

test('where no clients are judged nothing is kept for it', () => {
  const open =
    "server: { https: { hosts: { a.test: { clientCa: off } } } }\napis: { a: { routes: ['GET /x'], upstream: 'http://127.0.0.1:9', auth: public } }\n";
  assert.equal(snapshotOf(gatheredOf(open, new Map()), new Map()).trusts, null);
});

/** What a gateway answers to a request over such a session, and what it records. */
async function answered(
  t: TestContext,
  host: string,
  tls: TlsPeer,
): Promise<{ readonly head: OutgoingHead; readonly body: string; readonly intent: IntentRecord | undefined }> {
  const bench = await startBench(t, { api: "routes: ['GET /y']" });
  const snapshot = bench.gateway.current ?? assert.fail();
  assert.ok(bench.gateway.install({ ...snapshot, trusts: TRUSTS }));
  const { promise, resolve } = Promise.withResolvers<readonly [OutgoingHead, string]>();
  const stream = new RehearsedStream(requestTo(host, tls), { kind: 'none' }, { body: Buffer.alloc(0), answered() {} });
  const send: ServerExchange['send'] = (head, body) => resolve([head, body.toString()]);
  Object.assign(stream, { send });
  bench.gateway.request(stream);
  const [head, body] = await promise;
  const intent = bench.records.find((record) => record.kind === 'intent');
  return { head, body, intent };
}

test('who is not let in is told so, recorded with the reason, and cut off', async (t) => {
  for (const [what, host, tls, code, rule] of VERDICTS) {
    if (tls === null) continue;
    const { head, body, intent } = await answered(t, host, tls);
    const expected = code ?? 'not-found';
    assert.ok(body.includes(`"code":"${expected}"`), `${what}: ${body}`);
    assert.equal(head.closes, code !== null, what);
    assert.deepEqual([intent?.verdict, intent?.problem, intent?.rule], ['deny', expected, rule ?? null], what);
    if (rule !== undefined) assert.ok(!body.includes(rule), 'the reason is nobody’s but ours');
  }
});

test('a stream that stands is judged by its session again', async (t) => {
  const bench = await startBench(t, { api: "routes: ['GET /x']" });
  const snapshot = bench.gateway.current ?? assert.fail();
  const installed = { snapshot: { ...snapshot, trusts: TRUSTS }, pools: [] };
  const context = { installed, ports: bench.ports } as unknown as WalkContext;
  for (const [what, host, tls, code] of VERDICTS) {
    const stands = { operation: { id: 'none' }, compiled: { api: { party: null } } };
    const walk = { stream: { request: requestTo(host, tls) }, ...stands } as unknown as Walk;
    const told: string[] = [];
    judgeAgain(walk, { context, atMs: 0, replied: null }, (judgement) => {
      told.push(judgement.kind === 'refused' ? judgement.problem.code : judgement.kind);
    });
    // Who may come in is refused for want of the operation, which only shows that the session was no reason.
    assert.deepEqual(told, [code ?? 'gateway-overloaded'], what);
  }
});
