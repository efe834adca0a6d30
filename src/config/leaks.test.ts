import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from './parse.ts';
import type { PolicyUse } from './config.ts';
import { leakChanges, NO_LEAKS, type OwnLeaks } from './diff-leaks.ts';
import { toLeaks } from './leaks.ts';

const API =
  'version: 1\napis:\n  a:\n    routes: [GET /x, GET /y]\n    upstream: http://127.0.0.1:1\n    auth: public\n';

function parse(keys: string, api = API) {
  return parseConfig(`${api}    ${keys}\n`, { file: '/etc/portcullis.yaml', kinds: [] });
}

/** The policy of an API with these keys; undefined where there is none. */
function policyOf(keys: string): PolicyUse | undefined {
  const parsed = parse(keys);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config.apis[0]?.policies.find(({ kind }) => kind === 'leaks');
}

function issuesOf(keys: string, api?: string): readonly string[] {
  const parsed = parse(keys, api);
  return parsed.ok ? [] : parsed.error.map((issue) => formatIssue(issue).replace('/etc/portcullis.yaml:', ''));
}

const USUAL = { classes: { secrets: 'refuse', privateKeys: 'refuse', cards: 'mask' }, allow: [], fields: {}, own: {} };

test('nothing is looked for where nothing is said', () => {
  for (const keys of ['', 'leaks: off', 'operations: { GET /x: { leaks: off } }'])
    assert.equal(policyOf(keys), undefined);
});

test('what an operation says takes the place of what its API says', () => {
  const use = policyOf(
    'leaks: default\n    operations: { GET /x: { leaks: off }, GET /y: { leaks: { emails: drop } } }',
  );
  assert.deepEqual(use?.config, {
    api: USUAL,
    operations: { 'GET /x': null, 'GET /y': { ...USUAL, classes: { emails: 'drop' } } },
  });
  assert.equal(use?.path, 'apis.a.leaks');
  const own = policyOf('operations: { GET /x: { leaks: default } }');
  assert.deepEqual(own?.config, { api: null, operations: { 'GET /x': USUAL } });
  assert.equal(own?.path, 'apis.a.operations["GET /x"].leaks');
});

test('where all is only told of, the policy observes, operation by operation', () => {
  const modes = (keys: string): unknown => [policyOf(keys)?.mode, policyOf(keys)?.modes];
  assert.deepEqual(modes('leaks: { cards: report, fields: { /a: pass } }'), ['observe', {}]);
  assert.deepEqual(modes('leaks: { cards: report, fields: { /a: mask } }'), ['enforce', {}]);
  assert.deepEqual(modes('leaks: default\n    operations: { GET /x: { leaks: { iban: report } } }'), [
    'enforce',
    { 'GET /x': 'observe' },
  ]);
});

test('what is wrong is told with what would be right', () => {
  const cases: Readonly<Record<string, string>> = {
    'leaks: on': 'expected default, off, or what becomes of each class',
    'leaks: {}': 'nothing is looked for',
    'leaks: { allow: [jwt] }': 'nothing is looked for',
    'leaks: { cards: hide }': 'must be mask, drop, refuse or report',
    'leaks: { cards: mask, card: mask }': 'unknown key',
    'leaks: { secrets: refuse, allow: [github-personal-tokn] }': 'there is no such form',
    'leaks: { fields: { ssn: mask } }': 'a field is named by a JSON Pointer',
    'leaks: { fields: { /a~2: mask } }': 'a field is named by a JSON Pointer',
    'leaks: { fields: { /a: hide } }': 'must be mask, drop, refuse, report or pass',
    'leaks: { classes: { staff: { pattern: "(?<=a)b" } } }': 'this pattern ',
    'leaks: { classes: { staff: { pattern: "x*" } } }': 'this pattern matches the empty text',
    'leaks: { classes: { cards: { pattern: "x" } } }': 'there is such a class already',
    'leaks: { classes: { Staff: { pattern: "x" } } }': 'a class has a name of letters',
    'leaks: { classes: { staff: { action: mask } } }': 'pattern',
  };
  for (const [keys, words] of Object.entries(cases)) {
    const issues = issuesOf(keys);
    assert.equal(issues.length, 1, `${keys}: ${issues.join('\n')}`);
    assert.match(issues[0] ?? '', /^7:[0-9]+ apis\.a\.leaks/);
    assert.ok(issues[0]?.includes(words), `${keys}: ${issues[0] ?? ''}`);
  }
});

test('messages of gRPC are not looked into, and that is told', () => {
  const api =
    'version: 1\napis:\n  a:\n    descriptors: ./a.binpb\n    upstream: http://127.0.0.1:1\n    auth: public\n';
  assert.deepEqual(
    issuesOf('leaks: default\n    operations: { a.B/*: { leaks: off } }', api).map((issue) =>
      issue.slice(0, issue.indexOf(' (')),
    ),
    [
      '7:5 apis.a.leaks: messages of gRPC are not looked into',
      '8:28 apis.a.operations["a.B/*"].leaks: messages of gRPC are not looked into',
    ],
  );
});

type Raw = Parameters<typeof toLeaks>[0];
const said = (raw: Raw): OwnLeaks => ({ rules: toLeaks(raw), isOwn: true, ofApi: null });
const words = (was: OwnLeaks, is: OwnLeaks): readonly string[] =>
  leakChanges(was, is, (about, effect, message) => ({ api: 'a', operation: null, about, effect, message })).map(
    ({ effect, message }) => `${effect}: ${message}`,
  );

test('a change that lets more out is told as one', () => {
  const told = (was: Raw, is: Raw): readonly string[] => words(said(was), said(is));
  assert.deepEqual(told('default', 'default'), []);
  assert.deepEqual(told(undefined, 'default'), [
    'tightens: replies are looked into for what must not leave: secrets refuse, privateKeys refuse, cards mask',
  ]);
  for (const none of [undefined, 'off'] as const)
    assert.deepEqual(told('default', none), ['loosens: replies are no longer looked into for what must not leave']);
  const ofApi = { rules: toLeaks('default'), isOwn: false, ofApi: toLeaks('default') };
  const none = ['loosens: replies are no longer looked into for what must not leave'];
  const off = { rules: null, isOwn: true, ofApi: ofApi.rules };
  assert.deepEqual(words(NO_LEAKS, off), none, 'a new operation that is left out');
  assert.deepEqual(words(ofApi, off), none);
  assert.deepEqual(words(ofApi, { ...ofApi, rules: null }), [], 'its API is told of');
  const fewer = { ...off, rules: toLeaks({ secrets: 'refuse', privateKeys: 'refuse', emails: 'drop' }) };
  const changed = [
    'loosens: cards in replies: no longer looked for instead of mask',
    'tightens: emails in replies: drop instead of nothing',
  ];
  for (const was of [NO_LEAKS, ofApi]) assert.deepEqual(words(was, fewer), changed);
  assert.deepEqual(
    told(
      {
        secrets: 'refuse',
        cards: 'mask',
        iban: 'report',
        fields: { '/a': 'drop', '/b': 'pass' },
        classes: { own: { pattern: 'x', action: 'mask' } },
      },
      {
        secrets: 'refuse',
        cards: 'report',
        fields: { '/a': 'refuse', '/c': 'pass' },
        classes: { own: { pattern: 'y', action: 'mask' } },
        allow: ['jwt'],
      },
    ),
    [
      'loosens: cards in replies: report instead of mask',
      'loosens: iban in replies: no longer looked for instead of report',
      'tightens: the field /a in replies: refuse instead of drop',
      'tightens: the field /b in replies: looked into again instead of pass',
      'loosens: own (x) in replies: no longer looked for instead of mask',
      'loosens: the field /c in replies: pass instead of nothing',
      'tightens: own (y) in replies: mask instead of nothing',
      'loosens: jwt may leave in replies',
    ],
  );
});

test('what is said of a field is held against what was said of all that it is in', () => {
  type Fields = Readonly<Record<string, 'mask' | 'drop' | 'refuse' | 'pass'>>;
  const told = (was: Fields, is: Fields): readonly string[] => words(said({ fields: was }), said({ fields: is }));
  const all = { '/a': 'refuse' } as const;
  const loosened = ['loosens: the field /a/b in replies: mask instead of refuse'];
  assert.deepEqual(told(all, { ...all, '/a/b': 'mask' }), loosened);
  assert.deepEqual(told({ ...all, '/a/b': 'mask' }, all), [
    'tightens: the field /a/b in replies: refuse instead of mask',
  ]);
  assert.deepEqual(told({ '/*': 'refuse' }, { '/*': 'refuse', '/a/b': 'mask' }), loosened);
  assert.deepEqual(told({ '/a': 'drop' }, { '/a': 'drop', '/a/b': 'pass' }), []);
});
