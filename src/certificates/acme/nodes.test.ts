import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificates, Egress, Store } from '../../ports/index.ts';
import { chooseCertificate } from '../choose.ts';
import { rest, valueOf } from '../fake-ports.test.ts';
import { type AcmeKeeper, openAcmeCertificates } from './acme-certificates.ts';
import { acmeFixture, passUntil } from './fake-authority.test.ts';
import { ACME_NODES } from './records.ts';

const fallback: Certificates = { current: () => [], localCaPem: () => 'CA', onChange: () => () => {} };
const HOUR_MS = 3_600_000;

type Fixture = ReturnType<typeof acmeFixture>;

/** One of the nodes that share a store. */
interface Node extends Life {
  readonly keeper: AcmeKeeper;
}

/** Dead, it hears nothing and writes nothing. */
interface Life {
  dead: boolean;
  /** It dies when the CA has answered it this often. */
  answers: number;
  /** What it asked last. */
  asked: string;
}

async function start(
  fixture: Fixture,
  names: readonly string[],
  life: Life,
  asked: readonly string[] = [fixture.ca.directory],
): Promise<Node> {
  const { ports } = fixture;
  const egress: Egress = {
    call: async (request) => {
      if (!life.dead) life.asked = request.url;
      const reply = life.dead ? null : await ports.egress.call(request);
      life.answers -= 1;
      if (life.answers === 0) life.dead = true;
      return reply === null || life.dead ? await new Promise(() => {}) : reply;
    },
  };
  const alive = (): void => {
    if (life.dead) throw new Error('dead');
  };
  const store: Store = {
    collection: (declaration) => {
      alive();
      return ports.store.collection(declaration);
    },
    transaction: async (work) => {
      alive();
      return await ports.store.transaction(work);
    },
    close: () => Promise.resolve(),
  };
  const authorities = asked.map((directory) => ({ directory, externalAccount: null, caPem: null }));
  const settings = {
    email: 'o@a.example',
    authorities,
    profile: null,
    challenges: ['dns-01'],
    settleMs: 0,
    names: null,
  } as const;
  const options = { settings, names, fallback, ports: { ...ports, egress, store, isShared: true }, changed: () => {} };
  const keeper = valueOf(await openAcmeCertificates(options));
  keeper.begin();
  return Object.assign(life, { keeper });
}

function immortal(): Life {
  return { dead: false, answers: 0, asked: '' };
}

function served({ keeper }: Node, host: string): string | undefined {
  return chooseCertificate(keeper.current(), host)?.chainPem;
}

test('of two nodes one orders, and both serve what it has obtained within a minute, over renewals too', async () => {
  const fixture = acmeFixture();
  fixture.ca.lifeMs = 12 * HOUR_MS;
  const names = ['a.acme.example', 'b.acme.example'];
  const nodes = await Promise.all([start(fixture, names, immortal()), start(fixture, names, immortal())]);
  const allServed = (): boolean => nodes.every((node) => names.every((name) => served(node, name) !== undefined));
  await passUntil(fixture.clock, allServed);
  assert.equal(fixture.ca.orders.length, 2);
  const endMs = fixture.clock.now() + 8 * HOUR_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() > endMs, 60_000);
  await passUntil(fixture.clock, () =>
    names.every((name) => served(nodes[0] as Node, name) === served(nodes[1] as Node, name)),
  );
  assert.equal(fixture.ca.orders.length, 4);
  assert.equal(fixture.ca.accounts.length, 1);
  assert.deepEqual(fixture.alerts, []);
  for (const { keeper } of nodes) keeper.close();
});

test('wherever the node that orders dies, another goes on with its order, and one certificate is issued', async () => {
  const fixture = acmeFixture();
  let other = await start(fixture, [], immortal());
  for (let round = 1; round <= 16; round++) {
    const name = `h${round}.acme.example`;
    const before = fixture.ca.orders.length;
    const mortal = await start(fixture, [name], { dead: false, answers: round, asked: '' });
    await passUntil(fixture.clock, () => mortal.dead || served(mortal, name) !== undefined, 100);
    valueOf(await other.keeper.setNames([name]));
    await passUntil(fixture.clock, () => served(other, name) !== undefined);
    const orders = fixture.ca.orders.slice(before);
    // A CA whose answer to an order was never read has one that nobody knows of.
    const isUnknown = mortal.dead && mortal.asked.endsWith('/new-order');
    assert.equal(orders.length, isUnknown ? 2 : 1, `round ${round}, ${mortal.asked}`);
    assert.equal(orders.filter(({ certificate }) => certificate !== null).length, 1);
    const third = await start(fixture, [name], immortal());
    assert.equal(served(third, name), served(other, name));
    for (const { keeper } of [mortal, other]) keeper.close();
    await rest();
    other = third;
  }
  other.keeper.close();
});

test('after a validation that failed no node asks again before its rest is over', async () => {
  const fixture = acmeFixture();
  fixture.ca.finds = () => false;
  const { run } = fixture.ports.hook ?? assert.fail('there is a hook');
  const hook: typeof fixture.ports.hook = { run: (action, record) => run(action, { ...record, value: 'wrong' }) };
  const crippled = { ...fixture, ports: { ...fixture.ports, hook } };
  const names = ['a.acme.example'];
  const nodes = await Promise.all([start(crippled, names, immortal()), start(crippled, names, immortal())]);
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  const sinceMs = fixture.clock.now();
  await passUntil(fixture.clock, () => fixture.ordered.length === 2, 10_000);
  assert.ok(fixture.clock.now() - sinceMs >= 14 * 60_000);
  for (const { keeper } of nodes) keeper.close();
});

test('a node that can not write to the shared folder orders nothing, and says why', async () => {
  const fixture = acmeFixture();
  fixture.store.fails = true;
  const node = await start(fixture, ['a.acme.example'], immortal());
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.match(fixture.alerts[0]?.message ?? '', /notKept: the shared folder: the disk is full/);
  assert.equal(fixture.ca.orders.length, 0);
  fixture.store.fails = false;
  await passUntil(fixture.clock, () => served(node, 'a.acme.example') !== undefined);
  node.keeper.close();
});

const HOST = 'a.acme.example';

/** Two nodes over one store that ask the first and the second of two CAs, both of which give what is served. */
async function contested() {
  const fixture = acmeFixture(['one.test', 'two.test']);
  const [one, two] = fixture.cas.map(({ directory }) => directory);
  const first = await start(fixture, [HOST], immortal(), [one as string]);
  await passUntil(fixture.clock, () => served(first, HOST) !== undefined);
  const second = await start(fixture, [HOST], immortal(), [two as string]);
  const ordersOf = (): readonly number[] => fixture.cas.map(({ orders }) => orders.length);
  const passHours = async (hours: number): Promise<void> => {
    const endMs = fixture.clock.now() + hours * HOUR_MS;
    await passUntil(fixture.clock, () => fixture.clock.now() >= endMs, 10 * 60_000);
  };
  return { fixture, two: two as string, first, second, ordersOf, passHours };
}

test('nodes that ask different CAs do not order in turn: what one has obtained the other serves, and it is told', async () => {
  const { fixture, first, second, ordersOf, passHours } = await contested();
  await passHours(3);
  assert.deepEqual(ordersOf(), [1, 0]);
  assert.equal(served(second, HOST), served(first, HOST));
  const told = fixture.alerts.filter(({ kind }) => kind === 'certificate.contested');
  assert.match(told[0]?.message ?? '', /https:\/\/(one|two)\.test\/dir is asked by another node and not by this one/);
  assert.deepEqual(
    fixture.alerts.filter(({ kind }) => kind !== 'certificate.contested'),
    [],
  );
  for (const { keeper } of [first, second]) keeper.close();
});

test('what a node serves of a CA that only another asks is looked at now and then, and not each second', async () => {
  const { fixture, first, second, passHours } = await contested();
  await passHours(1);
  const { clock } = fixture;
  const after = clock.after.bind(clock);
  let soon = 0;
  clock.after = (delayMs, callback) => {
    if (delayMs <= 1_000) soon++;
    return after(delayMs, callback);
  };
  const endMs = clock.now() + 600_000;
  await passUntil(clock, () => clock.now() >= endMs);
  assert.equal(soon, 0);
  for (const { keeper } of [first, second]) keeper.close();
});

test('a CA that no node asks any more is given up once, whether its last node said so or died', async () => {
  for (const dies of [false, true]) {
    const { fixture, two, first, second, ordersOf, passHours } = await contested();
    await passHours(1);
    first.dead = dies;
    first.keeper.close();
    await rest();
    assert.equal((await fixture.ports.store.collection(ACME_NODES).query({ limit: 9 })).length, dies ? 2 : 1);
    const third = await start(fixture, [HOST], immortal(), [two]);
    await passHours(2);
    assert.deepEqual(ordersOf(), [1, 1], dies ? 'it died' : 'it said so');
    assert.equal(served(second, HOST), served(third, HOST));
    const before = fixture.alerts.length;
    await passHours(1);
    assert.equal(fixture.alerts.length, before, 'they agree');
    for (const { keeper } of [second, third]) keeper.close();
  }
});

test('a node that is there is heard of behind many that have died, which are forgotten after a day', async () => {
  const { fixture, first, second, ordersOf, passHours } = await contested();
  const nodes = fixture.ports.store.collection(ACME_NODES);
  const dead = Array.from({ length: 100 }, (_, at) => `-${at}`);
  for (const id of dead) await nodes.put(id, { directories: [], seenAtMs: fixture.clock.now() - 22 * HOUR_MS });
  await passHours(3);
  assert.deepEqual(ordersOf(), [1, 0]);
  assert.deepEqual(await Promise.all(dead.map((id) => nodes.get(id))), Array(100).fill(null));
  for (const { keeper } of [first, second]) keeper.close();
});

test('two nodes that begin at once with different CAs have one certificate between them', async () => {
  const fixture = acmeFixture(['one.test', 'two.test']);
  const nodes = await Promise.all(fixture.cas.map(({ directory }) => start(fixture, [HOST], immortal(), [directory])));
  await passUntil(fixture.clock, () => nodes.every((node) => served(node, HOST) !== undefined));
  const endMs = fixture.clock.now() + 3 * HOUR_MS;
  await passUntil(fixture.clock, () => fixture.clock.now() >= endMs, 10 * 60_000);
  assert.equal(
    fixture.cas.reduce((sum, { orders }) => sum + orders.length, 0),
    1,
  );
  for (const { keeper } of nodes) keeper.close();
});
