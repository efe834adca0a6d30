import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from './fake-clock.test.ts';
import { err, ok } from '../base/index.ts';
import { KeptAnswers } from '../policy/index.ts';
import type { Alert, Egress, EgressRequest } from '../ports/index.ts';
import { OwnerPlaces } from './owner-places.ts';
import { type OwnerOutcome, OwnerService, type OwnerTold } from './owner-service.ts';

type Answer = Awaited<ReturnType<Egress['call']>>;

const START = 'https://o.example/orders/';
/** An answer that waits until it is let go. */
function held(waiting: ((answer: Answer) => void)[]): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  waiting.push(resolve);
  return promise;
}

const settled = async (): Promise<void> =>
  await new Promise((resolve) => {
    setImmediate(resolve);
  });

const replied = (status: number, body: string, type = 'application/json'): Answer =>
  ok({ status, headers: new Map([['content-type', type]]), body: Buffer.from(body) }) as Answer;
const failed = (reason: string): Answer => err({ reason, detail: 'at 10.0.0.7' }) as Answer;

function bench(
  answer: (request: EgressRequest) => Answer | Promise<Answer>,
  more: { cacheMs?: number; places?: OwnerPlaces } = {},
) {
  const clock = new FakeClock();
  const calls: EgressRequest[] = [];
  const alerts: Alert[] = [];
  const outcomes: OwnerOutcome[] = [];
  const kept = new KeptAnswers<OwnerTold>();
  const egress = {
    call: async (request: EgressRequest) => {
      calls.push(request);
      return await answer(request);
    },
  } as Egress;
  const places = more.places ?? new OwnerPlaces(64, clock);
  const said = { name: 's', start: START, headers: { 'x-key': 'k' }, ca: null, timeoutMs: 1_000 };
  const service = new OwnerService(
    { ...said, cacheMs: more.cacheMs ?? 5_000 },
    {
      ...{ egress, clock, places, kept: () => kept },
      alerts: { raise: (alert) => void alerts.push(alert) },
      asked: (name, outcome) => {
        assert.equal(name, 'o.example');
        outcomes.push(outcome);
      },
    },
  );
  const ask = async (id: string, source = 'n1'): Promise<string> => {
    const told = await service.ask(`${START}${id}`, source);
    return told === null ? 'nobody says' : told.body === null ? 'none' : Buffer.from(told.body).toString();
  };
  return { service, ask, calls, alerts, outcomes, clock };
}

test('it is asked by GET, with the secret, bounded, and for JSON', async () => {
  const { ask, calls, outcomes } = bench(() => replied(200, '{"ownerId":"ada"}'));
  assert.equal(await ask('7'), '{"ownerId":"ada"}');
  assert.deepEqual(calls[0], {
    ...{ url: `${START}7`, method: 'GET', timeoutMs: 1_000, limitBytes: 65_536, reach: 'named', keeps: true },
    headers: { accept: 'application/json', 'x-key': 'k' },
  });
  assert.deepEqual(outcomes, ['answered']);
});

test('nothing is asked but what begins as the configuration says, in its plainest form', async () => {
  const { service, calls } = bench(() => replied(200, '{}'));
  for (const url of [
    ...[
      'https://o.example/',
      'https://evil.example/orders/7',
      `${START}../admin`,
      `${START}%2e%2e/admin`,
      `${START}a b`,
    ],
    ...['', 'file:///etc/passwd', `${START}7\n`, 'https://o.example/orders/\\..\\x'],
  ])
    assert.equal(await service.ask(url, 'n'), null, url);
  assert.equal(calls.length, 0);
});

test('only 404, and null, mean that there is none; all else that is no JSON served as such means nothing', async () => {
  const answers: readonly (readonly [Answer, string, OwnerOutcome])[] = [
    [replied(404, '{"ownerId":"ada"}'), 'none', 'none'],
    [replied(200, '{}', 'application/vnd.o+json; charset=utf-8'), '{}', 'answered'],
    [replied(200, ' null '), 'none', 'none'],
    [replied(200, '{}', 'text/json'), 'nobody says', 'unusable'],
    [replied(200, '{"a":1,"a":2}'), 'nobody says', 'unusable'],
    [replied(200, ''), 'nobody says', 'unusable'],
    [replied(410, '{}'), 'nobody says', 'unusable'],
    [replied(302, '{}'), 'nobody says', 'unusable'],
    [replied(206, '{}'), 'nobody says', 'unusable'],
    [replied(401, '{}'), 'nobody says', 'failed'],
    [replied(500, '{}'), 'nobody says', 'unusable'],
    [replied(503, '{}'), 'nobody says', 'failed'],
    [failed('too-large'), 'nobody says', 'unusable'],
    [failed('timeout'), 'nobody says', 'failed'],
  ];
  for (const [answer, wanted, outcome] of answers) {
    const { ask, outcomes } = bench(() => answer);
    assert.equal(await ask('7'), wanted);
    assert.deepEqual(outcomes, [outcome]);
  }
  const { ask } = bench(() => Promise.reject(new Error('a bug')));
  assert.equal(await ask('7'), 'nobody says');
});

test('one question is asked once, and its answer counts from when it was asked', async () => {
  const waiting: ((answer: Answer) => void)[] = [];
  const { ask, calls, clock } = bench(() => held(waiting));
  const both = [ask('7', 'n1'), ask('7', 'n2')];
  await settled();
  assert.equal(calls.length, 1);
  clock.advance(900);
  waiting[0]?.(replied(200, '{}'));
  assert.deepEqual(await Promise.all(both), ['{}', '{}']);
  clock.advance(4_099);
  assert.equal(await ask('7'), '{}');
  assert.equal(calls.length, 1);
  clock.advance(1);
  const again = ask('7');
  await settled();
  waiting[1]?.(replied(404, ''));
  assert.equal(await again, 'none');
  clock.advance(2_000);
  const third = ask('7');
  await settled();
  waiting[2]?.(replied(200, '{}'));
  assert.equal(await third, '{}', 'that there is none counts for two seconds');
});

test('a service that fails for everybody is left alone, longer each time, until it answers', async () => {
  let down = true;
  const { ask, calls, alerts, outcomes, clock } = bench(() => (down ? failed('unreachable') : replied(200, '{}')));
  for (let turn = 0; turn < 8; turn++) assert.equal(await ask(`${turn}`), 'nobody says');
  assert.equal(calls.length, 5);
  assert.deepEqual(outcomes.slice(5), ['refused', 'refused', 'refused']);
  assert.deepEqual(
    alerts.map(({ kind, key }) => [kind, key]),
    [['owners.unavailable', 'o.example']],
  );
  clock.advance(1_000);
  await ask('x');
  clock.advance(1_000);
  await ask('y');
  assert.equal(calls.length, 6, 'the pause is two seconds now');
  clock.advance(1_000);
  down = false;
  assert.equal(await ask('z'), '{}');
  assert.equal(await ask('z2'), '{}');
});

test('calls that were under way when a service was found to be ill make its pause no longer', async () => {
  const waiting: ((answer: Answer) => void)[] = [];
  const { ask, calls, clock } = bench(() => held(waiting));
  const all = Array.from({ length: 12 }, (_, id) => ask(`${id}`));
  await settled();
  for (const answer of waiting) answer(failed('timeout'));
  await Promise.all(all);
  clock.advance(1_000);
  const again = ask('again');
  await settled();
  assert.equal(calls.length, 13);
  waiting[12]?.(failed('timeout'));
  await again;
  clock.advance(2_000);
  void ask('later');
  await settled();
  assert.equal(calls.length, 14, 'the pause was two seconds');
});

test('one odd object keeps nobody from the others, and whoever looks hears of many', async () => {
  const { ask, alerts } = bench(({ url }) => (url.endsWith('odd') ? replied(500, '{}') : replied(200, '{}')));
  for (let turn = 0; turn < 4; turn++) await ask('odd');
  assert.equal(alerts.length, 0);
  await ask('odd');
  assert.equal(alerts.length, 1);
  assert.equal(await ask('7'), '{}');
});

test('all services together have so many places, and who finds none is refused', async () => {
  const waiting: ((answer: Answer) => void)[] = [];
  const { ask, outcomes } = bench(() => held(waiting), { places: new OwnerPlaces(2, new FakeClock()) });
  const first = [ask('1'), ask('2', 'n2')];
  assert.equal(await ask('3', 'n3'), 'nobody says');
  assert.deepEqual(outcomes, ['refused']);
  for (const resolve of waiting) resolve(replied(200, '{}'));
  await Promise.all(first);
  const next = ask('3');
  await settled();
  waiting[2]?.(replied(200, '{}'));
  assert.equal(await next, '{}');
});

test('one network has a share of all calls, and of one host whatever lookups lead there', async () => {
  const places = new OwnerPlaces(64, new FakeClock());
  const taken = Array.from({ length: 30 }, () => places.take('n1'));
  assert.equal(taken.filter((each) => each).length, 24);
  assert.equal(places.take('n2'), true);
  places.give('n1');
  assert.equal(places.take('n1'), true);
  const waiting: ((answer: Answer) => void)[] = [];
  const shared = new OwnerPlaces(64, new FakeClock());
  const [one, other] = [bench(() => held(waiting), { places: shared }), bench(() => held(waiting), { places: shared })];
  for (let id = 0; id < 12; id++) void one.ask(`a${id}`);
  void other.ask('b');
  await settled();
  assert.deepEqual([one.calls.length, other.calls.length], [12, 0], 'both ask one host, and it is the same network');
  void other.ask('c', 'n2');
  await settled();
  assert.equal(other.calls.length, 1);
  assert.equal(shared.turnsOf('o.example'), shared.turnsOf('o.example'));
});
