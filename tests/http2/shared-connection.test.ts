import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { Signal } from '../framing/signal.ts';
import { startLocalServer } from '../system/local-server.ts';
import { openSession, sendNode } from './node-session.ts';

/** An upstream that replies with what it was told of the client once so many requests are with it. */
async function startUpstream(t: TestContext, together: number): Promise<number> {
  const waiting: (() => void)[] = [];
  const { port, stop } = await startLocalServer(({ headers }, reply) => {
    waiting.push(() => reply.end(String(headers['x-forwarded-for'])));
    if (waiting.length >= together) for (const answer of waiting.splice(0)) answer();
  });
  t.after(stop);
  return port;
}

const CLIENTS = ['203.0.113.1', '203.0.113.2', '10.0.0.7, 203.0.113.3', '2001:db8::1', null] as const;

test('clients of a proxy that share one connection at a time are each told of, and counted, by themselves', async (t) => {
  // Each client has two calls an hour, and the upstream answers none before it has all of them.
  const upstream = await startUpstream(t, 2 * CLIENTS.length);
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
apis: { a: { routes: ['GET /'], upstream: 'http://127.0.0.1:${upstream}', auth: public, limit: 2/h per address } }
`);
  t.after(() => gateway.stop());
  const session = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => session.close());
  const ask = async (said: string | null): Promise<string> => {
    const { status, body } = await sendNode(session, said === null ? {} : { 'x-forwarded-for': said });
    return status === 200 ? body.toString() : String(status);
  };
  const told = CLIENTS.map((said) => (said === null ? '127.0.0.1' : `${said.split(', ').at(-1)}, 127.0.0.1`));
  assert.deepEqual(await Promise.all([...CLIENTS, ...CLIENTS].map(ask)), [...told, ...told]);
  assert.deepEqual(
    await Promise.all(CLIENTS.map(ask)),
    CLIENTS.map(() => '429'),
  );
  assert.equal(await ask('203.0.113.1, unknown'), '400');
  assert.equal(await ask('203.0.113.1'), '429', 'the connection goes on for the others');
});

test('one client network that asks for a thousand slow replies leaves connections to the upstream for others', async (t) => {
  const changes = new Signal();
  let holding = 0;
  const upstream = await startLocalServer(({ url }, reply) => {
    if (url !== '/slow') reply.end('fine');
    else {
      holding++;
      changes.changed();
    }
  });
  t.after(upstream.stop);
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
apis: { a: { routes: ['GET /{what}'], upstream: '${upstream.url}', auth: public } }
`);
  t.after(() => gateway.stop());
  const refusals: string[] = [];
  const slow = { 'x-forwarded-for': '203.0.113.1', ':path': '/slow' };
  for (let count = 0; count < 11; count++) {
    const session = await openSession({ port: gateway.https, ca: gateway.ca });
    t.after(() => session.destroy());
    for (let stream = 0; stream < 100; stream++) {
      // What is not answered in time, or cut when the test is over, is nothing to this test.
      sendNode(session, slow).then(
        ({ status, headers }) => {
          refusals.push(`${status} ${headers['retry-after']}`);
          changes.changed();
        },
        () => {},
      );
    }
  }
  assert.ok(await changes.holds(() => holding >= 512 && refusals.length >= 76));
  const session = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => session.destroy());
  for (const client of ['203.0.113.2', '203.0.113.3', '2001:db8::1']) {
    const { status, body } = await sendNode(session, { 'x-forwarded-for': client, ':path': '/fast' });
    assert.deepEqual([status, body.toString()], [200, 'fine'], client);
  }
  assert.equal(holding, 512);
  assert.ok(refusals.every((refusal) => refusal === '503 1'));
});
