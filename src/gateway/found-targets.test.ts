import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FoundTarget, targetKey, type TableVersion, UPSTREAM_TARGETS } from '../ports/index.ts';
import type { ReplyHead, UpstreamEvents, UpstreamFailure } from '../wire/index.ts';
import { apiText, gatheredOf, portsAt, RawUpstream, snapshotOf, until } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import { UpstreamPools } from './upstream-pools.ts';

const KINDS = kindTable([]);
const CLIENT = { address: '192.0.2.1' };
const UPSTREAM = `{ discover: { file: /t.yaml }, balance: round-robin, retries: 0, health: { slowStart: 0s }`;

/** A caller that keeps how its call ended. */
class Caller implements UpstreamEvents {
  ended: number | string | null = null;
  #status = 0;
  switched(): never {
    throw new Error('nothing was to be upgraded');
  }
  interim(): void {}
  whole(head: ReplyHead): void {
    this.ended = head.status;
  }
  head(head: ReplyHead): void {
    this.#status = head.status;
  }
  pieces(): boolean {
    return true;
  }
  end(): void {
    this.ended = this.#status;
  }
  failed({ code }: UpstreamFailure): void {
    this.ended = code;
  }
  drained(): void {}
}

interface Scene {
  readonly pools: UpstreamPools;
  /** From now on the table says these. */
  find(...upstreams: readonly RawUpstream[]): void;
  call(): Caller;
  /** Calls once and waits for how it ends. */
  ask(): Promise<number | string | null>;
}

function scene(more = '', now: () => number = () => 0): Scene {
  const text = apiText(`${UPSTREAM}${more} }`, []);
  const { apis } = snapshotOf(gatheredOf(text, KINDS), KINDS);
  const source = apis[0]?.upstream.discover?.source;
  assert.ok(source !== undefined);
  let held: TableVersion<unknown> = { declaration: UPSTREAM_TARGETS, version: 0, filledAtMs: 0, rows: new Map() };
  const pools = new UpstreamPools(portsAt(now), undefined, {
    declare() {},
    read: <Row>() => held as TableVersion<Row>,
  });
  const [caller] = pools.forApis(apis);
  assert.ok(caller !== undefined);
  const call = (): Caller => {
    const events = new Caller();
    const request = {
      method: 'GET',
      target: '/',
      authority: '',
      fields: null,
      added: [],
      framing: { kind: 'none' },
      upgrade: null,
      hash: 0,
      toCanary: false,
      deadline: null,
    } as const;
    caller.call({ ...request }, events, CLIENT);
    return events;
  };
  return {
    pools,
    find: (...upstreams) => {
      const targets = upstreams.map(({ port }): FoundTarget => ({ host: '127.0.0.1', port, weight: 1 }));
      // Rows of a version are read anew, so no row is the same object as before.
      held = { ...held, version: held.version + 1, rows: new Map([[targetKey(source), { targets, atMs: 0 }]]) };
      pools.tableReplaced(UPSTREAM_TARGETS.name);
    },
    call,
    ask: async () => {
      const events = call();
      await until(() => events.ended !== null);
      return events.ended;
    },
  };
}

test('without targets requests are refused, and with those that are found they go there', async (t) => {
  const { find, ask } = scene();
  assert.equal(await ask(), 'upstream-unavailable');
  const one = await RawUpstream.start(t);
  find(one);
  assert.equal(await ask(), 200);
  find();
  assert.equal(await ask(), 'upstream-unavailable');
});

test('targets that stay keep their connections, and those that are gone get nothing more and end what they have begun', async (t) => {
  const { find, ask, call } = scene();
  const [one, two, three] = await Promise.all([RawUpstream.start(t), RawUpstream.start(t), RawUpstream.start(t)]);
  find(one, two);
  for (let asked = 0; asked < 4; asked++) assert.equal(await ask(), 200);
  let held: (() => void) | null = null;
  const respond = two.respond;
  two.respond = (...given) => {
    held = () => respond(...given);
  };
  const under = [call(), call()];
  await until(() => held !== null && under.some(({ ended }) => ended === 200));
  find(one, three);
  for (let asked = 0; asked < 6; asked++) assert.equal(await ask(), 200);
  assert.deepEqual([two.requests.length, three.requests.length], [3, 3]);
  (held as (() => void) | null)?.();
  await until(() => under.every(({ ended }) => ended === 200));
  await until(() => two.sockets.size === 0);
  // Two calls at once went to the two targets, over the connections that were there.
  assert.equal(one.connections, 1);
});

test('a table that says the same again changes nothing, and of a source that is gone nothing stays open', async (t) => {
  const { pools, find, ask } = scene();
  const [one, two] = await Promise.all([RawUpstream.start(t), RawUpstream.start(t)]);
  find(one, two);
  for (let asked = 0; asked < 8; asked++) {
    assert.equal(await ask(), 200);
    find(one, two);
  }
  assert.deepEqual([one.requests.length, two.requests.length], [4, 4], 'the turn goes on');
  assert.deepEqual([one.connections, two.connections], [1, 1]);
  pools.retain([]);
  await until(() => one.sockets.size + two.sockets.size === 0);
});

test('a request that finds no target takes no place of those that try out whether an upstream is back', async (t) => {
  let now = 0;
  const breaker = ', breaker: { failurePercent: 50, of: 2, in: 10s, unreachable: 3, open: 5s }';
  const { find, ask } = scene(breaker, () => now);
  const one = await RawUpstream.start(t);
  const { respond } = one;
  one.respond = ({ socket }) => void socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
  find(one);
  assert.deepEqual([await ask(), await ask(), await ask()], [503, 503, 'upstream-circuit-open']);
  now = 5_000;
  find();
  for (let asked = 0; asked < 10; asked++) assert.equal(await ask(), 'upstream-unavailable');
  one.respond = respond;
  find(one);
  for (let asked = 0; asked < 10; asked++) assert.equal(await ask(), 200);
});

test('connections to targets that are found stay where a few more or less are found', async (t) => {
  const { find, ask } = scene();
  const upstreams = await Promise.all([1, 2, 3, 4].map(() => RawUpstream.start(t)));
  const [one] = upstreams as [RawUpstream];
  for (const count of [1, 2, 4, 1]) {
    find(...upstreams.slice(0, count));
    for (let asked = 0; asked < count; asked++) assert.equal(await ask(), 200);
  }
  assert.equal(one.connections, 1);
});
