import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import type { ScannerTarget, ScanResult } from '../../ports/index.ts';
import { scannerContract } from '../../ports/scanner-contract.ts';
import { createIcapScanner } from './icap-scanner.ts';
import { createSharedMeter } from './shared-meter.ts';
import { createSystemClock } from './system-clock.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

/** What a service answers when asked what it does, and when it has seen a beginning or all of a file. */
interface Service {
  readonly options?: string;
  readonly preview?: number;
  answer(file: Buffer, all: boolean, head: string): string;
}

const OPTIONS =
  'ICAP/1.0 200 OK\r\nMethods: RESPMOD, REQMOD\r\nISTag: "one"\r\nAllow: 204\r\nEncapsulated: null-body=0\r\n';
const CLEAN = 'ICAP/1.0 204 No Content\r\nEncapsulated: null-body=0\r\n\r\n';
const GO_ON = 'ICAP/1.0 100 Continue\r\n\r\n';
const FOUND = 'ICAP/1.0 204 No Content\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Evil.Test;\r\n\r\n';

/** As services do it: finds what holds `evil`, once it has seen all of it. */
const USUAL: Service = {
  preview: 32,
  answer: (file, all) => (file.includes('evil') ? FOUND : all ? CLEAN : GO_ON),
};

let connections = 0;

/** Starts a service; what it sends it sends in pieces of this length. */
async function serve(service: Service, pieceLength = 10_000): Promise<ScannerTarget> {
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => {});
    let bytes: Buffer = Buffer.alloc(0);
    let file: Buffer = Buffer.alloc(0);
    let head: string | null = null;
    const say = (text: string): void => {
      const all = Buffer.from(text, 'latin1');
      for (let at = 0; at < all.length; at += pieceLength) socket.write(all.subarray(at, at + pieceLength));
    };
    socket.on('data', (data: Buffer) => {
      bytes = Buffer.concat([bytes, data]);
      for (;;) {
        if (head === null) {
          const end = bytes.indexOf('\r\n\r\n');
          if (end < 0) return;
          const text = bytes.toString('latin1', 0, end);
          if (text.startsWith('OPTIONS')) {
            bytes = bytes.subarray(end + 4);
            const preview = service.preview === undefined ? '' : `Preview: ${service.preview}\r\n`;
            say(service.options ?? `${OPTIONS}${preview}\r\n`);
            continue;
          }
          const inner = Number(/(?:res|req)-body=([0-9]+)/.exec(text)?.[1]);
          if (bytes.length < end + 4 + inner) return;
          head = bytes.toString('latin1', 0, end + 4 + inner);
          file = Buffer.alloc(0);
          bytes = bytes.subarray(end + 4 + inner);
        }
        const chunks = readChunks(bytes);
        if (chunks === null) return;
        bytes = bytes.subarray(chunks.length);
        file = Buffer.concat([file, chunks.data]);
        const asked = /\r\nPreview: /.test(head);
        const all = chunks.whole || !asked || head.endsWith('again');
        const answer = service.answer(file, all, head);
        say(answer);
        head = answer.startsWith('ICAP/1.0 100') ? `${head}again` : null;
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { name: 'test', host: '127.0.0.1', port, service: '/avscan', timeoutMs: 2_000 };
}

/** A whole body in chunks, or null. */
function readChunks(bytes: Buffer): { readonly data: Buffer; readonly whole: boolean; readonly length: number } | null {
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return null;
    const line = bytes.toString('latin1', at, end);
    const size = Number.parseInt(line, 16);
    if (bytes.length < end + 2 + size + 2) return null;
    if (size === 0) return { data: Buffer.concat(pieces), whole: line.includes('ieof'), length: end + 4 };
    pieces.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 4 + size;
  }
}

const scanner = createIcapScanner({ clock: createSystemClock() });

async function told(target: ScannerTarget, content: string | Buffer = 'hello'): Promise<ScanResult> {
  return await scanner.scan(target, Buffer.from(content as string), new AbortController().signal);
}

const NOBODY: ScannerTarget = { name: 'nobody', host: '127.0.0.1', port: 1, service: '/a', timeoutMs: 1_000 };

scannerContract('a service with a preview', async () => ({ scanner, target: await serve(USUAL), nobody: NOBODY }));
scannerContract('a service without a preview, byte by byte', async () => {
  const { answer } = USUAL;
  return { scanner, target: await serve({ answer }, 1), nobody: NOBODY };
});
scannerContract('a service that takes requests alone', async () => {
  const options = OPTIONS.replace('RESPMOD, ', '');
  return { scanner, target: await serve({ ...USUAL, options: `${options}\r\n` }), nobody: NOBODY };
});

const chunked = (body: string): string =>
  body === '' ? '0\r\n\r\n' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

/** A reply that brings a whole message of HTTP. */
function modified(status: string, body: string, more = ''): string {
  const head = `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n`;
  return `ICAP/1.0 200 OK\r\n${more}Encapsulated: res-hdr=0, res-body=${head.length}\r\n\r\n${head}${chunked(body)}`;
}

test('a service that sends the file back as it was has found nothing; another answer is a find', async () => {
  assert.deepEqual(await told(await serve({ answer: () => modified('200 OK', 'hello') })), { kind: 'clean' });
  for (const answer of [
    modified('200 OK', 'hell'),
    modified('200 OK', 'hello!'),
    modified('200 OK', 'HELLO'),
    modified('200 OK', ''),
  ])
    assert.deepEqual(await told(await serve({ answer: () => answer })), { kind: 'found', name: null });
  assert.deepEqual(await told(await serve({ answer: () => modified('403 Forbidden', 'hello') })), {
    kind: 'found',
    name: null,
  });
  const page = 'ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, null-body=26\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n';
  assert.deepEqual(await told(await serve({ answer: () => page })), { kind: 'found', name: null });
});

test('finds are told by the fields that services have for them', async () => {
  const by = async (field: string): Promise<ScanResult> =>
    await told(await serve({ answer: () => modified('200 OK', 'hello', `${field}\r\n`) }));
  assert.deepEqual(await by('X-Infection-Found: Type=0; Resolution=2; Threat=Evil.One;'), {
    kind: 'found',
    name: 'Evil.One',
  });
  assert.deepEqual(await by('X-Virus-ID: Evil.Two'), { kind: 'found', name: 'Evil.Two' });
  assert.deepEqual(await by('X-Violations-Found: 1\r\n\t-\r\n\tEvil\r\n\t0\r\n\t0'), { kind: 'found', name: null });
  assert.deepEqual(await by('X-Violations-Found: 0'), { kind: 'clean' });
  assert.deepEqual(await by('X-Virus-ID: none'), { kind: 'clean' });
});

test('what is no answer of RFC 3507 is unavailable, never clean', async () => {
  const answers = [
    'HTTP/1.1 204 No Content\r\n\r\n',
    'ICAP/1.0 204\r\nno field\r\n\r\n',
    'ICAP/1.0 204 No\0Content\r\n\r\n',
    'ICAP/1.0 500 Server error\r\n\r\n',
    'ICAP/1.0 404 Not found\r\n\r\n',
    'ICAP/1.0 206 Partial\r\n\r\n',
    'ICAP/1.0 200 OK\r\n\r\n',
    'ICAP/1.0 200 OK\r\nEncapsulated: res-body=9, res-hdr=0\r\n\r\n',
    'ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=999999\r\n\r\n',
    modified('200 OK', 'hello').replace('5\r\nhello', 'x\r\nhello'),
    modified('200 OK', 'hello').replace('hello\r\n0', 'hello0'),
    GO_ON,
    `ICAP/1.0 204 No Content\r\nX-Long: ${'a'.repeat(70_000)}\r\n\r\n`,
  ];
  for (const answer of answers) {
    const { kind } = await told({ ...(await serve({ answer: () => answer })), timeoutMs: 500 });
    assert.equal(kind, 'unavailable', answer.slice(0, 80));
  }
  const silent = await told({ ...(await serve({ answer: () => '' })), timeoutMs: 200 });
  assert.deepEqual(silent, { kind: 'unavailable', reason: 'no answer within 200 ms' });
  const odd = await told(await serve({ ...USUAL, options: 'ICAP/1.0 200 OK\r\nMethods: OPTMOD\r\n\r\n' }));
  assert.equal(odd.kind, 'unavailable');
});

test('a connection is used again, and one that was closed meanwhile is replaced', async () => {
  const target = await serve(USUAL);
  connections = 0;
  for (let at = 0; at < 5; at++) assert.equal((await told(target)).kind, 'clean');
  assert.equal(connections, 1);
  for (const socket of sockets) socket.destroy();
  assert.equal((await told(target)).kind, 'clean');
  assert.equal(connections, 2);
  const closing = await serve({ answer: () => CLEAN.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n') });
  for (let at = 0; at < 2; at++) assert.equal((await told(closing)).kind, 'clean');
  assert.equal(connections, 4);
});

test('what comes unasked behind an answer is no answer to the next file', async () => {
  const target = await serve({ answer: (file) => (file.includes('evil') ? FOUND : `${CLEAN}${CLEAN}`) });
  assert.equal((await told(target)).kind, 'clean');
  assert.equal((await told(target, 'evil')).kind, 'found');
});

/** A service that is told of each piece that comes, with the number of its connection, and answers as it likes. */
async function serveRaw(heard: (socket: Socket, piece: Buffer, connection: number) => void): Promise<ScannerTarget> {
  let count = 0;
  const server = createServer((socket) => {
    const number = ++count;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => heard(socket, piece, number));
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { name: 'raw', host: '127.0.0.1', port, service: '/avscan', timeoutMs: 5_000 };
}

test('a find that comes before all of a file was sent holds, though the service resets the connection behind it', async () => {
  const target = await serveRaw((socket, piece) => {
    if (piece.toString('latin1').startsWith('OPTIONS')) socket.write(`${OPTIONS}\r\n`);
    else socket.write(FOUND, () => socket.resetAndDestroy());
  });
  for (let at = 0; at < 5; at++)
    assert.deepEqual(await told(target, Buffer.alloc(4_000_000, 'evil')), { kind: 'found', name: 'Evil.Test' });
});

test('a service that ends a kept connection in its answer is not asked again, and one that says nothing is', async () => {
  for (const begun of ['ICAP/1.0 2', '']) {
    let last = 0;
    let asked = 0;
    const target = await serveRaw((socket, piece, connection) => {
      last = connection;
      if (piece.toString('latin1').startsWith('OPTIONS')) socket.write(`${OPTIONS}\r\n`);
      else if (++asked === 2) socket.end(begun);
      else socket.write(CLEAN);
    });
    assert.equal((await told(target)).kind, 'clean');
    const second = await told(target);
    assert.deepEqual([second.kind, last], begun === '' ? ['clean', 2] : ['unavailable', 1]);
  }
});

test('a connection that says more than it was asked for is closed, also behind what the service does', async () => {
  const { promise: closed, resolve } = Promise.withResolvers<boolean>();
  const target = await serveRaw((socket, piece, connection) => {
    if (connection === 1) socket.on('close', () => resolve(true));
    if (piece.toString('latin1').startsWith('OPTIONS')) socket.write(`${OPTIONS}\r\n${CLEAN}`);
    else socket.write(piece.includes('evil') ? FOUND : CLEAN);
  });
  assert.equal((await told(target, 'evil')).kind, 'found');
  assert.equal(await closed, true);
});

test('a file that comes back in one chunk is compared as it comes', async () => {
  const file = Buffer.alloc(8_000_000, 'sound ');
  for (const [changed, result] of [
    [file, { kind: 'clean' }],
    [Buffer.concat([file.subarray(0, -1), Buffer.from('x')]), { kind: 'found', name: null }],
  ] as const) {
    let heardBytes = 0;
    const target = await serveRaw((socket, piece) => {
      const asks = heardBytes === 0 && piece.toString('latin1').startsWith('OPTIONS');
      if (asks) socket.write(`${OPTIONS}\r\n`);
      else if ((heardBytes += piece.length) > file.length && piece.subarray(-5).equals(Buffer.from('0\r\n\r\n')))
        socket.write(Buffer.from(modified('200 OK', changed.toString('latin1')), 'latin1'));
    });
    assert.deepEqual(await told(target, file), result);
  }
});

test('a connection that is used often hears of its end once', async (t) => {
  const warn = t.mock.method(process, 'emitWarning', () => {});
  const target = await serve(USUAL);
  for (let at = 0; at < 12; at++) assert.equal((await told(target)).kind, 'clean');
  assert.equal(warn.mock.callCount(), 0);
});

test('nothing that a client chose is in a head', async () => {
  let seen = '';
  const target = await serve({
    answer: (_file, _all, head) => {
      seen = head;
      return CLEAN;
    },
  });
  await told(target, 'hello');
  assert.equal(
    seen,
    [
      `RESPMOD icap://127.0.0.1:${target.port}/avscan ICAP/1.0`,
      `Host: 127.0.0.1:${target.port}`,
      'Allow: 204',
      'Encapsulated: req-hdr=0, res-hdr=65, res-body=143',
      '',
      'GET http://upload.invalid/file HTTP/1.1',
      'Host: upload.invalid',
      '',
      'HTTP/1.1 200 OK',
      'Content-Type: application/octet-stream',
      'Content-Length: 5',
      '',
      '',
    ].join('\r\n'),
  );
});

test('more than the connections take wait for their turn, and no more than a bound', async () => {
  const target = await serve({ answer: () => '' });
  const results = await Promise.all(Array.from({ length: 80 }, async () => await told({ ...target, timeoutMs: 300 })));
  const reasons = new Set(results.map((result) => (result.kind === 'unavailable' ? result.reason : result.kind)));
  assert.deepEqual([...reasons].toSorted(), ['no answer within 300 ms', 'too many files wait']);
});

test('scans are counted by what came of them', async () => {
  const series: string[] = [];
  const meter = createSharedMeter({
    announce: ({ name, labels }) => void series.push(`${name} ${JSON.stringify(labels)}`),
  });
  const counting = createIcapScanner({ clock: createSystemClock(), meter });
  await counting.scan(await serve(USUAL), Buffer.from('evil'), new AbortController().signal);
  assert.ok(
    series.some((each) => each.includes('portcullis_scans_total') && each.includes('"found"')),
    series.join(),
  );
});
