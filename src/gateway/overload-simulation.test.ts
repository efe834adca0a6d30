import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Priority } from '../config/compiled.ts';
import { Overload } from './overload.ts';

/** What a request and a refusal cost the thread. */
const SERVED_MS = 0.25;
const REFUSED_MS = 0.04;
/** A client that gets no answer for so long goes away: its reply is work for nothing. */
const PATIENCE_MS = 1_000;
/** What of the sockets that can be read one turn of the loop takes. */
const TURN_REQUESTS = 1_024;
const CLIENTS = 5_000;
const PRIORITIES: readonly Priority[] = ['low', 'normal', 'high'];

interface Client {
  readonly priority: Priority;
  /** When it asks next, and when it asked what is not answered. */
  nextMs: number;
  askedMs: number | null;
  hushedUntilMs: number;
}

/** A generator that gives the same numbers each time (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * One thread in virtual time: in each turn of its loop it looks at its timer, then serves what can be read, oldest first.
 * Clients ask at a pace of their own, and the next time only when they are answered.
 */
function simulate(load: number, { sheds, seconds }: { readonly sheds: boolean; readonly seconds: number }) {
  const chance = numbers(7);
  let nowMs = 0;
  let workedMs = 0;
  let judgedAtMs = 0;
  let tick = (): void => {};
  const overload = new Overload({
    clock: { monotonic: () => nowMs, every: (_periodMs, callback) => ((tick = callback), { cancel() {} }) },
    utilization: () => {
      const share = Math.min(1, workedMs / (nowMs - judgedAtMs));
      [workedMs, judgedAtMs] = [0, nowMs];
      return share;
    },
    chance,
    inFlightLimit: 8_192,
  });
  overload.start();
  const periodMs = (CLIENTS * SERVED_MS) / load;
  const clients = Array.from({ length: CLIENTS }, (_, at): Client => {
    const priority = PRIORITIES[at % 3] as Priority;
    return { priority, nextMs: chance() * periodMs, askedMs: null, hushedUntilMs: 0 };
  });
  const good = { low: 0, normal: 0, high: 0 };
  const refused = { low: 0, normal: 0, high: 0 };
  const offered = { low: 0, normal: 0, high: 0 };
  const settledMs = (seconds * 1_000) / 2;
  const serve = (client: Client): void => {
    const counted = nowMs >= settledMs;
    if (counted) offered[client.priority]++;
    const shed = sheds && overload.sheds(client.priority, 0, 0);
    nowMs += shed ? REFUSED_MS : SERVED_MS;
    workedMs += shed ? REFUSED_MS : SERVED_MS;
    if (shed) client.hushedUntilMs = nowMs + overload.hushMs();
    if (counted && shed) refused[client.priority]++;
    else if (counted && nowMs - (client.askedMs as number) < PATIENCE_MS) good[client.priority]++;
    client.askedMs = null;
  };
  let tickAtMs = 20;
  while (nowMs < seconds * 1_000) {
    if (nowMs >= tickAtMs) {
      tick();
      tickAtMs = nowMs + 20;
    }
    for (const client of clients) {
      if (client.nextMs > nowMs) continue;
      client.askedMs ??= client.nextMs;
      client.nextMs += periodMs * Math.ceil((nowMs - client.nextMs) / periodMs || 1);
    }
    const ready = clients.filter(({ askedMs, hushedUntilMs }) => askedMs !== null && hushedUntilMs <= nowMs);
    ready.sort((one, other) => (one.askedMs as number) - (other.askedMs as number));
    for (const client of ready.slice(0, TURN_REQUESTS)) serve(client);
    nowMs += 0.05;
  }
  const served = good.low + good.normal + good.high;
  return { perSecond: served / (seconds / 2), good, refused, offered, level: overload.level };
}

const BEST_PER_SECOND = 1_000 / SERVED_MS;
const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);

test('what a thread can serve is served, all of it', () => {
  const { perSecond, refused, level } = simulate(0.9, { sheds: true, seconds: 10 });
  assert.deepEqual([refused, level], [{ low: 0, normal: 0, high: 0 }, 0]);
  assert.ok(perSecond > 0.88 * BEST_PER_SECOND);
});

test('however much more is asked of it, four fifths of its best are served in time: high all, normal before low', () => {
  for (const load of [1.2, 1.5, 2, 3, 5]) {
    const { perSecond, refused, offered } = simulate(load, { sheds: true, seconds: 10 });
    assert.ok(perSecond >= 0.8 * BEST_PER_SECOND, `${perSecond} a second at ${load}`);
    const [low, normal] = [share(refused.low, offered.low), share(refused.normal, offered.normal)];
    assert.equal(refused.high, 0);
    assert.ok(low > 0 && low >= normal, `${low} and ${normal} at ${load}`);
    if (normal > 0) assert.ok(low > 0.95, `${low} of low while normal is refused, at ${load}`);
  }
});

test('without that hardly anything would be served in time', () => {
  const { perSecond } = simulate(3, { sheds: false, seconds: 10 });
  assert.ok(perSecond < 0.2 * BEST_PER_SECOND, `${perSecond}`);
});
