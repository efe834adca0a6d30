import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { ask } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { configuration } from './plain-configuration.ts';

test('a gateway that is stopped lets requests under way finish, takes no new ones, and leaves no trace of running', async () => {
  let letGo: () => void = () => {};
  const arrived = Promise.withResolvers<void>();
  const api = await startLocalServer((_request, reply) => {
    letGo = () => void reply.end('late');
    arrived.resolve();
  });
  const gateway = await startGateway(configuration(api.port));
  const begun = ask({ port: gateway.https, ca: gateway.ca, path: '/first' });
  await arrived.promise;
  process.kill(gateway.pid, 'SIGTERM');
  await refusedEventually(gateway.https);
  letGo();
  assert.equal((await begun).body, 'late');
  await gateway.stop();
  api.stop();
});

/** Resolves when nobody listens on the port any more. */
async function refusedEventually(port: number): Promise<void> {
  for (let open = true; open; ) {
    open = await new Promise<boolean>((resolve) => {
      const probe = connect(port, '127.0.0.1');
      probe.once('connect', () => {
        probe.destroy();
        resolve(true);
      });
      probe.once('error', () => resolve(false));
    });
  }
}
