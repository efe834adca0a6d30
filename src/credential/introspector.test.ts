import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { test } from 'node:test';
import type { Alert } from '../ports/index.ts';
import { createAskingPlaces } from './asking-places.ts';
import type { IntrospectionServer } from './introspection-server.ts';
import { type IntrospectionOutcome, Introspector } from './introspector.ts';
import { DOWN, FakeClock, FakeEgress, ISSUER, reply, rest } from './issuer-keys-fixture.test.ts';

const URL_ASKED = `${ISSUER}/introspect`;
const SERVER: IntrospectionServer = {
  name: 'acme',
  issuer: ISSUER,
  url: URL_ASKED,
  clientId: 'gate way',
  proof: { kind: 'secret', secret: 'p:ss+w%rd', place: 'header' },
  signed: false,
  timeoutMs: 2_000,
  ca: null,
};

function subject(more: Partial<IntrospectionServer> = {}, places = createAskingPlaces(1_000)) {
  const clock = new FakeClock();
  const egress = new FakeEgress();
  const alerts: Alert[] = [];
  const outcomes: IntrospectionOutcome[] = [];
  let ids = 0;
  const introspector = new Introspector(
    { ...SERVER, ...more },
    {
      ...{ clock, egress, places, alert: (alert) => void alerts.push(alert), id: () => `id-${ids++}` },
      asked: (_name, outcome) => void outcomes.push(outcome),
    },
  );
  return { introspector, clock, egress, alerts, outcomes };
}

const ACTIVE = reply({ active: true });
const textOf = (body: Uint8Array | undefined): string => Buffer.from(body ?? []).toString();
const formOf = (body: Uint8Array | undefined): object => Object.fromEntries(new URLSearchParams(textOf(body)));

test('a token is asked for in a form, never in an address, by name and secret as forms write them', async () => {
  const { introspector, egress } = subject();
  egress.answers.set(URL_ASKED, ACTIVE);
  const answer = await introspector.ask('to/k+en==', 'here');
  assert.equal(answer.kind === 'answered' && textOf(answer.body), '{"active":true}');
  const [call] = egress.calls;
  assert.deepEqual(formOf(call?.body), { token: 'to/k+en==', token_type_hint: 'access_token' });
  assert.equal(call?.headers['authorization'], `Basic ${Buffer.from('gate+way:p%3Ass%2Bw%25rd').toString('base64')}`);
  assert.equal(call?.url, URL_ASKED);
  assert.equal(call?.method, 'POST');
  assert.equal(call?.headers['accept'], 'application/json');
  assert.equal(call?.keeps, true, 'its connection serves the next');
});

test('a secret goes into the body where that is said, and CAs of its own are the ones that count', async () => {
  const { introspector, egress } = subject({ proof: { kind: 'secret', secret: 's', place: 'body' }, ca: 'PEM' });
  await introspector.ask('t', 'here');
  const [call] = egress.calls;
  assert.equal(call?.headers['authorization'], undefined);
  assert.equal(call?.ca, 'PEM');
  const form = { token: 't', token_type_hint: 'access_token', client_id: 'gate way', client_secret: 's' };
  assert.deepEqual(formOf(call?.body), form);
});

test('a certificate is shown where the metadata says that it is asked for', async () => {
  const proof = { kind: 'certificate', certificate: 'C', key: 'K' } as const;
  const { introspector, egress } = subject({ proof, url: null });
  const alias = `${ISSUER}/mtls/introspect`;
  egress.answers.set(
    `${ISSUER}/.well-known/openid-configuration`,
    reply({
      issuer: ISSUER,
      introspection_endpoint: URL_ASKED,
      mtls_endpoint_aliases: { introspection_endpoint: alias },
    }),
  );
  egress.answers.set(alias, ACTIVE);
  assert.equal((await introspector.ask('t', 'here')).kind, 'answered');
  const call = egress.calls.find(({ url }) => url === alias);
  assert.deepEqual(call?.shows, { certificate: 'C', key: 'K' });
  assert.deepEqual(formOf(call?.body), { token: 't', token_type_hint: 'access_token', client_id: 'gate way' });
});

for (const [name, pair, algorithm, hash] of [
  ['EC', generateKeyPairSync('ec', { namedCurve: 'P-256' }), 'ES256', 'sha256'],
  ['RSA', generateKeyPairSync('rsa', { modulusLength: 2048 }), 'RS256', 'sha256'],
  ['Ed25519', generateKeyPairSync('ed25519'), 'EdDSA', null],
] as const) {
  test(`an assertion signed by ${name} names the client, the issuer and one minute, and is new each time`, async () => {
    const key = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const { introspector, egress, clock } = subject({ proof: { kind: 'key', key, kid: 'k1' } });
    egress.answers.set(URL_ASKED, ACTIVE);
    await introspector.ask('one', 'here');
    await introspector.ask('two', 'here');
    const assertions = egress.calls.map(({ body }) => new URLSearchParams(textOf(body)).get('client_assertion') ?? '');
    const [header = '', payload = '', signature = ''] = assertions[0]?.split('.') ?? [];
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    assert.deepEqual(read(header), { alg: algorithm, typ: 'JWT', kid: 'k1' });
    const nowS = clock.now() / 1_000;
    const who = { iss: 'gate way', sub: 'gate way', aud: ISSUER };
    assert.deepEqual(read(payload), { ...who, jti: 'id-0', iat: nowS, exp: nowS + 60 });
    const holds = verify(
      hash,
      Buffer.from(`${header}.${payload}`),
      { key: pair.publicKey, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature, 'base64url'),
    );
    assert.ok(holds);
    assert.notEqual(assertions[0], assertions[1]);
  });
}

test('a key that is none is a failure in words that hold nothing of it', async () => {
  const { introspector, egress, alerts } = subject({ proof: { kind: 'key', key: 'hunter2', kid: null } });
  for (let count = 0; count < 5; count++) await introspector.ask(`t${count}`, 'here');
  assert.equal(egress.calls.length, 0);
  assert.match(alerts[0]?.message ?? '', /no private key/);
  assert.doesNotMatch(JSON.stringify(alerts), /hunter2/);
});

test('whatever is not an answer of status 200 in the wanted type says nothing of a token', async () => {
  const html = { headers: { 'content-type': 'text/html' } };
  const answers = [
    DOWN,
    reply('<p>in</p>', html),
    reply({ active: true }, { status: 500 }),
    reply({ active: true }, { status: 401 }),
    reply({ active: true }, { status: 302, headers: { location: `${ISSUER}/else` } }),
    reply({ active: true }, { status: 201 }),
    reply('x', { headers: { 'content-type': 'application/token-introspection+jwt' } }),
    reply({ active: true }, { headers: { 'content-type': 'application/jsonp' } }),
  ];
  for (const answer of answers) {
    const { introspector, egress } = subject();
    egress.answers.set(URL_ASKED, answer);
    assert.deepEqual(await introspector.ask('t', 'here'), { kind: 'unavailable' });
    assert.deepEqual(egress.taken(), [URL_ASKED], 'no redirect is followed, nothing is asked twice');
  }
});

test('where the answer is to be signed, one in plain JSON is none', async () => {
  const { introspector, egress } = subject({ signed: true });
  egress.answers.set(URL_ASKED, ACTIVE);
  assert.equal((await introspector.ask('t', 'here')).kind, 'unavailable');
  egress.answers.set(URL_ASKED, reply('a.b.c', { headers: { 'content-type': 'application/token-introspection+jwt' } }));
  const answer = await introspector.ask('t', 'here');
  assert.equal(answer.kind === 'answered' && textOf(answer.body), 'a.b.c');
  assert.equal(egress.calls[0]?.headers['accept'], 'application/token-introspection+jwt');
});

test('one token is asked for once at a time, and two never share an answer', async () => {
  const { introspector, egress } = subject();
  egress.answers.set(URL_ASKED, ACTIVE);
  await Promise.all([
    introspector.ask('a', 'here'),
    introspector.ask('a', 'here'),
    introspector.ask('b', 'here'),
    introspector.ask('a', 'here'),
  ]);
  assert.equal(egress.calls.length, 2);
  await introspector.ask('a', 'here');
  assert.equal(egress.calls.length, 3, 'no answer is remembered here');
});

test('so many calls are made at a time, so many wait, and whoever waits too long is not asked for', async () => {
  const { introspector, egress, clock, outcomes } = subject();
  egress.answers.set(URL_ASKED, null);
  const asked = Array.from({ length: 16 + 256 + 3 }, (_, at) => introspector.ask(`t${at}`, `network ${at % 20}`));
  await rest();
  assert.equal(egress.calls.length, 16);
  assert.equal(outcomes.filter((outcome) => outcome === 'refused').length, 3);
  await clock.pass(2_000);
  const waited = await Promise.all(asked.slice(16));
  assert.ok(waited.every(({ kind }) => kind === 'unavailable'));
  assert.equal(egress.calls.length, 16);
});

test('no network takes all turns, over whatever threads it comes', async () => {
  const { introspector, egress, outcomes } = subject();
  egress.answers.set(URL_ASKED, null);
  for (let at = 0; at < 100; at++) void introspector.ask(`t${at}`, 'greedy');
  assert.equal(outcomes.filter((outcome) => outcome === 'refused').length, 100 - 32);
  void introspector.ask('mine', 'other');
  assert.equal(outcomes.length, 100 - 32, 'others have their turn');
  await rest();
  assert.equal(egress.calls.length, 16);
});

test('where other servers take all places this one has not failed, and each call gives its own back', async () => {
  const places = createAskingPlaces(1);
  const { introspector, egress, alerts, outcomes } = subject({}, places);
  egress.answers.set(URL_ASKED, ACTIVE);
  assert.ok(places.take());
  for (let at = 0; at < 20; at++) assert.equal((await introspector.ask(`t${at}`, 'here')).kind, 'unavailable');
  assert.deepEqual([egress.calls.length, alerts.length, ...new Set(outcomes)], [0, 0, 'refused']);
  places.give();
  assert.equal((await introspector.ask('mine', 'here')).kind, 'answered', 'it is not left alone for it');
  egress.answers.set(URL_ASKED, DOWN);
  await introspector.ask('mine', 'here');
  assert.deepEqual([places.take(), places.take()], [true, false]);
});

test('those who wait go on as calls end, never more than the limit at once', async () => {
  const { introspector, egress } = subject();
  egress.answers.set(URL_ASKED, ACTIVE);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, at) => introspector.ask(`t${at}`, `network ${at % 20}`)),
  );
  assert.ok(answers.every(({ kind }) => kind === 'answered'));
  assert.equal(egress.mostAtOnce, 16);
});

test('a server that fails is left alone for a pause that doubles, the operator is told, and an answer ends it', async () => {
  const { introspector, egress, clock, alerts } = subject();
  egress.answers.set(URL_ASKED, DOWN);
  for (let count = 0; count < 20; count++) await introspector.ask(`t${count}`, 'here');
  assert.equal(egress.taken().length, 5);
  assert.equal(alerts.length, 1);
  assert.doesNotMatch(JSON.stringify(alerts), /"t\d|p:ss/);
  await clock.pass(1_000);
  await introspector.ask('u', 'here');
  await introspector.ask('v', 'here');
  assert.equal(egress.taken().length, 1, 'one call after the pause, and the next is twice as long');
  await clock.pass(1_999);
  await introspector.ask('w', 'here');
  assert.equal(egress.taken().length, 0);
  await clock.pass(1);
  egress.answers.set(URL_ASKED, ACTIVE);
  assert.equal((await introspector.ask('x', 'here')).kind, 'answered');
  assert.equal((await introspector.ask('y', 'here')).kind, 'answered');
});

test('tokens that a server does not read leave it open to all others, and where nothing else comes the operator is told', async () => {
  for (const status of [400, 413, 414, 422, 431]) {
    const { introspector, egress, alerts, outcomes } = subject();
    egress.answers.set(URL_ASKED, reply({}, { status }));
    for (let count = 0; count < 20; count++) {
      assert.deepEqual(await introspector.ask(`t${count}`, 'here'), { kind: 'not-taken' });
    }
    assert.deepEqual([egress.taken().length, alerts.length, ...new Set(outcomes)], [20, 4, 'failed']);
    egress.answers.set(URL_ASKED, ACTIVE);
    assert.equal((await introspector.ask('good', 'elsewhere')).kind, 'answered');
  }
});

test('who waits for a server that has begun to fail is not sent there, and an answer between failures starts anew', async () => {
  const { introspector, egress } = subject();
  egress.answers.set(URL_ASKED, DOWN);
  await Promise.all(Array.from({ length: 200 }, (_, at) => introspector.ask(`t${at}`, `network ${at}`)));
  assert.ok(egress.taken().length < 40);
  const other = subject();
  for (let round = 0; round < 3; round++) {
    other.egress.answers.set(URL_ASKED, DOWN);
    for (let count = 0; count < 4; count++) await other.introspector.ask(`t${count}`, 'here');
    other.egress.answers.set(URL_ASKED, ACTIVE);
    assert.equal((await other.introspector.ask('u', 'here')).kind, 'answered');
  }
  assert.equal(other.alerts.length, 0);
});

test('where a server does not answer any more its address is looked up, and it is asked where it was while nobody knows', async () => {
  const { introspector, egress, clock } = subject({ url: null });
  const metadata = `${ISSUER}/.well-known/openid-configuration`;
  const moved = `${ISSUER}/moved`;
  egress.answers.set(metadata, reply({ issuer: ISSUER, introspection_endpoint: URL_ASKED }));
  egress.answers.set(URL_ASKED, ACTIVE);
  assert.equal((await introspector.ask('a', 'here')).kind, 'answered');
  egress.answers.set(metadata, reply({ issuer: ISSUER, introspection_endpoint: moved }));
  egress.answers.set(URL_ASKED, DOWN);
  egress.answers.set(moved, ACTIVE);
  assert.equal((await introspector.ask('b', 'here')).kind, 'unavailable');
  assert.equal((await introspector.ask('c', 'here')).kind, 'answered');
  egress.taken();
  egress.answers.set(metadata, DOWN);
  await clock.pass(600_000);
  assert.equal((await introspector.ask('d', 'here')).kind, 'answered');
  assert.equal(egress.taken().at(-1), moved);
});

test('the address out of metadata is fetched once, kept for ten minutes, and never one in clear', async () => {
  const { introspector, egress, clock } = subject({ url: null });
  const metadata = `${ISSUER}/.well-known/openid-configuration`;
  egress.answers.set(metadata, reply({ issuer: ISSUER, introspection_endpoint: URL_ASKED }));
  egress.answers.set(URL_ASKED, ACTIVE);
  await Promise.all([introspector.ask('a', 'here'), introspector.ask('b', 'here')]);
  assert.deepEqual(egress.taken(), [metadata, URL_ASKED, URL_ASKED]);
  await introspector.ask('c', 'here');
  assert.deepEqual(egress.taken(), [URL_ASKED]);
  await clock.pass(600_000);
  egress.answers.set(
    metadata,
    reply({ issuer: 'https://evil.example', introspection_endpoint: 'https://evil.example' }),
  );
  await introspector.ask('d', 'here');
  assert.deepEqual(egress.taken(), [metadata, URL_ASKED], 'one for another issuer is not believed');
  const clear = subject({ url: null });
  clear.egress.answers.set(metadata, reply({ issuer: ISSUER, introspection_endpoint: 'http://id.acme.example/i' }));
  assert.equal((await clear.introspector.ask('a', 'here')).kind, 'unavailable');
  assert.deepEqual(clear.egress.taken(), [metadata]);
});
