import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runIn, SOUND, type Surroundings, surroundings } from '../../src/cli/fake-context.test.ts';
import { createOfflineKinds } from '../../src/main/kinds.ts';

/** A configuration and the kinds that traffic meets. */
function withKinds(configuration: string): Surroundings {
  return { ...surroundings(configuration), kinds: createOfflineKinds() };
}

const REWRITTEN = SOUND.replace(
  "'POST /orders': { body: 16KiB }",
  `'GET /orders/{id}': { rewrite: { path: '/o/{id}', host: in.example, query: { set: { a: '1' } }, request: { set: { X-A: b } } } }
      'POST /orders': { redirect: 'https://new.example/orders' }
      'GET /orders': { maintenance: { message: Noon } }`,
);

test('what is rewritten is shown as the upstream gets it', async () => {
  const { code, out } = await runIn(withKinds(REWRITTEN), 'explain', 'GET', '/v1/orders/7?b=2');
  assert.equal(code, 0);
  for (const line of [
    /^ {2}upstream +GET http:\/\/127\.0\.0\.1:3001\/internal\/o\/7\?b=2&a=1$/m,
    /^ {2}transform +orders\/rewrite +passes$/m,
    /^ {2}added: host, .*x-a$/m,
  ])
    assert.match(out, line);
});

test('a request that is refused before it is rewritten has no other target yet', async () => {
  const closed = REWRITTEN.replace('auth: public', 'auth: public\n    maintenance: on');
  const { code, out } = await runIn(withKinds(closed), 'explain', 'GET', '/v1/orders/7');
  assert.equal(code, 1);
  assert.match(out, /Refused: 503 under-maintenance/);
  assert.match(out, /\/internal\/orders\/7 \(before it is rewritten\)$/m);
});

test('a redirect is an answer, and a maintenance a refusal', async () => {
  const sent = await runIn(withKinds(REWRITTEN), 'explain', 'POST', '/v1/orders');
  assert.equal(sent.code, 0);
  assert.match(sent.out, /decide +orders\/redirect +answers by itself \(redirect\)/);
  assert.match(sent.out, /^Answered by orders\/redirect: 308\.$/m);
  const closed = await runIn(withKinds(REWRITTEN), 'explain', 'GET', '/v1/orders');
  assert.equal(closed.code, 1);
  assert.match(closed.out, /admit +orders\/maintenance +refuses: under-maintenance \(maintenance/);
});

test('tests of a configuration can ask for a redirect or a maintenance', async () => {
  const tests = `tests:
  - { do: POST /v1/orders, expect: 308 }
  - { do: GET /v1/orders, expect: under-maintenance }
  - { do: GET /v1/orders/7, expect: pass }
`;
  const { code, out, complaints } = await runIn(withKinds(`${REWRITTEN}${tests}`), 'check');
  assert.equal(code, 0, complaints);
  assert.match(out, /3 tests of the configuration: all passed/);
});

test('a parameter that no operation has is told with its line', async () => {
  const { code, complaints } = await runIn(withKinds(REWRITTEN.replace('/o/{id}', '/o/{name}')), 'check');
  assert.notEqual(code, 0);
  assert.match(
    complaints,
    /portcullis\.yaml:\d+:\d+[^]*rewrite\.path\n +the path of this operation has no parameter `name`/,
  );
});

test('a test that expects the reply of the upstream fails, and says why', async () => {
  const tests = 'tests:\n  - { do: GET /v1/orders/7, expect: 200 }\n';
  const { code, out } = await runIn(withKinds(`${REWRITTEN}${tests}`), 'check');
  assert.notEqual(code, 0);
  assert.match(out, /what goes upstream is `pass`/);
});
