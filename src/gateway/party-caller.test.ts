import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderFields, ReplyHead, UpstreamCall, UpstreamEvents } from '../wire/index.ts';
import { fieldsOf, gatheredOf, snapshotOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { isParty, type PartyApi, PartyCaller } from './party-caller.ts';
import { SoughtSecret } from './sought-secret.ts';
import type { RoutedRequest, UpstreamCaller } from './upstream-caller.ts';

const KINDS = kindTable([]);

function partyOf(): PartyApi {
  const gathered = gatheredOf(
    `apis: { own: { routes: ['GET /own'], upstream: 'http://127.0.0.1:3001', auth: public } }
egress:
  callers: any
  parties:
    pay: { url: 'https://api.pay.example/v1', allow: ['GET /charges/{id}', 'POST /charges'], redirects: 1 }
`,
    KINDS,
  );
  const apis = gathered.config.apis.map((api) => ({ ...api, policies: [] }));
  const api = snapshotOf({ ...gathered, config: { ...gathered.config, apis } }, KINDS).apis.find(isParty);
  assert.ok(api !== undefined);
  return api;
}

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
  const fields = fieldsOf(['authorization', 'Bearer of the caller'], ['x-key', 'of the caller'], ['accept', '*/*']);
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
