import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Lease } from '../ports/index.ts';
import { ConnectionGate } from './connection-gate.ts';
import { countedLeases } from './counted-leases.test.ts';

function gateOf(perNetwork: number, exempt: readonly string[] = []) {
  const leases = countedLeases();
  const time = { nowMs: 0 };
  const gate = new ConnectionGate({
    leases,
    perNetwork,
    isExempt: (address) => exempt.includes(address),
    monotonic: () => time.nowMs,
  });
  const enter = (address: string, times = 1) => Array.from({ length: times }, () => gate.enter(address));
  return { gate, leases, time, enter };
}

const many = (text: string, times: number): string[] => Array.from({ length: times }, () => text);

const isLease = (given: ReturnType<ConnectionGate['enter']>): given is Lease => typeof given !== 'string';

test('a network has so many connections and no more, whatever their spelling, until one ends', () => {
  const { gate, enter } = gateOf(4);
  const first = enter('192.0.2.1', 4);
  assert.ok(first.every(isLease));
  assert.deepEqual(enter('192.0.2.1', 2), ['address', 'address']);
  assert.ok(isLease(gate.enter('192.0.2.2')));
  first[0]?.release();
  assert.ok(isLease(gate.enter('192.0.2.1')));
  assert.equal(gate.enter('192.0.2.1'), 'address');
  assert.ok(enter('2001:db8::1', 2).every(isLease));
  assert.ok(enter('2001:db8::ffff', 2).every(isLease));
  assert.equal(gate.enter('2001:DB8:0:0:1::'), 'address');
  assert.ok(isLease(gate.enter('2001:db8:0:1::1')));
});

test('a network opens as many at once as it may have, then half as many a second', () => {
  const { leases, time, enter } = gateOf(256);
  const open = (times: number): string[] =>
    enter('192.0.2.1', times).map((given) => {
      if (typeof given === 'string') return given;
      given.release();
      return 'in';
    });
  assert.deepEqual(open(300), [...many('in', 256), ...many('pace', 44)]);
  time.nowMs = 1_000;
  assert.deepEqual(open(130), [...many('in', 128), 'pace', 'pace']);
  time.nowMs = 60_000;
  assert.deepEqual(open(257), [...many('in', 256), 'pace']);
  assert.equal(leases.held.get('192.0.2.1'), 0);
});

test('a network that may have few connections still opens them as browsers do', () => {
  const { time, enter } = gateOf(1);
  const open = (times: number): unknown[] =>
    enter('192.0.2.1', times).map((given) => (typeof given === 'string' ? given : given.release()));
  assert.equal(open(100).filter((given) => given === 'pace').length, 36);
  time.nowMs = 1_000;
  assert.equal(open(100).filter((given) => given === 'pace').length, 68);
});

test('what one network does costs the others nothing', () => {
  const { gate, enter } = gateOf(8);
  enter('192.0.2.1', 10_000);
  assert.equal(gate.enter('192.0.2.1'), 'pace');
  assert.ok(isLease(gate.enter('192.0.2.2')));
});

test('proxies that are believed are bound by neither, and hold no places', () => {
  const { gate, leases, enter } = gateOf(1, ['10.0.0.1']);
  assert.ok(enter('10.0.0.1', 10_000).every(isLease));
  assert.deepEqual([leases.held.size, gate.networks], [0, 0]);
  assert.ok(isLease(gate.enter('10.0.0.2')));
  assert.equal(gate.enter('10.0.0.2'), 'address');
});

test('networks without end take no memory without end, and those that are known go on', () => {
  const { gate, time } = gateOf(256);
  assert.ok(isLease(gate.enter('192.0.2.1')));
  const at = (number: number): string => `2001:db8:${(number >> 16).toString(16)}:${(number & 0xffff).toString(16)}::1`;
  const refused = Array.from({ length: 20_000 }, (_, number) => gate.enter(at(number))).filter((it) => !isLease(it));
  assert.equal(gate.networks, 16_384);
  assert.deepEqual([refused.length, new Set(refused)], [20_000 - 16_383, new Set(['pace'])]);
  assert.ok(isLease(gate.enter('192.0.2.1')));
  time.nowMs = 50;
  assert.equal(gate.enter(at(20_001)), 'pace');
  time.nowMs = 200;
  assert.ok(isLease(gate.enter(at(20_001))));
  assert.equal(gate.networks, 1);
});

test('whatever comes and goes, no network has more than its share or comes faster than its pace', () => {
  const steps = fc.array(fc.record({ network: fc.nat(2), waitMs: fc.nat(400), leaves: fc.boolean() }), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 100 }), (path, perNetwork) => {
      const { gate, time } = gateOf(perNetwork);
      const held: Lease[][] = [[], [], []];
      const came: number[][] = [[], [], []];
      const perSecond = Math.max(32, perNetwork / 2);
      const burst = Math.max(64, perNetwork);
      for (const { network, waitMs, leaves } of path) {
        time.nowMs += waitMs / 100;
        const own = held[network] as Lease[];
        if (leaves) own.pop()?.release();
        const given = gate.enter(`192.0.2.${network}`);
        if (!isLease(given)) continue;
        own.push(given);
        (came[network] as number[]).push(time.nowMs);
        assert.ok(own.length <= perNetwork);
      }
      for (const times of came)
        for (const [at, from] of times.entries())
          assert.ok(times.length - at <= burst + 1 + (((times.at(-1) as number) - from) / 1_000) * perSecond);
    }),
  );
});
