import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { Desks } from '../control/index.ts';
import { GROUPS_SUBJECT, graphSource, type Told } from '../policy/index.ts';
import type { Alert, EgressRequest } from '../ports/index.ts';
import type { PartOptions } from './credential-part.ts';
import { openNodeGroups } from './node-groups.ts';

const TENANT = '11111111-2222-3333-4444-555555555555';
const ADA = '66666666-7777-8888-9999-000000000000';
const GRAPH = {
  ...{ clientId: 'app', secret: '${env:S}' },
  ...{ url: 'https://graph.example', authority: 'https://login.example' },
};
const ISSUER = { claims: { groups: { path: ['groups'], map: { g1: ['a'], g2: ['b'] }, overage: GRAPH } } };
const GATHERED = {
  config: { issuers: [ISSUER, { claims: {} }, { claims: { groups: { ...ISSUER.claims.groups, overage: 'refuse' } } }] },
  secrets: { '${env:S}': Buffer.from('hush-hush\n') },
} as unknown as Gathered;

type Answer = { readonly status: number; readonly json: unknown; readonly retryAfter?: string } | 'timeout';

/** Microsoft Graph and its token endpoint as their contracts say, or as a test says otherwise. */
function bench(more: { token?: () => Answer; groups?: () => Answer } = {}) {
  const calls: EgressRequest[] = [];
  const alerts: Alert[] = [];
  const clock = { nowMs: 1, now: () => clock.nowMs };
  const token =
    more.token ?? (() => ({ status: 200, json: { token_type: 'Bearer', expires_in: 3_599, access_token: 'at' } }));
  const groups = more.groups ?? (() => ({ status: 200, json: { '@odata.context': 'x', value: ['g1', 'g9', 'g2'] } }));
  const egress = {
    call: (request: EgressRequest) => {
      calls.push(request);
      const answer: Answer = request.url.startsWith(GRAPH.authority) ? token() : groups();
      if (answer === 'timeout') return Promise.resolve(err({ reason: 'timeout', detail: 'hush' }));
      const body = Buffer.from(typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json));
      const headers = new Map(answer.retryAfter === undefined ? [] : [['retry-after', answer.retryAfter]]);
      return Promise.resolve(ok({ status: answer.status, headers, body }));
    },
  };
  const desks = new Desks({ write() {} });
  const part = openNodeGroups({
    ...{ host: { egress, clock }, desks, alerts: { raise: (alert: Alert) => alerts.push(alert) } },
  } as unknown as PartOptions);
  const ask = (object = ADA, source = graphSource(GRAPH)): Promise<Told> =>
    desks.answer(GROUPS_SUBJECT, { source, tenant: TENANT, object });
  return { part, ask, calls, alerts, clock };
}

test('Graph is asked with a token of the application, and threads hear only of groups that stand for roles', async () => {
  const { part, ask, calls } = bench();
  assert.equal(await ask(), null, 'nobody is asked before a configuration says how');
  await part.fill(GATHERED);
  assert.deepEqual(await ask(), { groups: ['g1', 'g2'], untilMs: 300_001 });
  const [token, groups] = calls;
  assert.equal(token?.url, `https://login.example/${TENANT}/oauth2/v2.0/token`);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(Buffer.from(token?.body ?? []).toString())), {
    ...{ grant_type: 'client_credentials', client_id: 'app', client_secret: 'hush-hush' },
    scope: 'https://graph.example/.default',
  });
  assert.equal(groups?.url, `https://graph.example/v1.0/directoryObjects/${ADA}/getMemberObjects`);
  assert.equal(groups?.headers['authorization'], 'Bearer at');
  assert.deepEqual(JSON.parse(Buffer.from(groups?.body ?? []).toString()), { securityEnabledOnly: false });
});

test('answers are kept for five minutes, the token as long as it holds, and many who ask at once are one', async () => {
  const { part, ask, calls, clock } = bench();
  await part.fill(GATHERED);
  await Promise.all(Array.from({ length: 20 }, () => ask()));
  assert.equal(calls.length, 2);
  clock.nowMs += 299_999;
  await ask();
  assert.equal(calls.length, 2);
  clock.nowMs += 2;
  await ask();
  await ask('66666666-7777-8888-9999-000000000001');
  assert.equal(calls.length, 4, 'each caller is asked for, with the token that is there');
  clock.nowMs += 3_600_000;
  await ask();
  assert.equal(calls.length, 6, 'a token that has ended is got anew');
  part.retain(GATHERED);
  await ask();
  assert.equal(calls.length, 8, 'another configuration may have other secrets');
});

const TOKEN = { status: 200, json: { access_token: 'at', expires_in: 60 } };
for (const [what, more] of [
  ['no token', { token: () => ({ status: 401, json: { error: 'invalid_client' } }) }],
  ['a token that is none', { token: () => ({ status: 200, json: { access_token: 'a\nb' } }) }],
  ['a token endpoint that is silent', { token: () => 'timeout' }],
  ['a page of HTML', { groups: () => ({ status: 200, json: '<html>' }) }],
  ['an error', { groups: () => ({ status: 500, json: {} }) }],
  ['too many at once', { groups: () => ({ status: 429, json: {} }) }],
  ['silence', { groups: () => 'timeout' }],
  ['a redirect', { groups: () => ({ status: 302, json: {} }) }],
  ['a list', { groups: () => ({ status: 200, json: ['g1'] }) }],
  ['no list', { groups: () => ({ status: 200, json: { value: 'g1' } }) }],
  ['something else in the list', { groups: () => ({ status: 200, json: { value: ['g1', null] } }) }],
  ['a part of the list', { groups: () => ({ status: 200, json: { value: ['g1'], '@odata.nextLink': 'https://x' } }) }],
] as const satisfies readonly (readonly [string, Parameters<typeof bench>[0]])[]) {
  test(`${what} is no answer, is told to the operator without a secret, and is asked for again`, async () => {
    const { part, ask, calls, alerts, clock } = bench({ token: () => TOKEN, ...more });
    await part.fill(GATHERED);
    assert.equal(await ask(), null);
    assert.equal(alerts[0]?.kind, 'groups.unavailable');
    assert.ok(!JSON.stringify(alerts).includes('hush'));
    const before = calls.length;
    assert.equal(await ask(), null);
    assert.equal(calls.length, before, 'not at once');
    clock.nowMs += 2_000;
    assert.equal(await ask(), null);
    assert.ok(calls.length > before);
  });
}

test('a source that no configuration names, and a question that is none, are not answered', async () => {
  const { part, ask, calls } = bench();
  await part.fill(GATHERED);
  assert.equal(await ask(ADA, graphSource({ ...GRAPH, url: 'https://evil.example' })), null);
  part.retain({ ...GATHERED, config: { issuers: [] } } as unknown as Gathered);
  assert.equal(await ask(), null);
  assert.deepEqual(calls, []);
});

const EVE = '66666666-7777-8888-9999-000000000002';

test('whom Graph does not know keeps nobody else waiting; where it has no answers at all, nobody of the tenant asks', async () => {
  let answer: Answer = { status: 404, json: {} };
  const { part, ask, calls, clock } = bench({ groups: () => answer });
  await part.fill(GATHERED);
  assert.equal(await ask(EVE), null);
  answer = { status: 200, json: { value: ['g1'] } };
  assert.deepEqual(await ask(), { groups: ['g1'], untilMs: 300_001 });
  clock.nowMs += 300_000;
  answer = { status: 429, json: {}, retryAfter: '10' };
  assert.equal(await ask(EVE), null);
  const { length } = calls;
  clock.nowMs += 9_999;
  assert.equal(await ask(), null);
  assert.equal(calls.length, length);
  clock.nowMs += 1;
  answer = { status: 200, json: { value: [] } };
  assert.notEqual(await ask(), null);
});

test('a token that Graph does not take, or that may not ask yet, is asked for anew', async () => {
  for (const status of [401, 403]) {
    let answer: Answer = { status, json: {} };
    const { part, ask, calls, clock } = bench({ groups: () => answer });
    await part.fill(GATHERED);
    assert.equal(await ask(), null);
    clock.nowMs += 2_000;
    answer = { status: 200, json: { value: ['g1'] } };
    assert.notEqual(await ask(), null);
    assert.equal(calls.filter(({ url }) => url.startsWith(GRAPH.authority)).length, 2, String(status));
  }
});

test('a pause has an end, however long Graph asks for', async () => {
  let answer: Answer = { status: 503, json: {}, retryAfter: '999999' };
  const { part, ask, clock } = bench({ groups: () => answer });
  await part.fill(GATHERED);
  assert.equal(await ask(), null);
  answer = { status: 200, json: { value: [] } };
  clock.nowMs += 60_000;
  assert.notEqual(await ask(), null);
});

test('while a configuration is made ready both have their groups, and what was kept before is asked for anew', async () => {
  const { part, ask, calls } = bench();
  await part.fill(GATHERED);
  await ask();
  const [issuer] = GATHERED.config.issuers;
  const map = { g9: ['c'] };
  const next = { ...issuer, claims: { groups: { path: ['groups'], map, overage: GRAPH } } };
  const gathered = { ...GATHERED, config: { issuers: [next] } } as unknown as Gathered;
  await part.fill(gathered);
  assert.deepEqual(await ask(), { groups: ['g1', 'g9', 'g2'], untilMs: 300_001 });
  part.retain(gathered);
  assert.deepEqual(await ask(), { groups: ['g9'], untilMs: 300_001 });
  assert.equal(calls.length, 6);
});

test('a caller in 5,000 groups is read whole, and one in more than fit into an answer is refused', async () => {
  let count = 5_000;
  const many = () =>
    Array.from({ length: count }, (_, at) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`);
  const { part, ask, clock } = bench({ groups: () => ({ status: 200, json: { value: [...many(), 'g2'] } }) });
  await part.fill(GATHERED);
  assert.deepEqual(await ask(), { groups: ['g2'], untilMs: 300_001 });
  count = 20_000;
  clock.nowMs += 300_000;
  assert.equal(await ask(), null);
});

test('so many callers are asked for at once, and no more', async () => {
  const { part, ask, calls } = bench();
  await part.fill(GATHERED);
  const person = (at: number): string => `66666666-7777-8888-9999-${String(at).padStart(12, '0')}`;
  const answers = await Promise.all(Array.from({ length: 40 }, (_, at) => ask(person(at))));
  assert.equal(answers.filter((answer) => answer === null).length, 8);
  assert.equal(calls.filter(({ url }) => url.startsWith(GRAPH.url)).length, 32);
  assert.notEqual(await ask(person(39)), null, 'whoever was turned away may come again');
});

test('a token is asked for anew a minute before it ends', async () => {
  const { part, ask, calls, clock } = bench();
  await part.fill(GATHERED);
  await ask();
  const tokens = () => calls.filter(({ url }) => url.startsWith(GRAPH.authority)).length;
  clock.nowMs += 3_538_999;
  await ask();
  assert.equal(tokens(), 1);
  clock.nowMs += 1;
  await ask(EVE);
  assert.equal(tokens(), 2);
});
