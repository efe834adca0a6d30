import 'reflect-metadata';
import { X509CertificateGenerator } from '@peculiar/x509';
import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { packGathered } from '../config/index.ts';
import type {
  CertificateMaterial,
  Leases,
  SharedTable,
  TableDeclaration,
  Tables,
  TableVersion,
} from '../ports/index.ts';
import { type KindTable, kindTable } from './kind-table.ts';
import { apiText, type Closing, codeOf, fakePorts, gatheredOf, kindOf, NO_TABLES, RawClient } from './fixture.test.ts';
import { collectedBytesOf, GatewayThread, type GatewayThreadOptions, poolBoundsOf } from './gateway-thread.ts';
import { unwatchedLoad } from './overload.ts';
import type { Upstreams } from './upstream-pools.ts';
import type { FromThread, ListenPlan } from './thread-protocol.ts';
import type { Listener, ListenOptions, ServerContext } from '../wire/index.ts';

const KINDS = kindTable([kindOf('p', {})]);
const PLAN: ListenPlan = {
  host: '127.0.0.1',
  httpsPort: 0,
  http: { port: 0, mode: 'redirect' },
  reusePort: false,
  maxConnections: 10,
  connectionsPerAddress: 100,
  proxyProtocol: [],
  egress: null,
};

/** A thread without certificates, and what it said. */
function startThread(
  t: Closing,
  tables: Pick<Tables, 'read'> = NO_TABLES,
  kinds: KindTable = KINDS,
  also: Partial<GatewayThreadOptions> = {},
) {
  const fakes = fakePorts();
  const said: FromThread[] = [];
  const thread = new GatewayThread({
    ports: fakes.ports,
    ledger: {
      append: fakes.ledger.append,
      flush: () => Promise.resolve(),
      newest: (count) => fakes.records.slice(-count),
    },
    tables: { declare() {}, ...tables } as unknown as Tables,
    kinds,
    leases: { take: () => ({ release() {} }) },
    threads: 1,
    overload: unwatchedLoad(fakes.ports.clock),
    keys: { answer() {} },
    desk: { receive() {} },
    choose: () => null,
    send: (message) => void said.push(message),
    ...also,
  });
  t.after(async () => {
    const drained = thread.receive({ kind: 'drain', graceMs: 0 });
    fakes.clock.pass(1);
    await drained;
  });
  return { ...fakes, thread, said };
}

const parcelOf = (revision: number, api?: string) =>
  packGathered(gatheredOf(apiText('http://127.0.0.1:9', ['p'], api), KINDS, { revision }));

test('a configuration is prepared, then installed, each with its answer', async (t) => {
  const { thread, said } = startThread(t);
  await thread.receive({ kind: 'install', revision: 3 });
  await thread.receive({ kind: 'prepare', parcel: parcelOf(3) });
  await thread.receive({ kind: 'install', revision: 2 });
  await thread.receive({ kind: 'install', revision: 3 });
  await thread.receive({ kind: 'install', revision: 3 });
  assert.deepEqual(said, [
    { kind: 'installed', revision: 3, ok: false },
    { kind: 'prepared', revision: 3, issues: [] },
    { kind: 'installed', revision: 2, ok: false },
    { kind: 'installed', revision: 3, ok: true },
    { kind: 'installed', revision: 3, ok: false },
  ]);
});

test('a configuration that can not be compiled leaves what is in force', async (t) => {
  const { thread, said } = startThread(t);
  await thread.receive({ kind: 'prepare', parcel: parcelOf(1) });
  await thread.receive({ kind: 'install', revision: 1 });
  await thread.receive({ kind: 'prepare', parcel: parcelOf(2, "routes: ['GET /.portcullis/x']") });
  const broken = { ...parcelOf(3), config: null as never };
  await thread.receive({ kind: 'prepare', parcel: broken });
  await thread.receive({ kind: 'install', revision: 3 });
  await thread.receive({ kind: 'status', ask: 9, records: 1 });
  const prepared = said.flatMap((message) => (message.kind === 'prepared' ? [message.issues.length] : []));
  assert.deepEqual(prepared, [0, 1, 1]);
  const status = said.at(-1);
  assert.ok(status?.kind === 'status');
  assert.deepEqual([status.ask, status.status.revision, status.status.livingSnapshots], [9, 1, 1]);
});

test('both ports are opened and told, and the plain one knows the other', async (t) => {
  const { thread, said } = startThread(t);
  await thread.receive({ kind: 'prepare', parcel: parcelOf(1) });
  await thread.receive({ kind: 'install', revision: 1 });
  await thread.receive({ kind: 'listen', plan: PLAN });
  const listening = said.at(-1);
  assert.ok(listening?.kind === 'listening' && listening.ports.http !== null);
  const client = new RawClient(listening.ports.http);
  const reply = await client.send('GET /a HTTP/1.1\r\nhost: x.example\r\n\r\n').reply();
  assert.equal(reply.headers['location'], `https://x.example:${listening.ports.https}/a`);
  assert.equal(codeOf(await client.send('POST /a HTTP/1.1\r\nhost: x.example\r\n\r\n').reply()), 'plain-http');
  client.socket.destroy();
});

test('when one port is taken none stays open', async (t) => {
  const { thread, said, clock } = startThread(t);
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => void taken.close());
  const { port } = taken.address() as AddressInfo;
  await thread.receive({ kind: 'listen', plan: { ...PLAN, httpsPort: port } });
  assert.deepEqual(said.at(-1), { kind: 'listenFailed', port, code: 'EADDRINUSE' });
  clock.pass(1);
  await thread.receive({ kind: 'listen', plan: PLAN });
  assert.equal(said.at(-1)?.kind, 'listening');
});

const KEYS: TableDeclaration = { name: 'keys', rowLimit: 9, staleAfterMs: 1_000, whenStale: 'deny' };
const NEEDY = kindTable([{ ...kindOf('p', {}), sources: () => [{ kind: 'table', declaration: KEYS }] }]);

/** Tables that keep what they are given. */
function fakeTables() {
  const held = new Map<string, TableVersion<unknown>>();
  return {
    declare(declaration: TableDeclaration): void {
      const known = held.get(declaration.name);
      if (known === undefined)
        held.set(declaration.name, { declaration, version: 0, filledAtMs: null, rows: new Map() });
      else if (known.declaration.rowLimit !== declaration.rowLimit) throw new Error('other words');
    },
    read: <Row>(name: string) => held.get(name) as TableVersion<Row>,
    take({ declaration, version, filledAtMs }: SharedTable): void {
      held.set(declaration.name, { declaration, version, filledAtMs, rows: new Map() });
    },
  };
}

test('a Snapshot is refused until the live tables that it needs are filled', async (t) => {
  const { thread, said } = startThread(t, fakeTables(), NEEDY);
  const needy = gatheredOf(apiText('http://127.0.0.1:9', ['p']), NEEDY, { revision: 1 });
  const prepare = async () => {
    await thread.receive({ kind: 'prepare', parcel: packGathered(needy) });
    const last = said.at(-1);
    assert.ok(last?.kind === 'prepared');
    return last.issues.map(({ path, message, place }) => [path, message, place?.line]);
  };
  const unfilled = [['apis.a.policies.p', 'p needs the live table keys, which was never filled', 7]];
  assert.deepEqual(await prepare(), unfilled);
  await thread.receive({ kind: 'install', revision: 1 });
  assert.deepEqual(said.at(-1), { kind: 'installed', revision: 1, ok: false });
  const table = { declaration: KEYS, version: 0, filledAtMs: null, memory: new SharedArrayBuffer(0) };
  await thread.receive({ kind: 'table', table });
  assert.deepEqual(await prepare(), unfilled);
  await thread.receive({ kind: 'table', table: { ...table, version: 1, filledAtMs: 5 } });
  assert.deepEqual(await prepare(), []);
  await thread.receive({ kind: 'install', revision: 1 });
  assert.deepEqual(said.at(-1), { kind: 'installed', revision: 1, ok: true });
});

test('a table that was declared in other words is an issue', async (t) => {
  const tables = fakeTables();
  tables.declare({ ...KEYS, rowLimit: 1 });
  const { thread, said } = startThread(t, tables, NEEDY);
  await thread.receive({
    kind: 'prepare',
    parcel: packGathered(gatheredOf(apiText('http://127.0.0.1:9', ['p']), NEEDY, { revision: 1 })),
  });
  const last = said.at(-1);
  assert.ok(last?.kind === 'prepared');
  assert.match(last.issues[0]?.message ?? '', /keys of p can't be had: other words/);
});

test('what a thread can not take leaves it as it was, and is an alert', async (t) => {
  const { thread, said, alerts } = startThread(t);
  await thread.receive({ kind: 'prepare', parcel: parcelOf(1) });
  await thread.receive({ kind: 'install', revision: 1 });
  const broken = {
    names: ['a.test'],
    chainPem: 'none',
    keyPem: Buffer.from('none'),
    notAfterMs: 0,
    origin: 'file',
  } as const;
  await thread.receive({ kind: 'certificates', materials: [broken], ticketKeys: Buffer.alloc(48) });
  await thread.receive({ kind: 'status', ask: 1, records: 0 });
  const status = said.at(-1);
  assert.ok(status?.kind === 'status');
  assert.equal(status.status.revision, 1);
  assert.deepEqual(
    alerts.map(({ kind, key }) => [kind, key]),
    [['gateway.fault', 'thread certificates']],
  );
});

async function certificateOf(name: string): Promise<CertificateMaterial> {
  const keys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({ name: `CN=${name}`, keys });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const keyPem = Buffer.from(`-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`);
  return { names: [name], chainPem: certificate.toString('pem'), keyPem, notAfterMs: 0, origin: 'file' };
}

test('a new ticket key takes the place of the last in the contexts that are in use', async (t) => {
  const contexts: ((name: string | null) => ServerContext)[] = [];
  const { thread } = startThread(t, NO_TABLES, KINDS, {
    choose: (materials) => materials[0] ?? null,
    outside: {
      listen: ({ context }) => {
        if (context !== null) contexts.push(context);
        return Promise.resolve({ port: 1, connections: 0, drain: () => Promise.resolve(), retire() {} });
      },
      upstreams: { take: () => ({ pools: [], idle: [] }), close() {} } as never,
    },
  });
  const inUse = (): ServerContext | undefined => contexts[0]?.('a.test');
  const keysInUse = (): number | undefined => {
    const native = inUse()?.secure.context as { getTicketKeys(): Buffer } | undefined;
    return native?.getTicketKeys()[0];
  };
  await thread.receive({ kind: 'listen', plan: PLAN });
  await thread.receive({ kind: 'ticketKeys', ticketKeys: Buffer.alloc(48, 1) });
  const materials = [await certificateOf('a.test')];
  await thread.receive({ kind: 'certificates', materials, ticketKeys: Buffer.alloc(48, 2) });
  assert.equal(keysInUse(), 2);
  const before = inUse();
  await thread.receive({ kind: 'ticketKeys', ticketKeys: Buffer.alloc(48, 3) });
  assert.equal(keysInUse(), 3);
  assert.equal(inUse(), before);
});

test('a table that was taken is told, once it serves, and one that never was filled is not', async (t) => {
  const { thread, said } = startThread(t, fakeTables(), NEEDY);
  const table = { declaration: KEYS, version: 0, filledAtMs: null, memory: new SharedArrayBuffer(0) };
  await thread.receive({ kind: 'table', table });
  assert.deepEqual(said, []);
  await thread.receive({ kind: 'table', table: { ...table, version: 4, filledAtMs: 5 } });
  assert.deepEqual(said, [{ kind: 'tableTaken', name: 'keys', version: 4 }]);
});

test('threads share the room of a process, and none gets so little that it could not serve', () => {
  assert.deepEqual(
    [1, 2, 4, 64].map(collectedBytesOf),
    [256, 128, 64, 64].map((mib) => mib * 2 ** 20),
  );
  assert.deepEqual(poolBoundsOf(1), { connections: 1_024, waiting: 1_024 });
  assert.deepEqual(poolBoundsOf(3), { connections: 342, waiting: 342 });
  assert.deepEqual(poolBoundsOf(64), { connections: 128, waiting: 128 });
});

test('clients that are turned away for want of room are an alert, not one for each', async (t) => {
  const { thread, said, alerts } = startThread(t);
  await thread.receive({ kind: 'prepare', parcel: parcelOf(1) });
  await thread.receive({ kind: 'install', revision: 1 });
  await thread.receive({ kind: 'listen', plan: { ...PLAN, maxConnections: 1 } });
  const listening = said.at(-1);
  assert.ok(listening?.kind === 'listening' && listening.ports.http !== null);
  const first = new RawClient(listening.ports.http);
  await first.send('GET /a HTTP/1.1\r\nhost: x.example\r\n\r\n').reply();
  for (let count = 0; count < 3; count++) {
    const dropped = new RawClient(listening.ports.http);
    assert.equal(await dropped.end(), '');
    dropped.socket.destroy();
  }
  assert.deepEqual(
    alerts.map(({ kind, key }) => [kind, key]),
    [['connections.exhausted', 'clients']],
  );
  first.socket.destroy();
});

/** Ports that are opened by nobody, what was asked of them, and no upstreams. */
function fakeOutside() {
  const asked: ListenOptions[] = [];
  const listen = (options: ListenOptions): Promise<Listener> => {
    asked.push(options);
    return Promise.resolve({ port: 1, connections: 0, drain: () => Promise.resolve(), retire() {} });
  };
  const upstreams: Upstreams = {
    forApis: () => [],
    retain() {},
    sweep() {},
    close() {},
    tableReplaced() {},
    report: () => [],
  };
  return { outside: { listen, upstreams }, asked };
}

test('both ports together have no more connections than there may be', async (t) => {
  const { outside, asked } = fakeOutside();
  const { thread } = startThread(t, NO_TABLES, KINDS, { outside });
  await thread.receive({ kind: 'listen', plan: { ...PLAN, maxConnections: 1_000 } });
  await thread.receive({ kind: 'listen', plan: { ...PLAN, maxConnections: 1_000, http: null } });
  await thread.receive({ kind: 'listen', plan: { ...PLAN, maxConnections: 1 } });
  assert.deepEqual(
    asked.map(({ maxConnections }) => maxConnections),
    [125, 875, 1_000, 1, 1],
  );
});

test('both ports want a PROXY header from where one must come', async (t) => {
  for (const [proxyProtocol, wanted] of [
    [[], [false, false]],
    [['127.0.0.0/8'], [true, true]],
  ] as const) {
    const { outside, asked } = fakeOutside();
    const { thread } = startThread(t, NO_TABLES, KINDS, { outside });
    await thread.receive({ kind: 'listen', plan: { ...PLAN, proxyProtocol } });
    const address = Uint8Array.of(127, 0, 0, 1);
    assert.deepEqual(
      asked.map(({ proxies }) => proxies?.has(address) ?? false),
      wanted,
    );
  }
});

test('one gate stands before both ports: it counts networks, but neither balancers nor proxies that are believed', async (t) => {
  const { outside, asked } = fakeOutside();
  const taken: (readonly [string, number])[] = [];
  const leases: Leases = {
    take(key, limit) {
      taken.push([key, limit]);
      return taken.length > 1 ? null : { release() {} };
    },
  };
  const { thread } = startThread(t, NO_TABLES, KINDS, { leases, outside });
  const parcel = parcelOf(1);
  const trustedProxies = { addresses: ['192.0.2.0/24'], field: 'forwarded' } as const;
  await thread.receive({ kind: 'listen', plan: { ...PLAN, proxyProtocol: ['10.0.0.0/8'] } });
  const [http, https] = asked.map(({ gate }) => gate);
  assert.ok(http !== undefined && http !== null && http === https);
  const enter = (address: string): string => {
    const given = http.enter(address);
    return typeof given === 'string' ? given : 'in';
  };
  assert.deepEqual(['10.0.0.1', '192.0.2.1', '192.0.2.1'].map(enter), ['in', 'in', 'address']);
  assert.deepEqual(taken, [
    ['192.0.2.1', 100],
    ['192.0.2.1', 100],
  ]);
  await thread.receive({ kind: 'prepare', parcel: { ...parcel, config: { ...parcel.config, trustedProxies } } });
  await thread.receive({ kind: 'install', revision: 1 });
  assert.deepEqual(['192.0.2.1', '10.0.0.1', '192.0.3.1', 'no address'].map(enter), ['in', 'in', 'address', 'address']);
});
