import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderFields, ReplyHead, UpstreamCall, UpstreamEvents } from '../wire/index.ts';
import { fieldsOf, gatheredOf, snapshotOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { isParty, type PartyApi, PartyCaller } from './party-caller.ts';
import { SoughtSecret } from './sought-secret.ts';
import type { RoutedRequest, UpstreamCaller } from './upstream-caller.ts';

const KINDS = kindTable([]);

function partyOf(redirects = 1): PartyApi {
  const gathered = gatheredOf(
    `apis: { own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:3001', auth: public } }
egress:
  callers: any
  parties:
    pay: { url: 'https://api.pay.example/v1', allow: ['GET /charges/{id}', 'POST /charges'], redirects: ${redirects} }
`,
    KINDS,
  );
  const apis = gathered.config.apis.map((api) => ({ ...api, policies: [] }));
  const api = snapshotOf({ ...gathered, config: { ...gathered.config, apis } }, KINDS).apis.find(isParty);
  assert.ok(api !== undefined);
  return api;
}

/** Addresses of the inside, in all the ways that some reader knows. */
const INSIDE = [
  ...['127.0.0.1', '127.1', '127.0.1', '0', '0.0.0.0', '2130706433', '0x7f000001', '0x7f.0.0.1', '0X7F.1'],
  ...['0177.0.0.1', '017700000001', '00000177.0.0.1', '127.0.0.1.', '[::1]', '[::]', '[0:0:0:0:0:0:0:1]'],
  ...['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[64:ff9b::127.0.0.1]'],
  ...['[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:0:0:0:0:80ff:fffe]', '[fe80::1%25lo]', '[fd00::1]'],
  ...['localhost', 'LOCALHOST', 'localhost.', 'localhost:443', 'api.localhost'],
  ...['169.254.169.254', '2852039166', '0xa9fea9fe', '0251.0376.0251.0376', '169.254.43518', '[::ffff:a9fe:a9fe]'],
  ...['[64:ff9b::a9fe:a9fe]', '[2002:a9fe:a9fe::]', '[fd00:ec2::254]', 'metadata.google.internal'],
  ...['10.0.0.7', '192.168.1.1', '172.16.0.1', '100.64.0.1', '168.63.129.16'],
  ...['%31%32%37.0.0.1', '127%2e0.0.1', 'xn--pi-7kc.pay.example'],
  ...['api.pay.example.', 'api.pay.example:0443', 'api.pay.example:8443', 'store.example.', 'store.example:80'],
  ...['api.pay.example@127.0.0.1', 'api.pay.example:443@127.0.0.1', 'a:b@store.example', '@store.example'],
  ...['store.example%40127.0.0.1', 'store.example%2f@127.0.0.1', 'store.example\\@127.0.0.1', 'store.example\t'],
  ...['store.example,127.0.0.1', 'store.example 127.0.0.1', 'store.example;127.0.0.1', '', ':443'],
];

const ASTRAY = [
  ...INSIDE.map((host) => `https://${host}/v1/charges/7`),
  ...['http://127.0.0.1/', '//127.0.0.1/', '///127.0.0.1/', '/\\127.0.0.1/', '\\\\127.0.0.1\\', 'https:127.0.0.1'],
  ...['https:/127.0.0.1/', 'http://api.pay.example/v1/charges/7', 'javascript:alert(1)'],
  ...['file:///etc/passwd', 'gopher://127.0.0.1:6379/_x', 'ftp://127.0.0.1/', 'data:text/plain,x'],
];

const PORTS = { clock: { after: () => ({ cancel() {} }) }, alerts: () => undefined };

function eventsWith(drained: () => void): UpstreamEvents {
  return {
    ...{ interim() {}, whole() {}, head() {}, pieces: () => true, end() {}, failed() {}, drained },
    switched: () => assert.fail('an upgrade'),
  };
}

/** An upstream that has no room for any body, and what it was asked. */
class FullUpstream implements UpstreamCaller {
  readonly asked: { readonly request: RoutedRequest; readonly events: UpstreamEvents }[] = [];

  waitingShare(): number {
    return 0;
  }

  call(request: RoutedRequest, events: UpstreamEvents): UpstreamCall {
    this.asked.push({ request, events });
    return { write: () => false, finish() {}, resume() {}, allowIdle() {}, abort() {} };
  }
}

const REQUEST: RoutedRequest = {
  ...{ method: 'POST', target: '/v1/charges', authority: 'api.pay.example', host: null, fields: null, lines: '' },
  ...{ added: [], framing: { kind: 'length', bytes: 1_000_000 }, mayStandStill: false, upgrade: null },
  ...{ responseMs: 1_000, hash: 0, toCanary: false, deadline: null },
};

function headOf(status: number, fields: HeaderFields): ReplyHead {
  return {
    ...{ fault: null, status, fields, announcedLength: null },
    keepAlive: true,
    idleMs: null,
    bytes: 100,
    framing: { kind: 'none' },
  };
}

test('to another host goes neither a secret, nor what the caller says in its place, nor Authorization', () => {
  const [upstream, store] = [new FullUpstream(), new FullUpstream()];
  const found = partyOf();
  const secret = {
    place: 'header',
    name: 'x-key',
    text: 'a secret',
    forms: [new SoughtSecret(Buffer.from('a secret'))],
  } as const;
  const host = { host: 'store.example', port: 443, weight: 1 };
  const party = { ...found.party, secrets: [secret], hosts: new Map([['store.example', host]]) };
  const places = { first: upstream, hosts: new Map([['store.example', store]]) };
  const caller = new PartyCaller({ ...found, party }, places, PORTS);
  const fields = fieldsOf(
    ['authorization', 'Bearer of the caller'],
    ['x-key', 'of the caller'],
    ['accept', '*/*'],
    ['range', 'bytes=0-7'],
  );
  const request: RoutedRequest = { ...REQUEST, method: 'GET', fields, framing: { kind: 'none' } };
  caller.call(
    request,
    eventsWith(() => undefined),
    { address: '127.0.0.1' },
  );
  upstream.asked[0]?.events.head(headOf(302, fieldsOf(['location', 'https://store.example/7'])));
  const [sent] = store.asked;
  const lines = sent?.request.fields?.keptLines() ?? '';
  assert.match(lines, /^accept: \*\/\*$/im);
  assert.match(lines, /^range: bytes=0-7$/im);
  const first = upstream.asked[0]?.request.fields?.keptLines() ?? '';
  assert.doesNotMatch(first, /x-key|range/, 'in parts a secret could come back in parts');
  assert.doesNotMatch(lines, /of the caller/);
  assert.deepEqual(sent?.request.added, ['accept-encoding', 'identity']);
  assert.deepEqual(upstream.asked[0]?.request.added, ['accept-encoding', 'identity', 'x-key', 'a secret']);
});

test('a body that waits for room is waited for no longer once a redirect has been followed', () => {
  const upstream = new FullUpstream();
  const caller = new PartyCaller(partyOf(), { first: upstream, hosts: new Map() }, PORTS);
  let drained = 0;
  const events = eventsWith(() => drained++);
  const call = caller.call(REQUEST, events, { address: '127.0.0.1' });
  assert.equal(call.write([Buffer.from('a part of it')]), false);
  upstream.asked[0]?.events.head(headOf(303, fieldsOf(['location', '/v1/charges/7'])));
  assert.deepEqual(
    upstream.asked.map(({ request }) => `${request.method} ${request.target}`),
    ['POST /v1/charges', 'GET /v1/charges/7'],
  );
  assert.equal(drained, 1);
  assert.equal(call.write([Buffer.from('another')]), true);
});

const [PASSING, FOLLOWING] = [partyOf(0), partyOf(1)];

/** What becomes of a call that is led there: how it failed, how many were told of it, and who was called then. */
function ledAstray(location: string, redirects: number): readonly [code: string | null, told: number, calls: number] {
  const [upstream, store] = [new FullUpstream(), new FullUpstream()];
  const found = redirects === 0 ? PASSING : FOLLOWING;
  const host = { host: 'store.example', port: 443, weight: 1 };
  const party = { ...found.party, hosts: new Map([['store.example', host]]) };
  let [code, told]: [string | null, number] = [null, 0];
  const places = { first: upstream, hosts: new Map([['store.example', store]]) };
  const caller = new PartyCaller({ ...found, party }, places, { ...PORTS, alerts: () => told++ });
  const events = { ...eventsWith(() => undefined), failed: (failure: { code: string }) => (code = failure.code) };
  const request: RoutedRequest = { ...REQUEST, method: 'GET', framing: { kind: 'none' } };
  caller.call(request, events as UpstreamEvents, { address: '127.0.0.1' });
  upstream.asked[0]?.events.head(headOf(302, fieldsOf(['location', location])));
  return [code, told, upstream.asked.length + store.asked.length];
}

test('no spelling of an address of the inside is followed, or passed on', () => {
  for (const location of ASTRAY)
    for (const redirects of [0, 1])
      assert.deepEqual(
        ledAstray(location, redirects),
        ['upstream-refused-location', 1, 1],
        `${JSON.stringify(location)} ${redirects}`,
      );
});

test('what leads to the third party and to named hosts is followed, in the one spelling that there is', () => {
  for (const location of [
    'https://store.example/7',
    'https://STORE.example:443/7',
    'https://store.example#@127.0.0.1/',
  ])
    assert.deepEqual(ledAstray(location, 1), [null, 0, 2], location);
  for (const location of ['/v1/charges/7', 'https://api.pay.example/v1/charges/7'])
    assert.deepEqual(ledAstray(location, 1), [null, 0, 2], location);
});

test('the page of a redirect that is passed on needs no type, however its end is told, and any other reply does', () => {
  for (const [status, told] of [
    [302, 'head a page end'],
    [404, 'failed upstream-reply-type'],
  ] as const) {
    const upstream = new FullUpstream();
    const heard: string[] = [];
    const events: UpstreamEvents = {
      ...eventsWith(() => undefined),
      head: () => void heard.push('head'),
      pieces: (pieces) => heard.push(String(Buffer.concat([...pieces]))) > 0,
      end: () => void heard.push('end'),
      failed: ({ code }) => void heard.push(`failed ${code}`),
    };
    const caller = new PartyCaller(PASSING, { first: upstream, hosts: new Map() }, PORTS);
    caller.call({ ...REQUEST, method: 'GET', framing: { kind: 'none' } }, events, { address: '127.0.0.1' });
    const came = upstream.asked[0]?.events;
    came?.head({ ...headOf(status, fieldsOf(['location', '/v1/charges/7'])), framing: { kind: 'chunked' } });
    came?.pieces([Buffer.from('a page')]);
    came?.end();
    assert.equal(heard.join(' '), told);
  }
});
