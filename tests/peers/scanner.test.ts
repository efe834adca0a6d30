import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import zlib from 'node:zlib';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { counted } from '../system/admin.ts';
import { eventually } from '../system/eventually.ts';
import { ask, type Reply } from '../system/https-client.ts';
import { type LocalServer, startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { EICAR, type IcapServer, missingForIcap, startIcapServer } from './icap-server.ts';

const missing = missingForIcap();
let folder = '';
let server: IcapServer | null = null;
let upstream: LocalServer;
let gateway: GatewayProcess | null = null;
/** What came upstream last. */
let arrived: Buffer | null = null;

const configuration = (port: number, url: string): string => `version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
scanners:
  clamav: { icap: 'icap://127.0.0.1:${port}/avscan' }
  lenient: { icap: 'icap://127.0.0.1:${port}/nothing', unavailable: pass }
  echo: { icap: 'icap://127.0.0.1:${port}/echo', unavailable: pass }
apis:
  files:
    routes: [POST /files, POST /lenient, POST /echo]
    upstream: ${url}
    auth: public
    files: { scan: clamav, archives: { encrypted: refuse } }
    operations:
      POST /lenient: { files: { scan: lenient } }
      POST /echo: { files: { scan: echo } }
`;

before(async () => {
  if (missing !== null) return;
  folder = await mkdtemp(join(tmpdir(), 'portcullis-icap-'));
  server = await startIcapServer(folder);
  upstream = await startLocalServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => void pieces.push(piece));
    request.on('end', () => {
      arrived = Buffer.concat(pieces);
      response.end('kept');
    });
  });
  gateway = await startGateway(configuration(server.port, upstream.url));
});

after(async () => {
  await gateway?.stop();
  await server?.stop();
  upstream?.stop();
  if (folder !== '') await rm(folder, { recursive: true, force: true });
});

function ready(t: TestContext): GatewayProcess | null {
  if (gateway === null) skipOrFail(t, missing ?? 'c-icap did not start');
  return gateway;
}

async function send(to: GatewayProcess, body: Buffer, type: string, path = '/files'): Promise<Reply> {
  arrived = null;
  return await ask({ ...to, port: to.https, method: 'POST', path, headers: { 'content-type': type }, body });
}

function told({ status, body }: Reply): string {
  return body === 'kept' ? `${status}` : `${status} ${(JSON.parse(body) as { code: string }).code}`;
}

const OPAQUE = 'application/octet-stream';

test('what ClamAV has nothing against goes upstream byte for byte', async (t) => {
  const running = ready(t);
  if (running === null) return;
  for (const length of [1, 5_000, 200_000, 4_000_000]) {
    const file = Buffer.alloc(length, 'sound ');
    assert.equal(told(await send(running, file, OPAQUE)), '200', `${length}`);
    assert.ok(arrived?.equals(file));
  }
  assert.ok((await counted(running, 'portcullis_scans_total{result="clean",scanner="clamav"}')) >= 4);
});

test('what ClamAV finds is refused, by itself, behind much else, and in parts of forms and archives', async (t) => {
  const running = ready(t);
  if (running === null) return;
  const part = Buffer.concat([
    Buffer.from(
      '--b\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\n',
    ),
    EICAR,
    Buffer.from('\r\n--b--\r\n'),
  ]);
  const sent: readonly (readonly [Buffer, string])[] = [
    [EICAR, OPAQUE],
    [EICAR, 'text/plain'],
    [Buffer.concat([Buffer.alloc(3_000_000, 'a'), EICAR]), OPAQUE],
    [zlib.gzipSync(EICAR), 'application/gzip'],
    [part, 'multipart/form-data; boundary=b'],
  ];
  for (const [file, type] of sent) {
    assert.equal(told(await send(running, file, type)), '422 file-refused', type);
    assert.equal(arrived, null, 'nothing of it went upstream');
  }
  assert.equal((await send(running, EICAR, OPAQUE)).body.includes('Eicar'), false, 'clients hear no name');
});

test('many at once are each told their own', async (t) => {
  const running = ready(t);
  if (running === null) return;
  const files = Array.from({ length: 30 }, (_, at) => (at % 5 === 0 ? EICAR : Buffer.alloc(at * 3_000, 'a')));
  const replies = await Promise.all(files.slice(1).map(async (file) => told(await send(running, file, OPAQUE))));
  assert.deepEqual(
    replies,
    files.slice(1).map((file) => (file === EICAR ? '422 file-refused' : '200')),
  );
});

test('a service that sends files back as they were lets them pass, and one that is not there only where that is said', async (t) => {
  const running = ready(t);
  if (running === null) return;
  assert.equal(told(await send(running, Buffer.alloc(100_000, 'a'), OPAQUE, '/echo')), '200');
  assert.equal(told(await send(running, Buffer.from('hello'), OPAQUE, '/lenient')), '200');
  await eventually(async () => {
    await Promise.resolve();
    assert.match(running.said(), /the scanner lenient does not answer, files pass unseen/);
  });
});

test('with ClamAV dead files are refused', async (t) => {
  const running = ready(t);
  if (running === null || server === null) return;
  await server.stopScanner();
  assert.equal(told(await send(running, Buffer.from('hello'), OPAQUE)), '503 scanner-unavailable');
  assert.equal(arrived, null);
  await server.stop();
  assert.equal(told(await send(running, Buffer.from('hello'), OPAQUE)), '503 scanner-unavailable');
});
