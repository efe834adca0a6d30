import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '../base/index.ts';
import {
  type AskedOperation,
  ASKED_OPERATIONS,
  deny,
  type Exchange,
  PASS,
  READS_NOTHING,
  type Slot,
  type Stage,
  type Steps,
  type Verdict,
} from '../policy/index.ts';
import { askedWords, childrenStep, judgeChildrenAgain } from './children.ts';
import { makePlan } from './plan.ts';
import type { CompiledOperation } from './snapshot.ts';

type Said = Verdict | Promise<Verdict>;

/** An operation whose steps note that they ran, and say what they are told to. */
function childOf(name: string, said: Partial<Record<Stage, () => Said>>, ran: string[]): CompiledOperation {
  const steps = Object.fromEntries(
    Object.entries(said).map(([stage, say]) => [
      stage,
      {
        reads: READS_NOTHING,
        run: ({ operation }: Exchange) => {
          ran.push(`${operation.name} ${stage}`);
          return say();
        },
      },
    ]),
  ) as Steps;
  const plan = makePlan(name, [{ policy: 'shop/test', path: 'apis.shop', steps, observed: false }], false);
  assert.ok(plan.ok);
  return { operation: { name }, plan: () => ok(plan.value) } as unknown as CompiledOperation;
}

function exchangeOf(asked: readonly AskedOperation[] | null): Exchange {
  const value = { value: asked };
  return {
    slot: <T>(slot: Slot<T>): unknown => (slot === (ASKED_OPERATIONS as unknown) ? value : assert.fail('another slot')),
  } as unknown as Exchange;
}

type Told = Readonly<Record<string, Partial<Record<Stage, () => Said>>>>;

async function judged(told: Told, asked: readonly AskedOperation[] | null, again = false) {
  const ran: string[] = [];
  const children = new Map(Object.entries(told).map(([name, said]) => [name, childOf(name, said, ran)]));
  const exchange = exchangeOf(asked);
  const run = async (): Promise<unknown> =>
    again
      ? await judgeChildrenAgain(exchange, asked ?? [], children)
      : await childrenStep('shop/operations', children).step.run(exchange, undefined as never);
  return { verdict: await run(), ran };
}

const pass = (): Said => PASS;
const later = (): Said => Promise.resolve(PASS);
const no = (): Said => deny({ code: 'forbidden' }, 'needs x');
const twice: readonly AskedOperation[] = [
  { name: 'A', count: 2 },
  { name: 'B', count: 1 },
];

test('all must be allowed before anything is counted, each time counts, and what is decided comes last', async () => {
  const both = { authorize: pass, limit: later, admit: pass, decide: later };
  const { verdict, ran } = await judged({ A: both, B: both }, twice);
  assert.equal((verdict as Verdict).kind, 'pass');
  const counted = ['A admit', 'A admit', 'A limit', 'A limit', 'B admit', 'B limit'];
  assert.deepEqual(ran, ['A authorize', 'B authorize', ...counted, 'A decide', 'B decide']);
});

test('a refusal names the operation and whose policy it was, and nothing behind it runs', async () => {
  for (const say of [no, () => Promise.resolve(no() as Verdict)]) {
    const { verdict, ran } = await judged({ A: { authorize: pass, limit: pass }, B: { authorize: say } }, twice);
    const refusal = { kind: 'deny', problem: { code: 'forbidden' }, rule: 'B: needs x', policy: 'shop/test' };
    assert.deepEqual(verdict, refusal);
    assert.deepEqual(ran, ['A authorize', 'B authorize']);
  }
});

test('a limit that is reached by the second time refuses it', async () => {
  let left = 1;
  const { verdict } = await judged({ A: { limit: () => (left-- > 0 ? later() : no()) }, B: {} }, twice);
  assert.equal((verdict as Verdict).kind, 'deny');
});

test('nothing passes of which nobody said what it asks for, that asks for what there is not, or gets no clear verdict', async () => {
  await assert.rejects(judged({ A: {} }, null), /nobody said/);
  await assert.rejects(judged({ A: {} }, [{ name: 'B', count: 1 }]), /an operation that there is not/);
  for (const said of [{ kind: 'wait', untilMs: 1 }, { kind: 'reply', response: {} }, { kind: 'identified' }]) {
    await assert.rejects(
      judged({ A: { authorize: () => said as Verdict } }, [{ name: 'A', count: 1 }]),
      /no clear verdict/,
    );
  }
  await assert.rejects(
    judged({ A: { authorize: () => assert.fail('it threw') } }, [{ name: 'A', count: 1 }]),
    /it threw/,
  );
});

test('of what has long begun only who may do it is asked', async () => {
  const all = { authorize: pass, limit: no, decide: no };
  assert.deepEqual((await judged({ A: all, B: all }, twice, true)).ran, ['A authorize', 'B authorize']);
  assert.equal(((await judged({ A: all, B: { authorize: no } }, twice, true)).verdict as Verdict).kind, 'deny');
});

test('records say what was asked for, bounded', () => {
  assert.equal(askedWords(exchangeOf(null)), null);
  assert.equal(askedWords(exchangeOf(twice)), 'A x2, B');
  const many = Array.from({ length: 500 }, (_, at) => ({ name: `Query.field${at}`, count: 1 }));
  assert.equal(askedWords(exchangeOf(many))?.length, 201);
});
