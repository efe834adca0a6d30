import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TargetSource } from '../ports/index.ts';
import { startDns, startSrv } from './dns-sources.ts';
import { last, pass, settle, type Surroundings, surroundings } from './fake-names.test.ts';
import type { SourceOf } from './source.ts';

const DNS: SourceOf<'dns'> = {
  kind: 'dns',
  name: 'orders.internal',
  port: 8080,
  family: 'any',
  resolver: '10.0.0.2:53',
  allowed: [],
};
const SRV: SourceOf<'srv'> = {
  kind: 'srv',
  name: '_http._tcp.x.internal',
  family: 'ipv4',
  resolver: '10.0.0.2:53',
  allowed: [],
};

function begun(
  t: { after(done: () => void): void },
  source: Extract<TargetSource, { kind: 'dns' | 'srv' }>,
  around: Surroundings,
): void {
  t.after(source.kind === 'dns' ? startDns(source, around, around) : startSrv(source, around, around));
}

test('all addresses of a name are targets with the port that is said', async (t) => {
  const around = surroundings();
  around.names.say('A', 'orders.internal', ['10.0.0.1', '10.0.0.2']);
  around.names.say('AAAA', 'orders.internal', ['fd00::1']);
  begun(t, DNS, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.1:8080', '10.0.0.2:8080', 'fd00::1:8080']);
});

test('one kind of addresses alone is asked for where that is wanted', async (t) => {
  const around = surroundings();
  around.names.say('A', 'orders.internal', ['10.0.0.1']);
  around.names.say('AAAA', 'orders.internal', ['fd00::1']);
  begun(t, { ...DNS, family: 'ipv6' }, around);
  await settle();
  assert.deepEqual(last(around), ['fd00::1:8080']);
  assert.deepEqual(around.names.asked, ['udp AAAA orders.internal of 10.0.0.2']);
});

test('a name is asked for again when its time to live ends: not before, and within a floor and a ceiling', async (t) => {
  for (const [ttl, waitMs] of [
    [30, 30_000],
    [0, 1_000],
    [86_400, 300_000],
  ] as const) {
    const around = surroundings();
    around.names.ttl = ttl;
    around.names.say('A', 'orders.internal', ['10.0.0.1']);
    begun(t, { ...DNS, family: 'ipv4' }, around);
    await settle();
    await pass(around.clock, waitMs - 1);
    assert.equal(around.names.asked.length, 1, `${ttl}`);
    await pass(around.clock, 1);
    assert.equal(around.names.asked.length, 2, `${ttl}`);
  }
});

test('an AAAA that fails takes nothing away, and what it had before stays', async (t) => {
  const around = surroundings();
  around.names.say('A', 'orders.internal', ['10.0.0.1']);
  around.names.say('AAAA', 'orders.internal', 'SERVFAIL');
  begun(t, DNS, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.1:8080']);
  around.names.say('AAAA', 'orders.internal', ['fd00::1']);
  await pass(around.clock, 10_000);
  assert.deepEqual(last(around), ['10.0.0.1:8080', 'fd00::1:8080'], 'it was asked for again soon');
  around.names.say('AAAA', 'orders.internal', 'silence');
  around.names.say('A', 'orders.internal', ['10.0.0.2']);
  await pass(around.clock, 30_000);
  assert.deepEqual(last(around), ['10.0.0.2:8080', 'fd00::1:8080']);
});

test('nobody answering is a failure, and is asked again after 1, 2, 4 … 30 seconds', async (t) => {
  const around = surroundings();
  around.names.say('A', 'orders.internal', 'silence');
  begun(t, { ...DNS, family: 'ipv4' }, around);
  await settle();
  assert.equal(last(around), 'A orders.internal of 10.0.0.2 port 53: no reply');
  const gaps: number[] = [];
  for (let seen = around.told.length, ms = 0; gaps.length < 8; ms += 100) {
    around.clock.advance(100);
    await settle();
    if (around.told.length === seen) continue;
    seen = around.told.length;
    gaps.push(ms);
    ms = 0;
  }
  for (const [at, base] of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000].entries()) {
    const gap = gaps[at] ?? 0;
    assert.ok(gap >= base * 0.8 - 200 && gap <= base * 1.2 + 200, `${at}: ${gap}`);
  }
});

test('no such name is nothing found, and no failure', async (t) => {
  const around = surroundings();
  begun(t, DNS, around);
  await settle();
  assert.deepEqual(last(around), []);
});

test('the next server is asked where one can not say, and all of them twice', async (t) => {
  const around = surroundings();
  around.disk.set('/etc/resolv.conf', 'nameserver 10.0.0.3\nnameserver 10.0.0.4\n');
  around.names.say('A', 'orders.internal', ['10.0.0.1']);
  around.names.alive.add('10.0.0.4');
  begun(t, { ...DNS, family: 'ipv4', resolver: null }, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.1:8080']);
  assert.deepEqual(around.names.asked, ['udp A orders.internal of 10.0.0.3', 'udp A orders.internal of 10.0.0.4']);
  around.names.alive.clear();
  around.names.alive.add('nobody');
  await pass(around.clock, 30_000);
  assert.equal(around.names.asked.length, 6);
});

test('endings are searched for a short name, and not beyond a name of which nobody can say', async (t) => {
  const around = surroundings();
  around.disk.set('/etc/resolv.conf', 'nameserver 10.0.0.3\nsearch shop.local local\noptions ndots:2 attempts:1\n');
  around.names.say('A', 'orders.internal.local', ['10.0.0.1']);
  begun(t, { ...DNS, family: 'ipv4', resolver: null }, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.1:8080']);
  around.names.say('A', 'orders.internal.shop.local', 'SERVFAIL');
  await pass(around.clock, 30_000);
  assert.match(String(last(around)), /orders\.internal\.shop\.local.*SERVFAIL/, 'and not what the next ending has');
});

test('aliases are followed over several replies, a bounded number of them', async (t) => {
  const around = surroundings();
  around.names.say('CNAME', 'orders.internal', ['b.internal']);
  around.names.say('CNAME', 'b.internal', ['c.internal']);
  around.names.say('A', 'c.internal', ['10.0.0.1']);
  begun(t, { ...DNS, family: 'ipv4' }, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.1:8080']);
  around.names.say('CNAME', 'c.internal', ['orders.internal']);
  around.names.say('A', 'c.internal', null);
  await pass(around.clock, 30_000);
  assert.equal(last(around), 'the aliases of orders.internal go on for too long');
});

test('a reply that does not fit comes over TCP', async (t) => {
  const around = surroundings();
  const many = Array.from({ length: 200 }, (_, at) => `10.0.1.${at}`);
  around.names.say('A', 'orders.internal', many);
  begun(t, { ...DNS, family: 'ipv4' }, around);
  await settle();
  assert.equal(last(around)?.length, 200);
  assert.deepEqual(around.names.asked, ['udp A orders.internal of 10.0.0.2', 'tcp A orders.internal of 10.0.0.2']);
});

test('services give ports and weights, and their hosts addresses', async (t) => {
  const around = surroundings();
  around.names.say('SRV', SRV.name, [
    { priority: 1, weight: 3, port: 8001, target: 'a.internal' },
    { priority: 1, weight: 0, port: 8002, target: 'b.internal' },
    { priority: 2, weight: 9, port: 8003, target: 'c.internal' },
    { priority: 1, weight: 9, port: 0, target: 'a.internal' },
  ]);
  around.names.say('A', 'a.internal', ['10.0.0.1', '10.0.0.2']);
  around.names.say('A', 'b.internal', ['10.0.0.3']);
  around.names.say('A', 'c.internal', ['10.0.0.4']);
  begun(t, SRV, around);
  await settle();
  assert.deepEqual(around.told, [
    {
      targets: [
        { host: '10.0.0.1', port: 8001, weight: 3 },
        { host: '10.0.0.2', port: 8001, weight: 3 },
        { host: '10.0.0.3', port: 8002, weight: 1 },
      ],
      notes: [],
      againMs: 30_000,
    },
  ]);
});

test('of one service 256 hosts are looked up, those of the lowest priorities', async (t) => {
  const around = surroundings();
  around.names.fitsBytes = 65_535;
  const hosts = Array.from({ length: 300 }, (_, at) => ({
    priority: 300 - at,
    weight: 1,
    port: 1,
    target: `h${at}.x`,
  }));
  around.names.say('SRV', SRV.name, hosts);
  around.names.say('A', 'h44.x', ['10.0.0.44']);
  around.names.say('A', 'h43.x', ['10.0.0.43']);
  begun(t, SRV, around);
  await settle(300);
  assert.deepEqual(last(around), ['10.0.0.44:1']);
  const [told] = around.told;
  assert.deepEqual(typeof told === 'object' && told.notes, ['44 more hosts than the 256 that are looked up']);
  assert.equal(around.names.asked.length, 257);
});

test('the next priority is gone over to where the first has no addresses, and not where nobody can say', async (t) => {
  const around = surroundings();
  around.names.say('SRV', SRV.name, [
    { priority: 1, weight: 1, port: 1, target: 'a.internal' },
    { priority: 2, weight: 1, port: 2, target: 'b.internal' },
  ]);
  around.names.say('A', 'b.internal', ['10.0.0.2']);
  begun(t, SRV, around);
  await settle();
  assert.deepEqual(last(around), ['10.0.0.2:2']);
  around.names.say('A', 'a.internal', 'SERVFAIL');
  await pass(around.clock, 30_000);
  assert.match(String(last(around)), /a\.internal.*SERVFAIL/);
});

test('a host of a service that fails keeps what it had', async (t) => {
  const around = surroundings();
  around.names.say('SRV', SRV.name, [
    { priority: 1, weight: 1, port: 1, target: 'a.internal' },
    { priority: 1, weight: 1, port: 2, target: 'b.internal' },
  ]);
  around.names.say('A', 'a.internal', ['10.0.0.1']);
  around.names.say('A', 'b.internal', ['10.0.0.2']);
  begun(t, SRV, around);
  await settle();
  around.names.say('A', 'a.internal', 'silence');
  around.names.say('A', 'b.internal', ['10.0.0.3']);
  await pass(around.clock, 30_000);
  assert.deepEqual(last(around), ['10.0.0.1:1', '10.0.0.3:2']);
});

test('a service that says it is not there has no targets', async (t) => {
  const around = surroundings();
  around.names.say('SRV', SRV.name, [{ priority: 0, weight: 0, port: 0, target: '.' }]);
  begun(t, SRV, around);
  await settle();
  assert.deepEqual(last(around), []);
});

test('nothing is asked or told behind its end', async () => {
  const around = surroundings();
  around.names.say('A', 'orders.internal', ['10.0.0.1']);
  const stop = startDns(DNS, around, around);
  stop();
  await pass(around.clock, 600_000);
  assert.deepEqual(around.told, []);
  assert.ok(around.names.asked.length <= 2);
});

test('all hosts of a service failing is a failure of the service', async (t) => {
  const around = surroundings();
  around.names.say('SRV', SRV.name, [{ priority: 1, weight: 1, port: 1, target: 'a.internal' }]);
  around.names.say('A', 'a.internal', ['10.0.0.1']);
  begun(t, SRV, around);
  await settle();
  around.names.say('A', 'a.internal', 'silence');
  await pass(around.clock, 30_000);
  assert.match(String(last(around)), /a\.internal.*no reply/);
});
