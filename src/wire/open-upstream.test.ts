import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Pool } from './http2/upstream-pool.ts';
import { openUpstream } from './open-upstream.ts';
import { ManualClock, rawServer, until } from './peers.test.ts';
import { Caller, nextClient } from './upstream-peer.test.ts';
import { UpstreamPool } from './upstream-pool.ts';

const bounds = { connectMs: 1_000, responseMs: 1_000, idleMs: 1_000 };
const request = {
  method: 'GET',
  target: '/',
  authority: 'up',
  fields: null,
  added: [],
  framing: { kind: 'none' },
  upgrade: null,
} as const;

test('each protocol has its own kind of connections', () => {
  const target = { scheme: 'http', host: '127.0.0.1', port: 1, ca: null, bounds } as const;
  assert.ok(openUpstream('http1', target, () => 0) instanceof UpstreamPool);
  assert.ok(openUpstream('h2', target, () => 0) instanceof Http2Pool);
});

test('over HTTP/2 as many calls may wait as over HTTP/1.1, and few connections are opened', async (t) => {
  const server = await rawServer(() => {});
  t.after(() => server.close());
  const clock = new ManualClock();
  const target = { scheme: 'http', host: '127.0.0.1', port: server.port, ca: null, bounds } as const;
  const upstream = openUpstream('h2', target, () => clock.monotonic(), { connections: 128, waiting: 1_000 });
  t.after(() => upstream.close());
  const callers = Array.from({ length: 1_001 }, () => {
    const caller = new Caller();
    upstream.call(request, caller, nextClient());
    return caller;
  });
  await until(() => callers.at(-1)?.failure?.code === 'upstream-overloaded');
  assert.equal(upstream.counts.waiting, 1_000);
  assert.equal(upstream.counts.idle, 8);
  clock.advance(1_001);
  upstream.sweep(clock.monotonic());
  assert.ok(callers.every(({ ends }) => ends === 1));
});
