import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { issuesOf, pathText, ruled, stepsOf } from '../../exchange-fixture.test.ts';
import type { RedirectRules } from './config.ts';
import { createRedirectKind } from './kind.ts';

const RULES: RedirectRules = {
  origin: 'https://new.example',
  path: pathText('/{id}'),
  query: null,
  keepsQuery: true,
  status: 302,
  keyPath: 'apis.users.operations["GET /u/{id}"].redirect',
};

const leading = (rules: Partial<RedirectRules> = {}, template = '/u/{id}') =>
  stepsOf(createRedirectKind(), { operations: { [`GET ${template}`]: { ...RULES, ...rules } } }, template);

test('an operation of which nothing is said has no steps', () => {
  const kind = createRedirectKind();
  assert.deepEqual(stepsOf(kind, { operations: { 'GET /x': RULES } }, '/u'), {});
  assert.deepEqual(stepsOf(kind, { operations: {} }, '/constructor'), {});
});

test('the query goes on behind that of the redirect, or is dropped', () => {
  const asked = { params: { id: '7' }, query: 'a=b' };
  assert.equal(ruled(leading({ query: 'from=old' }), asked), '302 location https://new.example/7?from=old&a=b');
  assert.equal(
    ruled(leading({ query: 'from=old', keepsQuery: false }), asked),
    '302 location https://new.example/7?from=old',
  );
  assert.equal(ruled(leading({ keepsQuery: false }), asked), '302 location https://new.example/7');
  assert.equal(ruled(leading(), { params: { id: '7' }, query: null }), '302 location https://new.example/7');
});

test('a redirect too long for a field is refused', () => {
  assert.equal(ruled(leading(), { params: { id: 'a'.repeat(9_000) } }), 'invalid-parameters');
});

test('a parameter that the operation does not have is an issue', () => {
  assert.match(
    issuesOf(createRedirectKind(), { operations: { 'GET /f/{rest...}': RULES } }, '/f/{rest...}'),
    /apis\.users[^]*redirect: the path of this operation has no parameter `id`/,
  );
});

test('whatever stands in a value or a query, the host stays the one that is written', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.string({ unit: fc.constantFrom('a', '=', '&', '@', '/', ':', '?') }),
      (id, query) => {
        const told = ruled(leading(), { params: { id }, query });
        if (told === 'dot-segment') return;
        const url = URL.parse(told.slice('302 location '.length));
        assert.equal(url?.origin, 'https://new.example');
        assert.equal(url.pathname.split('/').length, 2);
        assert.equal(url.hash, '');
      },
    ),
  );
});
