import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, SOUND, surroundings } from './fake-context.test.ts';

test('a sound configuration gives the coverage table, aligned, with the line each part comes from', async () => {
  const limited = SOUND.replace(/ {4}operations:[^]*/, '    body: 16KiB\n');
  const { code, out, complaints } = await runIn(surroundings(limited), 'check');
  assert.deepEqual([code, complaints], [0, '']);
  assert.deepEqual(out.split('\n').slice(0, 4), [
    'METHOD  PATH             AUTHENTICATION    AUTHORIZATION  LIMITS         VALIDATION          POLICIES',
    'GET     /v1/orders       public (open) :7  none           body 16KiB :8  framing and target  none',
    'GET     /v1/orders/{id}  public (open) :7  none           body 16KiB :8  framing and target  none',
    'POST    /v1/orders       public (open) :7  none           body 16KiB :8  framing and target  none',
  ]);
  assert.match(out, /:N is line N of portcullis\.yaml/);
  assert.match(out, /portcullis\.yaml can be used: 1 API, 3 operations, 3 open to everybody\.\n$/);
});

test('every issue is told at once, with file, line and column, and the exit code is 2', async () => {
  const broken = SOUND.replace('auth: public', 'auht: public')
    .replace('16KiB', '16K')
    .replace('basePath: /v1', 'basePath: v1');
  const { code, out, complaints } = await runIn(surroundings(broken), 'check');
  assert.deepEqual([code, out], [2, '']);
  for (const line of [3, 5, 7, 9])
    assert.match(complaints, new RegExp(`^portcullis\\.yaml:${line}:\\d+ error apis\\.orders`, 'm'));
  assert.match(complaints, /did you mean "auth"\?/);
  assert.match(complaints, /can't be used: 4 errors\.\n$/);
});

test('problems that come up behind parsing are told too', async () => {
  const document = SOUND.replace(/routes: .*/, 'openapi: ./missing.yaml').replace(/ {4}operations:[^]*/, '');
  const { code, complaints } = await runIn(surroundings(document), 'check');
  assert.equal(code, 2);
  assert.match(
    complaints,
    /portcullis\.yaml:4:5 error apis\.orders\.openapi\n {4}there is no file \/work place\/missing\.yaml/,
  );
  const clash = `${SOUND}  other: { routes: ['GET /v1/orders'], upstream: http://127.0.0.1:1, auth: public }\n`;
  assert.match((await runIn(surroundings(clash), 'check')).complaints, /apis\.other\n.* answers GET \/v1\/orders/);
});

test('with --json there are the issues and the coverage as data, and nothing else', async () => {
  const sound = JSON.parse((await runIn(surroundings(), 'check', '--json')).out) as Record<string, unknown[]>;
  assert.deepEqual([sound['ok'], sound['issues'], sound['coverage']?.length], [true, [], 3]);
  const { code, out, complaints } = await runIn(surroundings('version: 2'), 'check', '--json');
  const broken = JSON.parse(out) as { ok: boolean; issues: { place: { file: string; line: number } }[] };
  assert.deepEqual([code, broken.ok, complaints], [2, false, '']);
  assert.deepEqual(broken.issues[0]?.place, { file: `${FOLDER}/portcullis.yaml`, line: 1, column: 1 });
});

test('a missing configuration is told with what to do', async () => {
  const { code, complaints } = await runIn(surroundings(null), 'check', '--config', 'else.yaml');
  assert.equal(code, 2);
  assert.match(complaints, /there is no configuration file \/work place\/else\.yaml\n {4}name another one by --config/);
});

test('colour comes only where the terminal takes it, and text of the configuration never brings its own', async () => {
  const hostile = SOUND.replace('upstream:', '"\\e[31m\\u202e": 1\n    upstream:');
  const colourless = await runIn(surroundings(hostile), 'check');
  assert.equal(colourless.code, 2);
  assert.doesNotMatch(colourless.complaints, /[\x1b\u202e]/);
  const around = surroundings();
  around.color = true;
  assert.match((await runIn(around, 'check')).out, /\x1b\[33mpublic \(open\) :7\x1b\[0m/);
});

test('what an operation needs is told with the line of the document that says it', async () => {
  const description = `openapi: 3.1.0
info: { title: Orders, version: '1' }
security: [{ t: [orders:any] }]
paths:
  /orders:
    get:
      security: [{ t: [orders:read] }]
      responses: { default: { description: x } }
    post:
      responses: { default: { description: x } }
components: { securitySchemes: { t: { type: http, scheme: bearer } } }
`;
  const around = surroundings(`version: 1
issuers: { acme: { issuer: https://id.acme.example, audience: api, claims: { permissions: scope } } }
apis:
  orders:
    openapi: orders.yaml
    upstream: http://127.0.0.1:3001
    auth: [acme]
`);
  around.files.put(`${FOLDER}/orders.yaml`, description);
  const { code, out, complaints } = await runIn(around, 'check');
  assert.deepEqual([code, complaints], [0, '']);
  assert.match(out, /^GET .*needs orders:read orders\.yaml:7 /m);
  assert.match(out, /^POST .*needs orders:any orders\.yaml:3 /m);
});
