import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { SanitizeConfig } from '../policy/index.ts';
import { parseConfig } from './parse.ts';

const HEAD = `version: 1
apis:
  a:
    routes: ['POST /x', 'POST /y']
    upstream: http://127.0.0.1:1
    auth: public
`;

/** What stands under the API, in lines of its own. */
function parse(lines: string) {
  const text = HEAD + lines.replaceAll(/^/gm, '    ');
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function useOf(lines: string) {
  const parsed = parse(lines);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.apis[0]?.policies.find(({ kind }) => kind === 'sanitize');
}

test('what is said of an API holds for its operations, each place as its operation says where that does', () => {
  const use = useOf(`sanitize:
  mode: observe
  body: { /a: [trim, nfc], '/b/*': html }
  query: { q: { html: text } }
operations:
  'POST /x': { sanitize: { mode: enforce, body: { /a: { html: { tags: [p, a], attributes: { a: [href] } } } } } }
  'POST /y': { sanitize: off }`);
  const config = use?.config as SanitizeConfig;
  const query = { q: [{ html: 'text' }] };
  assert.deepEqual(config.api, { body: { '/a': ['trim', 'nfc'], '/b/*': [{ html: 'basic' }] }, query });
  assert.deepEqual(config.operations, {
    'POST /x': {
      body: { '/a': [{ html: { tags: ['p', 'a'], attributes: { a: ['href'] } } }], '/b/*': [{ html: 'basic' }] },
      query,
    },
    'POST /y': null,
  });
  assert.deepEqual([use?.mode, use?.modes], ['observe', { 'POST /x': 'enforce', 'POST /y': 'observe' }]);
});

test('nothing is cleaned where nobody says so, and all that reads requests comes behind', () => {
  assert.equal(useOf('errors: plain'), undefined);
  assert.equal(useOf("operations: { 'POST /x': { sanitize: off } }"), undefined);
  const parsed = parse(
    "sanitize: { query: { q: trim } }\noperations: { 'POST /x': { rules: ['request.query.q[0] == \"a\"'] } }",
  );
  assert.ok(parsed.ok);
  const kinds = (parsed.value.config.apis[0]?.policies ?? []).map(({ kind }) => kind);
  assert.ok(kinds.indexOf('sanitize') >= 0 && kinds.indexOf('sanitize') < kinds.indexOf('conditions'));
});

for (const [lines, issue] of [
  ['sanitize: {}', '7:15 apis.a.sanitize: nothing is cleaned here (take the key away)'],
  ['sanitize: { headers: { a: trim } }', '7:17 apis.a.sanitize.headers: unknown key'],
  ['sanitize: { body: { comment: trim } }', 'a place in a body is a JSON Pointer (such as /comment'],
  ['sanitize: { body: { /a~2: trim } }', 'a JSON Pointer has `~` only in ~0 and ~1'],
  ['sanitize: { body: { /a: trimm } }', 'this is nothing that is done to a text (did you mean "trim"?)'],
  ['sanitize: { body: { /a: [] } }', 'at least one action is needed'],
  ['sanitize: { body: { /a: [trim, trim] } }', 'this action stands in the list already'],
  ['sanitize: { body: { /a: [html, { html: text }] } }', 'this action stands in the list already'],
  ['sanitize: { body: { /a: { html: full } } }', 'html'],
  ['sanitize: { body: { /a: { html: { tags: [script] } } } }', 'this element is none that can be allowed'],
  ['sanitize: { body: { /a: { html: { tags: [svg] } } } }', 'this element is none that can be allowed'],
  [
    'sanitize: { body: { /a: { html: { tags: [a], attributes: { a: [onclick] } } } } }',
    'this attribute is none that can be',
  ],
  [
    'sanitize: { body: { /a: { html: { tags: [a], attributes: { a: [style] } } } } }',
    'this attribute is none that can be',
  ],
  [
    'sanitize: { body: { /a: { html: { tags: [a], attributes: { p: [title] } } } } }',
    'this element does not stay itself',
  ],
  ["sanitize: { query: { 'q[]': trim } }", 'a parameter is named without brackets'],
  ["sanitize: { query: { '': trim } }", 'a parameter has a name'],
] as const) {
  test(`refused: ${lines}`, () => {
    const parsed = parse(lines);
    const told = parsed.ok ? '' : parsed.error.map(formatIssue).join('\n');
    assert.ok(told.includes(issue), told);
    assert.match(told, /portcullis\.yaml:7:\d+ apis\.a\.sanitize/);
  });
}

test('messages of gRPC are not cleaned, which is told', () => {
  const text = HEAD.replace("routes: ['POST /x', 'POST /y']", 'descriptors: ./a.binpb');
  const parsed = parseConfig(`${text}    sanitize: { query: { q: trim } }`, {
    file: '/etc/portcullis.yaml',
    kinds: [],
  });
  const told = parsed.ok ? '' : parsed.error.map(formatIssue).join('\n');
  assert.match(told, /7:\d+ apis\.a\.sanitize: messages of gRPC are not cleaned \(take this key away\)/);
});
