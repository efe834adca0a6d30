import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearers, cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { compile } from './compile.ts';
import {
  apiText,
  type Bench,
  codeOf,
  gatheredOf,
  type GivenReply,
  kindOf,
  NO_TABLES,
  startBench,
  step,
} from './fixture.test.ts';
import { kindTable } from './kind-table.ts';
import type { Exchange } from '../policy/index.ts';
import { HeaderFields } from '../wire/index.ts';

const FRESH = 'cache-control: max-age=60; content-type: text/plain';

/** Answers every request with its number and these fields. */
function numbered(bench: Bench, fields: string, status = 200): void {
  let calls = 0;
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf(`body ${++calls}`, fields, status));
}

const textOf = ({ body }: GivenReply): string => body.toString();
const storeOf = ({ headers }: GivenReply): string | undefined => headers['cache-status'];

test('a fresh reply is given again without asking the upstream, with its age and where it came from', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  const first = await bench.ask(request('/a'));
  assert.equal(textOf(first), 'body 1');
  assert.equal(storeOf(first), 'portcullis; fwd=uri-miss; stored');
  bench.clock.pass(7_000);
  const second = await bench.ask(request('/a'));
  assert.equal(textOf(second), 'body 1');
  assert.equal(storeOf(second), 'portcullis; hit; ttl=53');
  assert.equal(second.headers['age'], '7');
  assert.equal(second.headers['content-length'], '6');
  assert.equal(second.headers['x-content-type-options'], 'nosniff');
  assert.equal(second.headers['date'], 'Thu, 01 Jan 2026 00:00:00 GMT', 'when it was made, not when it is given');
  assert.equal(bench.upstream.requests.length, 1);
  bench.clock.pass(60_000);
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 2');
  assert.deepEqual(bench.metrics.cacheResults, ['miss', 'hit', 'miss']);
});

test('what is given from the store is recorded as let pass, without a status of the upstream', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  await bench.ask(request('/a'));
  await bench.ask(request('/a'));
  const ends = bench.records.flatMap((record) => (record.kind === 'completion' ? [record] : []));
  assert.deepEqual(
    ends.map(({ status, upstreamStatus, responseBytes, complete }) => [
      status,
      upstreamStatus,
      responseBytes,
      complete,
    ]),
    [
      [200, 200, 6, true],
      [200, null, 6, true],
    ],
  );
});

test('an API that says nothing of a cache stores nothing, and says nothing of one', async (t) => {
  const bench = await startBench(t);
  numbered(bench, FRESH);
  for (let ask = 0; ask < 3; ask++) assert.equal(storeOf(await bench.ask(request('/a'))), undefined);
  assert.equal(bench.upstream.requests.length, 3);
});

test('an operation may have its replies stored or not, whatever its API says', async (t) => {
  const api = `routes: ['GET /a', 'GET /b']\n    cache: on\n    operations: { 'GET /b': { cache: off } }`;
  const bench = await startBench(t, { api });
  numbered(bench, FRESH);
  for (const path of ['/a', '/a', '/b', '/b']) await bench.ask(request(path));
  assert.equal(bench.upstream.requests.length, 3);
});

test('a reply that says nothing is stored for as long as the configuration says, and not without that', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ ttl: 30s }') });
  numbered(bench, 'content-type: text/plain');
  await bench.ask(request('/a'));
  assert.equal(storeOf(await bench.ask(request('/a'))), 'portcullis; hit; ttl=30');
  const silent = await startBench(t, { api: cachedApi('on') });
  numbered(silent, 'content-type: text/plain');
  assert.equal(storeOf(await silent.ask(request('/a'))), 'portcullis; fwd=uri-miss; detail=no-freshness');
  assert.equal(textOf(await silent.ask(request('/a'))), 'body 2');
});

test('a larger body than the configuration says is not stored, and one that has just its length is', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ maxEntry: 1KiB }') });
  for (const [path, length, asked] of [
    ['/just', 1_024, 1],
    ['/longer', 1_025, 2],
  ] as const) {
    const before = bench.upstream.requests.length;
    bench.upstream.respond = ({ socket }) => void socket.write(replyOf('x'.repeat(length), FRESH));
    for (let ask = 0; ask < 2; ask++) assert.equal((await bench.ask(request(path))).body.length, length);
    assert.equal(bench.upstream.requests.length - before, asked, path);
  }
});

const NEVER: readonly (readonly [what: string, fields: string, more: string, status: number])[] = [
  ['what is private', 'cache-control: max-age=60, private', '', 200],
  ['what must not be stored', 'cache-control: max-age=60, no-store', '', 200],
  ['what sets a cookie', `${FRESH}; set-cookie: id=1`, '', 200],
  ['what is chosen by anything', `${FRESH}; vary: *`, '', 200],
  ['what is chosen by the client’s address', `${FRESH}; vary: X-Forwarded-For`, '', 200],
  ['what is chosen by the request’s id', `${FRESH}; vary: accept, X-Request-Id`, '', 200],
  ['a part', `${FRESH}; content-range: bytes 0-5/20`, '', 206],
  ['a fault', FRESH, '', 500],
  ['what the client forbids to store', FRESH, 'cache-control: no-store\r\n', 200],
  ['a reply to a credential that nobody judged', FRESH, 'authorization: Basic YTpi\r\n', 200],
  ['a reply to a key that nobody judged', FRESH, 'x-api-key: k\r\n', 200],
  ['a reply to a cookie', FRESH, 'cookie: session=1\r\n', 200],
  ['a stream of events', 'content-type: text/event-stream; cache-control: max-age=60', '', 200],
];

for (const [what, fields, more, status] of NEVER)
  test(`never stored: ${what}`, async (t) => {
    const bench = await startBench(t, { api: cachedApi('{ ttl: 60s }') });
    numbered(bench, fields, status);
    for (let ask = 1; ask <= 3; ask++) assert.equal(textOf(await bench.ask(request('/a', more))), `body ${ask}`);
    if (more !== '') assert.equal(textOf(await bench.ask(request('/a'))), 'body 4', 'nor for others');
  });

test('one client’s no-store keeps the replies to the others neither from being stored nor from being waited for', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  assert.equal(textOf(await bench.ask(request('/a', 'cache-control: no-store\r\n'))), 'body 1');
  assert.equal(storeOf(await bench.ask(request('/a'))), 'portcullis; fwd=uri-miss; stored');
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit/);
});

test('one reply that is not to be stored keeps the next ones from nothing', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const replies = ['cache-control: no-store', `${FRESH}; etag: "1"`];
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('body', replies.shift() ?? ''));
  assert.equal(storeOf(await bench.ask(request('/a'))), 'portcullis; fwd=uri-miss; detail=no-store');
  assert.equal(storeOf(await bench.ask(request('/a', 'if-none-match: "0"\r\n'))), 'portcullis; fwd=uri-miss; stored');
  assert.match(bench.upstream.last.head, /if-none-match: "0"/);
  assert.match(storeOf(await bench.ask(request('/a'))) ?? '', /hit/);
});

test('a fault that one client brings about keeps the replies to the others from nothing', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.upstream.respond = ({ head, socket }) =>
    void socket.write(/^x-odd/im.test(head) ? replyOf('odd', '', 400) : replyOf('sound', FRESH));
  assert.equal((await bench.ask(request('/a', 'x-odd: 1\r\n'))).status, 400);
  assert.equal(storeOf(await bench.ask(request('/a'))), 'portcullis; fwd=uri-miss; stored');
});

test('who shows what may be a credential that nobody judged gets nothing that is stored for strangers', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 1');
  const names = ['Authorization', 'X-API-Key', 'Api-Key', 'ApiKey', 'X-Auth-Token', 'X-Access-Token'];
  for (const name of [...names, 'X-Session-Token', 'Private-Token'])
    assert.equal(
      storeOf(await bench.ask(request('/a', `${name}: k\r\n`))),
      'portcullis; fwd=bypass; detail=credential',
      name,
    );
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 1');
});

test('cookies are not left out of account where the upstream says that it chose by them', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ cookies: ignore }') });
  numbered(bench, `${FRESH}; vary: accept, Cookie`);
  for (let ask = 1; ask <= 3; ask++)
    assert.equal(textOf(await bench.ask(request('/a', `cookie: session=${ask}\r\n`))), `body ${ask}`);
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 4');
});

test('a reply that ends with the connection is not stored, for nobody knows whether it was whole', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  let calls = 0;
  bench.upstream.respond = ({ socket }) =>
    void socket.end(`HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n\r\nbody ${++calls}`);
  for (let ask = 1; ask <= 2; ask++) {
    const given = bench.client().send(request('/a', 'connection: close\r\n'));
    await given.end();
  }
  assert.equal(calls, 2);
});

test('a body that breaks off is not stored, and one in chunks is stored whole', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const head = 'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n';
  const replies = [
    `${head}content-length: 10\r\n\r\nhalf`,
    `${head}transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n`,
    `${head}transfer-encoding: chunked\r\n\r\n4\r\nwhol\r\n1\r\ne\r\n0\r\n\r\n`,
  ];
  bench.upstream.respond = ({ socket }) => {
    const next = replies.shift() ?? '';
    if (next.endsWith('0\r\n\r\n')) socket.write(next);
    else socket.end(next);
  };
  for (let ask = 0; ask < 2; ask++) {
    const client = bench.client().send(request('/a'));
    await client.end();
  }
  assert.equal(textOf(await bench.ask(request('/a'))), 'whole');
  const again = await bench.ask(request('/a'));
  assert.equal(textOf(again), 'whole');
  assert.equal(again.headers['content-length'], '5');
  assert.equal(bench.upstream.requests.length, 3);
});

test('HEAD is answered from the reply to GET, and a client that has it already gets 304', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, `${FRESH}; etag: "v1"`);
  await bench.ask(request('/a'));
  const head = await bench.ask(request('/a', '', 'HEAD'));
  assert.equal(head.headers['content-length'], '6');
  assert.equal(head.headers['cache-status'], 'portcullis; hit; ttl=60');
  const known = await bench.ask(request('/a', 'if-none-match: "v0", "v1"\r\n'));
  assert.equal(known.status, 304);
  assert.equal(known.headers['etag'], '"v1"');
  assert.equal(known.headers['content-type'], undefined);
  const other = await bench.ask(request('/a', 'if-none-match: "v0"\r\n'));
  assert.equal(other.status, 200);
  const part = await bench.ask(request('/a', 'range: bytes=0-1\r\n'));
  assert.deepEqual([part.status, textOf(part)], [200, 'body 1'], 'a range may be answered with the whole');
  assert.equal(bench.upstream.requests.length, 1);
});

test('conditions of the client do not keep the whole reply from being stored', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, `${FRESH}; etag: "v1"`);
  const first = await bench.ask(request('/a', 'if-none-match: "v1"\r\n'));
  assert.doesNotMatch(bench.upstream.last.head, /if-none-match/i);
  assert.equal(first.status, 200);
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 1');
});

test('fields that Vary names choose the reply, as the upstream got them', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  bench.upstream.respond = ({ head, socket }) => {
    const language = /accept-language: (.*)\r/i.exec(head)?.[1] ?? 'none';
    socket.write(replyOf(language, `${FRESH}; vary: accept-language`));
  };
  for (const language of ['de', 'en', 'de', 'en'])
    assert.equal(textOf(await bench.ask(request('/a', `accept-language: ${language}\r\n`))), language);
  assert.equal(textOf(await bench.ask(request('/a'))), 'none');
  assert.equal(bench.upstream.requests.length, 3);
});

test('what misleads an upstream about the request reaches none, and poisons nothing', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  // An upstream that reflects what it believes.
  bench.upstream.respond = ({ head, socket }) => socket.write(replyOf(head.toLowerCase(), FRESH));
  const evil = [
    'x-forwarded-host: evil.example',
    'x-host: evil.example',
    'x-original-url: /admin',
    'x-rewrite-url: /admin',
    'x-forwarded-scheme: nothttps',
    'x-forwarded-port: 1337',
    'forwarded: host=evil.example',
  ];
  for (const [at, line] of evil.entries()) {
    await bench.ask(request(`/p${at}`, `${line}\r\n`));
    const victim = textOf(await bench.ask(request(`/p${at}`)));
    assert.doesNotMatch(victim, /evil|admin|1337|nothttps/, line);
  }
  const overriding = await bench.ask(request('/m', 'x-http-method-override: DELETE\r\n'));
  assert.doesNotMatch(textOf(overriding), /delete/);
});

test('each spelling of a path that is another path elsewhere is one here, or none', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  assert.equal(textOf(await bench.ask(request('/%61bc'))), 'body 1');
  assert.equal(textOf(await bench.ask(request('/abc'))), 'body 1');
  assert.equal(textOf(await bench.ask(request('/ABC'))), 'body 2');
  assert.equal(textOf(await bench.ask(request('/abc?'))), 'body 3');
  assert.equal(textOf(await bench.ask(request('/abc?a=1&b=2'))), 'body 4');
  assert.equal(textOf(await bench.ask(request('/abc?a=1;b=2'))), 'body 5');
  for (const path of ['/x/../abc', '//abc', '/abc;x.css', '/abc%2f'])
    assert.equal((await bench.ask(request(path))).status, 400, path);
  assert.equal(textOf(await bench.ask('GET /abc HTTP/1.1\r\nhost: y.example\r\n\r\n')), 'body 6');
  assert.equal(textOf(await bench.ask('GET /abc HTTP/1.1\r\nhost: x.example:81\r\n\r\n')), 'body 7');
});

test('a page under the name of a picture is not stored', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, 'cache-control: max-age=60; content-type: text/html');
  assert.equal(storeOf(await bench.ask(request('/account/x.css'))), 'portcullis; fwd=uri-miss; detail=type-mismatch');
  assert.equal(textOf(await bench.ask(request('/account/x.css'))), 'body 2');
});

test('steps judge each request before anything stored is looked at, and see every reply', async (t) => {
  let open = true;
  const gate = kindOf('gate', {
    authorize: step(() => (open ? { kind: 'pass' } : { kind: 'deny', problem: { code: 'forbidden' } })),
    respond: step((_exchange, _reply, edits) => {
      edits.setHeader('x-seen', open ? 'yes' : 'no');
      edits.removeHeader('x-secret');
      return { kind: 'pass' };
    }),
  });
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [gate] });
  numbered(bench, `${FRESH}; x-secret: 1`);
  for (let ask = 0; ask < 3; ask++) {
    const given = await bench.ask(request('/a'));
    assert.deepEqual([textOf(given), given.headers['x-seen'], given.headers['x-secret']], ['body 1', 'yes', undefined]);
  }
  open = false;
  assert.equal((await bench.ask(request('/a'))).status, 403);
  assert.equal(bench.upstream.requests.length, 1);
});

test('what a step makes of the head of a stored reply is for that request alone', async (t) => {
  const strip = step<'respond'>(({ request: { headers } }, _reply, edits) => {
    if (headers.has('x-strip')) edits.removeHeader('x-kept');
    return { kind: 'pass' };
  });
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [kindOf('strip', { respond: strip })] });
  numbered(bench, `${FRESH}; x-kept: 1`);
  const keptOf = async (more = ''): Promise<string | undefined> =>
    (await bench.ask(request('/a', more))).headers['x-kept'];
  assert.deepEqual([await keptOf(), await keptOf('x-strip: 1\r\n'), await keptOf()], ['1', undefined, '1']);
  assert.equal(bench.upstream.requests.length, 1);
});

test('the fields of a stored reply are copied only where a step is about it', async (t) => {
  let copies = 0;
  const { copy } = HeaderFields.prototype;
  t.mock.method(HeaderFields.prototype, 'copy', function (this: HeaderFields) {
    copies++;
    return copy.call(this);
  });
  const marks = step<'respond'>((_exchange, _reply, edits) => {
    edits.removeHeader('x-kept');
    return { kind: 'pass' };
  });
  const concerns = ({ request: { headers } }: Exchange): boolean => headers.has('x-mark');
  const bench = await startBench(t, {
    api: cachedApi('on'),
    kinds: [kindOf('marks', { respond: { ...marks, concerns } })],
  });
  numbered(bench, `${FRESH}; x-kept: 1`);
  const keptOf = async (more = ''): Promise<string | undefined> =>
    (await bench.ask(request('/a', more))).headers['x-kept'];
  assert.deepEqual([await keptOf(), await keptOf(), copies], ['1', '1', 0]);
  assert.deepEqual([await keptOf('x-mark: 1\r\n'), await keptOf(), copies], [undefined, '1', 1]);
});

test('what a stored reply lets anybody read is without credentials each time, and stored as it came', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, `${FRESH}; access-control-allow-origin: *; access-control-allow-credentials: true`);
  await bench.ask(request('/a'));
  const dropped = t.mock.method(HeaderFields.prototype, 'drop').mock;
  const before = new Set(dropped.calls.map(({ this: fields }) => fields));
  for (let ask = 0; ask < 2; ask++) {
    const { headers } = await bench.ask(request('/a'));
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-credentials'], undefined);
  }
  const touched = dropped.calls.flatMap(({ this: fields, arguments: [name] }) =>
    name === 'access-control-allow-credentials' && !before.has(fields) ? [fields] : [],
  );
  assert.equal(new Set(touched).size, 2, 'each of a copy of its own');
});

test('a step that reads the body reads what is stored, and its work is not stored', async (t) => {
  const stamp = kindOf('stamp', {
    respond: step(
      (_exchange, reply, edits) => {
        edits.replaceBody(Buffer.from(`<${reply.body('raw')?.toString()}>`));
        return { kind: 'pass' };
      },
      { response: 'raw' },
    ),
  });
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [stamp] });
  numbered(bench, `${FRESH}; etag: "v1"`);
  for (let ask = 0; ask < 3; ask++) assert.equal(textOf(await bench.ask(request('/a'))), '<body 1>');
  const known = await bench.ask(request('/a', 'if-none-match: "v1"\r\n'));
  assert.deepEqual([known.status, textOf(known)], [200, '<body 1>'], 'it never said that it had this tag');
});

test('a known caller gets only what was made for that caller with those rights, if nothing else is said', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [bearers()] });
  bench.upstream.respond = ({ head, socket }) => {
    const who = /x-portcullis-subject: (.*)\r/i.exec(head)?.[1] ?? 'nobody';
    const roles = /x-portcullis-roles: (.*)\r/i.exec(head)?.[1] ?? '';
    socket.write(replyOf(`${who} ${roles}`, 'cache-control: max-age=60, private'));
  };
  const asked = async (token: string | null): Promise<string> =>
    textOf(await bench.ask(request('/me', token === null ? '' : `authorization: Bearer ${token}\r\n`)));
  for (let turn = 0; turn < 2; turn++) {
    assert.equal(await asked('ada'), 'ada ');
    assert.equal(await asked('bob'), 'bob ');
    assert.equal(await asked('ada/admin'), 'ada admin');
    assert.equal(await asked('ada/admin,clerk'), 'ada admin,clerk');
    assert.equal(await asked(null), 'nobody ');
  }
  // What is private is stored for nobody who is not known.
  assert.equal(bench.upstream.requests.length, 6);
});

test('one reply for everybody needs the word of the upstream too', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ per: everybody, ttl: 60s }'), kinds: [bearers()] });
  let fields = 'content-type: text/plain';
  let calls = 0;
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf(`body ${++calls}`, fields));
  const asked = async (path: string, who: string): Promise<string> =>
    textOf(await bench.ask(request(path, `authorization: Bearer ${who}\r\n`)));
  assert.equal(await asked('/a', 'ada'), 'body 1');
  assert.equal(await asked('/a', 'bob'), 'body 2');
  fields = 'cache-control: public, max-age=60';
  assert.equal(await asked('/b', 'ada'), 'body 3');
  assert.equal(await asked('/b', 'bob'), 'body 3');
  fields = 'cache-control: public, max-age=60; vary: authorization';
  assert.equal(await asked('/c', 'ada'), 'body 4');
  assert.equal(await asked('/c', 'bob'), 'body 5');
  fields = 'cache-control: public, max-age=60; vary: x-portcullis-roles';
  assert.equal(await asked('/d', 'ada/admin'), 'body 6');
  assert.equal(await asked('/d', 'bob'), 'body 7');
  fields = 'cache-control: public, private, max-age=60';
  assert.equal(await asked('/e', 'ada'), 'body 8');
  assert.equal(await asked('/e', 'bob'), 'body 9');
});

test('clients can not reach past the cache unless the configuration lets them', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  await bench.ask(request('/a'));
  for (const said of ['no-cache', 'max-age=0', 'no-store', 'only-if-cached'])
    assert.equal(textOf(await bench.ask(request('/a', `cache-control: ${said}\r\n`))), 'body 1', said);
  const open = await startBench(t, { api: cachedApi('{ clientControl: honour }') });
  numbered(open, FRESH);
  await open.ask(request('/a'));
  assert.equal(textOf(await open.ask(request('/a', 'cache-control: no-cache\r\n'))), 'body 2');
  const nothing = await open.ask(request('/b', 'cache-control: only-if-cached\r\n'));
  assert.deepEqual([nothing.status, codeOf(nothing)], [504, 'nothing-stored']);
  assert.equal(open.upstream.requests.length, 2);
});

test('cookies are left out of account where the configuration says so', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ cookies: ignore }') });
  numbered(bench, FRESH);
  for (const id of [1, 2]) assert.equal(textOf(await bench.ask(request('/a', `cookie: s=${id}\r\n`))), 'body 1');
});

test('a request that may change something makes what is stored for its path no good', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  const post = (status: number): Promise<GivenReply> => {
    numbered(bench, '', status);
    return bench.ask(request('/a', 'content-length: 0\r\n', 'POST'));
  };
  await bench.ask(request('/a?x=1'));
  await bench.ask(request('/b'));
  await post(400);
  numbered(bench, FRESH);
  assert.match(storeOf(await bench.ask(request('/a?x=1'))) ?? '', /hit/, 'it failed');
  await post(201);
  numbered(bench, FRESH);
  assert.match(storeOf(await bench.ask(request('/a?x=1'))) ?? '', /uri-miss; stored/);
  assert.match(storeOf(await bench.ask(request('/b'))) ?? '', /hit/);
});

test('a reload keeps what is stored, but for an API that is made in another way', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  numbered(bench, FRESH);
  await bench.ask(request('/a'));
  const { url } = bench.upstream;
  const same = apiText(url, [], cachedApi('on'));
  assert.ok(bench.install(same));
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 1');
  assert.ok(bench.install(`cache: { memory: 32MiB }\n${same}`));
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 2', 'another memory begins empty');
  assert.ok(bench.install(apiText(`${url}/other`, [], cachedApi('on'))));
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 3');
  assert.ok(bench.install(apiText(url, [])));
  assert.equal(textOf(await bench.ask(request('/a'))), 'body 4');
  bench.clock.pass(500);
  assert.partialDeepStrictEqual(
    bench.metrics.cacheHeld,
    { bytes: 0, entries: 0 },
    'nothing is held for what stores nothing any more',
  );
});

test('an operation that changes something can not have its replies stored', () => {
  const kinds = kindTable([]);
  const text = (method: string): string =>
    apiText('http://127.0.0.1:1', [], `routes: ['${method} /a']\n    operations: { '${method} /a': { cache: on } }`);
  for (const [method, isSound] of [
    ['POST', false],
    ['HEAD', false],
    ['GET', true],
    ['*', true],
  ] as const) {
    const compiled = compile(gatheredOf(text(method), kinds), { kinds, tables: NO_TABLES });
    assert.equal(compiled.ok, isSound, method);
    if (!compiled.ok)
      assert.match(
        compiled.error[0]?.message ?? '',
        new RegExp(`replies to ${method} are not stored, only those to GET`),
      );
  }
});
