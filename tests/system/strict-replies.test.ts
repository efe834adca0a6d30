import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import zlib from 'node:zlib';
import { countingKinds } from './counting-kinds.ts';
import { askPlainly, gatherText, type InnerGateway, type PlainReply, startInner } from './inner-gateway.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

const ORDER = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'integer' },
    total: { type: 'number', maximum: 1_000_000 },
    pin: { type: 'string', writeOnly: true },
    lines: {
      type: 'array',
      items: { type: 'object', required: ['sku'], properties: { sku: { type: 'string', maxLength: 8 } } },
    },
  },
};

const JSON_ORDER = { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } };

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'orders', version: '1' },
  paths: {
    '/order': {
      get: {
        operationId: 'getOrder',
        responses: {
          200: {
            description: '',
            headers: {
              'X-Total': { required: false, schema: { type: 'integer' } },
              'Set-Cookie': { schema: { type: 'string', pattern: '^sid=' } },
            },
            content: JSON_ORDER,
          },
          404: { description: '' },
          500: {
            description: '',
            content: {
              'application/json': { schema: { type: 'object', properties: { reason: { type: 'string' } } } },
            },
          },
          204: { description: '' },
        },
      },
    },
    '/file': {
      get: {
        operationId: 'getFile',
        responses: {
          200: {
            description: '',
            content: {
              'application/octet-stream': { schema: { type: 'string', format: 'binary' } },
              'text/event-stream': { schema: { type: 'string' } },
              'application/yaml': { schema: { $ref: '#/components/schemas/Order' } },
            },
          },
        },
      },
    },
  },
  components: { schemas: { Order: ORDER } },
};

const CONFIG = (url: string): string => `version: 1
cache: { memory: 8MiB }
apis:
${['strict', 'refuse', 'report', 'observe', 'requests', 'described', 'cached']
  .map(
    (name) => `  ${name}:
    openapi: ./orders.json
    host: ${name}.example
    upstream: '${url}'
    auth: public
    validate: ${name === 'observe' || name === 'requests' ? name : 'strict'}
${name === 'cached' ? '    cache: on\n' : ''}${name === 'refuse' || name === 'report' ? `    undescribed: ${name}\n` : ''}${name === 'described' ? '    responseHeaders: described\n' : ''}`,
  )
  .join('')}`;

/** What the upstream says next, as bytes, and whether it hangs up afterwards. */
let said: Buffer;
let hangsUp = false;
let asked = '';
const lines: unknown[] = [];
let upstream: LocalServer;
let gateway: InnerGateway;

before(async () => {
  upstream = await startLocalServer(
    createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        asked = bytes.toString('latin1');
        socket.write(said);
        if (hangsUp) socket.end();
      });
    }),
  );
  const gathered = await gatherText(CONFIG(upstream.url), { 'orders.json': JSON.stringify(DOCUMENT) });
  gateway = await startInner(gathered, countingKinds({ log: { write: (...line) => void lines.push(line) } }));
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

beforeEach(() => {
  hangsUp = false;
});

/** A reply with this body and a length. */
function plain(body: string | Buffer, fields = 'content-type: application/json', status = '200 OK'): Buffer {
  const bytes = Buffer.from(body);
  const more = fields === '' ? '' : `${fields}\r\n`;
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${more}content-length: ${bytes.length}\r\n\r\n`), bytes]);
}

function chunks(pieces: readonly string[], end = '0\r\n\r\n', fields = 'content-type: application/json'): Buffer {
  const body = pieces.map((piece) => `${Buffer.byteLength(piece).toString(16)}\r\n${piece}\r\n`).join('');
  return Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\ntransfer-encoding: chunked\r\n\r\n${body}${end}`);
}

type Api = 'strict' | 'refuse' | 'report' | 'observe' | 'requests' | 'described' | 'cached';

/** Asks for what the upstream says. */
async function ask(
  bytes: Buffer,
  {
    api = 'strict',
    path = '/order',
    method = 'GET',
    headers = {},
  }: { api?: Api; path?: string; method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<PlainReply> {
  said = bytes;
  return askPlainly(gateway.port, { method, path, headers: { host: `${api}.example`, ...headers } });
}

/** The code of a refusal, or the body of a reply that passed. */
function short({ status, headers, body }: PlainReply): string {
  if (headers['content-type'] !== 'application/problem+json') return `${status} ${body}`;
  assert.equal(status, 502);
  const problem = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual(Object.keys(problem).toSorted(), ['code', 'instance', 'status', 'title', 'type']);
  return String(problem['code']);
}

test('a reply as described passes byte for byte', async () => {
  const body = '{ "id": 1, "total": 1.0, "lines": [ {"sku": "\\u0061"} ] }';
  assert.equal(short(await ask(plain(body))), `200 ${body}`);
  assert.equal(short(await ask(plain('', '', '204 No Content'))), '204 ');
});

test('what is not described does not leave, and what is keeps its bytes', async () => {
  const body = '{"secret":{"a":[1]}, "id":1e0,"pin":"1234","lines":[{"sku":"a","cost":0.10}],"total":12.50,"x":null}';
  const reply = await ask(plain(body, 'content-type: application/json\r\netag: "1"'));
  assert.equal(short(reply), '200 {"id":1e0,"lines":[{"sku":"a"}],"total":12.50}');
  assert.equal(reply.headers['content-length'], '46');
  assert.equal(reply.headers['etag'], undefined);
  assert.equal(short(await ask(plain(body), { api: 'refuse' })), 'upstream-reply-invalid');
  assert.equal(short(await ask(plain('{"id":1,"x":1}'), { api: 'refuse' })), 'upstream-reply-undescribed');
  assert.equal(short(await ask(plain(body), { api: 'requests' })), `200 ${body}`);
});

test('what is reported passes, but for what may never be sent', async () => {
  assert.equal(short(await ask(plain('{"id":1,"x":1}'), { api: 'report' })), '200 {"id":1,"x":1}');
  assert.equal(short(await ask(plain('{"pin":"1","id":1,"x":1}'), { api: 'report' })), '200 {"id":1,"x":1}');
  assert.equal(short(await ask(plain('{"x":1}'), { api: 'report' })), 'upstream-reply-invalid');
});

test('a status or a type that is not described does not leave', async () => {
  assert.equal(short(await ask(plain('{"id":1}', 'content-type: application/json', '201 Created'))), UNDESCRIBED);
  assert.equal(short(await ask(plain('<id>1</id>', 'content-type: application/xml'))), UNDESCRIBED);
  assert.equal(short(await ask(plain('{"id":1}', ''))), UNDESCRIBED);
  assert.equal(short(await ask(plain('{"id":1}', 'content-type: application/json, text/html'))), UNDESCRIBED);
  const twice = 'content-type: application/json\r\ncontent-type: text/html';
  assert.match(short(await ask(plain('{"id":1}', twice))), /^upstream-/);
});

const UNDESCRIBED = 'upstream-reply-undescribed';
const INVALID = 'upstream-reply-invalid';

test('where no body is described none leaves', async () => {
  const trace = plain('at Orders.find (/srv/app.js:1)', 'content-type: text/plain', '404 Not Found');
  const reply = await ask(trace);
  assert.deepEqual([reply.status, reply.body, reply.headers['content-type']], [404, '', undefined]);
  assert.equal(short(await ask(trace, { api: 'refuse' })), UNDESCRIBED);
  assert.equal(short(await ask(trace, { api: 'report' })), '404 at Orders.find (/srv/app.js:1)');
});

test('bodies that readers take in two ways, or not at all, do not leave', async () => {
  for (const body of [
    '{"id":1,"id":2}',
    '{"id":1,"\\u0069d":2}',
    '{"id":NaN}',
    '{"id":1}{"id":2}',
    '\uFEFF{"id":1}',
    '{"id":1,"total":1e999}',
    '{"id":1,"x":"\\ud800"}',
    `{"id":1,"x":${'['.repeat(65)}${']'.repeat(65)}}`,
    '{"id":1,"lines":[{"sku":"a"},{"sku":"too-long-a-name"}]}',
    '{"lines":[]}',
    '[{"id":1}]',
    '',
    'null',
  ]) {
    assert.equal(short(await ask(plain(body))), INVALID, body);
  }
  assert.equal(short(await ask(plain('{"id":1,"__proto__":{"admin":true},"constructor":1}'))), '200 {"id":1}');
});

test('a body that ends too early, or breaks its description late, has not begun to leave', async () => {
  hangsUp = true;
  const early = chunks(['{"id":1,', '"lines":[{"sku":"a"}'], '');
  assert.equal(short(await ask(early)), 'upstream-incomplete-reply');
  hangsUp = false;
  assert.equal(short(await ask(chunks(['{"id":1,"lines":[', '{"sku":"a"},'.repeat(9_000), '{"sku":1}]}']))), INVALID);
  assert.equal(short(await ask(chunks(['{"id":1}'], 'zz\r\n'))), 'upstream-malformed-reply');
  const trailers = '0\r\nx-secret: 1\r\n\r\n';
  const reply = await ask(chunks(['{"id":1,"x":1}'], trailers), { headers: { te: 'trailers' } });
  assert.equal(short(reply), '200 {"id":1}');
  assert.equal(reply.headers['x-secret'], undefined);
});

test('coded bodies are judged by what they hold, and leave decoded', async () => {
  const body = '{"id":1,"x":"äöü"}';
  const coded = { gzip: zlib.gzipSync(body), br: zlib.brotliCompressSync(body), zstd: zlib.zstdCompressSync(body) };
  for (const [coding, bytes] of Object.entries(coded)) {
    const fields = `content-type: application/json\r\ncontent-encoding: ${coding}`;
    const reply = await ask(plain(bytes, fields));
    assert.equal(short(reply), '200 {"id":1}', coding);
    assert.equal(reply.headers['content-encoding'], undefined);
    assert.equal(short(await ask(plain(bytes.subarray(0, -3), fields))), 'upstream-refused-body');
    assert.equal(short(await ask(plain(bytes.subarray(0, -3), fields), { api: 'observe' })).slice(0, 3), '200');
  }
  const bomb = zlib.gzipSync(Buffer.alloc(50 * 1024 * 1024, ' '));
  const fields = 'content-type: application/json\r\ncontent-encoding: gzip';
  assert.equal(short(await ask(plain(bomb, fields))), 'upstream-refused-body');
});

test('a body too large to be read does not leave where it must be, and passes where that is observed', async () => {
  const huge = `{"id":1,"x":"${'y'.repeat(11 * 1024 * 1024)}"}`;
  for (const reply of [plain(huge), chunks([huge])]) {
    assert.equal(short(await ask(reply)), 'upstream-refused-body');
    assert.equal((await ask(reply, { api: 'observe' })).body.length, huge.length);
  }
});

test('what is described as bytes streams by, whatever its size, and parts of it too', async () => {
  const huge = Buffer.alloc(11 * 1024 * 1024, 'x');
  const octets = 'content-type: application/octet-stream';
  assert.equal((await ask(plain(huge, octets), { path: '/file' })).body.length, huge.length);
  const headers = { range: 'bytes=0-3', 'accept-encoding': 'gzip' };
  const part = plain('xxxx', `${octets}\r\ncontent-range: bytes 0-3/99`, '206 Partial Content');
  assert.equal(short(await ask(part, { path: '/file', headers })), '206 xxxx');
  assert.match(asked, /\r\nrange: bytes=0-3\r\n/i);
  assert.match(asked, /\r\naccept-encoding: gzip\r\n/i);
  assert.equal(short(await ask(plain('id: 1', 'content-type: application/yaml'), { path: '/file' })), UNDESCRIBED);
  const events = 'content-type: text/event-stream';
  assert.equal(short(await ask(plain('data: 1\n\n', events), { path: '/file' })), '200 data: 1\n\n');
  const order = plain('{"i', 'content-type: application/json\r\ncontent-range: bytes 0-2/9', '206 Partial Content');
  assert.equal(short(await ask(order, { headers: { range: 'bytes=0-2' } })), INVALID);
  assert.doesNotMatch(asked, /\r\nrange:/i);
});

test('described headers must be as described, each line of a cookie by itself', async () => {
  const json = 'content-type: application/json';
  assert.equal(short(await ask(plain('{"id":1}', `${json}\r\nx-total: 5`))), '200 {"id":1}');
  assert.equal(short(await ask(plain('{"id":1}', `${json}\r\nx-total: five`))), INVALID);
  assert.equal(short(await ask(plain('{"id":1}', `${json}\r\nx-total: 5\r\nx-total: 6`))), INVALID);
  const dated = 'set-cookie: sid=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT';
  const two = await ask(plain('{"id":1}', `${json}\r\n${dated}\r\nset-cookie: sid=2`));
  assert.equal((two.headers['set-cookie'] as string[]).length, 2);
  assert.equal(short(await ask(plain('{"id":1}', `${json}\r\n${dated}\r\nset-cookie: admin=1`))), INVALID);
});

test('headers that are not described leave only where that is allowed', async () => {
  const fields =
    'content-type: application/json\r\nx-total: 1\r\nx-team: 1\r\nX_Trace: 2\r\netag: "1"\r\ncache-control: no-cache';
  const open = await ask(plain('{"id":1}', fields));
  assert.deepEqual([open.headers['x-team'], open.headers['x_trace']], ['1', '2']);
  const closed = await ask(plain('{"id":1}', fields), { api: 'described' });
  assert.equal(short(closed), '200 {"id":1}');
  assert.deepEqual(
    [closed.headers['x-team'], closed.headers['x_trace'], closed.headers['x-total']],
    [undefined, undefined, '1'],
  );
  assert.deepEqual([closed.headers['etag'], closed.headers['cache-control']], ['"1"', 'no-cache']);
  assert.ok(closed.headers['x-request-id'] !== undefined && closed.headers['x-content-type-options'] === 'nosniff');
});

test('a failure that is not described, or shows a trace, is a problem with its status; another is as described', async () => {
  const json = 'content-type: application/json';
  const codeOf = ({ status, headers, body }: PlainReply): readonly unknown[] => {
    assert.equal(headers['content-type'], 'application/problem+json');
    return [status, (JSON.parse(body) as Record<string, unknown>)['code']];
  };
  assert.deepEqual(codeOf(await ask(plain('{"at":"db7"}', json, '503 X'))), [503, 'upstream-error']);
  assert.deepEqual(codeOf(await ask(plain('', json, '500 X'), { path: '/file' })), [500, 'upstream-error']);
  const trace = JSON.stringify({ reason: 'Error: a\n    at run (/srv/app/index.js:3:7)' });
  assert.deepEqual(codeOf(await ask(plain(trace, json, '500 X'))), [500, 'upstream-error']);
  assert.deepEqual(codeOf(await ask(plain(trace, json, '404 X'))), [404, 'upstream-error']);
  const described = await ask(plain('{"reason":"closed","host":"db7"}', json, '500 X'));
  assert.deepEqual([described.status, described.body], [500, '{"reason":"closed"}']);
  assert.equal(short(await ask(plain('{"reason":7}', json, '500 X'))), INVALID);
  assert.equal(short(await ask(plain('closed', 'content-type: text/plain', '500 X'))), UNDESCRIBED);
  const bodiless = Buffer.from(`HTTP/1.1 503 X\r\n${json}\r\ncontent-length: 99\r\n\r\n`);
  assert.equal((await ask(bodiless, { method: 'HEAD' })).status, 503);
});

test('a problem in the place of a failure keeps no header that is not described, where none may leave', async () => {
  const fields = 'content-type: text/html\r\nx-team: 1\r\nx-total: one\r\nretry-after: 7';
  const open = await ask(plain('down', fields, '503 X'));
  assert.deepEqual([open.headers['x-team'], open.headers['retry-after']], ['1', '7']);
  const closed = await ask(plain('down', fields, '503 X'), { api: 'described' });
  const { headers } = closed;
  assert.deepEqual([closed.status, headers['content-type']], [503, 'application/problem+json']);
  assert.deepEqual([headers['x-team'], headers['x-total'], headers['retry-after']], [undefined, undefined, '7']);
});

test('what has been stored is judged each time it is given', async () => {
  const fields = 'content-type: application/json\r\ncache-control: public, max-age=60';
  assert.equal(short(await ask(plain('{"id":1,"x":1}', fields), { api: 'cached' })), '200 {"id":1}');
  asked = '';
  const again = await ask(plain('{"id":2}', fields), { api: 'cached' });
  assert.deepEqual([asked, short(again), again.headers['age'] !== undefined], ['', '200 {"id":1}', true]);
});

test('HEAD and 304 have no body to judge, but a head', async () => {
  const head = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n');
  const reply = await ask(head, { method: 'HEAD' });
  assert.deepEqual([reply.status, reply.headers['content-length']], [200, undefined]);
  const page = Buffer.from('HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 99\r\n\r\n');
  assert.equal((await ask(page, { method: 'HEAD' })).status, 502);
  const fresh = Buffer.from('HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n');
  assert.equal((await ask(fresh, { headers: { 'if-none-match': '"1"' } })).status, 304);
});

test('what is observed passes as it came, and the record says what would have been refused', async () => {
  for (const [reply, code] of [
    [plain('{"id":1,"x":1}'), UNDESCRIBED],
    [plain('{"id":"a"}'), INVALID],
    [plain('{', 'content-type: application/json'), INVALID],
    [plain('x', 'content-type: text/plain', '404 Not Found'), UNDESCRIBED],
    [plain('x', 'content-type: text/plain', '418 Teapot'), UNDESCRIBED],
  ] as const) {
    const passed = await ask(reply, { api: 'observe' });
    assert.ok(reply.toString().endsWith(`\r\n\r\n${passed.body}`));
    const text = JSON.stringify(gateway.ledger.newest(2));
    assert.ok(text.includes(code), text);
  }
});

test('the log names the place in the words of the description, and nothing that was said', async () => {
  await ask(plain('{"id":1,"lines":[{"sku":"a"},{"sku":"hunter2-hunter2"}]}'));
  await ask(plain('{"id":1,"lines":[{"sku":"a","hunter2":1}]}'), { api: 'report' });
  const text = JSON.stringify([lines, gateway.ledger.newest(10)]);
  assert.ok(text.includes('"body#/lines/*/sku"'), text);
  assert.ok(text.includes('"body.undescribed#/lines/*"'), text);
  assert.ok(!text.includes('hunter2'), text);
});
