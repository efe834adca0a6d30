import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ok } from '../base/index.ts';
import { openHostPorts } from './host-ports.ts';
import { serveOrSayPortInUse } from './serve.ts';

test('a port in use is told by the answer, and leaves nothing behind that would keep a second try from starting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-serve-'));
  const other = createServer().listen({ port: 0, host: '127.0.0.1' });
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const tryWith = (https: number, admin: number): Promise<number | 'port-in-use'> => {
    const text = `version: 1
server: { https: { port: ${https}, certificate: local }, http: off }
admin: { port: ${admin} }
data: ./data
apis: { a: { routes: ['GET /'], upstream: http://127.0.0.1:9, auth: public } }
`;
    return serveOrSayPortInUse({
      host: openHostPorts({ logFormat: 'json', logLevel: 'error' }),
      file: join(folder, 'portcullis.yaml'),
      readText: () => Promise.resolve(ok(Buffer.from(text))),
      watched: false,
      json: true,
      banner: () => '',
      version: '0.0.0',
    });
  };
  try {
    assert.equal(await tryWith(0, port), 'port-in-use');
    assert.equal(await tryWith(port, 0), 'port-in-use');
    assert.equal(await tryWith(0, port), 'port-in-use');
  } finally {
    other.close();
    await rm(folder, { recursive: true, force: true });
  }
});
