import assert from 'node:assert/strict';
import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { openSession } from './node-session.ts';

/** What a client sees of one reply. */
interface Reply {
  readonly status: number | undefined;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>> | null;
  readonly fault: string | null;
}

const DESCRIBED = {
  openapi: '3.1.0',
  info: { title: 'texts', version: '1' },
  paths: {
    '/x': {
      get: { responses: { 200: { description: '', content: { 'text/plain': { schema: { type: 'string' } } } } } },
    },
  },
};

/** An upstream that speaks HTTP/2, and a gateway before it; `asked` sends one request by a client that speaks it too. */
async function started(
  t: TestContext,
  serve: (stream: ServerHttp2Stream, heard: IncomingHttpHeaders) => void,
  api = "routes: ['* /{rest...}']",
) {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => serve(stream, headers));
  const { url, stop } = await startLocalServer(server);
  t.after(stop);
  const gateway = await startGateway(
    `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: { port: 0 }, threads: 1 }
admin: { port: 0 }
data: ./data
apis:
  all: { ${api}, upstream: { targets: ['${url}'], protocol: h2 }, auth: public }
`,
    { beside: { 'described.json': JSON.stringify(DESCRIBED) } },
  );
  t.after(() => gateway.stop());
  const session = await openSession({ port: gateway.https, ca: gateway.ca });
  t.after(() => session.destroy());
  return (headers: Readonly<Record<string, string>>, onData: () => void = () => {}): Promise<Reply> =>
    new Promise((settle) => {
      const stream = session.request({ ':path': '/x', ...headers });
      let status: number | undefined;
      let body = '';
      let trailers: Reply['trailers'] = null;
      let fault: string | null = null;
      stream.setEncoding('utf8');
      stream.on('response', (fields) => (status = fields[':status']));
      stream.on('data', (piece: string) => {
        body += piece;
        onData();
      });
      stream.on('trailers', (fields) => (trailers = Object.fromEntries(Object.entries(fields))));
      stream.on('error', (error: NodeJS.ErrnoException) => (fault = error.code ?? 'error'));
      stream.on('close', () => settle({ status, body, trailers, fault }));
    });
}

test('trailers reach a client that takes them, and no other', async (t) => {
  const heard: IncomingHttpHeaders[] = [];
  const asked = await started(t, (stream, headers) => {
    heard.push(headers);
    stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', server: 'secret', 'set-cookie': 'a=b' }));
    stream.end('x'.repeat(200_000));
  });
  const taken = await asked({ te: 'trailers' });
  assert.deepEqual([taken.status, taken.body.length, taken.fault], [200, 200_000, null]);
  assert.deepEqual(taken.trailers, { 'x-sum': 'abc' });
  const untaken = await asked({});
  assert.deepEqual([untaken.status, untaken.body.length, untaken.trailers, untaken.fault], [200, 200_000, null, null]);
  assert.deepEqual(
    heard.map(({ te }) => te),
    ['trailers', undefined],
  );
});

test('trailers stay behind where replies are held to their description, which has none', async (t) => {
  const heard: IncomingHttpHeaders[] = [];
  const asked = await started(
    t,
    (stream, headers) => {
      heard.push(headers);
      stream.respond({ ':status': 200, 'content-type': 'text/plain' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
      stream.end('x'.repeat(200_000));
    },
    'openapi: ./described.json, validate: strict',
  );
  const { status, body, trailers, fault } = await asked({ te: 'trailers' });
  assert.deepEqual([status, body.length, trailers, fault], [200, 200_000, null, null]);
  assert.equal(heard[0]?.te, undefined);
});

test('a reply that breaks off has no trailers and no end', async (t) => {
  let breakOff = (): void => {};
  const asked = await started(t, (stream) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.write('half');
    breakOff = () => stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  const { trailers, fault } = await asked({ te: 'trailers' }, () => breakOff());
  assert.deepEqual([trailers, fault], [null, 'ERR_HTTP2_STREAM_ERROR']);
});
