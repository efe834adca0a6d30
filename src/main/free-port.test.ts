import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { freePort } from './free-port.ts';

/** A port of loopback on which somebody listens while `run` does. */
async function whileInUse(run: (port: number) => Promise<void>): Promise<void> {
  const server = createServer();
  server.listen({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  try {
    await run((server.address() as AddressInfo).port);
  } finally {
    server.close();
    await once(server, 'close');
  }
}

test('a port on which somebody listens is stepped over', async () => {
  await whileInUse(async (port) => assert.ok((await freePort(port, '127.0.0.1')) > port));
});

test('only the address that will be listened on counts, and all of them where it is every address', async () => {
  await whileInUse(async (port) => {
    assert.equal(await freePort(port, '::1'), port);
    assert.ok((await freePort(port, '0.0.0.0')) > port);
  });
});

test('a name is not looked up, and an address of another machine is left to whoever opens the port', async () => {
  await whileInUse(async (port) => {
    assert.ok((await freePort(port, 'nowhere.invalid')) > port);
    assert.equal(await freePort(port, '192.0.2.1'), port);
  });
});

test('above the last port there is none', async () => {
  assert.equal(await freePort(65_536, '127.0.0.1'), 0);
});

test('any port is one that the system has, and that is free', async () => {
  const port = await freePort(0, '127.0.0.1');
  assert.ok(port > 0);
  assert.equal(await freePort(port, '127.0.0.1'), port);
});
