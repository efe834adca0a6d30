import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { Upstream, UpstreamEvents, UpstreamFailure } from '../wire/index.ts';
import { kindTable } from './kind-table.ts';
import { apiText, gatheredOf, portsAt, snapshotOf, until } from './fixture.test.ts';
import { UpstreamPools } from './upstream-pools.ts';

const KINDS = kindTable([]);
const CLIENT = { address: '192.0.2.1' };
const REQUEST = {
  method: 'GET',
  target: '/',
  authority: 'up',
  fields: null,
  added: [],
  framing: { kind: 'none' },
  upgrade: null,
} as const;
/** Preface, SETTINGS, WINDOW_UPDATE and an acknowledgement: what is more is a request. */
const GREETING_BYTES = 24 + 21 + 13 + 9;
const SETTINGS = Buffer.from('000000040000000000000000040100000000', 'hex');

/** A caller that keeps nothing but how its call ended. */
class Waits implements UpstreamEvents {
  switched(): never {
    throw new Error('nothing was to be upgraded');
  }
  failure: UpstreamFailure | null = null;
  interim(): void {}
  whole(): void {}
  head(): void {}
  pieces(): boolean {
    return true;
  }
  end(): void {}
  failed(failure: UpstreamFailure): void {
    this.failure = failure;
  }
  drained(): void {}
}

/** An upstream that takes requests and never answers. */
async function silentUpstream(
  t: TestContext,
  greets: boolean,
): Promise<{ url: string; sockets: Socket[]; bytes: () => number }> {
  const sockets: Socket[] = [];
  let bytes = 0;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    if (greets) socket.write(SETTINGS);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, sockets, bytes: () => bytes };
}

test('what is still open of an upstream that nobody has a use for any more is held to its time', async (t) => {
  for (const protocol of ['h2', 'http1'] as const) {
    const { url, sockets, bytes } = await silentUpstream(t, protocol === 'h2');
    let now = 0;
    const pools = new UpstreamPools(portsAt(() => now));
    const { apis } = snapshotOf(
      gatheredOf(apiText(`{ targets: ['${url}'], protocol: ${protocol} }`, []), KINDS),
      KINDS,
    );
    const [pool] = pools.forApis(apis) as readonly Upstream[];
    assert.ok(pool !== undefined);
    const caller = new Waits();
    pool.call(REQUEST, caller, CLIENT);
    await until(() => bytes() > (protocol === 'h2' ? GREETING_BYTES : 0));
    pools.retain([]);
    let ended = false;
    sockets[0]?.on('end', () => (ended = true));
    for (let step = 0; step < 80; step++) pools.sweep((now += 500));
    assert.equal(caller.failure?.code, 'upstream-timeout', protocol);
    await until(() => {
      pools.sweep((now += 500));
      return ended;
    });
    await until(() => pool.isGone);
  }
});

test('a request that finds the queue of its only target full is told so at once: no other try, and no breaker that opens', async (t) => {
  const { url } = await silentUpstream(t, false);
  const breaker = 'breaker: { failurePercent: 50, of: 2, in: 10s, unreachable: 3, open: 5s }';
  const pools = new UpstreamPools(
    portsAt(() => 0),
    { connections: 1, waiting: 1 },
  );
  const { apis } = snapshotOf(gatheredOf(apiText(`{ targets: ['${url}'], retries: 2, ${breaker} }`, []), KINDS), KINDS);
  const [caller] = pools.forApis(apis);
  const codes: (string | undefined)[] = [];
  for (let asked = 0; asked < 10; asked++) {
    const waits = new Waits();
    caller?.call({ ...REQUEST, hash: 0, toCanary: false, deadline: null }, waits, CLIENT);
    if (asked > 1) await until(() => waits.failure !== null);
    codes.push(waits.failure?.code);
  }
  assert.deepEqual(new Set(codes.slice(2)), new Set(['upstream-overloaded']));
  pools.close();
});

test('an upstream of which anything else is demanded, or that is shown something else, has connections of its own', () => {
  const [api] = snapshotOf(gatheredOf(apiText('https://127.0.0.1:9', []), KINDS), KINDS).apis;
  assert.ok(api !== undefined);
  const keyPem = Buffer.from('no key is looked at before a connection');
  // Its upstream is in clear, so that nothing of TLS is read.
  const clear = { ...api, upstream: { ...api.upstream, scheme: 'http' as const } };
  const shown = { ...clear, upstreamIdentity: { chainPem: 'one', keyPem } };
  const kinds = [
    clear,
    { ...clear, upstreamCa: 'CA' },
    shown,
    { ...clear, upstreamIdentity: { chainPem: 'two', keyPem } },
    { ...clear, upstream: { ...clear.upstream, serverName: 'a.test' } },
    { ...clear, upstream: { ...clear.upstream, pins: ['a'] } },
    { ...clear, upstream: { ...clear.upstream, pins: ['a', 'b'] } },
  ];
  const pools = new UpstreamPools(portsAt(() => 0));
  const first = pools.forApis(kinds);
  assert.equal(new Set(first).size, kinds.length);
  assert.deepEqual(pools.forApis(kinds.map((kind) => structuredClone(kind))), first);
  assert.equal(pools.forApis([{ ...shown, upstreamIdentity: { chainPem: 'one', keyPem } }])[0], first[2]);
  pools.close();
});

test('the CAs of an upstream are held once, however many targets it has', () => {
  const [api] = snapshotOf(gatheredOf(apiText('http://127.0.0.1:9', []), KINDS), KINDS).apis;
  assert.ok(api !== undefined);
  const targets = Array.from({ length: 500 }, (_, at) => ({ host: '127.0.0.1', port: 10_000 + at, weight: 1 }));
  const many = { ...api, upstreamCa: 'x'.repeat(200_000), upstream: { ...api.upstream, targets } };
  const pools = new UpstreamPools(portsAt(() => 0));
  const before = process.memoryUsage().heapUsed;
  const callers = pools.forApis([many]);
  assert.ok(process.memoryUsage().heapUsed - before < 30_000_000);
  assert.deepEqual(pools.forApis([structuredClone(many)]), callers);
  pools.close();
});
