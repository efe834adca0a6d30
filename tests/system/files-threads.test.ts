import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

/** A scanner that has a word for what holds `evil`. */
let scanner: Server;
const sockets = new Set<Socket>();
let upstream: LocalServer;
let gateway: GatewayProcess;
let arrived = 0;

before(async () => {
  scanner = createServer(answer);
  scanner.listen(0, '127.0.0.1');
  await once(scanner, 'listening');
  const { port } = scanner.address() as AddressInfo;
  upstream = await startLocalServer((request, response) => {
    arrived++;
    request.resume().on('end', () => response.end('kept'));
  });
  gateway = await startGateway(`version: 1
server: { https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
scanners:
  ours: { icap: 'icap://127.0.0.1:${port}/scan' }
apis:
  files:
    routes: [POST /files]
    upstream: ${upstream.url}
    auth: public
    files: { scan: ours, count: 20 }
`);
});

after(async () => {
  await gateway?.stop();
  upstream?.stop();
  stopScanner();
});

const OPTIONS =
  'ICAP/1.0 200 OK\r\nMethods: RESPMOD\r\nISTag: "one"\r\nAllow: 204\r\nEncapsulated: null-body=0\r\n\r\n';
const CLEAN = 'ICAP/1.0 204 No Content\r\nEncapsulated: null-body=0\r\n\r\n';
const FOUND = 'ICAP/1.0 204 No Content\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Evil.Test;\r\n\r\n';

function answer(socket: Socket): void {
  sockets.add(socket);
  let text = '';
  socket.on('error', () => {});
  socket.on('data', (data) => {
    text += data.toString('latin1');
    if (text.startsWith('OPTIONS') && text.endsWith('\r\n\r\n')) socket.write(OPTIONS);
    else if (text.endsWith('\r\n0\r\n\r\n')) socket.write(text.includes('evil') ? FOUND : CLEAN);
    else return;
    text = '';
  });
}

function stopScanner(): void {
  scanner.close();
  for (const socket of sockets) socket.destroy();
}

interface SentFile {
  readonly name: string;
  readonly content: string;
}

function formOf(files: readonly SentFile[]): string {
  const parts = files.map(
    ({ name, content }) =>
      `--b\r\nContent-Disposition: form-data; name="f"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n${content}\r\n`,
  );
  return `${parts.join('')}--b--\r\n`;
}

/** Each over a connection of its own, so that both threads get some. */
async function send(body: string): Promise<string> {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const reply = await ask({ ...gateway, port: gateway.https, method: 'POST', path: '/files', headers, body });
  return reply.body === 'kept'
    ? `${reply.status}`
    : `${reply.status} ${(JSON.parse(reply.body) as { code: string }).code}`;
}

const CLEAN_FORM = formOf([
  { name: 'a.txt', content: 'one' },
  { name: 'b.txt', content: 'two' },
]);
const FORMS: readonly (readonly [form: string, verdict: string])[] = [
  [CLEAN_FORM, '200'],
  [
    formOf([
      { name: 'a.txt', content: 'one' },
      { name: 'b.txt', content: 'evil' },
    ]),
    '422 file-refused',
  ],
  [formOf(Array.from({ length: 21 }, (_, index) => ({ name: `${index}.txt`, content: 'x' }))), '413 body-too-large'],
  [formOf([{ name: '../a.txt', content: 'x' }]), '400 malformed-body'],
  [formOf([{ name: 'a.php.txt', content: 'x' }]), '422 file-refused'],
  [`preamble\r\n${CLEAN_FORM}`, '400 malformed-body'],
  [CLEAN_FORM.replace('--b--', '--b'), '400 malformed-body'],
];

test('every thread has files scanned, and gives the same verdicts', async () => {
  const many = Array.from({ length: 8 }, () => FORMS).flat();
  const verdicts = await Promise.all(many.map(([form]) => send(form)));
  assert.deepEqual(
    verdicts,
    many.map(([, verdict]) => verdict),
  );
  assert.equal(arrived, 8, 'what is refused goes nowhere');
});

test('without the scanner nothing that it would have to look at passes in any thread, and the rest is as it was', async () => {
  arrived = 0;
  stopScanner();
  const many = Array.from({ length: 8 }, () => FORMS).flat();
  const verdicts = await Promise.all(many.map(([form]) => send(form)));
  const unscanned = (verdict: string, form: string): string =>
    verdict === '200' || form.includes('evil') ? '503 scanner-unavailable' : verdict;
  assert.deepEqual(
    verdicts,
    many.map(([form, verdict]) => unscanned(verdict, form)),
  );
  assert.equal(arrived, 0);
});
