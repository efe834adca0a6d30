import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deny, PASS, type Steps } from '../policy/index.ts';
import { compile } from './compile.ts';
import { gatheredOf, kindOf, NO_TABLES, StillClock, step, valueOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { runTests, type TestOutcome } from './test-run.ts';

/** Refuses to give what is not the caller's, and takes a field out of what is. */
const STEPS: Steps = {
  authorize: step(({ request }) => (request.headers.has('blocked') ? deny({ code: 'forbidden' }, 'no-blocked') : PASS)),
  decide: step(({ startedAtMs }) =>
    new Date(startedAtMs).getUTCHours() < 8 ? deny({ code: 'rule-not-met' }, 'office-hours') : PASS,
  ),
  respond: {
    ...step<'respond'>(
      (_exchange, reply, editor) => {
        const body = JSON.parse(Buffer.from(reply.body('raw')).toString()) as { owner?: string };
        if (body.owner !== 'ada') return deny({ code: 'not-found' }, 'a.x.object');
        delete body.owner;
        editor.replaceBody(Buffer.from(JSON.stringify(body)));
        return PASS;
      },
      { response: 'raw' },
    ),
    decides: () => true,
    concerns: (_exchange, { source }) => source === 'upstream',
  },
};

/** What these tests, written as in a configuration, give: `passed`, or what came and why. */
async function outcomes(tests: readonly string[], steps = STEPS, clock = new StillClock()): Promise<readonly string[]> {
  const kinds = kindTable([kindOf('p', steps)]);
  const gathered = gatheredOf(
    `apis:\n  a:\n    routes: ['GET /x']\n    upstream: http://127.0.0.1:1\n    auth: public\n    policies: { p: {} }\ntests:\n${tests.map((one) => `  - { do: GET /x, ${one} }\n`).join('')}`,
    kinds,
  );
  const snapshot = valueOf(compile(gathered, { kinds, tables: NO_TABLES }));
  const place = (path: string) => gathered.places[path] ?? null;
  const told = await runTests({ snapshot, config: gathered.config, place }, clock);
  assert.ok(told.every((one) => one.place !== null));
  return told.map(wordsOf);
}

function wordsOf({ passed, came, reason }: TestOutcome): string {
  return passed ? 'passed' : `${came}${reason === null ? '' : `: ${reason}`}`;
}

const NOON = 'at: 2026-11-24T12:00:00Z';
const HERS = 'given: { response: { id: 7, owner: ada } }';

test('what is given as the reply is judged, and what the caller gets is compared whole', async () => {
  assert.deepEqual(
    await outcomes([
      `${NOON}, ${HERS}, expect: pass`,
      `${NOON}, ${HERS}, expect: 200, returns: { id: 7 }`,
      `${NOON}, ${HERS}, expect: pass, returns: { id: 7, owner: ada }`,
      `${NOON}, ${HERS}, expect: pass, returns: { id: '7' }`,
      `${NOON}, ${HERS}, expect: pass, returns: {}`,
      `${NOON}, given: { response: { owner: bob } }, expect: 404, because: a.x.object`,
      `${NOON}, given: { response: { owner: bob } }, expect: pass`,
    ]),
    [
      'passed',
      'passed',
      'pass, 200: the caller was to get {"id":7,"owner":"ada"} and gets {"id":7}',
      'pass, 200: the caller was to get {"id":"7"} and gets {"id":7}',
      'pass, 200: the caller was to get {} and gets {"id":7}',
      'passed',
      '404 not-found: Refused (404 not-found): somebody unknown may not call a/GET /x: a/p refuses it by a.x.object (portcullis.yaml:7).',
    ],
  );
});

test('what only the reply can decide has neither passed nor been refused', async () => {
  const undecided = 'undecided: a/p depends on the reply: say what the upstream answers, by given: { response: … }';
  assert.deepEqual(await outcomes([`${NOON}, expect: pass`, `${NOON}, expect: 404`]), [undecided, undecided]);
});

test('a refusal can be asked for its reason: the rule, or the code', async () => {
  const blocked = `${NOON}, with: { headers: { blocked: 'yes' } }, expect: 403`;
  assert.deepEqual(
    await outcomes([
      `${blocked}, because: no-blocked`,
      `${blocked}, because: forbidden`,
      `${blocked}, because: office-hours`,
      'at: 2026-11-24T07:00:00Z, expect: rule-not-met, because: office-hours',
    ]),
    [
      'passed',
      'passed',
      '403 forbidden: it was to be because of office-hours. Refused (403 forbidden): somebody unknown may not call a/GET /x: a/p refuses it by no-blocked (portcullis.yaml:7).',
      'passed',
    ],
  );
});

test('what nobody observes is not observed', async () => {
  assert.deepEqual(await outcomes([`${NOON}, ${HERS}, expect: pass, observed: no-blocked`]), [
    'pass, 200: no-blocked was to observe it; nobody did',
  ]);
});

test('a test that a step never answers has failed in its time, and so have those for which none is left', async () => {
  const clock = new StillClock();
  const steps: Steps = { decide: step(() => new Promise(() => {})) };
  const told = outcomes(['expect: pass'], steps, clock);
  const passing = setInterval(() => clock.pass(30_000), 1);
  try {
    assert.match((await told)[0] ?? '', /no verdict within 20 s|gateway-fault/);
  } finally {
    clearInterval(passing);
  }
  const late = new StillClock();
  const slow: Steps = { decide: step(() => (late.pass(61_000), PASS)) };
  assert.deepEqual(await outcomes(['expect: pass', 'expect: pass'], slow, late), [
    'passed',
    'nothing, for all tests together have 60 s',
  ]);
});
