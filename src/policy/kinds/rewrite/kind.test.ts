import assert from 'node:assert/strict';
import { test } from 'node:test';
import { edited, issuesOf, pathText, ruled, stepsOf, written } from '../../exchange-fixture.test.ts';
import type { Reference } from '../../written-text.ts';
import type { RewriteConfig, RewriteRules } from './config.ts';
import { createRewriteKind } from './kind.ts';

const NOTHING: RewriteRules = {
  path: null,
  host: null,
  query: null,
  request: null,
  response: null,
  keyPath: 'apis.users.rewrite',
};
const ID: Reference = { kind: 'param', name: 'id' };
const SUBJECT: Reference = { kind: 'principal-subject' };

const rewriting = (rules: Partial<RewriteRules>, template = '/u/{id}') =>
  stepsOf(createRewriteKind(), { api: { ...NOTHING, ...rules }, operations: {} }, template);

const complaining = (rules: Partial<RewriteRules>, template = '/u/{id}'): string =>
  issuesOf(createRewriteKind(), { api: { ...NOTHING, ...rules }, operations: {} }, template);

test('an operation of which nothing is said has no steps, and one whose replies change none before the upstream', () => {
  const kind = createRewriteKind();
  assert.deepEqual(stepsOf(kind, { api: null, operations: {} }, '/u'), {});
  assert.deepEqual(stepsOf(kind, { api: null, operations: { constructor: NOTHING } }, '/u'), {});
  const response = { set: [], add: [], remove: ['x-a'] };
  assert.deepEqual(Object.keys(rewriting({ response })), ['respond']);
});

test('each part of an operation takes the place of that of its API, and the others hold', () => {
  const own: RewriteRules = {
    ...NOTHING,
    host: written('own.example'),
    request: { set: [], add: [], remove: ['x-own'] },
    keyPath: 'apis.users.operations["GET /u/{id}"].rewrite',
  };
  const api: RewriteRules = {
    ...NOTHING,
    host: written('api.example'),
    query: { set: [], remove: ['a'], rename: [] },
    request: { set: [], add: [], remove: ['x-api'] },
  };
  const config: RewriteConfig = { api, operations: { 'GET /u/{id}': own } };
  const steps = stepsOf(createRewriteKind(), config, '/u/{id}');
  assert.equal(ruled(steps, { query: 'a=1&b=2' }), 'host own.example, query b=2, remove x-own, pass');
});

test('a parameter that the operation does not have is an issue at the part that names it', () => {
  const stranger: Reference = { kind: 'param', name: 'stranger' };
  const named = [{ name: 'x', value: written(stranger) }];
  const edits = { set: named, add: named, remove: [] };
  const said = complaining({
    path: pathText('/x/{stranger}'),
    query: { set: named, remove: [], rename: [] },
    request: edits,
    response: edits,
  });
  const lines = said.split('\n').filter((line) => line.startsWith('apis.'));
  assert.deepEqual(
    lines.map((line) => line.slice(0, line.indexOf(':'))),
    ['path', 'query', 'request', 'request', 'response', 'response'].map((part) => `apis.users.rewrite.${part}`),
  );
  assert.match(said, /has no parameter `stranger`[^]*it has: id/);
  assert.match(complaining({ path: pathText('/x/{rest}') }, '/f/{rest...}'), /write `\{rest\.\.\.\}` as the last one/);
  assert.match(complaining({ path: pathText('/x/{a}') }, '/f'), /it has none/);
});

test('the host is fixed, or that which the client named, with its port', () => {
  assert.equal(ruled(rewriting({ host: written('a.example:80') }), {}), 'host a.example:80, pass');
  const same = rewriting({ host: written({ kind: 'request-host' }) });
  assert.equal(ruled(same, { host: 'b.example' }), 'host b.example, pass');
  assert.equal(ruled(same, { host: '[2001:db8::1]', port: 8443 }), 'host [2001:db8::1]:8443, pass');
});

test('texts may name what is of the request, encoded so that each stands for one value', () => {
  const steps = rewriting({
    request: {
      remove: ['x-gone'],
      set: [
        { name: 'x-id', value: written('<', ID, '> ', { kind: 'request-id' }) },
        { name: 'x-who', value: written('user ', SUBJECT) },
      ],
      add: [{ name: 'x-more', value: written(SUBJECT) }],
    },
  });
  const asked = { params: { id: 'a, b\r\nX: 1é' }, caller: { subject: 'ada lovelace', roles: [] } };
  assert.equal(
    ruled(steps, asked),
    'remove x-gone, set x-id <a%2C%20b%0D%0AX%3A%201%C3%A9> id-1, set x-who user ada%20lovelace, add x-more ada%20lovelace, pass',
  );
  // Where nobody is known, nothing that a client sent may pass for what was meant.
  assert.equal(ruled(steps, { params: { id: '1' } }), 'remove x-gone, set x-id <1> id-1, remove x-who, pass');
});

test('a value that makes a field too long is refused in a request, and leaves a reply without the field', () => {
  const named = [{ name: 'x-id', value: written(ID) }];
  const params = { id: 'é'.repeat(2_000) };
  for (const edits of [
    { set: named, add: [], remove: [] },
    { set: [], add: named, remove: [] },
  ]) {
    assert.match(ruled(rewriting({ request: edits }), { params }), /invalid-parameters$/);
    assert.ok(
      !edited(rewriting({ response: edits }), { params }).some(
        (edit) => edit.startsWith('set') || edit.startsWith('add'),
      ),
    );
  }
});

test('fields of a reply are taken out, set and added, in this order', () => {
  const steps = rewriting({
    response: {
      remove: ['x-gone'],
      set: [{ name: 'x-id', value: written(ID) }],
      add: [
        { name: 'vary', value: written('a') },
        { name: 'vary', value: written('b') },
      ],
    },
  });
  assert.deepEqual(edited(steps, { params: { id: '7' } }), ['remove x-gone', 'set x-id 7', 'add vary a', 'add vary b']);
});
