import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallerConfig } from '../config/index.ts';
import { deny, PASS, type Steps } from '../policy/index.ts';
import { compile } from './compile.ts';
import { gatheredOf, kindOf, NO_TABLES, StillClock, step, valueOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { rehearse, type Rehearsal, type RehearsalQuestion, type RehearsedVerdict } from './rehearse.ts';

const ANONYMOUS: CallerConfig = { kind: 'anonymous' };
const OK = { status: 200, headers: {}, body: { id: 7, owner: 'ada' } };

/** What becomes of a request that steps judge, before an upstream that answers so. */
async function rehearsed(steps: Steps, more: Partial<RehearsalQuestion> = {}, observe = false): Promise<Rehearsal> {
  const kinds = kindTable([kindOf('p', steps)]);
  const gathered = gatheredOf(
    "apis:\n  a:\n    routes: ['GET /x', 'HEAD /x', 'POST /x']\n    upstream: http://127.0.0.1:1\n    auth: public\n    policies: { p: {} }\n",
    kinds,
  );
  const mode = observe ? ('observe' as const) : ('enforce' as const);
  const apis = gathered.config.apis.map((api) => ({
    ...api,
    policies: api.policies.map((use) => (use.kind === 'p' ? { ...use, mode } : use)),
  }));
  const configured = { ...gathered, config: { ...gathered.config, apis } };
  const snapshot = valueOf(compile(configured, { kinds, tables: NO_TABLES }));
  const asked = { method: 'GET', target: '/x', host: 'x.example', headers: [], body: null, caller: ANONYMOUS };
  return await rehearse(snapshot, { ...asked, reply: OK, ...more }, new StillClock());
}

const replyOf = (verdict: RehearsedVerdict): unknown => (verdict.kind === 'pass' ? verdict.reply : verdict);

test('a reply that is given goes through the steps of the reply, and what the caller gets is told', async () => {
  const seen: unknown[] = [];
  const steps: Steps = {
    respond: step<'respond'>(
      (_exchange, reply, editor) => {
        seen.push(JSON.parse(Buffer.from(reply.body('raw')).toString()));
        editor.replaceBody(Buffer.from('{"id":7}'));
        return PASS;
      },
      { response: 'raw' },
    ),
  };
  const { verdict, trail } = await rehearsed(steps);
  assert.deepEqual(seen, [OK.body]);
  assert.deepEqual(replyOf(verdict), { status: 200, body: { id: 7 } });
  assert.deepEqual(
    trail.map(({ stage, policy, verdict: said }) => `${stage} ${policy} ${said}`),
    ['respond a/p pass'],
  );
});

test('a refusal of the reply is what becomes of the request, with who refused it and why', async () => {
  const refusing = step<'respond'>(() => deny({ code: 'not-found', internal: 'is not theirs' }, 'a.x.object'));
  const { verdict } = await rehearsed({ respond: refusing });
  const decided = { policy: 'a/p', rule: 'a.x.object', why: 'is not theirs', errors: [] };
  assert.deepEqual(verdict, { kind: 'refused', status: 404, code: 'not-found', ...decided });
});

test('what would only have been noted of the reply is told, and the caller gets it', async () => {
  const refusing = step<'respond'>(() => deny({ code: 'not-found' }, 'r'));
  const { verdict, trail } = await rehearsed({ respond: refusing }, {}, true);
  assert.deepEqual(replyOf(verdict), { status: 200, body: OK.body });
  assert.deepEqual(verdict.kind === 'pass' && verdict.observed, { code: 'not-found', policy: 'a/p', rule: 'r' });
  assert.deepEqual([trail.at(-1)?.observed, trail.at(-1)?.verdict], [true, 'deny']);
});

test('a step of the reply that throws is a refusal', async () => {
  const throwing = step<'respond'>(() => {
    throw new Error('hush');
  });
  const { verdict, trail } = await rehearsed({ respond: throwing });
  assert.ok(verdict.kind === 'refused');
  assert.deepEqual([verdict.code, trail.at(-1)?.verdict], ['gateway-fault', 'fault']);
});

test('replies of all sorts come as an upstream would send them', async () => {
  for (const [reply, gets] of [
    [
      { status: 404, headers: {}, body: { a: 1 } },
      { status: 404, body: { a: 1 } },
    ],
    [
      { status: 204, headers: {}, body: undefined },
      { status: 204, body: null },
    ],
    [
      { status: 200, headers: {}, body: 'seven' },
      { status: 200, body: 'seven' },
    ],
    [
      { status: 200, headers: { 'Content-Type': 'text/plain' }, body: '{"a":1}' },
      { status: 200, body: '{"a":1}' },
    ],
    [
      { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: '{"a":1}\n{"a":2}\n' },
      { status: 200, body: '{"a":1}\n{"a":2}\n' },
    ],
    [
      { status: 200, headers: {}, body: Buffer.from('{"a":1,"a":2}') },
      { status: 200, body: { a: 2 } },
    ],
    // How long it is and how it is framed is nothing to be said by hand.
    [
      { status: 200, headers: { 'content-length': '1', 'transfer-encoding': 'chunked' }, body: [1] },
      { status: 200, body: [1] },
    ],
  ] as const) {
    assert.deepEqual(replyOf((await rehearsed({}, { reply })).verdict), gets);
  }
  assert.deepEqual(replyOf((await rehearsed({}, { method: 'HEAD' })).verdict), { status: 200, body: null });
});

test('a request with a body is answered when it is whole', async () => {
  const body = Buffer.from('{"b":1}');
  const { verdict } = await rehearsed({}, { method: 'POST', body });
  assert.deepEqual(replyOf(verdict), { status: 200, body: OK.body });
});

test('what decides by the reply has not decided where none is given, unless it only observes or has decided before', async () => {
  for (const [decides, observe, undecided] of [
    [true, false, ['a/p']],
    [true, true, []],
    [false, false, []],
  ] as const) {
    const deciding = { ...step<'respond'>(() => PASS), decides: () => decides };
    // Which request it is is known to whatever step saw it.
    const steps: Steps = { authorize: step(() => PASS), respond: deciding };
    const { verdict } = await rehearsed(steps, { reply: null }, observe);
    assert.deepEqual(verdict.kind === 'pass' && [verdict.reply, verdict.undecided], [null, undecided]);
  }
});

test('a request comes at the time that is given', async () => {
  const at: number[] = [];
  const asking = step<'decide'>(({ startedAtMs }) => (at.push(startedAtMs), PASS));
  await rehearsed({ decide: asking }, { atMs: 1_800_000_000_000 });
  assert.deepEqual(at, [1_800_000_000_000]);
});
