import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type RefusalSum, refusalSumOf } from '../base/index.ts';
import { fakePorts } from './fixture.test.ts';
import { NETWORKS_NAMED, RefusalSums, SINGLE_REFUSALS, type Summed } from './refusal-sums.ts';

function makeSums() {
  const fakes = fakePorts();
  const sums = new RefusalSums(fakes.ports);
  /** How many of so many refusals are to be recorded by themselves. */
  const refuse = (times: number, code: Summed = 'not-found', address = '192.0.2.1'): number => {
    let single = 0;
    for (let time = 0; time < times; time++) if (!sums.counts(code, address)) single++;
    return single;
  };
  const written = (): readonly (readonly [string, RefusalSum])[] =>
    fakes.records.splice(0).map((record) => {
      assert.ok(record.kind === 'change');
      const sum = refusalSumOf(record);
      assert.ok(sum !== null, JSON.stringify(record));
      return [record.target, sum];
    });
  return { ...fakes, sums, refuse, written };
}

test('two hundred in a second have records of their own, and the rest is one record a second for each code', () => {
  const { clock, metrics, refuse, written } = makeSums();
  const startMs = clock.now();
  assert.equal(refuse(SINGLE_REFUSALS), SINGLE_REFUSALS);
  assert.equal(refuse(700), 0);
  clock.pass(400);
  assert.equal(refuse(50, 'not-found', '192.0.2.2'), 0);
  assert.equal(refuse(3, 'malformed-header', '2001:db8::1'), 0);
  assert.deepEqual(written(), []);
  clock.pass(600);
  assert.deepEqual(written(), [
    [
      'not-found',
      {
        count: 750,
        sinceMs: startMs,
        networks: [
          ['192.0.2.1', 700],
          ['192.0.2.2', 50],
        ],
        others: 0,
      },
    ],
    ['malformed-header', { count: 3, sinceMs: startMs + 400, networks: [['2001:db8::/64', 3]], others: 0 }],
  ]);
  assert.equal(metrics.summedCount, 753);
  // A new second has new room, and nothing is left of the last.
  assert.equal(refuse(250), SINGLE_REFUSALS);
  clock.pass(1_000);
  assert.equal(written()[0]?.[1].count, 50);
  assert.equal(clock.waiting, 0, 'no timer runs where nothing is counted');
});

test('the operator is told, and not with each refusal', () => {
  const { clock, alerts, refuse } = makeSums();
  refuse(SINGLE_REFUSALS);
  assert.deepEqual(alerts, []);
  refuse(100);
  clock.pass(9_000);
  refuse(SINGLE_REFUSALS + 100);
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['attack.bounded', 'refusals', 'medium']],
  );
  clock.pass(1_000);
  refuse(SINGLE_REFUSALS + 1);
  assert.equal(alerts.length, 2);
});

test('a crowd of networks takes no more memory than its bound, and is counted whole', () => {
  const { clock, refuse, written } = makeSums();
  refuse(SINGLE_REFUSALS);
  for (let at = 0; at < 2_000; at++) refuse(1, 'not-found', `10.0.${at >> 8}.${at & 255}`);
  refuse(5, 'not-found', '10.0.0.9');
  clock.pass(1_000);
  const [[, sum] = ['', null]] = written();
  assert.ok(sum !== null);
  assert.equal(sum.networks.length, NETWORKS_NAMED);
  assert.deepEqual(sum.networks[0], ['10.0.0.9', 6]);
  assert.deepEqual([sum.count, sum.others], [2_005, 2_005 - 6 - (NETWORKS_NAMED - 1)]);
});

test('a sum that the ledger does not take is kept, and refusals are tried singly until it does', () => {
  const { clock, ledger, refuse, written } = makeSums();
  refuse(SINGLE_REFUSALS + 10);
  ledger.full = true;
  // Nobody knows of it before the second is over.
  assert.equal(refuse(10), 0);
  clock.pass(1_000);
  assert.equal(refuse(SINGLE_REFUSALS + 30), SINGLE_REFUSALS + 30, 'each is to be tried, and so becomes 503');
  clock.pass(5_000);
  assert.deepEqual(written(), []);
  ledger.full = false;
  assert.equal(refuse(SINGLE_REFUSALS), SINGLE_REFUSALS);
  assert.equal(refuse(7), 0, 'the first beyond writes what was kept');
  assert.equal(written()[0]?.[1].count, 20);
  clock.pass(1_000);
  assert.equal(written()[0]?.[1].count, 7);
});

test('what is kept is written as soon as the ledger takes it, without another refusal', () => {
  const { clock, ledger, refuse, written } = makeSums();
  refuse(SINGLE_REFUSALS + 10);
  ledger.full = true;
  clock.pass(3_000);
  ledger.full = false;
  clock.pass(1_000);
  assert.equal(written()[0]?.[1].count, 10);
  assert.equal(clock.waiting, 0);
});

test('at the end all is written, and nothing is counted any more', () => {
  const { clock, sums, refuse, written, lines } = makeSums();
  refuse(SINGLE_REFUSALS + 10);
  sums.close();
  assert.equal(written()[0]?.[1].count, 10);
  assert.equal(refuse(1_000), 1_000);
  sums.close();
  clock.pass(2_000);
  assert.deepEqual([written(), clock.waiting, lines], [[], 0, []]);
});

test('at the end of a thread whose ledger takes nothing, the log says what is lost', () => {
  const { ledger, sums, refuse, lines } = makeSums();
  refuse(SINGLE_REFUSALS + 10);
  ledger.full = true;
  sums.close();
  assert.deepEqual(
    lines.map(({ level, event }) => [level, event]),
    [['error', 'ledger.sums-lost']],
  );
});

type Step =
  | { readonly times: number; readonly code: Summed; readonly host: number }
  | { readonly passMs: number }
  | { readonly full: boolean };

/** Does the steps; gives how many refusals of each code were sent, and how many are to be recorded by themselves. */
function perform(steps: readonly Step[], { clock, ledger, refuse }: ReturnType<typeof makeSums>) {
  const sent = new Map<string, number>();
  const single = new Map<string, number>();
  const add = (to: Map<string, number>, code: string, count: number): void => {
    if (count > 0) to.set(code, (to.get(code) ?? 0) + count);
  };
  for (const each of steps) {
    if ('passMs' in each) clock.pass(each.passMs);
    else if ('full' in each) ledger.full = each.full;
    else {
      add(sent, each.code, each.times);
      for (let host = each.host; host < each.host + each.times; host++)
        add(single, each.code, refuse(1, each.code, `10.1.${host >> 8}.${host & 255}`));
    }
  }
  ledger.full = false;
  return { sent, recorded: single, add };
}

test('whatever comes, each refusal is recorded once: by itself or in one sum', () => {
  const codes = fc.constantFrom<Summed>('not-found', 'malformed-header', 'redirect');
  const steps = fc.array(
    fc.oneof(
      fc.record({ times: fc.nat(400), code: codes, host: fc.nat(600) }),
      fc.record({ passMs: fc.nat(2_500) }),
      fc.record({ full: fc.boolean() }),
    ),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (given) => {
      const made = makeSums();
      const { sent, recorded, add } = perform(given, made);
      made.sums.close();
      for (const [code, sum] of made.written()) {
        assert.ok(sum.count > 0);
        const named = sum.networks.reduce((total, [, count]) => total + count, 0);
        assert.equal(named + sum.others, sum.count);
        add(recorded, code, sum.count);
      }
      assert.deepEqual(Object.fromEntries(recorded), Object.fromEntries(sent));
    }),
    { numRuns: 60 },
  );
});
