import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { JsonObject } from '../body/index.ts';
import { type Gathered, parseConfig } from '../config/index.ts';
import { compile, kindTable } from '../gateway/index.ts';
import {
  createConditionsKind,
  createListsKind,
  createObjectKind,
  EMPTY_DESK,
  createOverlayKind,
  createPermissionKind,
  OVERLAY_TABLE,
  overlayKey,
  type OverlayRow,
  type PolicyKind,
} from '../policy/index.ts';
import type { Clock } from '../ports/index.ts';
import { decide, type Decision, type DecisionScene } from './decision-point.ts';
import { createDecisions } from './decisions.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const CLOCK: Clock = {
  now: () => NOW,
  monotonic: () => 0,
  after: () => ({ cancel() {} }),
  every: () => ({ cancel() {} }),
};

/** Stands for how callers sign in, which nobody does here. */
const SIGN_IN = (kind: string): PolicyKind<never> => ({
  kind,
  summary: '',
  schema: null,
  sources: () => [],
  compile: (_config, { operations }) => ({ ok: true, value: new Map(operations.map(({ id }) => [id, {}])) }),
});

const KINDS = kindTable([
  ...['jwt', 'credentials', 'revocation', 'possession', 'callers', 'session', 'leaks', 'groups', 'api-key'].map(
    SIGN_IN,
  ),
  ...['upstream-errors', 'output-encoding', 'cors', 'assurance', 'accepts', 'fields', 'access-rules', 'rate'].map(
    SIGN_IN,
  ),
  createPermissionKind(),
  createOverlayKind(),
  createConditionsKind(),
  createListsKind(),
  createObjectKind({ clock: CLOCK, desk: EMPTY_DESK }),
]);

function sceneOf(operation: string, top = '', rows: ReadonlyMap<string, OverlayRow> = new Map()): DecisionScene {
  const text = `version: 1
${top}
issuers:
  acme: { issuer: https://acme.example, audience: a }
  entra: { issuer: https://entra.example, audience: a }
roles: { reader: { can: ['a:read'] } }
apis:
  a:
    routes: ['GET /x/{id}']
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations: { 'GET /x/{id}': { ${operation} } }
`;
  const parsed = parseConfig(text, { file: '/p.yaml', kinds: [...KINDS.values()] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { config, places } = parsed.value;
  const nothing = { descriptions: {}, documents: {}, documentTexts: {}, files: {}, secrets: {}, securityPlaces: {} };
  const gathered = { revision: 3, hash: '', text: '', config, places, warnings: [], ...nothing } as unknown as Gathered;
  const version = { declaration: OVERLAY_TABLE, version: 1, filledAtMs: NOW, rows };
  const snapshot = compile(gathered, { kinds: KINDS, tables: { read: () => version as never } });
  assert.ok(snapshot.ok, snapshot.ok ? '' : snapshot.error.map(formatIssue).join('\n'));
  const place = (path: string) => places[path] ?? null;
  return { config, snapshot: snapshot.value, place, overlay: () => rows, clock: CLOCK };
}

interface Said {
  readonly subject?: JsonObject;
  readonly context?: JsonObject;
  readonly id?: string;
  readonly resource?: JsonObject;
}

const ADA: JsonObject = { issuer: 'acme', roles: ['reader'] };

function evaluationOf({ subject = ADA, context = {}, id = '/x/1', resource = {} }: Said = {}) {
  return {
    subject: { type: 'user', id: 'ada', properties: subject },
    action: { name: 'GET', properties: {} },
    resource: { type: 'route', id, properties: resource },
    context,
  };
}

const ask = (scene: DecisionScene, said: Said = {}): Promise<Decision> => decide(evaluationOf(said), scene);

const NEEDS = "needs: 'a:read'";

test('a question is answered as a request is, and one that leads nowhere is refused', async () => {
  const scene = sceneOf(NEEDS);
  const { permitted, operation, subject } = await ask(scene);
  assert.deepEqual([permitted, operation, subject?.issuer], [true, 'a/GET /x/{id}', 'https://acme.example']);
  assert.equal((await ask(scene, { id: '/y' })).code, 'not-found');
  assert.equal((await ask(scene, { subject: { issuer: 'acme' } })).code, 'forbidden');
  const narrowed = await ask(scene, { subject: { ...ADA, scope: 'other' } });
  assert.equal(narrowed.code, 'forbidden');
  // In the words of `explain`, with the line.
  assert.match(
    narrowed.sentence,
    /^Refused \(403 forbidden\): .* may not call a\/GET \/x\/\{id\}: it needs .* \(p\.yaml:\d+\)/,
  );
});

test('callers of an issuer that the operation does not take are refused, whatever they may', async () => {
  const { permitted, sentence } = await ask(sceneOf(NEEDS), { subject: { ...ADA, issuer: 'entra' } });
  assert.equal(permitted, false);
  assert.match(sentence, /takes no callers of entra/);
});

test('what depends on the reply, or on an address that is not told, is denied', async () => {
  const reply = await ask(sceneOf(`${NEEDS}, object: 'response.owner == principal.subject'`));
  assert.deepEqual([reply.permitted, /reply of the upstream/.test(reply.sentence)], [false, true]);
  const told = (response: JsonObject, more: JsonObject = {}): Promise<Decision> =>
    ask(sceneOf(`${NEEDS}, object: 'response.owner == principal.subject'`), { resource: { response, ...more } });
  assert.equal((await told({ owner: 'ada' })).permitted, true);
  assert.equal((await told({ owner: 'bob' })).code, 'not-found');
  assert.equal((await told({ owner: 7 })).permitted, false);
  assert.equal((await told({})).permitted, false);
  assert.match((await told({ owner: 'ada' }, { responseStatus: 99 })).sentence, /responseStatus/);
  const either = sceneOf(`${NEEDS}, object: 'params.id == principal.subject || response.owner == principal.subject'`);
  assert.equal((await ask(either, { id: '/x/ada' })).permitted, true);
  assert.equal((await ask(either)).permitted, false);
  const own = sceneOf(`${NEEDS}, object: 'params.id == principal.subject'`);
  assert.equal((await ask(own, { id: '/x/ada' })).permitted, true);
  assert.equal((await ask(own)).code, 'not-found');
  const lists = sceneOf(NEEDS, 'deny: { addresses: [192.0.2.0/24] }');
  assert.match((await ask(lists)).sentence, /context\.address/);
  assert.equal((await ask(lists, { context: { address: '198.51.100.7' } })).permitted, true);
  assert.equal((await ask(lists, { context: { ip: '192.0.2.7' } })).permitted, false);
  assert.equal((await ask(lists, { context: { address: 'here' } })).permitted, false);
});

test('where addresses are kept out by their names in the DNS, nothing is permitted', async () => {
  const context: JsonObject = { address: '198.51.100.7' };
  const names = 'deny: { reverseNames: ["*.crawler.example"] }';
  for (const scene of [sceneOf(NEEDS, names), sceneOf(`${NEEDS}, ${names}`)]) {
    const { permitted, sentence } = await ask(scene, { context });
    assert.deepEqual([permitted, /names of addresses/.test(sentence)], [false, true], sentence);
  }
});

test('conditions on time are asked about the time that is told', async () => {
  const scene = sceneOf(`${NEEDS}, rules: [{ rule: 'now.getHours() < 12', message: late }]`);
  assert.equal((await ask(scene)).permitted, false);
  assert.equal((await ask(scene, { context: { time: '2026-01-01T11:59Z' } })).permitted, true);
  assert.equal((await ask(scene, { context: { time: '2026-01-01T13:30:00.5+02:00' } })).permitted, true);
  for (const time of ['yesterday', '2026-13-01T00:00Z', 7, null])
    assert.match((await ask(scene, { context: { time } })).sentence, /context\.time/);
});

test('a denial by hand holds where it is not told who vouches, and a grant does not', async () => {
  const row = (effect: 'add' | 'deny', expiresAtMs: number | null = null): ReadonlyMap<string, OverlayRow> => {
    const key = overlayKey({ kind: 'subject', issuer: 'https://entra.example', name: 'ada' });
    return new Map([[key, [{ effect, roles: ['reader'], permissions: [], expiresAtMs }]]]);
  };
  const untold: JsonObject = { roles: ['reader'] };
  assert.equal((await ask(sceneOf(NEEDS, '', row('deny')), { subject: untold })).permitted, false);
  assert.equal((await ask(sceneOf(NEEDS, '', row('deny', NOW - 1)), { subject: untold })).permitted, true);
  assert.equal((await ask(sceneOf(NEEDS, '', row('deny')), { subject: ADA })).permitted, true);
  assert.equal((await ask(sceneOf(NEEDS, '', row('add')), { subject: {} })).permitted, false);
  // What was denied since then counts, whatever time is asked about.
  const past = { context: { time: '2020-01-01T00:00Z' }, subject: untold };
  assert.equal((await ask(sceneOf(NEEDS, '', row('deny')), past)).permitted, false);
});

test('a fault is no permission, and what can not be recorded is not answered', async () => {
  const broken: DecisionScene = {
    ...sceneOf(NEEDS),
    overlay: () => {
      throw new Error('the table is gone');
    },
  };
  const options = {
    scene: () => Promise.resolve(broken),
    record: () => Promise.resolve(true),
    pseudonym: () => 'pseudonym',
    nextId: () => 'id',
    log: { write() {} },
    pause: () => Promise.resolve(),
  };
  const questions = [evaluationOf(), evaluationOf()];
  const answers = await createDecisions(options).ask(questions, 'execute_all', 'decisions');
  assert.deepEqual(
    answers?.map(({ decision }) => decision),
    [false, false],
  );
  const unrecorded = createDecisions({ ...options, record: () => Promise.resolve(false) });
  assert.equal(await unrecorded.ask(questions, 'execute_all', 'decisions'), null);
  const nothing = createDecisions({ ...options, scene: () => Promise.resolve(null) });
  assert.equal(await nothing.ask(questions, 'execute_all', 'decisions'), null);
});

test('each question waits for its turn, and is asked of what is in force then', async () => {
  const steps: string[] = [];
  const scenes = [sceneOf(NEEDS), sceneOf("needs: 'a:write'")];
  const answers = await createDecisions({
    scene: () => {
      steps.push('scene');
      return Promise.resolve(scenes.shift() ?? null);
    },
    record: () => Promise.resolve(true),
    pseudonym: () => 'pseudonym',
    nextId: () => 'id',
    log: { write() {} },
    pause: () => {
      steps.push('pause');
      return Promise.resolve();
    },
  }).ask([evaluationOf(), evaluationOf()], 'execute_all', 'decisions');
  assert.deepEqual(
    answers?.map(({ decision }) => decision),
    [true, false],
  );
  assert.deepEqual(steps, ['pause', 'scene', 'pause', 'scene']);
});

test('whose an object is must be told where a service would be asked, and is believed no further than its rule', async () => {
  const lookup = `lookup: { url: 'https://o.example/{params.id}' }`;
  const scene = sceneOf(`object: { allow: owner.ownerId == principal.subject, ${lookup} }`);
  const untold = await ask(scene);
  assert.equal(untold.permitted, false);
  assert.equal(
    untold.sentence,
    "it can't be decided: it depends on whose the object is, by a/object: resource.properties.owner",
  );
  assert.equal((await ask(scene, { resource: { owner: { ownerId: 'ada' } } })).permitted, true);
  for (const owner of [{ ownerId: 'bob' }, null, {}, 'ada']) {
    const { permitted, code } = await ask(scene, { resource: { owner } });
    assert.deepEqual([permitted, code], [false, 'not-found']);
  }
});
