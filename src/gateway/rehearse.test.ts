import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Bitset, isProblemCode } from '../base/index.ts';
import type { CallerConfig } from '../config/index.ts';
import { deny, PASS, type RoleTable, type Steps } from '../policy/index.ts';
import {
  type Bench,
  kindOf,
  NO_TABLES,
  gatheredOf,
  principalNamed,
  startBench,
  StillClock,
  step,
  valueOf,
} from './fixture.test.ts';
import { compile } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { rehearse, type Rehearsal, type RehearsalQuestion, type RehearsedVerdict } from './rehearse.ts';
import { principalOf } from './rehearsed-plan.ts';
import type { Snapshot } from './snapshot.ts';

type Known = Extract<CallerConfig, { kind: 'known' }>;

const ANONYMOUS: CallerConfig = { kind: 'anonymous' };
const ADA: Known = {
  kind: 'known',
  subject: 'ada',
  roles: ['customer'],
  permissions: [],
  scopes: null,
  tenant: 'acme',
  clientId: null,
  claims: {},
  assurance: { acr: null, amr: [], authAgeMs: null, proof: null },
};

const asking = (method: string, target: string, more: Partial<RehearsalQuestion> = {}): RehearsalQuestion => ({
  method,
  target,
  host: 'x.example',
  headers: [],
  body: null,
  caller: ANONYMOUS,
  ...more,
});

/** Policies of every sort of verdict, told apart by path, method and fields of the request. */
const POLICIES: Steps = {
  admit: step(({ request }) => (request.headers.has('blocked') ? deny({ code: 'forbidden' }, 'blocked') : PASS)),
  authenticate: step(({ request }) =>
    request.headers.get('authorization') === 'Bearer good'
      ? { kind: 'identified', principal: principalNamed('bea') }
      : { kind: 'abstain' },
  ),
  authorize: step(({ principal }) => (principal?.subject === 'eve' ? deny({ code: 'forbidden' }, 'eve') : PASS)),
  inspect: step(
    (exchange) => {
      const body = exchange.body('parsed');
      const { method } = exchange.request;
      if (method !== 'POST') return PASS;
      const errors = [{ detail: 'is missing', pointer: '#/a' }];
      return body.kind === 'json'
        ? PASS
        : Promise.resolve(deny({ code: 'invalid-body', internal: body.kind, errors }, 'a'));
    },
    { request: 'parsed' },
  ),
  decide: step(({ request }) => {
    if (request.path === '/throws') throw new Error('hush');
    if (request.path === '/own') return { kind: 'reply', response: { status: 203, headers: [], body: 'own' } };
    return PASS;
  }),
};

const ROUTES = "routes: ['GET /x', 'POST /x', 'GET /throws', 'GET /own', 'PUT /stream']\n    body: 64B";

async function policyBench(t: Parameters<typeof startBench>[0], steps: Steps = POLICIES): Promise<Bench> {
  return await startBench(t, { kinds: [kindOf('p', steps)], api: ROUTES });
}

const snapshotIn = (bench: Bench): Snapshot => {
  assert.ok(bench.gateway.current !== null);
  return bench.gateway.current;
};

/** The same Snapshot, to which nobody comes without signing in. */
function closed(snapshot: Snapshot): Snapshot {
  const find: Snapshot['router']['find'] = (...place) => {
    const found = snapshot.router.find(...place);
    if (found.kind !== 'matched') return found;
    const plan = { ...valueOf(found.target.plan()), signInNeeded: true };
    return { ...found, target: { ...found.target, plan: () => ({ ok: true, value: plan }) as const } };
  };
  return { ...snapshot, router: { find } };
}

const rehearsed = (snapshot: Snapshot, question: RehearsalQuestion): Promise<Rehearsal> =>
  rehearse(snapshot, question, new StillClock());

/** What traffic makes of the same request: whether it reached the upstream, else the code, else the status. */
async function traffic(bench: Bench, { method, target, host, headers, body }: RehearsalQuestion): Promise<string> {
  const before = bench.upstream.requests.length;
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const length = body === null ? '' : `content-length: ${body.length}\r\n`;
  const head = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n${lines}${length}\r\n`;
  const client = bench.client();
  const reply = await client.send(Buffer.concat([Buffer.from(head), body ?? Buffer.alloc(0)])).reply(method);
  client.socket.destroy();
  if (bench.upstream.requests.length > before) return 'pass';
  const code = /"code":"([a-z-]+)"/.exec(reply.body.toString())?.[1] ?? '';
  return isProblemCode(code) ? `${reply.status} ${code}` : `replied ${reply.status}`;
}

function wordsOf(verdict: RehearsedVerdict): string {
  if (verdict.kind === 'pass') return 'pass';
  return verdict.kind === 'replied' ? `replied ${verdict.status}` : `${verdict.status} ${verdict.code}`;
}

const REQUEST = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'TRACE'),
  target: fc.constantFrom('/x', '/x?a=b', '/own', '/throws', '/stream', '/none', '/x/../x', '/%78', '/a//b', '/x#a'),
  host: fc.constantFrom('x.example', 'X.EXAMPLE:8443', 'a b', ''),
  headers: fc.subarray([
    ['authorization', 'Bearer good'],
    ['authorization', 'Bearer bad'],
    ['blocked', '1'],
    ['content-type', 'application/json'],
    ['a_b', '1'],
    ['x-portcullis-subject', 'root'],
  ] as const),
  body: fc.constantFrom(null, '', '{"a":1}', '{', '{"a":1,"a":2}', `"${'a'.repeat(80)}"`),
});

test('a rehearsal ends as traffic does, whatever the request', async (t) => {
  const bench = await policyBench(t);
  const open = snapshotIn(bench);
  for (const snapshot of [open, closed(open)]) {
    assert.ok(bench.gateway.install(snapshot));
    await fc.assert(
      fc.asyncProperty(REQUEST, async ({ body, ...request }) => {
        const question = { ...request, body: body === null ? null : Buffer.from(body), caller: ANONYMOUS };
        assert.equal(wordsOf((await rehearsed(snapshot, question)).verdict), await traffic(bench, question));
      }),
      { numRuns: 150 },
    );
  }
});

test('what passes names the request that the upstream would get, and nothing is sent', async (t) => {
  const bench = await policyBench(t);
  const headers = [
    ['authorization', 'Bearer good'],
    ['x-portcullis-subject', 'root'],
    ['kept', '1'],
  ] as const;
  const { verdict, canonical, route, trail } = await rehearsed(snapshotIn(bench), asking('GET', '/%78?a', { headers }));
  assert.deepEqual(verdict, {
    kind: 'pass',
    upstream: { method: 'GET', url: `${bench.upstream.url}/x?a` },
    upgrade: null,
    added: [
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
      'x-request-id',
      'via',
      'traceparent',
      'x-portcullis-subject',
    ],
    removed: ['x-portcullis-subject'],
    observed: null,
    reply: null,
    undecided: [],
    lacks: [],
  });
  assert.deepEqual([canonical, route?.id], [{ host: 'x.example', path: '/x', query: 'a' }, 'a/GET /x']);
  assert.deepEqual(
    trail.map(({ stage, verdict: said }) => `${stage} ${said}`),
    ['admit pass', 'authenticate identified', 'authorize pass', 'inspect pass', 'decide pass'],
  );
  assert.equal(bench.upstream.connections, 0);
  assert.deepEqual([bench.records, bench.metrics.statuses], [[], []]);
});

test('a refusal names who decided and why, and what stood behind is not reached', async (t) => {
  const bench = await policyBench(t);
  const question = asking('POST', '/x', { body: Buffer.from('a'), headers: [['content-type', 'text/plain']] });
  const { verdict, trail } = await rehearsed(snapshotIn(bench), question);
  const errors = [{ detail: 'is missing', pointer: '#/a' }];
  const why = { policy: 'a/p', rule: 'a', why: 'text', errors };
  assert.deepEqual(verdict, { kind: 'refused', status: 400, code: 'invalid-body', ...why });
  assert.deepEqual(trail.at(-1)?.verdict, 'deny');
  assert.equal(trail.at(-1)?.stage, 'inspect');
});

test('a policy that throws is a fault, and the operator hears what it threw', async (t) => {
  const bench = await policyBench(t);
  const { verdict, trail } = await rehearsed(snapshotIn(bench), asking('GET', '/throws'));
  assert.ok(verdict.kind === 'refused');
  assert.deepEqual([verdict.code, verdict.policy, verdict.why], ['gateway-fault', 'a/p', 'Error: hush']);
  assert.equal(trail.at(-1)?.verdict, 'fault');
});

test('what can not be read has no canonical form', async (t) => {
  const bench = await policyBench(t);
  for (const [more, code] of [
    [{ target: '/a//b' }, 'empty-segment'],
    [{ target: '/x\r\nhost: y' }, 'malformed-request-line'],
    [{ host: 'x\r\na: b' }, 'invalid-host'],
    [{ headers: [['a\r\nb', '1']] }, 'malformed-header'],
    [{ headers: [['a', '1\r\nb: 2']] }, 'malformed-header-value'],
    [{ headers: [['content-length', '3']], body: Buffer.from('{}') }, 'invalid-content-length'],
    [{ headers: [['transfer-encoding', 'chunked']], body: Buffer.from('{}') }, 'length-and-chunked'],
    [{ headers: [['a', 'b'.repeat(20_000)]] }, 'header-too-large'],
  ] as const) {
    const result = await rehearsed(snapshotIn(bench), asking('POST', '/x', more as Partial<RehearsalQuestion>));
    assert.equal(result.canonical, null);
    assert.ok(result.verdict.kind === 'refused' && result.verdict.code === code, JSON.stringify(result.verdict));
  }
});

test('a body above the limit is refused before any step', async (t) => {
  const bench = await policyBench(t);
  for (const [length, kind] of [
    [64, 'pass'],
    [65, '413 body-too-large'],
  ] as const) {
    const { verdict, trail } = await rehearsed(
      snapshotIn(bench),
      asking('PUT', '/stream', { body: Buffer.alloc(length) }),
    );
    assert.equal(wordsOf(verdict) === '413 body-too-large', kind !== 'pass');
    assert.equal(trail.length > 0, kind === 'pass');
  }
});

test('a body that is announced and does not come is no request', async (t) => {
  const bench = await policyBench(t);
  const headers = [['content-length', '3']] as const;
  for (const target of ['/x', '/stream']) {
    const { verdict } = await rehearsed(
      snapshotIn(bench),
      asking(target === '/x' ? 'POST' : 'PUT', target, { headers }),
    );
    assert.ok(verdict.kind === 'refused' && verdict.code === 'incomplete-request');
  }
});

test('a caller who is given stands for a credential, and no step looks for one', async (t) => {
  const bench = await policyBench(t);
  const snapshot = closed(snapshotIn(bench));
  const passed = await rehearsed(snapshot, asking('GET', '/x', { caller: ADA }));
  assert.equal(passed.verdict.kind, 'pass');
  assert.deepEqual(
    passed.trail.slice(0, 3).map(({ policy, verdict }) => `${policy} ${verdict}`),
    ['a/p pass', 'given caller identified', 'a/p pass'],
  );
  const eve = await rehearsed(snapshot, asking('GET', '/x', { caller: { ...ADA, subject: 'eve' } }));
  assert.equal(wordsOf(eve.verdict), '403 forbidden');
  const nobody = await rehearsed(snapshot, asking('GET', '/x'));
  assert.ok(nobody.verdict.kind === 'refused');
  assert.deepEqual([nobody.verdict.code, nobody.verdict.rule], ['unauthenticated', 'sign-in']);
});

test('where traffic identifies nobody, a caller who is given is nobody either', async (t) => {
  const seen: unknown[] = [];
  const steps: Steps = { decide: step(({ principal }) => (seen.push(principal), PASS)) };
  const bench = await policyBench(t, steps);
  await rehearsed(snapshotIn(bench), asking('GET', '/x', { caller: ADA }));
  assert.deepEqual(seen, [null]);
});

test('what an observer would have refused is told', async () => {
  const kinds = kindTable([kindOf('p', { decide: step(() => deny({ code: 'forbidden' }, 'r')) })]);
  const gathered = gatheredOf(
    "apis:\n  a:\n    routes: ['GET /x']\n    upstream: http://127.0.0.1:1\n    auth: public\n    policies: { p: {} }\n",
    kinds,
  );
  const apis = gathered.config.apis.map((api) => ({
    ...api,
    policies: api.policies.map((use) => ({ ...use, modes: { 'GET /x': 'observe' as const } })),
  }));
  const snapshot = valueOf(
    compile({ ...gathered, config: { ...gathered.config, apis } }, { kinds, tables: NO_TABLES }),
  );
  const { verdict, trail } = await rehearsed(snapshot, asking('GET', '/x'));
  assert.ok(verdict.kind === 'pass');
  assert.deepEqual(verdict.observed, { code: 'forbidden', policy: 'a/p', rule: 'r' });
  assert.deepEqual(
    trail.map(({ verdict: said, observed }) => [said, observed]),
    [['deny', true]],
  );
});

test('an operation that can not be built is refused, with what is wrong', async (t) => {
  const bench = await policyBench(t, { nowhere: step(() => PASS) } as Steps);
  const { verdict } = await rehearsed(snapshotIn(bench), asking('GET', '/x'));
  assert.ok(verdict.kind === 'refused' && verdict.code === 'gateway-fault');
  assert.match(verdict.why ?? '', /a step for the stage nowhere/);
});

test('what a step holds is released when the rehearsal is over, and it holds no timer', async (t) => {
  let held = 0;
  const holding = (verdict: () => unknown) =>
    step<'admit'>(() => (held++, verdict() as typeof PASS), { release: () => void held-- });
  for (const verdict of [() => PASS, () => deny({ code: 'forbidden' }), () => Promise.resolve(PASS)]) {
    const bench = await policyBench(t, { decide: holding(verdict) });
    const clock = new StillClock();
    await rehearse(snapshotIn(bench), asking('GET', '/x'), clock);
    assert.deepEqual([held, clock.waiting], [0, 0]);
  }
});

const NUMBERS: readonly string[] = ['read', 'write', 'refund'];
const numbered = (names: readonly string[]): Bitset =>
  Bitset.of(
    3,
    names.map((name) => NUMBERS.indexOf(name)).filter((number) => number >= 0),
  );
const ROLES: RoleTable = {
  permissionCount: 3,
  permission: (name) => (NUMBERS.includes(name) ? NUMBERS.indexOf(name) : null),
  permissionsOf: (roles) => numbered(roles.flatMap((role) => (role === 'customer' ? ['read', 'write'] : []))),
  named: numbered,
  rolesOf: (names) => new Set(names),
  names: () => [],
};

test('a caller may do what roles and permissions say, and scopes narrow that and never widen it', () => {
  const may = (more: Partial<Known>): readonly string[] => {
    const { permissions } = principalOf({ ...ADA, ...more }, ROLES, 0);
    return NUMBERS.filter((_, number) => permissions.has(number));
  };
  assert.deepEqual(may({}), ['read', 'write']);
  assert.deepEqual(may({ roles: ['unknown'] }), []);
  assert.deepEqual(may({ permissions: ['refund', 'nothing'] }), ['read', 'write', 'refund']);
  assert.deepEqual(may({ scopes: ['read', 'refund'] }), ['read']);
  assert.deepEqual(may({ scopes: [] }), []);
});

test('a rehearsal does not work out what protects all the other operations', async (t) => {
  const bench = await policyBench(t);
  const snapshot: Snapshot = Object.defineProperty({ ...snapshotIn(bench) }, 'coverage', {
    enumerable: true,
    get: () => assert.fail('nobody asked for it'),
  });
  assert.equal((await rehearsed(snapshot, asking('GET', '/x'))).verdict.kind, 'pass');
});
