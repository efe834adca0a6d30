import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProblemCode } from '../../base/index.ts';
import { entry, FAULTS, GET, getWith, type Pair, POST } from './block-fixture.test.ts';
import { RequestBlock, TrailerBlock } from './request-block.ts';
import { type Http2RequestHead, type Http2RequestReading, newHeadMemory } from './request-head.ts';

const block = new RequestBlock();

interface Circumstances {
  readonly memory?: ReturnType<typeof newHeadMemory>;
  readonly scheme?: 'http' | 'https';
  readonly ended?: boolean;
}

function read(pairs: readonly Pair[], circumstances: Circumstances = {}): Http2RequestReading {
  const { memory = newHeadMemory(), scheme = 'https', ended = false } = circumstances;
  block.clear();
  for (const pair of pairs) block.field(entry(pair));
  return block.read(memory, { scheme, ended });
}

function good(pairs: readonly Pair[], circumstances?: Circumstances): Http2RequestHead {
  const reading = read(pairs, circumstances);
  assert.ok(reading.fault === null, `${JSON.stringify(pairs).slice(0, 300)}: ${reading.fault}`);
  return reading;
}

const RESET = true;
const REPLY = false;

function bad(pairs: readonly Pair[], fault: ProblemCode, malformed: boolean, circumstances?: Circumstances): void {
  assert.deepEqual(read(pairs, circumstances), { fault, malformed }, JSON.stringify(pairs).slice(0, 300));
}

test('a request is read into its canonical parts', () => {
  const head = good([
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', 'A.test.:8443'],
    [':path', '/v1/%6frders?x=%7e'],
    ['accept', '*/*'],
    ['content-length', '5'],
    ['x-a', ''],
  ]);
  const { fields, bytes, ...parts } = head;
  assert.deepEqual(parts, {
    fault: null,
    method: 'POST',
    authority: { host: 'a.test', port: 8443 },
    path: '/v1/orders',
    query: 'x=~',
    contentLength: 5,
    upgrades: false,
    expectsContinue: false,
  });
  assert.deepEqual(
    [...fields.entries()],
    [
      ['host', 'A.test.:8443'],
      ['accept', '*/*'],
      ['content-length', '5'],
      ['x-a', ''],
    ],
  );
  assert.equal(fields.keptLines(), 'accept: */*\r\nx-a: \r\n');
  assert.deepEqual([fields.get('accept'), fields.get('x-a'), fields.has('x-b')], ['*/*', '', false]);
  const asHttp1 =
    'POST /v1/%6frders?x=%7e HTTP/1.1\r\nhost: A.test.:8443\r\naccept: */*\r\ncontent-length: 5\r\nx-a: \r\n\r\n';
  assert.equal(bytes, asHttp1.length);
});

test('pseudo fields may come in any order, and none is missed or there twice', () => {
  assert.equal(good([...GET].reverse()).path, '/c');
  for (const [name] of GET) {
    const without = getWith(name, null);
    if (name === ':authority') bad(without, 'invalid-host', REPLY);
    else bad(without, 'malformed-pseudo-header', RESET);
    bad([...GET, ...GET.filter(([other]) => other === name)], 'malformed-pseudo-header', RESET);
  }
  bad([], 'malformed-pseudo-header', RESET);
  bad([['accept', '*/*']], 'malformed-pseudo-header', RESET);
});

test('a pseudo field behind an ordinary one, or one that no request has, resets the stream', () => {
  bad([...GET.slice(0, 3), ['accept', '*/*'], [':path', '/c']], 'malformed-pseudo-header', RESET);
  bad([...GET, ['accept', '*/*'], [':path', '/d']], 'malformed-pseudo-header', RESET);
  bad([['cookie', 'a=1'], ...GET], 'malformed-pseudo-header', RESET);
  const hostOnly = getWith(':authority', null);
  bad([...hostOnly, ['host', 'a.test'], [':authority', 'a.test']], 'malformed-pseudo-header', RESET);
  bad([...hostOnly, ['host', 'a.test'], [':authority', 'b.test']], 'malformed-pseudo-header', RESET);
  for (const name of [':status', ':protocol', ':unknown', ':'])
    bad([...GET, [name, '200']], 'malformed-pseudo-header', RESET);
});

test('a method is a token of at most 32 characters, letter for letter', () => {
  for (const method of ['get', 'FOO', 'TRACE', 'A'.repeat(32), '!#$%&'])
    assert.equal(good(getWith(':method', method)).method, method);
  for (const method of ['', 'A'.repeat(33), 'G T', 'GET\t', 'GE(T', 'GET/c', 'G\xc9T', 'GET,PUT', '"GET"'])
    bad(getWith(':method', method), 'malformed-pseudo-header', RESET);
});

test('the scheme is that of the connection', () => {
  assert.equal(good(getWith(':scheme', 'http'), { scheme: 'http' }).path, '/c');
  for (const scheme of ['http', 'HTTPS', 'ftp', 'https:', 'https://evil.test/', 'h2'])
    bad(getWith(':scheme', scheme), 'malformed-target', REPLY);
  bad(GET, 'malformed-target', REPLY, { scheme: 'http' });
  bad(getWith(':scheme', ''), 'malformed-pseudo-header', RESET);
});

test('a path begins with a slash or is the asterisk of OPTIONS; all else is for the reading of targets to refuse', () => {
  for (const path of ['', 'c', '*', '?x', 'https://a.test/c', '//a.test'.slice(2), '%2fc', '#', '\\c'])
    bad(getWith(':path', path), 'malformed-pseudo-header', RESET);
  const cases: readonly (readonly [string, ProblemCode])[] = [
    ['/a/../b', 'dot-segment'],
    ['//a', 'empty-segment'],
    ['/a%2fb', 'encoded-separator'],
    ['/a;b', 'path-parameter'],
    ['/%00', 'malformed-escape'],
    ['/c#x', 'malformed-target'],
    ['/a b', 'malformed-target'],
    ['/a\\b', 'malformed-target'],
  ];
  for (const [path, code] of cases) bad(getWith(':path', path), code, REPLY);
  bad([...GET.slice(0, 3), [':path', '/a\xe9', FAULTS.obsText]], 'malformed-target', REPLY);
  bad([...GET.slice(0, 3), [':path', '/a\r\nx: 1', FAULTS.lineBreak]], 'malformed-header-value', RESET);
  const options = [[':method', 'OPTIONS'], ...getWith(':path', '*').slice(1)] as const satisfies readonly Pair[];
  assert.deepEqual([good(options).path, good(options).query], ['*', null]);
  bad([[':method', 'OPTIONS'], ...getWith(':path', '*/c').slice(1)], 'malformed-pseudo-header', RESET);
});

test('a path has the bound of a request target', () => {
  assert.equal(good(getWith(':path', `/${'a'.repeat(8_191)}`)).path.length, 8_192);
  bad(getWith(':path', `/${'a'.repeat(8_192)}`), 'target-too-long', REPLY);
});

test('CONNECT names an authority and nothing else', () => {
  const connect: readonly Pair[] = [
    [':method', 'CONNECT'],
    [':authority', 'a.test:443'],
  ];
  const { method, path, query, authority } = good(connect);
  assert.deepEqual([method, path, query, authority.host], ['CONNECT', '*', null, 'a.test']);
  for (const extra of [
    [[':path', '/c']],
    [[':scheme', 'https']],
    [
      [':path', '/c'],
      [':scheme', 'https'],
    ],
    [[':protocol', 'websocket']],
    [
      [':path', '/c'],
      [':protocol', 'websocket'],
    ],
    [
      [':scheme', 'https'],
      [':protocol', 'websocket'],
    ],
    [
      [':path', 'c'],
      [':scheme', 'https'],
      [':protocol', 'websocket'],
    ],
    [
      [':path', '*'],
      [':scheme', 'https'],
      [':protocol', 'websocket'],
    ],
    [
      [':path', '/c'],
      [':scheme', 'https'],
      [':protocol', 'websocket'],
      [':protocol', 'websocket'],
    ],
  ] satisfies (readonly Pair[])[])
    bad([...connect, ...extra], 'malformed-pseudo-header', RESET);
  bad([[':method', 'CONNECT']], 'malformed-pseudo-header', RESET);
  bad(
    [
      [':method', 'CONNECT'],
      ['host', 'a.test'],
    ],
    'malformed-pseudo-header',
    RESET,
  );
});

test('CONNECT with the protocol websocket is the GET that asks for it over HTTP/1.1, and with any other nothing else', () => {
  const extended = (protocol: string): readonly Pair[] => [
    [':method', 'CONNECT'],
    [':protocol', protocol],
    [':scheme', 'https'],
    [':path', '/chat?room=1'],
    [':authority', 'a.test'],
  ];
  const { method, path, query, upgrades, authority } = good(extended('websocket'), { ended: false });
  assert.deepEqual([method, path, query, upgrades, authority.host], ['GET', '/chat', 'room=1', true, 'a.test']);
  for (const protocol of ['connect-udp', 'WebSocket', '']) {
    const other = good(extended(protocol), { ended: false });
    assert.deepEqual([other.method, other.path, other.upgrades], ['CONNECT', '*', false]);
  }
  assert.equal(good(GET).upgrades, false);
  bad([...GET, [':protocol', 'websocket']], 'malformed-pseudo-header', RESET);
  bad(extended('websocket').slice(0, 4), 'malformed-pseudo-header', RESET);
  bad([...extended('websocket').slice(0, 3), [':path', '/a/../b'], [':authority', 'a.test']], 'dot-segment', REPLY);
});

test('the host is the authority, and a Host beside it must name the same', () => {
  const only = good([...getWith(':authority', null), ['accept', '*/*'], ['host', 'B.test']]);
  assert.equal(only.authority.host, 'b.test');
  assert.deepEqual([...only.fields.entries()][1], ['host', 'B.test']);
  const both = good([...GET, ['accept', '*/*'], ['host', 'A.TEST.']]);
  assert.deepEqual(
    [...both.fields.entries()],
    [
      ['host', 'a.test'],
      ['accept', '*/*'],
    ],
  );
  for (const host of ['b.test', 'a.test:443', '', 'u@a.test', 'a.test, b.test', 'a.test/'])
    bad([...GET, ['host', host]], 'invalid-host', REPLY);
  bad([...GET, ['host', 'a.test'], ['host', 'a.test']], 'invalid-host', REPLY);
  bad([...getWith(':authority', null), ['host', 'a.test'], ['host', 'a.test']], 'invalid-host', REPLY);
  for (const authority of ['', 'u@a.test', 'u:p@a.test', 'a.test/c', 'a..test', 'a.test:99999', '[::1', 'a b'])
    bad(getWith(':authority', authority), 'invalid-host', REPLY);
});

test('a field with a fault of its own is refused by it, and what is malformed gets no reply', () => {
  bad([...GET, ['x_a', '1', FAULTS.underscore]], 'underscore-in-header', REPLY);
  bad([...GET, ['x-a', '\xe9', FAULTS.obsText]], 'malformed-header-value', REPLY);
  bad([...GET, ['X-A', '1', FAULTS.upperCase]], 'malformed-header', RESET);
  bad([...GET, ['connection', 'close', FAULTS.connection]], 'connection-specific-field', RESET);
  bad([...GET, ['cookie', 'a\n', FAULTS.lineBreak]], 'malformed-header-value', RESET);
  bad([...GET.slice(0, 2), [':authority', 'a\0', FAULTS.lineBreak], ['x', '1']], 'malformed-header-value', RESET);
});

test('of several faults the first of the block is named, then the target, single fields, host and expectation', () => {
  const soft: Pair = ['x_a', '1', FAULTS.underscore];
  const hard: Pair = ['X-A', '1', FAULTS.upperCase];
  bad([...GET, soft, hard], 'underscore-in-header', REPLY);
  bad([...GET, hard, soft], 'malformed-header', RESET);
  bad([...getWith(':path', '/..'), soft], 'underscore-in-header', REPLY);
  bad([...getWith(':path', null), soft], 'malformed-pseudo-header', RESET);
  bad([...GET, ['content-length', 'x'], soft], 'invalid-content-length', REPLY);
  const twice: readonly Pair[] = [
    ['authorization', 'a'],
    ['authorization', 'b'],
  ];
  bad([...getWith(':path', '/..'), ...twice], 'dot-segment', REPLY);
  bad([...getWith(':authority', ''), ...twice], 'duplicate-header', REPLY);
  bad([...getWith(':authority', ''), ['expect', 'x']], 'invalid-host', REPLY);
  bad([...getWith(':scheme', 'http'), ...twice], 'malformed-target', REPLY);
});

test('a length is plain decimal digits, once', () => {
  for (const [text, length] of [
    ['0', 0],
    ['5', 5],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ] as const)
    assert.equal(good([...POST, ['content-length', text]]).contentLength, length);
  assert.equal(good(POST).contentLength, -1);
  const invalid = ['', '+5', '-5', '05', '0x5', '5,5', '5.0', '5 5', '9007199254740992', '1'.repeat(17), '\xb2', '5\t'];
  for (const text of invalid) bad([...POST, ['content-length', text]], 'invalid-content-length', REPLY);
  for (const [first, second] of [
    ['5', '5'],
    ['5', '6'],
    ['0', '0'],
    ['5', 'x'],
  ] as const)
    bad([...POST, ['content-length', first], ['content-length', second]], 'invalid-content-length', REPLY);
});

test('a stream that ends with its head may not announce a body', () => {
  bad([...POST, ['content-length', '1']], 'content-length-mismatch', RESET, { ended: true });
  assert.equal(good([...POST, ['content-length', '0']], { ended: true }).contentLength, 0);
  bad([...POST, ['expect', '100-continue']], 'invalid-expect', REPLY, { ended: true });
  bad([...POST, ['content-length', '0'], ['expect', '100-continue']], 'invalid-expect', REPLY);
});

test('an expectation is one word, once', () => {
  assert.equal(good([...POST, ['expect', '100-Continue']]).expectsContinue, true);
  assert.equal(good([...POST, ['content-length', '5'], ['expect', '100-continue']]).expectsContinue, true);
  bad([...POST, ['expect', '200-ok']], 'expectation-failed', REPLY);
  for (const value of ['', '100-continue, x', 'a b']) bad([...POST, ['expect', value]], 'invalid-expect', REPLY);
  bad([...POST, ['expect', '100-continue'], ['expect', '100-continue']], 'invalid-expect', REPLY);
});

test('crumbs are one cookie behind the other fields', () => {
  const { fields } = good([
    ...GET,
    ['cookie', 'a=1'],
    ['accept', '*/*'],
    ['cookie', 'b=2'],
    ['cookie', ''],
    ['x-a', '1'],
    ['cookie', 'c=3'],
  ]);
  assert.equal(fields.keptLines(), 'accept: */*\r\nx-a: 1\r\ncookie: a=1; b=2; c=3\r\n');
  assert.deepEqual(fields.all('cookie'), ['a=1; b=2; c=3']);
  const ofCrumbs = (...values: readonly string[]): string | null =>
    good([...GET, ...values.map((value): Pair => ['cookie', value])]).fields.get('cookie');
  assert.equal(ofCrumbs(''), '');
  assert.equal(ofCrumbs('', ''), '');
  assert.equal(ofCrumbs('', 'a=1', ''), 'a=1');
});

test('a field that may stand once and stands twice is refused, others may repeat', () => {
  for (const name of ['authorization', 'x-api-key', 'content-type', 'origin', 'x-auth-token'])
    bad([...GET, [name, 'a'], ['accept', '*/*'], [name, 'a']], 'duplicate-header', REPLY);
  assert.deepEqual(good([...GET, ['accept', 'a/b'], ['accept', 'c/d']]).fields.all('accept'), ['a/b', 'c/d']);
});

test('what a client may not say is dropped', () => {
  const { fields } = good([
    ...GET,
    ['te', 'trailers'],
    ['trailer', 'x-a'],
    ['x-forwarded-for', '10.0.0.1'],
    ['x-portcullis-roles', 'root'],
    ['proxy-authorization', 'Basic YTpi'],
    ['http2-settings', 'AAAA'],
    ['x-a', '1'],
  ]);
  assert.equal(fields.keptLines(), 'x-a: 1\r\n');
});

test('the bounds of a head are allowed, and one more is not', () => {
  const many = (count: number): Pair[] => Array.from({ length: count }, (_, at) => [`x-${at}`, '1']);
  assert.equal(good([...GET, ...many(99)]).fields.size, 100);
  bad([...GET, ...many(100)], 'header-too-large', REPLY);
  assert.equal(good([...GET, ...many(98), ['cookie', 'a'], ['cookie', 'b']]).fields.size, 100);
  bad([...GET, ...many(99), ['cookie', 'a']], 'header-too-large', REPLY);
  const room = 16_384 - good([...GET, ['x', '']]).bytes;
  assert.equal(good([...GET, ['x', 'v'.repeat(room)]]).bytes, 16_384);
  bad([...GET, ['x', 'v'.repeat(room + 1)]], 'header-too-large', REPLY);
  const cookieRoom = 16_384 - good([...GET, ['cookie', '']]).bytes;
  assert.equal(good([...GET, ['cookie', 'v'.repeat(cookieRoom)]]).bytes, 16_384);
  bad([...GET, ['cookie', 'v'.repeat(cookieRoom + 1)]], 'header-too-large', REPLY);
  bad([...GET, ['cookie', 'v'.repeat(cookieRoom - 2)], ['cookie', 'v']], 'header-too-large', REPLY);
  bad(getWith(':authority', 'a'.repeat(17_000)), 'header-too-large', REPLY);
});

test('two hundred crumbs are allowed, and one more is not', () => {
  const crumbs = (count: number): Pair[] => Array.from({ length: count }, () => ['cookie', 'a']);
  assert.equal(good([...GET, ...crumbs(200)]).fields.get('cookie'), Array(200).fill('a').join('; '));
  bad([...GET, ...crumbs(201)], 'header-too-large', REPLY);
});

test('nothing of one block is in the next', () => {
  read([...POST, ['authorization', 'a'], ['cookie', 'a=1'], ['content-length', '5'], ['host', 'a.test']]);
  read([...GET, ['x', 'v'.repeat(20_000)], ['cookie', 'a=1']]);
  const { fields, contentLength, bytes } = good([...GET, ['authorization', 'b']]);
  assert.deepEqual([fields.keptLines(), contentLength], ['authorization: b\r\n', -1]);
  assert.equal(bytes, 'GET /c HTTP/1.1\r\nhost: a.test\r\nauthorization: b\r\n\r\n'.length);
  const first = good([...GET, ['x-a', '1'], ['x-b', '2']]);
  good([...POST, ['y-a', '3'], ['y-bcd', '4']]);
  assert.equal(first.fields.keptLines(), 'x-a: 1\r\nx-b: 2\r\n');
});

test('the host and path of a connection are remembered, and others read anew', () => {
  const memory = newHeadMemory();
  const seen = ['/c', '/c', '/%64', '/..', '/c', '/%64', `/${'a'.repeat(600)}`].map((path) => {
    const reading = read(getWith(':path', path), { memory });
    return reading.fault ?? reading.path.slice(0, 4);
  });
  assert.deepEqual(seen, ['/c', '/c', '/d', 'dot-segment', '/c', '/d', '/aaa']);
  const hosts = ['A.test', 'A.test', 'b.test', 'b b', 'b.test'].map((host) => {
    const reading = read(getWith(':authority', host), { memory });
    return reading.fault ?? reading.authority.host;
  });
  assert.deepEqual(hosts, ['a.test', 'a.test', 'b.test', 'invalid-host', 'b.test']);
  bad([...GET, ['host', 'b.test']], 'invalid-host', REPLY, { memory });
});

test('trailers are kept within their bounds, and hold no pseudo fields', () => {
  const trailers = new TrailerBlock();
  const fill = (pairs: readonly Pair[]): ProblemCode | null => {
    trailers.clear();
    for (const pair of pairs) trailers.field(entry(pair));
    return trailers.fault;
  };
  assert.equal(
    fill([
      ['x-a', '1'],
      ['x-forwarded-for', '10.0.0.1'],
      ['host', 'evil.test'],
      ['x-b', '2'],
    ]),
    null,
  );
  assert.equal(trailers.fields().keptLines(), 'x-a: 1\r\nx-b: 2\r\n');
  assert.equal(fill([]), null);
  assert.equal(trailers.fields().size, 0);
  assert.equal(
    fill([
      ['x-a', '1'],
      [':path', '/'],
    ]),
    'malformed-pseudo-header',
  );
  assert.equal(fill([[':status', '200']]), 'malformed-pseudo-header');
  assert.equal(fill([['x_a', '1', FAULTS.underscore]]), 'underscore-in-header');
  assert.equal(fill([['connection', 'close', FAULTS.connection]]), 'connection-specific-field');
  const many = (count: number): Pair[] => Array.from({ length: count }, () => ['x', '1']);
  assert.equal(fill(many(50)), null);
  assert.equal(fill(many(51)), 'header-too-large');
  assert.equal(fill([['x', 'v'.repeat(8_192 - 5)]]), null);
  assert.equal(fill([['x', 'v'.repeat(8_192 - 4)]]), 'header-too-large');
});
