import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { errorIssue, type Issue } from '../base/index.ts';
import type { Gathered, GatheredParcel } from '../config/index.ts';
import type { ListenPlan, OpenPorts, ThreadStatus } from '../gateway/index.ts';
import type { Alert, CertificateMaterial, SharedTable } from '../ports/index.ts';
import { ThreadGroup } from './thread-group.ts';
import type { Member, MemberEvents, PortFault, ThreadLoss, ThreadPlace } from './thread-member.ts';

const PLAN: ListenPlan = {
  host: '127.0.0.1',
  httpsPort: 0,
  http: { port: 0, mode: 'redirect' },
  reusePort: false,
  maxConnections: 100,
  connectionsPerAddress: 100,
  proxyProtocol: [],
  egress: null,
};

/** What all threads of a group do, unless one is told otherwise. */
interface Behaviour {
  prepare: (parcel: GatheredParcel) => Promise<readonly Issue[]> | readonly Issue[];
  install: (revision: number) => Promise<'installed' | 'refused' | 'silent'> | 'installed' | 'refused' | 'silent';
  listen: (plan: ListenPlan) => Promise<OpenPorts | PortFault> | OpenPorts | PortFault;
}

/** A thread that does what it is told, and notes it. */
class FakeMember implements Member {
  readonly place: ThreadPlace;
  readonly events: MemberEvents;
  readonly told: string[] = [];
  readonly does: Behaviour;
  revision: number | null = null;
  plan: ListenPlan | null = null;
  ended: ThreadLoss | 'drained' | null = null;
  /** It was asked to end its last requests, and is lost for this when it has. */
  retiredFor: ThreadLoss | null = null;

  constructor(place: ThreadPlace, events: MemberEvents, does: Behaviour) {
    this.place = place;
    this.events = events;
    this.does = { ...does };
  }

  useCertificates(_materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void {
    this.told.push(`certificates, tickets ${ticketKeys[0]}`);
  }

  useTicketKeys(ticketKeys: Uint8Array): void {
    this.told.push(`tickets ${ticketKeys[0]}`);
  }

  announce(subject: string): void {
    this.told.push(`announced ${subject}`);
  }

  useTable({ declaration, version }: SharedTable): void {
    this.told.push(`table ${declaration.name} ${version}`);
    if (this.ended === null) this.events.tableTaken(declaration.name, version);
  }

  async prepare(parcel: GatheredParcel): Promise<readonly Issue[]> {
    this.told.push(`prepare ${parcel.revision}`);
    const issues = await this.does.prepare(parcel);
    return this.ended === null ? issues : [errorIssue('', 'it did not prepare')];
  }

  async install(revision: number): Promise<'installed' | 'refused' | 'silent'> {
    this.told.push(`install ${revision}`);
    const answer = await this.does.install(revision);
    if (this.ended !== null) return 'silent';
    if (answer === 'installed') this.revision = revision;
    return answer;
  }

  async listen(plan: ListenPlan): Promise<OpenPorts | PortFault> {
    this.told.push('listen');
    const answer = await this.does.listen(plan);
    if (!('code' in answer)) this.plan = plan;
    return this.ended === null ? answer : { code: 'no answer', port: 0 };
  }

  status(): Promise<ThreadStatus | null> {
    const status = { connections: 0, inFlight: 0, livingSnapshots: 1, newestRecords: [], upstreams: [] };
    return Promise.resolve(this.ended === null ? { ...status, revision: this.revision } : null);
  }

  drain(): Promise<void> {
    this.ended = 'drained';
    return Promise.resolve();
  }

  retire(graceMs: number, loss: ThreadLoss): Promise<void> {
    this.told.push(`retire ${graceMs}`);
    this.retiredFor = loss;
    return Promise.resolve();
  }

  end(loss: ThreadLoss): void {
    this.die(loss);
  }

  /** It ends, as the group hears of it. */
  die(loss: ThreadLoss): void {
    if (this.ended !== null) return;
    this.ended = loss;
    this.events.lost(loss);
  }
}

const CRASH: ThreadLoss = { reason: 'exception', detail: 'Error: boom' };

function openGroup(threads: number) {
  const clock = createVirtualClock();
  const members: FakeMember[] = [];
  const alerts: Alert[] = [];
  const replaced: string[] = [];
  const lost: string[] = [];
  const world = { taken: new Set<number>(), startable: true };
  const does: Behaviour = {
    prepare: () => [],
    install: () => 'installed',
    listen: (plan) => ({ https: plan.httpsPort === 0 ? 4_430 : plan.httpsPort, http: 8_000 }),
  };
  const group = new ThreadGroup({
    threads,
    ticketKeys: Uint8Array.of(1),
    clock,
    log: { write() {} },
    alerts: { raise: (alert) => void alerts.push(alert) },
    portIsFree: (port) => Promise.resolve(!world.taken.has(port)),
    replaced: (reason) => void replaced.push(reason),
    serving() {},
    lost: (reason) => void lost.push(reason),
    start: (place, events) => {
      if (!world.startable) throw new Error('no more threads');
      const member = new FakeMember(place, events, does);
      members.push(member);
      return member;
    },
  });
  /** Lets what is under way go on as far as it can, then time pass. */
  const pass = async (ms: number): Promise<void> => {
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    clock.advance(ms);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
  };
  return { group, clock, members, alerts, replaced, lost, does, world, pass };
}

type Opened = ReturnType<typeof openGroup>;

/** What a group asks of gathered data is little. */
function gathered(revision: number): Gathered {
  return {
    ...{ revision, hash: '', text: '', config: { apis: [] } as never, warnings: [], places: {} },
    ...{ documents: {}, descriptions: {}, files: {}, secrets: {} },
  } as never;
}

async function serve(opened: Opened, revision = 1): Promise<void> {
  assert.deepEqual(await opened.group.prepare(gathered(revision)), []);
  assert.equal(await opened.group.install(revision), true);
  assert.deepEqual(await opened.group.listen(PLAN), { https: 4_430, http: 8_000 });
}

const living = ({ members }: Opened): readonly FakeMember[] => members.filter(({ ended }) => ended === null);
const revisions = (opened: Opened): readonly (number | null)[] => living(opened).map(({ revision }) => revision);

test('all threads prepare, then all install, then all listen on the ports that the first got, with their share of connections', async () => {
  const opened = openGroup(3);
  await serve(opened);
  assert.deepEqual(revisions(opened), [1, 1, 1]);
  assert.deepEqual(
    opened.members.map(({ plan }) => [plan?.httpsPort, plan?.http?.port, plan?.reusePort, plan?.maxConnections]),
    [
      [0, 0, true, 33],
      [4_430, 8_000, true, 33],
      [4_430, 8_000, true, 33],
    ],
  );
  assert.equal(opened.group.serving, 3);
  const single = openGroup(1);
  await serve(single);
  assert.equal(single.members[0]?.plan?.reusePort, false);
  assert.equal(single.members[0]?.plan?.maxConnections, 100);
});

test('a port that another program has is not shared with it', async () => {
  const opened = openGroup(2);
  opened.world.taken.add(8_443);
  await opened.group.prepare(gathered(1));
  await opened.group.install(1);
  assert.deepEqual(await opened.group.listen({ ...PLAN, httpsPort: 8_443 }), { code: 'EADDRINUSE', port: 8_443 });
  assert.ok(opened.members.every(({ told }) => !told.includes('listen')));
});

test('when one thread finds something wrong nobody installs, and what several find is told once', async () => {
  const opened = openGroup(3);
  await serve(opened);
  const issue = errorIssue('apis.a', 'wrong');
  for (const member of opened.members.slice(1)) member.does.prepare = () => [issue];
  assert.deepEqual(await opened.group.prepare(gathered(2)), [issue]);
  assert.equal(await opened.group.install(2), false);
  assert.deepEqual(revisions(opened), [1, 1, 1]);
  assert.ok(opened.members.every(({ told }) => !told.includes('install 2')));
});

test('a thread that is lost while it prepares keeps all on what is in force', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const stuck = opened.members[1] as FakeMember;
  stuck.does.prepare = () => {
    stuck.die({ reason: 'silent', detail: 'silent' });
    return [];
  };
  assert.equal((await opened.group.prepare(gathered(2))).length, 1);
  assert.equal(await opened.group.install(2), false);
  await opened.pass(0);
  assert.deepEqual(revisions(opened), [1, 1]);
});

test('a thread that does not install what others did is ended and replaced at the new revision', async () => {
  for (const answer of ['refused', 'silent'] as const) {
    const opened = openGroup(3);
    await serve(opened);
    const [, odd] = opened.members;
    if (odd === undefined) assert.fail();
    odd.does.install = () => answer;
    await opened.group.prepare(gathered(2));
    assert.equal(await opened.group.install(2), true);
    assert.equal(typeof odd.ended === 'object' ? odd.ended?.reason : null, 'swap');
    await opened.pass(0);
    assert.deepEqual(revisions(opened), [2, 2, 2]);
    assert.deepEqual(opened.replaced, ['swap']);
  }
});

test('where nobody installs the old one stays, and who did not answer is replaced at that', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const [refusing, silent] = opened.members;
  if (refusing === undefined || silent === undefined) assert.fail();
  refusing.does.install = () => 'refused';
  silent.does.install = () => 'silent';
  await opened.group.prepare(gathered(2));
  assert.equal(await opened.group.install(2), false);
  await opened.pass(0);
  assert.deepEqual(revisions(opened), [1, 1]);
  assert.equal(refusing.ended, null);
  assert.notEqual(silent.ended, null);
});

test('a new ticket key goes to all threads at once, and to those that come later with the certificates', async () => {
  const opened = openGroup(2);
  opened.group.useCertificates([]);
  await serve(opened);
  opened.group.useTicketKeys(Uint8Array.of(2));
  assert.deepEqual(
    opened.members.map(({ told }) => told.at(-1)),
    ['tickets 2', 'tickets 2'],
  );
  opened.members[0]?.die(CRASH);
  await opened.pass(0);
  assert.equal(opened.members[2]?.told[0], 'certificates, tickets 2');
});

test('a replacement gets certificates and tables before its Snapshot, listens where the others do, and serves last', async () => {
  const opened = openGroup(2);
  opened.group.useCertificates([]);
  const declaration = { name: 'keys', rowLimit: 9, staleAfterMs: 1, whenStale: 'serve' } as const;
  const memory = new SharedArrayBuffer(0);
  opened.group.useTable({ declaration, version: 1, filledAtMs: 5, memory });
  await serve(opened);
  opened.group.useTable({ declaration, version: 2, filledAtMs: 6, memory });
  opened.members[0]?.die(CRASH);
  assert.equal(opened.group.serving, 1);
  await opened.pass(0);
  const next = opened.members[2];
  assert.deepEqual(next?.told, ['certificates, tickets 1', 'table keys 2', 'prepare 1', 'install 1', 'listen']);
  assert.deepEqual([next?.place, next?.plan?.httpsPort], [{ number: 0, epoch: 2 }, 4_430]);
  assert.equal(opened.group.serving, 2);
  assert.deepEqual(opened.replaced, ['exception']);
  const alert = opened.alerts[0];
  assert.deepEqual([alert?.kind, alert?.severity], ['thread.lost', 'high']);
  assert.match(alert?.message ?? '', /gateway-1 was lost: Error: boom; it is replaced now, 1 of 2 serve/);
  const facts = await opened.group.status(0);
  assert.deepEqual(
    facts.map(({ name, state, epoch, status }) => [name, state, epoch, status?.revision]),
    [
      ['gateway-1', 'serving', 2, 1],
      ['gateway-2', 'serving', 1, 1],
    ],
  );
});

test('a replacement that comes up during a swap serves by the new revision and never by the old one', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const gate = Promise.withResolvers<readonly Issue[]>();
  opened.does.prepare = ({ revision }) => (revision === 1 ? gate.promise : []);
  opened.members[0]?.die(CRASH);
  await opened.pass(0);
  // It prepares the old one still, while the others swap.
  await opened.group.prepare(gathered(2));
  assert.equal(await opened.group.install(2), true);
  gate.resolve([]);
  await opened.pass(0);
  assert.deepEqual(revisions(opened), [2, 2]);
  const told = opened.members[2]?.told ?? [];
  assert.deepEqual(told.slice(-3), ['prepare 2', 'install 2', 'listen']);
});

test('a replacement that came up between preparing and installing takes part, or is ended', async () => {
  for (const willing of [true, false]) {
    const opened = openGroup(2);
    await serve(opened);
    await opened.group.prepare(gathered(2));
    opened.members[0]?.die(CRASH);
    await opened.pass(0);
    const late = opened.members[2] as FakeMember;
    if (!willing) late.does.prepare = () => [errorIssue('', 'can not')];
    assert.equal(await opened.group.install(2), true);
    await opened.pass(1_000);
    assert.deepEqual(revisions(opened), [2, 2]);
    assert.equal(late.ended === null, willing);
  }
});

test('a thread that is lost again and again is started later and later, with an alert of its own, while others serve', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const starts: number[] = [];
  const doomed = (): FakeMember | undefined => living(opened).find(({ place }) => place.number === 0);
  for (let time = 0; time < 6; time++) {
    doomed()?.die(CRASH);
    const before = opened.clock.monotonic();
    while (doomed() === undefined) await opened.pass(250);
    await opened.pass(0);
    starts.push(opened.clock.monotonic() - before);
  }
  assert.deepEqual(starts, [250, 500, 1_000, 2_000, 4_000, 8_000]);
  assert.deepEqual(opened.lost, []);
  const loop = opened.alerts.filter(({ key }) => key === 'gateway-1 exception again and again');
  assert.deepEqual([loop.length, loop[0]?.severity], [4, 'critical']);
  assert.equal(opened.members.filter(({ place }) => place.number === 1).length, 1);
});

test('one thread alone that is lost again and again after it has served is always started again', async () => {
  const opened = openGroup(1);
  await serve(opened);
  for (let time = 0; time < 12; time++) {
    living(opened)[0]?.die(CRASH);
    while (opened.group.serving === 0) await opened.pass(500);
  }
  assert.deepEqual([opened.lost, opened.members.length], [[], 13]);
});

test('when no thread serves and none comes up, the node is lost', async () => {
  for (const fault of ['prepare', 'listen', 'start'] as const) {
    const opened = openGroup(2);
    await serve(opened);
    if (fault === 'prepare') opened.does.prepare = () => [errorIssue('', 'can not')];
    if (fault === 'listen') opened.does.listen = () => ({ code: 'EADDRINUSE', port: 4_430 });
    if (fault === 'start') opened.world.startable = false;
    opened.members[0]?.die(CRASH);
    for (let second = 0; second < 60; second++) await opened.pass(1_000);
    assert.deepEqual(opened.lost, [], `${fault}: one serves`);
    opened.members[1]?.die(CRASH);
    for (let second = 0; second < 60; second++) await opened.pass(1_000);
    assert.ok(opened.lost.length > 0, fault);
    assert.match(opened.lost[0] ?? '', /^no gateway thread can be started: /);
  }
});

test('a reload may mend what ends all threads: it is installed in those that come up', async () => {
  const opened = openGroup(2);
  await serve(opened);
  for (const member of living(opened)) member.die(CRASH);
  assert.equal(opened.group.serving, 0);
  assert.deepEqual(await opened.group.prepare(gathered(2)), []);
  assert.equal(await opened.group.install(2), true);
  await opened.pass(1_000);
  assert.deepEqual(revisions(opened), [2, 2]);
});

test('a thread that is lost before the ports are open lets the start fail', async () => {
  const opened = openGroup(2);
  opened.members[0]?.die(CRASH);
  assert.equal((await opened.group.prepare(gathered(1))).length, 1);
  assert.equal(await opened.group.install(1), false);
  assert.deepEqual(await opened.group.listen(PLAN), { code: 'no answer', port: 0 });
  await opened.pass(60_000);
  assert.equal(opened.members.length, 2);
  assert.match(opened.alerts[0]?.message ?? '', /it is not replaced/);
});

test('a thread that is lost while the others open the ports lets the start fail, too', async () => {
  const opened = openGroup(2);
  await opened.group.prepare(gathered(1));
  await opened.group.install(1);
  const [first, second] = opened.members;
  if (first === undefined || second === undefined) assert.fail();
  second.does.listen = (plan) => {
    first.die(CRASH);
    return { https: plan.httpsPort, http: 8_000 };
  };
  assert.deepEqual(await opened.group.listen(PLAN), { code: 'no answer', port: 4_430 });
  assert.equal(opened.group.serving, 0);
});

test('after a drain nothing is started again', async () => {
  const opened = openGroup(2);
  await serve(opened);
  opened.members[0]?.die({ reason: 'exit', detail: 'code 0' });
  const drained = opened.group.drain(0);
  await opened.pass(60_000);
  await drained;
  assert.equal(living(opened).length, 0);
});

test('a silent thread is ended for that, and a place that is empty ends nobody', async () => {
  const opened = openGroup(2);
  await serve(opened);
  opened.group.endSilent(1);
  opened.group.endSilent(1);
  opened.group.endSilent(7);
  await opened.pass(0);
  assert.deepEqual(opened.replaced, ['silent']);
  assert.deepEqual(revisions(opened), [1, 1]);
});

test('a thread that is lost again and again, now for another reason, is an occasion of its own', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const reasons = ['exit', 'exit', 'exit', 'exception'] as const;
  for (const reason of reasons) {
    living(opened)
      .find(({ place }) => place.number === 0)
      ?.die({ reason, detail: 'odd' });
    while (opened.group.serving < 2) await opened.pass(500);
  }
  const told = opened.alerts.map(({ key, fields }) => [key, fields?.['reason']]);
  assert.deepEqual(told, [
    ['gateway-1 exit', 'exit'],
    ['gateway-1 exit', 'exit'],
    ['gateway-1 exit again and again', 'exit'],
    ['gateway-1 exception again and again', 'exception'],
  ]);
});

/** Why a member was asked to end its last requests. */
const reasonOf = ({ retiredFor }: FakeMember): string | null => retiredFor?.reason ?? null;

test('threads whose heaps are nearly full end their last requests and are replaced, one after the other', async () => {
  const opened = openGroup(3);
  await serve(opened);
  const [first, second, third] = opened.members as [FakeMember, FakeMember, FakeMember];
  for (const member of [second, first]) member.events.heapNear();
  assert.equal(opened.group.serving, 2, 'one listens no more, the other goes on');
  const retiring = [first, second].filter(({ retiredFor }) => retiredFor !== null);
  assert.deepEqual([retiring, reasonOf(second)], [[second], 'memory']);
  await opened.group.prepare(gathered(2));
  assert.equal(await opened.group.install(2), true);
  assert.equal(second.revision, 2, 'it takes part in swaps until its end');
  second.die(second.retiredFor as ThreadLoss);
  assert.equal(reasonOf(first), null, 'not while a place is empty');
  await opened.pass(0);
  assert.equal(reasonOf(first), 'memory');
  first.die(first.retiredFor as ThreadLoss);
  await opened.pass(0);
  assert.deepEqual([opened.group.serving, reasonOf(third), opened.replaced], [3, null, ['memory', 'memory']]);
  assert.deepEqual(revisions(opened), [2, 2, 2]);
});

test('a thread alone is replaced too when its heap is nearly full, and only once', async () => {
  const opened = openGroup(1);
  await serve(opened);
  const only = opened.members[0] as FakeMember;
  only.events.heapNear();
  only.events.heapNear();
  assert.deepEqual(
    only.told.filter((word) => word.startsWith('retire')),
    ['retire 2000'],
  );
  only.die(only.retiredFor as ThreadLoss);
  await opened.pass(0);
  assert.deepEqual([opened.group.serving, opened.members.length], [1, 2]);
  only.events.heapNear();
  await opened.pass(0);
  assert.equal(opened.group.serving, 1, 'what one says that has ended is of nobody');
});

test('a heap that is nearly full again within a minute is what the configuration needs: its thread is kept', async () => {
  const opened = openGroup(1);
  await serve(opened);
  const near = async (member: number): Promise<string | null> => {
    const filled = opened.members[member] as FakeMember;
    filled.events.heapNear();
    const reason = reasonOf(filled);
    if (filled.retiredFor !== null) filled.die(filled.retiredFor);
    await opened.pass(0);
    return reason;
  };
  assert.equal(await near(0), 'memory');
  await opened.pass(59_000);
  assert.equal(await near(1), null);
  assert.deepEqual([opened.group.serving, opened.members.length], [1, 2]);
  await opened.pass(1_000);
  assert.equal(await near(1), 'memory', 'what takes longer may be a leak');
});

test('a configuration is not refused because a thread that was to go anyway has gone while it was prepared', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const [first, second] = opened.members as [FakeMember, FakeMember];
  first.events.heapNear();
  const preparing = opened.group.prepare(gathered(2));
  first.die(first.retiredFor as ThreadLoss);
  assert.deepEqual(await preparing, []);
  assert.equal(await opened.group.install(2), true);
  assert.equal(second.revision, 2);
  await opened.pass(0);
  assert.deepEqual(revisions(opened), [2, 2]);
});

test('what a thread that is to go says against a configuration counts while it is there', async () => {
  const opened = openGroup(2);
  await serve(opened);
  const [first] = opened.members as [FakeMember];
  first.events.heapNear();
  first.does.prepare = () => [errorIssue('', 'it is too large')];
  assert.deepEqual(
    (await opened.group.prepare(gathered(2))).map(({ message }) => message),
    ['it is too large'],
  );
});

test('a heap that is nearly full before the ports are open, or while the group drains, moves nobody', async () => {
  const opened = openGroup(2);
  const [first] = opened.members as [FakeMember];
  first.events.heapNear();
  assert.equal(reasonOf(first), null);
  await serve(opened);
  assert.equal(reasonOf(first), 'memory', 'it is not forgotten');
  const draining = openGroup(2);
  await serve(draining);
  const drained = draining.group.drain(0);
  draining.members[1]?.events.heapNear();
  await drained;
  assert.equal(draining.members[1]?.retiredFor, null);
});
