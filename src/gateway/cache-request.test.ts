import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASS, type PolicyKind, type Principal, type RequestEditor, usedCredential } from '../policy/index.ts';
import { bearers, cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { apiText, type Bench, kindOf, principalNamed, RawUpstream, startBench, step } from './fixture.test.ts';

const FRESH = 'cache-control: max-age=60; content-type: text/plain';

/** Answers every request with its number and these fields. */
function numbered(bench: Bench, fields: string): void {
  let calls = 0;
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf(`body ${++calls}`, fields));
}

/** What each of these lines gets, asked for one after the other, and all of them once more. */
async function givenTwice(bench: Bench, lines: readonly string[]): Promise<readonly string[]> {
  const given: string[] = [];
  for (const line of [...lines, ...lines]) given.push((await bench.ask(request('/a', `${line}\r\n`))).body.toString());
  return given;
}

/** Each line has a reply of its own, and gets that again. */
async function assertApart(bench: Bench, lines: readonly string[]): Promise<void> {
  const own = lines.map((_, at) => `body ${at + 1}`);
  assert.deepEqual(await givenTwice(bench, lines), [...own, ...own]);
}

test('callers who differ in anything that an upstream may answer by have stored replies of their own', async (t) => {
  const callers: Readonly<Record<string, Partial<Principal>>> = {
    plain: {},
    kind: { kind: 'service' },
    issuer: { issuer: 'other' },
    subject: { subject: 'bob' },
    app: { clientId: 'app' },
    tenant: { tenant: 'acme' },
    roles: { roles: ['admin'] },
    noScopes: { scopes: [] },
    scopes: { scopes: ['read'] },
  };
  const kind = kindOf('known', {
    authenticate: step((exchange) => {
      const name = exchange.request.headers.get('authorization') ?? '';
      exchange.slot(usedCredential).header = 'authorization';
      return { kind: 'identified', principal: principalNamed('ada', callers[name]) };
    }),
  });
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [kind] });
  numbered(bench, FRESH);
  await assertApart(
    bench,
    Object.keys(callers).map((name) => `authorization: ${name}`),
  );
});

test('a credential that goes on belongs to a known caller’s key', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [bearers()] });
  numbered(bench, 'cache-control: max-age=60, public; content-type: text/plain');
  const ada = 'authorization: Bearer ada';
  await assertApart(bench, [ada, `${ada}\r\nx-api-key: 1`, `${ada}\r\nx-api-key: 2`]);
});

/** Makes something else of the request for each value of `X-By`. */
function rewriting(edit: (editor: RequestEditor, by: string) => void): PolicyKind<never> {
  return kindOf('rewriting', {
    transform: step(({ request: asked }, editor) => {
      edit(editor, asked.headers.get('x-by') ?? '');
      return PASS;
    }),
  });
}

for (const [what, edit] of [
  ['path', (editor, by) => editor.setPath(`/${by}`)],
  ['query', (editor, by) => editor.setQuery(`by=${by}`)],
  ['host', (editor, by) => editor.setHost(`${by}.example`)],
  ['fields', (editor, by) => editor.setHeader('x-plan', by)],
] satisfies readonly [string, (editor: RequestEditor, by: string) => void][])
  test(`requests of which steps made another ${what} have stored replies of their own`, async (t) => {
    const bench = await startBench(t, { api: cachedApi('on'), kinds: [rewriting(edit)] });
    numbered(bench, FRESH);
    await assertApart(bench, ['x-by: a', 'x-by: b']);
  });

for (const by of ['user', 'request'])
  test(`those who try a canary by ${by} have stored replies of their own`, async (t) => {
    const bench = await startBench(t);
    const canary = await RawUpstream.start(t);
    bench.upstream.respond = ({ socket }) => void socket.write(replyOf('stable', FRESH));
    canary.respond = ({ socket }) => void socket.write(replyOf('canary', FRESH));
    const upstream =
      `{ targets: ['${bench.upstream.url}'], ` +
      `canary: { targets: ['${canary.url}'], by: ${by}, when: { header: X-New, value: please } } }`;
    assert.ok(bench.install(apiText(upstream, [], cachedApi('on'))));
    assert.deepEqual(await givenTwice(bench, ['x-new: please', 'x-new: no']), ['canary', 'stable', 'canary', 'stable']);
    assert.deepEqual([bench.upstream.requests.length, canary.requests.length], [1, 1]);
  });

for (const name of ['x-request-id', 'traceparent', 'tracestate', 'via', 'forwarded', 'x-forwarded-for'])
  test(`a reply that was chosen by ${name}, which is another for each request, is not stored`, async (t) => {
    const bench = await startBench(t, { api: cachedApi('on') });
    numbered(bench, `${FRESH}; vary: ${name}`);
    const { headers } = await bench.ask(request('/a'));
    assert.equal(headers['cache-status'], 'portcullis; fwd=uri-miss; detail=vary');
  });
