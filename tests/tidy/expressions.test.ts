import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { courseOf } from './expressions.ts';
import { ROOT } from './repository.ts';
import { tokenize } from './tokens.ts';

/** Expressions whose time may grow faster than their text, and why the text is short or the operator's own. */
const BOUNDED: Readonly<Record<string, string>> = {
  'src/certificates/pem.ts': 'files of the operator',
  'src/cli/init.ts': 'a name that the operator gives',
  'src/cli/running.ts': 'a line of the configuration',
  'src/config/acme.ts': 'the configuration, at most 253 characters',
  'src/config/client-trust.ts': 'the configuration',
  'src/config/description-source.ts': 'the configuration; behind the question mark nothing fails',
  'src/config/own-replies.ts': 'the configuration',
  'src/config/upstream-tls.ts': 'the configuration, at most 253 characters',
  'src/config/upstream-url.ts': 'the configuration',
  'src/config/values-file.ts': 'a line of a file of the operator',
  'src/discovery/resolver-file.ts': 'a file of the machine',
  'src/main/acme-settings.ts': 'the configuration',
  'src/main/first-gathering.ts': 'the configuration; behind the question mark nothing fails',
  'src/openapi/media-range.ts': 'at most 1,000 characters',
  'src/openapi/request/accept-judge.ts': 'at most so many characters as its limit says',
  'src/openapi/request/media-range-choice.ts': 'what media-range.ts has read',
  'src/openapi/validate/format-label.ts': 'at most 63 characters',
  'src/openapi/validate/format-registry.ts': 'at most 128 characters',
  'src/policy/asked/declarations.ts': 'a template of the configuration',
  'src/rules/time.ts': 'what has at most eight parts of some 30 characters',
  'src/wire/client-hello.ts': 'at most 253 characters',
  'src/wire/request-head.ts': 'a target, in which there is no line break: only before one it could fail',
};

/**
 * Where expressions are put together while the program runs. Those of a document or a configuration go to RE2, or are
 * shown to go back little, in `pattern.ts`; the others are made of parts that stand beside them.
 */
const BUILDERS: readonly string[] = [
  'src/config/client-trust.ts',
  'src/config/host-name.ts',
  'src/gateway/forwarded-field.ts',
  'src/gateway/plain-http.ts',
  'src/openapi/media-range.ts',
  'src/openapi/open-inputs/proposal.ts',
  'src/openapi/validate/code-set.ts',
  'src/openapi/validate/format-registry.ts',
  'src/openapi/validate/format-time.ts',
  'src/openapi/validate/format-uri.ts',
  'src/openapi/validate/format.ts',
  'src/openapi/validate/pattern.ts',
  'src/policy/percent-encoding.ts',
  'src/wire/host.ts',
];

const FILES = globSync('src/**/*.ts', { cwd: ROOT })
  .filter((file) => !/(?:\.test|-contract)\.ts$/.test(file))
  .map((file) => ({ file, tokens: tokenize(readFileSync(join(ROOT, file), 'utf8')) }));

test('an expression that time could be lost in is found', () => {
  const slow = [
    '\\s+$',
    '^[ \\t]+|[ \\t]+$',
    '(a+)+$',
    '^(a+)+$',
    '^(a|aa)+$',
    '^a*a*b',
    '^\\s*(?:#|[^:]*;)',
    ',.*,.*;',
  ];
  for (const source of slow) assert.equal(courseOf(source, ''), 'more', source);
  for (const source of ['(a)\\1', 'a(?=(b|c))d', 'a(?!.*b)', 'a(?=b+)', '(?<=a{2,})b', 'x|^(?=.*b)a'])
    assert.equal(courseOf(source, ''), 'unread', source);
  const quick = ['^a+b+c$', '[^a-z]+', '^[a-z]*$', '^[^@]+@[^@]+$', 'a{1,64}b', '^(?:a,)*b$', ',\\s*b', '(?:^|,)\\s*b'];
  for (const source of quick) assert.equal(courseOf(source, ''), 'linear', source);
  assert.equal(courseOf('a*b', ''), 'more');
  assert.equal(courseOf('a*b', 'y'), 'linear', 'it is not begun anew at each place');
  assert.equal(courseOf('^\\s*b', ''), 'linear');
  assert.equal(courseOf('^\\s*b', 'm'), 'more', 'it is begun anew in each line');
  assert.equal(courseOf('^a:(.*)$', 'm'), 'linear', 'nothing of it is in two lines');
  assert.equal(courseOf('^(?=.*b)[^c]*$', ''), 'linear', 'it looks ahead once');
  assert.equal(courseOf('^(?=.*,.*;)a', ''), 'more', 'once takes long enough');
  assert.equal(courseOf('^(?!a*a*b|c)a', ''), 'more');
});

test('expressions take time by the length of their text alone, or the text is bounded before', () => {
  const found = FILES.flatMap(({ file, tokens }) =>
    tokens.filter(({ kind }) => kind === 'regex').map(({ text, line }) => ({ file, text, line })),
  );
  assert.ok(found.length > 300, `${found.length} expressions were seen`);
  const slow = found.filter(({ text }) => {
    const end = text.lastIndexOf('/');
    return courseOf(text.slice(1, end), text.slice(end + 1)) !== 'linear';
  });
  const unknown = slow.filter(({ file }) => !Object.hasOwn(BOUNDED, file));
  assert.deepEqual(
    unknown.map(({ file, line, text }) => `${file}:${line} ${text}`),
    [],
    'write it so that no two parts take the same characters, or bound the text and say so in BOUNDED',
  );
  assert.deepEqual([...new Set(slow.map(({ file }) => file))].toSorted(), Object.keys(BOUNDED).toSorted());
});

test('expressions are put together in known places only', () => {
  const building = FILES.filter(({ tokens }) => tokens.some(({ kind, text }) => kind === 'name' && text === 'RegExp'))
    .filter(({ tokens }) => tokens.some(({ text }, at) => text === 'RegExp' && tokens[at + 1]?.text === '('))
    .map(({ file }) => file);
  assert.deepEqual(building.toSorted(), BUILDERS.toSorted());
});
