import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Desk, Told } from '../../desk.ts';
import { decided, exchangeOf, GET, issuesWith, lookupOf, type Sent, stepsWith, type Written } from './fixtures.test.ts';
import golden from './golden/owners.json' with { type: 'json' };
import { type OwnerAnswer, Owners } from './owners.ts';

const LOOKUP = 'https://o.example/orders/{params.id}';
const OWN: Written = { allow: 'owner.ownerId == principal.subject', lookup: LOOKUP };

interface Golden extends Sent {
  readonly name: string;
  readonly object: Written;
  readonly end: string;
  /** What the service says: null for that there is no such object; where it is not there, it gives no answer. */
  readonly owner?: unknown;
  readonly asked?: number;
  readonly url?: string;
}

/** A control side that is asked, and a clock that stands where it is put. */
function scene(answer: (question: Readonly<Record<string, Told>>) => Told | Promise<Told>) {
  const questions: Readonly<Record<string, Told>>[] = [];
  const limits: (number | undefined)[] = [];
  const clock = { nowMs: 1_000, now: () => clock.nowMs, monotonic: () => clock.nowMs };
  const desk: Desk = {
    ask: async (_subject, question, limitMs) => {
      questions.push(question as Readonly<Record<string, Told>>);
      limits.push(limitMs);
      return await answer(question as Readonly<Record<string, Told>>);
    },
    tell() {},
    heed() {},
  };
  return { ports: { clock, desk }, clock, questions, limits };
}

/** An answer that waits until it is let go. */
function held(open: ((answer: Told) => void)[]): Promise<Told> {
  const { promise, resolve } = Promise.withResolvers<Told>();
  open.push(resolve);
  return promise;
}

const told = (owner: unknown, untilMs = Number.MAX_SAFE_INTEGER): Told => ({
  body: owner === null ? null : Buffer.from(JSON.stringify(owner)),
  untilMs,
});

for (const each of golden as unknown as readonly Golden[]) {
  test(`owners: ${each.name}`, async () => {
    const { ports, questions } = scene(() => ('owner' in each ? told(each.owner) : null));
    const steps = stepsWith({ lookup: LOOKUP, ...each.object }, each.operation ?? GET, ports);
    const end = await decided(steps, each);
    assert.equal(end.split(':', 1)[0], each.end, end);
    assert.equal(questions.length, each.asked ?? 1);
    if (each.url !== undefined) assert.equal(questions[0]?.['url'], each.url);
  });
}

test('an owner is asked for behind limits and validation, and nothing but its URL is told', async () => {
  const { ports, questions } = scene(() => told({ ownerId: 'ada' }));
  const steps = stepsWith(OWN, GET, ports);
  assert.deepEqual(Object.keys(steps), ['authorize', 'decide']);
  assert.deepEqual(steps.decide?.reads, { request: 'none', response: 'none' });
  assert.equal(await decided(steps, { headers: { authorization: 'Bearer x' } }), 'passes');
  assert.deepEqual(Object.keys(questions[0] ?? {}).toSorted(), ['service', 'source', 'url']);
  const byBody = { ...OWN, lookup: 'https://o.example/{request.body.id}' };
  assert.equal(stepsWith(byBody, 'POST /orders', ports).decide?.reads.request, 'parsed');
});

test('whoever is refused since nobody answers is told when to come again', async () => {
  const { ports } = scene(() => null);
  const verdict = await stepsWith(OWN, GET, ports).decide?.run(exchangeOf({}));
  assert.deepEqual(verdict?.kind === 'deny' && [verdict.problem.code, verdict.problem.headers, verdict.rule], [
    'owner-unavailable',
    [['retry-after', '5']],
    'a.object',
  ]);
});

test('what a lookup can’t do is an issue', () => {
  const issues: readonly (readonly [Written, RegExp, string?])[] = [
    [{ ...OWN, allow: 'params.id == principal.subject' }, /nothing asks for what this service says/],
    [{ ...OWN, allow: `${OWN.allow} && response.x == 1` }, /the owner service or the reply, not both/],
    [{ ...OWN, allow: `${OWN.allow} && item.x == 1`, each: ['items'] }, /the owner service or the reply, not both/],
    [{ ...OWN, lookup: 'https://o.example/{params.other}' }, /`\{params\.other\}`: the path has no parameter/],
    [{ ...OWN, lookup: 'https://o.example/{response.id}' }, /a place names something of/],
    [{ ...OWN, lookup: 'https://o.example/{request.headers.x-id}' }, /a place names something of/],
    [{ ...OWN, lookup: 'https://o.example/{owner.id}' }, /a place names something of/],
    [{ ...OWN, lookup: 'https://o.example/{principal.roles}' }, /only a text or a whole number/],
    [{ ...OWN, lookup: 'https://o.example/{params.id.more}' }, /has no fields/],
    [{ ...OWN, lookup: 'https://o.example/{request.body.id}' }, /a GET has no body here/],
    [{ allow: 'owner.ownerId == principal.subject' }, /owner/],
  ];
  for (const [rule, wanted, operation] of issues) assert.match(issuesWith(rule, operation ?? GET), wanted);
  assert.match(issuesWith(OWN, GET, { inBody: true }), /not looked up for operations of GraphQL/);
  const grpc = { grpc: 'neither' } as never;
  assert.match(issuesWith(OWN, GET, { described: grpc }), /not looked up for methods of gRPC/);
});

function service(answer: Parameters<typeof scene>[0], more: Parameters<typeof lookupOf>[1] = {}) {
  const made = scene(answer);
  return { ...made, asked: new Owners(made.ports).at(lookupOf(LOOKUP, more)) };
}

const kindOf = async (answer: OwnerAnswer | Promise<OwnerAnswer>): Promise<string> => (await answer).kind;

test('an answer counts as long as was said, from when it was asked for, and none no longer than two seconds', async () => {
  const { asked, clock, questions } = service(({ url }) =>
    told(url === 'https://o.example/orders/9' ? null : { ownerId: 'ada' }),
  );
  const at = async (nowMs: number, id: string): Promise<number> => {
    clock.nowMs = nowMs;
    await asked.find(`https://o.example/orders/${id}`, exchangeOf({}));
    return questions.length;
  };
  assert.deepEqual([await at(0, '7'), await at(4_999, '7'), await at(5_000, '7')], [1, 1, 2]);
  assert.deepEqual([await at(6_000, '9'), await at(7_999, '9'), await at(8_000, '9')], [3, 3, 4]);
});

test('an answer counts no longer than the control side says, and not at all without a cache', async () => {
  const short = service(() => told({}, 1_500));
  await short.asked.find('https://o.example/1', exchangeOf({}));
  short.clock.nowMs = 1_500;
  await short.asked.find('https://o.example/1', exchangeOf({}));
  assert.equal(short.questions.length, 2);
  const none = service(() => told({}), { cacheMs: 0 });
  for (let turn = 0; turn < 3; turn++) await none.asked.find('https://o.example/1', exchangeOf({}));
  assert.equal(none.questions.length, 3);
});

test('no answer, and one that says nothing, is not remembered', async () => {
  const broken = [null, 7, {}, { body: 'text', untilMs: 1 }, { body: Buffer.from('{"a":1,"a":2}'), untilMs: 1e15 }];
  for (const answer of [...broken, { body: Buffer.from('{'), untilMs: 1e15 }] as Told[]) {
    const { asked, questions } = service(() => answer);
    assert.equal(await kindOf(asked.find('https://o.example/1', exchangeOf({}))), 'unavailable');
    assert.equal(await kindOf(asked.find('https://o.example/1', exchangeOf({}))), 'unavailable');
    assert.equal(questions.length, 2);
  }
  const { asked } = service(() => Promise.reject(new Error('gone')));
  assert.equal(await kindOf(asked.find('https://o.example/1', exchangeOf({}))), 'unavailable');
});

test('null is no owner', async () => {
  const { asked } = service(() => ({ body: Buffer.from('null'), untilMs: 1e15 }));
  assert.equal(await kindOf(asked.find('https://o.example/1', exchangeOf({}))), 'none');
});

test('what is being asked for is not asked for twice by one network, and no network takes what others need', async () => {
  const open: ((answer: Told) => void)[] = [];
  const { asked, questions } = service(() => held(open));
  const from = (address: string, id: number | string) =>
    asked.find(`https://o.example/orders/${id}`, exchangeOf({ address }));
  const same = [from('192.0.2.7', 'x'), from('192.0.2.7', 'x')];
  assert.equal(questions.length, 1);
  assert.equal(same[0], same[1]);
  const many = Array.from({ length: 200 }, (_, id) => from('192.0.2.7', id));
  assert.equal(questions.length, 128);
  assert.equal(await kindOf(many[199] ?? assert.fail()), 'unavailable');
  const other = from('198.51.100.1', 'x');
  assert.equal(questions.length, 129, 'it does not wait for what another network began');
  for (const resolve of open) resolve(told({ ownerId: 'ada' }));
  assert.equal(await kindOf(other), 'known');
  for (const each of many) await kindOf(each);
  const again = from('192.0.2.7', 'later');
  assert.equal(questions.length, 130);
  open.at(-1)?.(told({}));
  assert.equal(await kindOf(again), 'known');
});

test('operations that say the same share what was answered, and others never', () => {
  const owners = new Owners(scene(() => null).ports);
  const one = owners.at(lookupOf(LOOKUP));
  assert.equal(owners.at(lookupOf(LOOKUP, { path: 'elsewhere' })), one);
  assert.notEqual(owners.at(lookupOf(LOOKUP, { cacheMs: 1 })), one);
  const secret = { field: 'x-key', before: '', reference: '${env:A}', after: '' };
  assert.notEqual(owners.at(lookupOf(LOOKUP, { secret })), one);
});
