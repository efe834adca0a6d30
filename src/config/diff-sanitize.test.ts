import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HtmlProfile, SanitizeRules } from '../policy/index.ts';
import { NOTHING_SANITIZED, operationSanitizeChanges, sanitizeChanges, sanitizedOf } from './diff-sanitize.ts';
import type { SanitizeUse } from './sanitize-rules.ts';

function use(rules: Partial<SanitizeRules>, mode: SanitizeUse['mode'] = null): SanitizeUse {
  return { mode, rules: { body: rules.body ?? {}, query: rules.query ?? {} } };
}

function told(was: SanitizeUse | null, is: SanitizeUse | null): readonly string[] {
  return sanitizeChanges(sanitizedOf(was, null), sanitizedOf(is, null), tell).map(
    ({ effect, message }) => `${effect}: ${message}`,
  );
}

const tell = (about: string, effect: 'loosens' | 'tightens' | 'changes', message: string) =>
  ({ api: 'a', operation: null, about, effect, message }) as never;

test('a place that is cleaned no more, or of less, loosens', () => {
  const trim = use({ body: { '/a': ['trim'] } });
  const both = use({ body: { '/a': ['trim', { html: 'basic' }] } });
  assert.deepEqual(told(null, trim), ['tightens: the text at "/a" of bodies is cleaned by trim']);
  assert.deepEqual(told(trim, null), ['loosens: the text at "/a" of bodies is no longer cleaned']);
  assert.deepEqual(told(trim, both), [
    'tightens: the text at "/a" of bodies is cleaned by trim, html (basic) instead of trim',
  ]);
  assert.deepEqual(told(both, trim), [
    'loosens: the text at "/a" of bodies is cleaned by trim instead of trim, html (basic)',
  ]);
  assert.deepEqual(told(both, both), []);
  const own = use({ query: { q: [{ html: { tags: ['a', 'p'], attributes: { a: ['href'] } } }] } });
  assert.deepEqual(told(own, use({ query: { q: [{ html: 'text' }] } })), [
    'tightens: the parameter q is cleaned by html (text) instead of html (a p; a with href)',
  ]);
});

test('HTML that leaves more loosens, whatever it is called', () => {
  const html = (profile: HtmlProfile): SanitizeUse => use({ body: { '/a': ['trim', { html: profile }] } });
  const effect = (was: HtmlProfile, is: HtmlProfile): string | undefined => told(html(was), html(is))[0]?.split(':')[0];
  const own = (tags: readonly string[], attributes: Readonly<Record<string, readonly string[]>> = {}): HtmlProfile => ({
    tags,
    attributes,
  });
  const cases: readonly (readonly [less: HtmlProfile, more: HtmlProfile])[] = [
    ['text', 'basic'],
    ['text', own(['p'])],
    [own(['p']), 'basic'],
    [
      'basic',
      own('a abbr b blockquote br code del em i img li ol p pre s strong sub sup u ul'.split(' '), {
        '*': ['href', 'title'],
      }),
    ],
    [own(['p', 'a'], { a: ['href'] }), own(['p', 'a'], { '*': ['href'] })],
    [own(['a'], { a: ['href'] }), own(['a'], { a: ['href', 'title'] })],
  ];
  for (const [less, more] of cases) {
    assert.equal(effect(less, more), 'loosens', JSON.stringify([less, more]));
    assert.equal(effect(more, less), 'tightens', JSON.stringify([more, less]));
  }
  assert.equal(effect(own(['p']), own(['b'])), 'changes');
  assert.equal(effect(own(['a'], { a: ['href'] }), own(['a', 'p'])), 'changes');
});

test('what is only recorded protects nobody', () => {
  const rules = { body: { '/a': ['trim'] } } as const;
  assert.deepEqual(told(use(rules), use(rules, 'observe')), ['loosens: what would be cleaned is only recorded']);
  assert.deepEqual(told(use(rules, 'observe'), use(rules)), [
    'tightens: what is to be cleaned is, and not only recorded',
  ]);
});

test('an operation is told of where it has a word of its own', () => {
  const api = use({ body: { '/a': ['trim'] } });
  const off = operationSanitizeChanges(sanitizedOf(api, null), sanitizedOf(api, 'off'), tell);
  assert.deepEqual(
    off.map(({ effect }) => effect),
    ['loosens'],
  );
  assert.deepEqual(operationSanitizeChanges(NOTHING_SANITIZED, sanitizedOf(api, null), tell), []);
  const more = operationSanitizeChanges(sanitizedOf(api, null), sanitizedOf(api, use({ query: { q: ['nfc'] } })), tell);
  assert.deepEqual(
    more.map(({ message }) => message),
    ['the parameter q is cleaned by nfc'],
  );
});
