import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { run } from './command.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';
import { curlIsMissing, staying, tryLine, variablesOf } from './shell-lines.ts';

let api: LocalServer;
/** Holds a document of the API. */
let folder = '';

before(async () => {
  api = await startLocalServer((request, reply) => {
    const subject = String(request.headers['x-portcullis-subject'] ?? 'nobody');
    request.resume().on('end', () => reply.end(`${request.method} ${request.url} for ${subject}`));
  });
  folder = await mkdtemp(join(tmpdir(), 'portcullis-document-'));
  await writeFile(join(folder, 'notes.yaml'), DOCUMENT);
});

after(async () => {
  api.stop();
  await rm(folder, { recursive: true, force: true });
});

const READY = /^[^]*Ctrl\+C stops it\.$/m;
/** The last line of the banner that calls the API. */
const callOf = (banner: string): string => /^ {2}(curl .*)$/m.exec(banner)?.[1] ?? '';

const DOCUMENT = `openapi: 3.1.0
info: { title: Notes API, version: '1' }
components: { securitySchemes: { token: { type: http, scheme: bearer } } }
paths:
  /notes:
    get:
      security: [{ token: ['notes:read'] }]
      responses: { '200': { description: The notes. } }
    post:
      security: [{ token: ['notes:write'] }]
      requestBody:
        required: true
        content: { application/json: { schema: { type: object, required: [text], properties: { text: { type: string } } } } }
      responses: { '200': { description: The note. } }
`;

test('protect demands a token, brings the server that gives one, and the lines it prints work', async (t) => {
  if (await curlIsMissing(t)) return;
  const served = await staying(['protect', api.url], async ({ printed }, home) => {
    const banner = (await printed(READY))[0];
    const line = callOf(banner);
    const refused = await tryLine(`${line} -i`, home, { TOKEN: 'none' });
    assert.equal(refused.status, 401);
    const tokens = await variablesOf(banner, home);
    const { status, reply } = await tryLine(`${line}some/where?x=1 -i`, home, tokens);
    assert.equal(status, 200, reply);
    assert.match(reply, /GET \/some\/where\?x=1 for dev$/);
    await assert.rejects(readFile(join(home, 'portcullis.yaml')), /ENOENT/);
    assert.equal((await stat(join(home, '.portcullis'))).mode & 0o777, 0o700);
  });
  assert.equal(served.code, 0, served.stderr);
});

test('with a document its permissions, its paths and its bodies count, and the client that comes along has them all', async (t) => {
  if (await curlIsMissing(t)) return;
  const served = await staying(['protect', api.url, '--openapi', join(folder, 'notes.yaml')], async (running, home) => {
    const banner = (await running.printed(READY))[0];
    const tokens = await variablesOf(banner, home);
    const line = `${callOf(banner)} -i`;
    const json = `-H 'content-type: application/json' -d`;
    assert.equal((await tryLine(line, home, tokens)).status, 200);
    assert.equal((await tryLine(line, home, { TOKEN: 'none' })).status, 401);
    assert.equal((await tryLine(`${line} ${json} '{"text":"a"}'`, home, tokens)).status, 200);
    assert.equal((await tryLine(`${line} ${json} '{"text":1}'`, home, tokens)).status, 400);
    assert.equal((await tryLine(line.replace('/notes', '/other'), home, tokens)).status, 404);
    const narrow = banner.replaceAll(
      'grant_type=client_credentials',
      'grant_type=client_credentials -d scope=notes:read',
    );
    const narrowed = await variablesOf(narrow, home);
    assert.equal((await tryLine(line, home, narrowed)).status, 200);
    assert.equal((await tryLine(`${line} ${json} '{"text":"a"}'`, home, narrowed)).status, 403);
  });
  assert.equal(served.code, 0, served.stderr);
});

test('protect --public lets everybody call', async (t) => {
  if (await curlIsMissing(t)) return;
  const served = await staying(['protect', api.url, '--public'], async ({ printed }, home) => {
    const { status, reply } = await tryLine(`${callOf((await printed(READY))[0])} -i`, home);
    assert.equal(status, 200);
    assert.match(reply, /GET \/ for nobody$/);
  });
  assert.equal(served.code, 0, served.stderr);
});

test('the line of JSON says where tokens are to be had, and nothing answers there once the gateway has ended', async () => {
  const served = await staying(['protect', api.url, '--json'], async ({ printed }) => {
    const ready = JSON.parse((await printed(/^\{"event":"ready".*\}$/m))[0]) as {
      tokenUrl: string;
      clients: { id: string; secret: string }[];
    };
    assert.match(ready.tokenUrl, /^https:\/\/localhost:\d+\/portcullis-id\/token$/);
    assert.deepEqual(
      ready.clients.map(({ id }) => id),
      ['dev'],
    );
  });
  const keys = /"url":"(http:[^"]+\/portcullis-id\/jwks)"/.exec(served.stderr)?.[1] ?? '';
  assert.equal(served.code, 0, served.stderr);
  await assert.rejects(fetch(keys), { message: 'fetch failed' });
});

test('what is not sound is neither saved nor run', async () => {
  const unsound = await run(process.execPath, [PROGRAM, 'protect', api.url, '--save', '--host', 'nowhere']);
  assert.equal(unsound.code, 2);
  assert.match(unsound.stderr, /--host/);
});

test('what init writes from a document is sound, and demands the roles that it made', async () => {
  const made = await run(process.execPath, [PROGRAM, 'init', 'notes.yaml', '--upstream', api.url], { cwd: folder });
  assert.equal(made.code, 0, made.stderr);
  const check = await run(process.execPath, [PROGRAM, 'check'], { cwd: folder });
  assert.equal(check.code, 0, check.stderr);
  assert.equal(check.stderr.match(/this place is to be filled in/g)?.length, 2, check.stderr);
  assert.match(check.stdout, /notes:write/);
  const again = await run(process.execPath, [PROGRAM, 'init', 'notes.yaml'], { cwd: folder });
  assert.equal(again.code, 2);
  assert.match(again.stderr, /portcullis\.yaml is there already and stays as it is/);
  assert.doesNotMatch(again.stderr, /can't be used/);
});
