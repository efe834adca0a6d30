import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Closing, codeOf, startBench, StillClock, until } from './fixture.test.ts';
import { Overload } from './overload.ts';
import { UnderWay } from './under-way.ts';

interface Client {
  readonly address: string;
}

const at = (network: number): Client => ({ address: `192.0.${network >> 8}.${network & 255}` });

/** A thread that may have 160 requests under way, so that 10 of each network count. */
function thread() {
  const clock = new StillClock();
  const under: Client[] = [];
  let counts = 0;
  const underWay = new UnderWay({ clock, limit: 160, clients: () => (counts++, under) });
  const begin = (network: number, count = 1): void => {
    for (let one = 0; one < count; one++) {
      under.push(at(network));
      underWay.began(at(network));
    }
  };
  const seenBy = (network: number): number => underWay.seenBy(at(network), under.length);
  return { clock, under, begin, seenBy, counts: () => counts };
}

test('while little is under way nothing is counted', () => {
  const { begin, seenBy, counts } = thread();
  for (let count = 0; count < 39; count++) {
    assert.equal(seenBy(1), count);
    begin(1);
  }
  assert.equal(counts(), 0);
});

test('a network that is greedy finds the thread full, and others do not', () => {
  const { begin, seenBy } = thread();
  begin(1, 79);
  assert.ok(seenBy(1) < 160);
  begin(1, 1);
  assert.ok(seenBy(1) >= 160);
  assert.equal(seenBy(2), 10);
  for (const network of [2, 3, 4]) while (seenBy(network) < 160) begin(network);
  assert.equal(seenBy(5), 40);
});

test('a crowd of modest networks makes it full for everybody, and beyond the last place nobody finds one', () => {
  const { begin, seenBy, under } = thread();
  for (let network = 0; network < 140; network++) begin(network);
  assert.equal(seenBy(999), 140);
  while (under.length < 160) begin(under.length);
  assert.equal(seenBy(999), 160);
});

test('however many ask, all are counted ten times a second', () => {
  const { begin, seenBy, counts, clock, under } = thread();
  begin(1, 60);
  for (let network = 2; network < 50; network++) {
    seenBy(network);
    begin(network);
    under.pop();
  }
  assert.equal(counts(), 1);
  clock.pass(100);
  under.length = 50;
  assert.equal(seenBy(1), (50 / 109) * 160);
  assert.equal(counts(), 2);
  // Around the number from which it is counted neither: it goes on until there is far less.
  for (let round = 0; round < 10; round++) {
    under.length = 39;
    seenBy(1);
    begin(1, 1);
    seenBy(1);
  }
  assert.equal(counts(), 2);
});

test('nobody ever finds more than all of it by what others do, and who has nothing finds no more than is under way', () => {
  const steps = fc.array(fc.record({ network: fc.nat(30), leave: fc.boolean(), ms: fc.nat(60) }), {
    maxLength: 200,
    size: 'max',
  });
  fc.assert(
    fc.property(steps, (path) => {
      const { begin, seenBy, under, clock } = thread();
      for (const { network, leave, ms } of path) {
        clock.pass(ms);
        if (leave) under.shift();
        else if (seenBy(network) < 160) begin(network, 3);
        assert.ok(seenBy(200) <= under.length);
        assert.ok(under.length < 160 + 3);
      }
    }),
  );
});

/** A gateway whose thread may have twenty requests under way, and whose upstream answers none. */
async function slow(t: Closing) {
  const clock = new StillClock();
  const overload = new Overload({ clock, utilization: () => 0, chance: () => 0.5, inFlightLimit: 20 });
  const bench = await startBench(t, { overload, peers: true });
  bench.upstream.respond = () => {};
  const begin = async (address: string): Promise<string | undefined> => {
    const before = bench.gateway.inFlight;
    const client = bench.client();
    client.send(`GET /a HTTP/1.1\r\nhost: x.example\r\nx-test-peer: ${address}\r\n\r\n`);
    await until(() => bench.gateway.inFlight > before || client.received !== '');
    return bench.gateway.inFlight > before ? undefined : codeOf(await client.reply());
  };
  return { bench, begin };
}

test('one network with slow requests does not have the requests of another one refused', async (t) => {
  const { bench, begin } = await slow(t);
  for (const network of [1, 2, 3]) while ((await begin(`192.0.2.${network}`)) === undefined);
  assert.ok(bench.gateway.inFlight >= 14);
  assert.equal(await begin('198.51.100.1'), undefined);
  assert.equal(await begin('192.0.2.1'), 'gateway-overloaded');
});
