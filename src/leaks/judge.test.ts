import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LeakJudge, type LeakRules } from './judge.ts';
import { textFormatOf } from './text-format.ts';

const KEY = ['ghp_', 'aB3dE6gH9jaB3dE6gH9jaB3dE6gH9jaB3dE6'].join('');
const CARD = '4111 1111 1111 1111';
const JSON_FORMAT = { isJson: true, escaping: 'backslash', isReadable: true } as const;

function judgeOf(rules: Partial<LeakRules>): LeakJudge {
  return new LeakJudge({ classes: {}, allow: [], fields: {}, own: [], ...rules }, new Set<string>());
}

/** A character as JSON may write it. */
function spell(character: string, way: number): string {
  if (way === 0) return JSON.stringify(character).slice(1, -1);
  const hexadecimal = character.charCodeAt(0).toString(16).padStart(4, '0');
  return `\\u${way === 1 ? hexadecimal : hexadecimal.toUpperCase()}`;
}

/** Any JSON, written by hand: each character in one of its ways, each name and value with white space around. */
interface Written {
  readonly text: string;
  readonly value: unknown;
}

const ways = fc.array(fc.nat(2), { minLength: 1, maxLength: 7 });
const spaces = fc.constantFrom('', ' ', '\n', '\t \r\n');

const written = (text: fc.Arbitrary<string>): fc.Arbitrary<Written> =>
  fc.tuple(text, ways).map(([value, chosen]) => ({
    value,
    text: `"${[...value].map((character, at) => (character.length > 1 ? character : spell(character, chosen[at % chosen.length] ?? 0))).join('')}"`,
  }));

const someText = written(fc.string({ maxLength: 12 }));
/** Of each kind, texts and numbers with what must not leave in them. */
const leaking = written(
  fc
    .tuple(fc.string({ maxLength: 8 }), fc.constantFrom(KEY, CARD), fc.string({ maxLength: 8 }))
    .map(([before, inner, after]) => `${before} ${inner}\n${after}`),
);
const leaf = fc.oneof(
  someText,
  leaking,
  fc.constant({ text: '4111111111111111', value: 4111111111111111 }),
  fc.integer().map((value) => ({ text: String(value), value: value as unknown })),
  fc.constantFrom<Written>({ text: 'null', value: null }, { text: 'true', value: true }),
);

const { json } = fc.letrec<{ json: Written; list: Written; object: Written }>((tie) => ({
  json: fc.oneof({ maxDepth: 4 }, leaf, tie('list'), tie('object')),
  list: fc.tuple(fc.array(tie('json'), { maxLength: 4 }), spaces).map(([items, space]) => ({
    text: `[${space}${items.map(({ text }) => text).join(`${space},${space}`)}${space}]`,
    value: items.map(({ value }) => value),
  })),
  object: fc
    .tuple(fc.uniqueArray(fc.tuple(someText, tie('json')), { maxLength: 4, selector: ([{ value }]) => value }), spaces)
    .map(([members, space]) => ({
      text: `{${space}${members.map(([name, { text }]) => `${name.text}${space}:${space}${text}`).join(`${space},`)}${space}}`,
      value: Object.fromEntries(members.map(([name, { value }]) => [name.value as string, value])),
    })),
}));

const holds = (value: unknown): boolean =>
  typeof value === 'string' ? value.includes(KEY) || value.includes(CARD) : value === 4111111111111111;

/** What a value is once what must not leave in it is masked or, where leaves are, gone. */
function without(value: unknown, mode: 'mask' | 'drop'): unknown {
  if (Array.isArray(value))
    return (mode === 'drop' ? value.filter((item) => !holds(item)) : value).map((item) => without(item, mode));
  if (typeof value === 'object' && value !== null) {
    const kept = Object.entries(value).filter(([, item]) => mode === 'mask' || !holds(item));
    return Object.fromEntries(kept.map(([name, item]) => [name, without(item, mode)]));
  }
  if (!holds(value)) return value;
  if (mode === 'drop') return null;
  if (typeof value === 'number') return 1111111111111111;
  return String(value).replaceAll(KEY, '*'.repeat(KEY.length)).replaceAll(CARD, '**** **** **** 1111');
}

for (const mode of ['mask', 'drop'] as const) {
  test(`whatever JSON holds a key or a card, and however it is written: with ${mode} it goes, and all else stays as it is`, () => {
    const judge = judgeOf({ classes: { secrets: mode, cards: mode } });
    fc.assert(
      fc.property(json, ({ text, value }) => {
        const looked = judge.judge(Buffer.from(text), JSON_FORMAT);
        assert.ok(looked?.kind !== 'unreadable');
        const body = looked?.body?.toString() ?? text;
        assert.deepEqual(JSON.parse(body), without(value, mode));
        if (mode === 'mask' && looked?.body !== null && looked !== null) {
          const again = judge.judge(looked.body, JSON_FORMAT);
          assert.equal(again, null, 'a mask is nothing that must not leave');
        }
      }),
      { numRuns: 500 },
    );
  });
}

test('JSON that is cut off, or has something in the place of something, is never passed on with what is in it', () => {
  const judge = judgeOf({ classes: { secrets: 'mask' }, fields: { '/x': 'drop' } });
  const text = `{"a":[1,{"x":"${KEY}","y":"\\u0067${KEY.slice(1)}"}],"x":{"z":null}}`;
  fc.assert(
    fc.property(fc.nat(text.length), fc.nat(3), fc.string({ maxLength: 3 }), (at, gone, put) => {
      const broken = text.slice(0, at) + put + text.slice(at + gone);
      const looked = judge.judge(Buffer.from(broken), JSON_FORMAT);
      if (looked === null || looked.kind === 'unreadable' || looked.strictest === 'refuse') return;
      // Behind a letter that was put there it would be the end of another word.
      const left = new RegExp(`(?<![\\w-])${KEY}(?![A-Za-z0-9])`);
      assert.ok(!left.test(looked.body?.toString() ?? broken), broken);
    }),
    { numRuns: 2_000 },
  );
});

test('what is said of a field holds for all in it, and the strictest word counts', () => {
  const judge = judgeOf({
    classes: { cards: 'mask' },
    fields: { '/a': 'mask', '/*/b': 'pass', '/a/b': 'drop', '/c/*': 'report' },
  });
  const text = '{"a":{"b":1,"d":["e",2]},"f":{"b":"4111111111111111"},"c":["4111111111111111",null]}';
  const looked = judge.judge(Buffer.from(text), JSON_FORMAT);
  assert.ok(looked?.kind === 'found');
  assert.equal(
    looked.body?.toString(),
    '{"a":{"d":["*",0]},"f":{"b":"4111111111111111"},"c":["************1111",null]}',
  );
});

test('what is deeper than 512 is not read, and what is not is', () => {
  const judge = judgeOf({ fields: { '/x': 'drop' } });
  const nested = (depth: number): Buffer => Buffer.from('['.repeat(depth) + ']'.repeat(depth));
  assert.equal(judge.judge(nested(512), JSON_FORMAT), null);
  assert.equal(judge.judge(nested(513), JSON_FORMAT)?.kind, 'unreadable');
  assert.equal(judge.judge(nested(1_000_000), JSON_FORMAT)?.kind, 'unreadable');
});

test('classes of an own may take so much of one text and no more', () => {
  const pattern = { workOn: (length: number) => length, matches: () => false };
  const judge = judgeOf({ own: [{ name: 'own', action: 'mask', pattern }] });
  const text = (length: number): Buffer => Buffer.from(`"${'x'.repeat(length)}"`);
  assert.equal(judge.judge(text(5_000_000), JSON_FORMAT), null);
  assert.equal(judge.judge(text(5_000_001), JSON_FORMAT)?.kind, 'unreadable');
});

test('a million fields that are named are counted, and the first are told', () => {
  const judge = judgeOf({ fields: { '/*': 'report' } });
  const looked = judge.judge(Buffer.from(`[${'1,'.repeat(999_999)}1]`), JSON_FORMAT);
  assert.ok(looked?.kind === 'found');
  assert.deepEqual([looked.count, looked.hits.length, looked.body], [1_000_000, 1_000, null]);
});

test('bodies are text by their type, unless it is known to be none', () => {
  const told = (type: string | null): string => {
    const format = textFormatOf(type);
    if (format === null) return 'none';
    return `${format.isJson ? 'json' : format.escaping}${format.isReadable ? '' : ' unreadable'}`;
  };
  const cases: Readonly<Record<string, readonly (string | null)[]>> = {
    json: [
      'application/json',
      'Application/Problem+JSON;charset=utf-8',
      'text/json',
      'application/json; charset="UTF8"',
    ],
    entity: ['text/html', 'application/xml', 'image/svg+xml', 'application/atom+xml; charset=ISO-8859-1'],
    form: ['application/x-www-form-urlencoded'],
    backslash: [
      null,
      '',
      'nonsense',
      'text/plain',
      'text/csv',
      'application/x-ndjson',
      'application/javascript',
      'multipart/mixed; boundary=a',
    ],
    none: [
      'image/png',
      'video/mp4',
      'application/octet-stream',
      'application/pdf',
      'application/zip',
      'application/epub+zip',
      'font/woff2',
    ],
    'backslash unreadable': [
      'text/plain; charset=utf-16',
      'text/plain;charset="iso-2022-jp"',
      'text/csv; header=present; charset=ibm037',
    ],
    'json unreadable': ['application/json; charset=utf-32'],
  };
  for (const [format, types] of Object.entries(cases))
    for (const type of types) assert.equal(told(type), format, String(type));
});
