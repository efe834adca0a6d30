import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASS, type RequestEditor } from '../policy/index.ts';
import {
  apiText,
  type Bench,
  chunked,
  codeOf,
  combinations,
  kindOf,
  OK_REPLY,
  type RawClient,
  replyText,
  rest,
  startBench,
  step,
  until,
} from './fixture.test.ts';

const GET = 'GET /x HTTP/1.1\r\nhost: x.example\r\n\r\n';
const POST = 'POST /x HTTP/1.1\r\nhost: x.example\r\ncontent-type: text/plain\r\n';

test('the upstream hears whom the gateway stands for, and never what a client claims', async (t) => {
  const bench = await startBench(t);
  const claims =
    'x-forwarded-for: 1.2.3.4\r\nforwarded: for=1.2.3.4\r\nx-request-id: mine\r\nx-portcullis-subject: root\r\n';
  await bench.ask(`GET /x HTTP/1.1\r\nHost: X.example:8443\r\n${claims}accept: a/b\r\nvia: 1.0 other\r\n\r\n`);
  const { head } = bench.upstream.last;
  assert.deepEqual(head.split('\r\n').slice(1, -1), [
    `host: 127.0.0.1:${bench.upstream.port}`,
    'accept: a/b',
    'via: 1.0 other',
    'x-forwarded-for: 127.0.0.1',
    'x-forwarded-host: x.example:8443',
    'x-forwarded-proto: http',
    `x-request-id: ${bench.records[0]?.id}`,
    'via: 1.1 portcullis',
    'traceparent: 00-00000000000000010000000000000002-0000000000000003-03',
  ]);
});

test('the base path is taken off, the upstream’s prefix put before, and the canonical target sent', async (t) => {
  const bench = await startBench(t, { api: "routes: ['* /{rest...}']\n    basePath: /v1" });
  const target = async (path: string): Promise<string> => {
    assert.equal((await bench.ask(`GET ${path} HTTP/1.1\r\nhost: x.example\r\n\r\n`)).status, 200);
    return bench.upstream.last.head.split(' ')[1] as string;
  };
  assert.equal(await target('/v1/a?b'), '/a?b');
  assert.equal(await target('/v1/'), '/');
  assert.equal(await target('/v1/%7ea/%c3%a9?'), '/~a/%C3%A9?');
  const text = `apis:\n  a:\n    routes: ['* /{rest...}']\n    basePath: /v1\n    upstream: ${bench.upstream.url}/in\n    auth: public\n`;
  assert.ok(bench.install(text));
  assert.equal(await target('/v1/a'), '/in/a');
});

/** A policy that edits the request. */
const transforming = (run: (editor: RequestEditor) => void) =>
  kindOf('p', { transform: step((_exchange, editor) => (run(editor), PASS)) });

test('edits of transform reach the upstream, and later steps read what the client sent', async (t) => {
  const seen: (string | null)[] = [];
  const bench = await startBench(t, {
    kinds: [
      transforming((editor) => {
        editor.removeHeader('Authorization');
        editor.setHeader('a', '2');
        editor.setHeader('x-portcullis-plan', 'ada');
      }),
      kindOf('q', {
        transform: step(
          ({ request }) => (seen.push(request.headers.get('authorization'), request.headers.get('a')), PASS),
        ),
        respond: step(({ request }) => (seen.push(request.headers.get('authorization')), PASS)),
      }),
    ],
  });
  await bench.ask('GET /x HTTP/1.1\r\nhost: x.example\r\nauthorization: Bearer b\r\nA: 1\r\nkept: 1\r\n\r\n');
  const { head } = bench.upstream.last;
  assert.doesNotMatch(head, /authorization|\na: 1/i);
  assert.match(head, /\r\nkept: 1\r\n[^]*\r\na: 2\r\nx-portcullis-plan: ada\r\n$/);
  assert.deepEqual(seen, ['Bearer b', '1', 'Bearer b']);
});

test('transform can not touch the framing', async (t) => {
  for (const name of ['content-length', 'Transfer-Encoding', 'host', 'connection', 'x-forwarded-for', 'expect']) {
    const bench = await startBench(t, { kinds: [transforming((editor) => editor.setHeader(name, '0'))] });
    assert.equal(codeOf(await bench.ask(GET)), 'gateway-fault', name);
    assert.equal(bench.upstream.connections, 0);
  }
});

test('early hints are passed on, their links only', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = ({ socket }) => {
    socket.write(
      'HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 X\r\nlink: </a>\r\nset-cookie: b\r\n\r\nHTTP/1.1 103 X\r\na: b\r\n\r\n',
    );
    socket.write(OK_REPLY);
  };
  const client = bench.client().send(GET);
  const hints = await client.reply();
  assert.equal(hints.head, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n');
  assert.equal((await client.reply()).status, 200);
});

test('early hints stay behind where a step withholds what it does not see', async (t) => {
  const withholding = kindOf('p', { respond: { ...step<'respond'>(() => PASS), withholds: ['hints'] } });
  const bench = await startBench(t, { kinds: [withholding] });
  bench.upstream.respond = ({ socket }) => {
    socket.write('HTTP/1.1 103 X\r\nlink: </a>\r\n\r\n');
    socket.write(OK_REPLY);
  };
  assert.equal((await bench.ask(GET)).status, 200);
});

/** The code of the refusal, and of the completion, that an upstream's behaviour leads to. */
async function failing(bench: Bench, behave: (socket: RawClient['socket']) => void): Promise<string> {
  bench.upstream.respond = ({ socket }) => behave(socket);
  const reply = await bench.ask(GET);
  const completion = bench.records.at(-1);
  assert.ok(completion?.kind === 'completion');
  assert.deepEqual([completion.status, completion.complete], [reply.status, true]);
  assert.equal(completion.problem, codeOf(reply));
  assert.ok(!reply.body.includes(String(bench.upstream.port)));
  return `${reply.status} ${codeOf(reply)}`;
}

test('an upstream that fails before its reply is a refusal with the reason', async (t) => {
  const bench = await startBench(t);
  assert.equal(await failing(bench, (socket) => void socket.destroy()), '502 upstream-unreachable');
  assert.equal(await failing(bench, (socket) => void socket.resetAndDestroy()), '502 upstream-incomplete-reply');
  assert.equal(await failing(bench, (socket) => void socket.write('nonsense\r\n\r\n')), '502 upstream-malformed-reply');
  assert.equal(
    await failing(bench, (socket) => void socket.end('HTTP/1.1 200 OK\r\na')),
    '502 upstream-incomplete-reply',
  );
  const twice = 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\nx';
  assert.equal(await failing(bench, (socket) => void socket.write(twice)), '502 upstream-malformed-reply');
  bench.upstream.close();
  assert.equal(codeOf(await bench.ask(GET)), 'upstream-unreachable');
  assert.deepEqual(
    bench.records.flatMap((record) => (record.kind === 'intent' ? [record.verdict] : [])),
    Array.from({ length: 6 }, () => 'pass'),
  );
});

test('an API whose upstream speaks another protocol from now on gets connections of its own', async (t) => {
  const bench = await startBench(t);
  assert.equal((await bench.ask(GET)).status, 200);
  bench.install(apiText(`{ targets: ['${bench.upstream.url}'], protocol: h2 }`, []));
  const reply = await bench.ask(GET);
  assert.equal(reply.status, 502);
  assert.match(codeOf(reply) ?? '', /^upstream-/);
  bench.install(apiText(bench.upstream.url, []));
  assert.equal((await bench.ask(GET)).status, 200);
});

test('an upstream that can not prove who it is is never spoken to, and an alert', async (t) => {
  const bench = await startBench(t);
  const heard: Buffer[] = [];
  bench.upstream.onSocket = (socket) => {
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.write('HTTP/1.1 400 X\r\n\r\n');
  };
  bench.install(apiText(bench.upstream.url.replace('http:', 'https:'), []));
  const reply = await bench.ask('GET /secret HTTP/1.1\r\nhost: x.example\r\n\r\n');
  assert.deepEqual([reply.status, codeOf(reply)], [502, 'upstream-tls']);
  assert.deepEqual(
    bench.alerts.map(({ kind, key }) => [kind, key]),
    [['upstream.untrusted', 'a']],
  );
  assert.match(bench.alerts[0]?.message ?? '', /^there is no TLS connection with the upstream of a: /);
  assert.ok(!Buffer.concat(heard).includes('secret'));
});

test('an upstream that says nothing is given up in time', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = () => {};
  const client = bench.client().send(GET);
  await until(() => bench.upstream.requests.length === 1);
  bench.clock.pass(29_000);
  await rest();
  assert.equal(client.received, '');
  bench.clock.pass(2_000);
  const reply = await client.reply();
  assert.deepEqual([reply.status, codeOf(reply)], [504, 'upstream-timeout']);
  await until(() => bench.upstream.sockets.size === 0);
});

/** Ways in which an upstream breaks off. */
const BREAKS: Readonly<Record<string, (socket: RawClient['socket'], bench: Bench) => unknown>> = {
  end: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  silence: (_socket, bench) => bench.clock.pass(31_000),
  malformed: (socket) => socket.write('\r\n\r\nxxxxxxxxxxxxxxxxxx'),
};

test('a reply that breaks off when it has begun is cut, so that nobody takes it for whole', async (t) => {
  for (const [head, leave] of combinations(
    ['content-length: 100', 'transfer-encoding: chunked'],
    Object.keys(BREAKS),
  )) {
    // A body with a length has no grammar to break.
    if (leave === 'malformed' && head.startsWith('content')) continue;
    const bench = await startBench(t);
    bench.upstream.respond = ({ socket }) => void socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n5\r\nabcde\r\n`);
    const client = bench.client().send(GET);
    await until(() => client.received.includes('abc'));
    for (const socket of bench.upstream.sockets) BREAKS[leave]?.(socket, bench);
    await client.end();
    assert.equal(client.wasReset, true, `${head} ${leave}`);
    assert.doesNotMatch(client.received, /0\r\n\r\n$/);
    await until(() => bench.gateway.inFlight === 0);
    const completion = bench.records.at(-1);
    assert.ok(completion?.kind === 'completion');
    assert.deepEqual([completion.status, completion.upstreamStatus, completion.complete], [200, 200, false]);
    assert.match(String(completion.problem), /^upstream-/);
  }
});

test('a request streams to the upstream while it comes', async (t) => {
  const bench = await startBench(t);
  const arrived: string[] = [];
  bench.upstream.onSocket = (socket) =>
    void socket.on('data', (chunk: Buffer) => arrived.push(chunk.toString('latin1')));
  const client = bench.client().send(`${POST}content-length: 10\r\n\r\n`);
  await until(() => bench.gateway.inFlight === 1);
  await rest();
  assert.deepEqual(arrived, []);
  client.send('abc');
  await until(() => arrived.join('').endsWith('abc'));
  client.send('defghij');
  await until(() => arrived.join('').endsWith('abcdefghij'));
  for (const socket of bench.upstream.sockets) socket.write(OK_REPLY);
  assert.equal((await client.reply('POST')).status, 200);
});

test('a reply may begin while the request still comes, and both go on to their ends', async (t) => {
  const bench = await startBench(t);
  bench.upstream.onSocket = (socket) => {
    let started = false;
    socket.on('data', (chunk: Buffer) => {
      const text = chunk.toString('latin1');
      if (!started) socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      started = true;
      const body = text.includes('\r\n\r\n') ? text.slice(text.indexOf('\r\n\r\n') + 4) : text;
      if (body !== '') socket.write(`${body.length.toString(16)}\r\n${body}\r\n`);
      if (body.endsWith('.')) socket.write('0\r\n\r\n');
    });
  };
  const client = bench.client().send(`${POST}content-length: 6\r\n\r\nab`);
  await until(() => client.received.includes('ab'));
  client.send('cde');
  await until(() => client.received.includes('cde'));
  client.send('.');
  const reply = await client.reply('POST');
  assert.equal(reply.body.toString(), 'abcde.');
  const completion = bench.records.find((record) => record.kind === 'completion');
  assert.ok(completion?.kind === 'completion');
  assert.deepEqual([completion.requestBytes, completion.responseBytes, completion.complete], [6, 6, true]);
});

test('an upstream that answers before it has the whole request is heard', async (t) => {
  const bench = await startBench(t);
  bench.upstream.onSocket = (socket) => void socket.once('data', () => socket.write(replyText('no', 'a: b', 413)));
  const client = bench.client().send(`${POST}content-length: 1000\r\n\r\nabc`);
  const reply = await client.reply('POST');
  assert.deepEqual([reply.status, reply.body.toString(), reply.headers['connection']], [413, 'no', 'close']);
  await until(() => bench.gateway.inFlight === 0 && bench.upstream.sockets.size === 0);
});

test('a request that breaks off on its way aborts the upstream', async (t) => {
  const bench = await startBench(t);
  const arrived: string[] = [];
  bench.upstream.onSocket = (socket) =>
    void socket.on('data', (chunk: Buffer) => arrived.push(chunk.toString('latin1')));
  const client = bench.client().send(`${POST}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  await until(() => arrived.join('').includes('abc'));
  client.send('zz\r\n');
  assert.equal(codeOf(await client.reply('POST')), 'malformed-chunk');
  await until(() => bench.upstream.sockets.size === 0);
  assert.doesNotMatch(arrived.join(''), /0\r\n\r\n$/);
});

test('a request that breaks off when its reply has begun cuts both', async (t) => {
  const bench = await startBench(t);
  bench.upstream.onSocket = (socket) =>
    void socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc'));
  let released = 0;
  const kinds = [kindOf('p', { admit: step(() => PASS, { release: () => released++ }) })];
  const counting = await startBench(t, { kinds });
  counting.upstream.onSocket = bench.upstream.onSocket;
  const client = counting.client().send(`${POST}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`);
  await until(() => client.received.includes('abc'));
  client.send('zz\r\n');
  await client.end();
  await until(() => counting.gateway.inFlight === 0 && counting.upstream.sockets.size === 0);
  const completion = counting.records.at(-1);
  assert.ok(completion?.kind === 'completion');
  assert.deepEqual([completion.problem, completion.complete, released], ['malformed-chunk', false, 1]);
});

test('a client that leaves aborts the upstream, whatever has come so far', async (t) => {
  const bench = await startBench(t);
  bench.upstream.respond = () => {};
  bench.upstream.onSocket = null;
  for (const request of [GET, `${POST}content-length: 3\r\n\r\nabc`]) {
    const before = bench.upstream.requests.length;
    const client = bench.client().send(request);
    await until(() => bench.upstream.requests.length > before);
    client.socket.resetAndDestroy();
    await until(() => bench.gateway.inFlight === 0 && bench.upstream.sockets.size === 0);
  }
  bench.upstream.respond = ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc');
  const client = bench.client().send(GET);
  await until(() => client.received.includes('abc'));
  client.socket.resetAndDestroy();
  await until(() => bench.gateway.inFlight === 0 && bench.upstream.sockets.size === 0);
  const completions = bench.records.filter((record) => record.kind === 'completion');
  assert.deepEqual(
    completions.map(({ status, complete }) => [status, complete]),
    [
      [0, false],
      [0, false],
      [200, false],
    ],
  );
});

const SIZE = 64 * 1024 * 1024;
/** What may be on its way in all buffers of the kernel and of the process together. */
const ON_ITS_WAY = 24 * 1024 * 1024;

/** Writes as much as the other side takes; tells how much that was. */
function pour(socket: RawClient['socket'], bytes: number): { poured: number } {
  const state = { poured: 0 };
  const piece = Buffer.alloc(65_536, 7);
  const more = (): void => {
    while (state.poured < bytes && !socket.destroyed) {
      state.poured += piece.length;
      if (!socket.write(piece)) {
        socket.once('drain', more);
        return;
      }
    }
  };
  more();
  return state;
}

/** Counts bytes without keeping them. */
function countBytes(socket: RawClient['socket']): { count: number } {
  const state = { count: 0 };
  socket.removeAllListeners('data');
  socket.on('data', (chunk: Buffer) => (state.count += chunk.length));
  return state;
}

test('a long reply passes at the pace of a slow client', async (t) => {
  const bench = await startBench(t);
  let source = { poured: 0 };
  bench.upstream.respond = ({ socket }) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n`);
    source = pour(socket, SIZE);
  };
  const client = bench.client();
  const taken = countBytes(client.socket);
  client.send(GET);
  await until(() => taken.count > 0);
  client.socket.pause();
  for (let last = -1; last !== source.poured; ) {
    last = source.poured;
    for (let turn = 0; turn < 10; turn++) await rest();
  }
  assert.ok(source.poured - taken.count < ON_ITS_WAY, `${source.poured} bytes for nobody`);
  client.socket.resume();
  await until(() => taken.count > SIZE);
  await until(() => bench.gateway.inFlight === 0);
  const completion = bench.records.at(-1);
  assert.ok(completion?.kind === 'completion' && completion.responseBytes === SIZE && completion.complete);
});

test('a long request passes at the pace of a slow upstream', async (t) => {
  const bench = await startBench(t, { api: "routes: ['POST /x']\n    body: 1GiB" });
  let taken = { count: 0 };
  let slow: RawClient['socket'] | null = null;
  bench.upstream.onSocket = (socket) => {
    slow = socket;
    taken = countBytes(socket);
    setImmediate(() => socket.pause());
  };
  const client = bench.client().send(`${POST}content-length: ${SIZE}\r\n\r\n`);
  const source = pour(client.socket, SIZE);
  await until(() => slow !== null);
  for (let last = -1; last !== source.poured; ) {
    last = source.poured;
    for (let turn = 0; turn < 10; turn++) await rest();
  }
  assert.ok(source.poured - taken.count < ON_ITS_WAY, `${source.poured} bytes for nobody`);
  const resumed = slow as RawClient['socket'] | null;
  resumed?.resume();
  await until(() => taken.count > SIZE);
  resumed?.write(OK_REPLY);
  assert.equal((await client.reply('POST')).status, 200);
  const completion = bench.records.at(-1);
  assert.ok(completion?.kind === 'completion' && completion.requestBytes === SIZE);
});

test('a connection to the upstream is used again, and never after something went wrong', async (t) => {
  const bench = await startBench(t);
  await bench.ask(GET);
  await bench.ask(`${POST}transfer-encoding: chunked\r\n\r\n${chunked('abc')}`);
  assert.equal(bench.upstream.connections, 1);
  bench.upstream.respond = ({ socket }) => void socket.write(`${OK_REPLY}more`);
  await bench.ask(GET);
  bench.upstream.respond = ({ socket }) => void socket.write(OK_REPLY);
  assert.equal((await bench.ask(GET)).body.toString(), 'ok');
  assert.equal(bench.upstream.connections, 2);
});
