import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pathText } from './exchange-fixture.test.ts';
import { paramFault, writePath } from './path-text.ts';

const TEMPLATES = ['/x/{id}', '/x/a{id}', '/x/{id}.json', '/x/{id}-{rest}', '/{id}/x', '/.{id}'];

test('of any values a path has as many segments as its template, and says what it should, or there is none', () => {
  const value = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ minLength: 1, unit: fc.constantFrom('.', '/', '%', ';', '2', 'e', '?', '#', '\\', 'é', ' ') }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...TEMPLATES), value, value, (template, one, other) => {
      const [id, rest] = [one, other].map(
        (each) => each.toWellFormed().replaceAll(/[\x00-\x1f\x7f/\\]/g, '') || 'a',
      ) as [string, string];
      const path = writePath(pathText(template), { id, rest });
      if (path === null) return;
      assert.equal(path.split('/').length, template.split('/').length);
      assert.equal(
        decodeURIComponent(path),
        template.replace('{id}', () => id).replace('{rest}', () => rest),
      );
    }),
    { numRuns: 500 },
  );
});

test('no path has an empty segment before its end, which would make a host of the next', () => {
  for (const [template, params] of [
    ['/{rest...}', { rest: '/evil.example' }],
    ['/x/{rest...}', { rest: 'a//b' }],
    ['/{id}/evil.example', { id: '' }],
  ] as const)
    assert.equal(writePath(pathText(template), params), null, template);
  assert.equal(writePath(pathText('/{rest...}'), { rest: '' }), '/');
  assert.equal(writePath(pathText('/x/{rest...}'), { rest: 'a/' }), '/x/a/');
});

test('a path names only what its operation has, and several segments only as several', () => {
  const known = pathText('/{a}/{b}.{c}/{rest...}').segments;
  for (const sound of ['/{a}', '/{c}{b}'.replace('}{', '}-{'), '/x/{rest...}', '/{a...}', '/x'])
    assert.equal(paramFault(pathText(sound), known), null, sound);
  assert.match(paramFault(pathText('/{d}'), known) ?? '', /no parameter `d`/);
  assert.match(paramFault(pathText('/{d...}'), known) ?? '', /no parameter `d`/);
  assert.match(paramFault(pathText('/x-{rest}'), known) ?? '', /may hold several segments/);
});
