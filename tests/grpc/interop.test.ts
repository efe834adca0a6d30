import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { ask } from '../system/https-client.ts';
import { INTEROP_CASES } from './cases.ts';
import { startInteropServer } from './interop-server.ts';
import { type InteropSubject, startInterop } from './subject.ts';
import { TEST_SERVICE } from './test-service.ts';

let server: Awaited<ReturnType<typeof startInteropServer>>;
let subject: InteropSubject;

before(async () => {
  server = await startInteropServer();
  subject = await startInterop(server.port);
});

after(async () => {
  await subject?.stop();
  server?.stop();
});

for (const [name, run] of Object.entries(INTEROP_CASES))
  test(`grpc-js to grpc-js through the gateway: ${name}`, () => run(subject.client));

test('cacheable_unary by POST, which is what a server must take; no library is served by GET', async () => {
  const metadata = new grpc.Metadata({ cacheableRequest: true });
  metadata.set('x-user-ip', '192.0.2.1');
  const { path, requestSerialize, responseDeserialize } = TEST_SERVICE.CacheableUnaryCall;
  const payload = { body: Buffer.from('314159265358979') };
  for (let time = 0; time < 2; time++) {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    subject.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      { responseSize: 10, payload },
      metadata,
      (fault, reply) => (fault === null ? resolve(reply?.payload?.body.length ?? 0) : reject(fault)),
    );
    assert.equal(await promise, 10);
  }
  const { https: port, ca } = subject.gateway;
  assert.equal((await ask({ port, ca, path })).status, 405);
});

test('what the descriptors do not name is UNIMPLEMENTED to a library too', async () => {
  const { requestSerialize, responseDeserialize } = TEST_SERVICE.EmptyCall;
  for (const path of ['/grpc.testing.TestService/Nothing', '/grpc.testing.Nothing/EmptyCall']) {
    const { promise, resolve } = Promise.withResolvers<number>();
    const made = subject.client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, () => {});
    made.on('status', ({ code }: grpc.StatusObject) => resolve(code));
    assert.equal(await promise, grpc.status.UNIMPLEMENTED, path);
  }
});
