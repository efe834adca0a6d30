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

type Answer = { readonly status: number; readonly json: unknown } | 'timeout';

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
      const answer = request.url.startsWith(GRAPH.authority) ? token() : groups();
      if (answer === 'timeout') return Promise.resolve(err({ reason: 'timeout', detail: 'hush' }));
      const body = Buffer.from(typeof answer.json === 'string' ? answer.json : JSON.stringify(answer.json));
      return Promise.resolve(ok({ status: answer.status, headers: new Map(), body }));
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
  assert.deepEqual(await ask(), ['g1', 'g2']);
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
    const { part, ask, calls, alerts } = bench({ token: () => TOKEN, ...more });
    await part.fill(GATHERED);
    assert.equal(await ask(), null);
    assert.equal(alerts[0]?.kind, 'groups.unavailable');
    assert.ok(!JSON.stringify(alerts).includes('hush'));
    const before = calls.length;
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
