import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PLAIN_ACTIONS, type PlainAction, type TextAction } from './config.ts';
import { HtmlBudget, loadHtmlSanitizer } from './html.ts';
import { PLAIN_CHANGES } from './text-actions.ts';
import { cleanerOf } from './text-cleaner.ts';

const sanitize = await loadHtmlSanitizer();

function clean(text: string, ...actions: readonly TextAction[]): string | null {
  return cleanerOf(actions, sanitize)(text, new HtmlBudget());
}

const SAMPLES: readonly (readonly [PlainAction, string, string])[] = [
  ['trim', ' \t\n\u00a0\u2003\ufeff a b \u3000\x85\u2029', 'a b'],
  ['trim', '\u200ba', '\u200ba'],
  ['nfc', 'e\u0301\u212b\u037e', 'é\u00c5;'],
  ['control', 'a\0b\x1b[31mc\td\r\ne\rf\x7f\x85g\n', 'ab[31mc\td\r\nefg\n'],
  ['control', '\r\r\n\r', '\r\n'],
  ['single-line', 'a\r\n\u2028b\x85c\fd', 'a b c d'],
  ['bidi', 'a\u202e\u2066b\u2069\u200e\u200f\u061cc', 'abc'],
  ['invisible', 'j\u200ba\u2060v\ufeffa\xad\u3164\u115f', 'java'],
  ['invisible', 'a\u{e0041}\u{e0042}\u{e007f}b', 'ab'],
  ['invisible', 'a\u200db\u200cc', 'abc'],
  // What is written with them stays: Persian, Hindi, a family, a flag, a red heart, a name.
  ['invisible', 'می‌خواهم', 'می‌خواهم'],
  ['invisible', 'क्‍ष', 'क्‍ष'],
  ['invisible', '👨‍👩‍👧', '👨‍👩‍👧'],
  ['invisible', '👩🏽‍🚀', '👩🏽‍🚀'],
  [
    'invisible',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
    '\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}',
  ],
  ['invisible', '❤️‍🔥', '❤️‍🔥'],
  ['invisible', '\u9089\u{e0100}', '\u9089\u{e0100}'],
  ['invisible', 'a\u{e0100}\u{e0101}x\ufe0f\ufe01', 'ax\ufe0f'],
];

for (const [action, text, expected] of SAMPLES) {
  test(`${action}: ${JSON.stringify(text)}`, () => assert.equal(clean(text, action), expected));
}

test('Unicode is normalized as Node does it, and marks without end are refused', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(text, (each) => assert.equal(clean(each, 'nfc') ?? each.normalize('NFC'), each.normalize('NFC'))),
  );
  assert.equal(clean(`a${'\u0301'.repeat(30)}`, 'nfc')?.length, 30);
  assert.equal(clean(`a${'\u0301\u0327'.repeat(16)}`, 'nfc'), null);
});

test('white space of Unicode goes at both ends, and nowhere else', () => {
  const unit = fc.constantFrom(' ', '\t', '\xa0', '\u2003', '\u3000', '\x85', 'a', '\u200b');
  fc.assert(
    fc.property(fc.string({ unit }), (text) => {
      const expected = text.replace(/^[\p{White_Space}\ufeff]+/u, '').replace(/[\p{White_Space}\ufeff]+$/u, '');
      assert.equal(clean(text, 'trim'), expected);
    }),
  );
});

/** Texts of what the actions look for. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom(
      ...[
        '<',
        '>',
        '&',
        ';',
        '"',
        "'",
        '/',
        '=',
        ' ',
        '\n',
        '\r',
        '\0',
        'a',
        'b',
        '<b>',
        '</b>',
        '<a href="',
        'javascript:',
      ],
      ...[
        'lt',
        '#60',
        '#x3c',
        'script',
        '<script>',
        '<!--',
        '-->',
        '\u0338',
        '\u200b',
        '\u202e',
        '\u200d',
        '\ufe0f',
        '💩',
      ],
      ...[
        'e\u0301',
        '\u1100',
        '\u1161',
        '\u037e',
        '\u{1f3f4}',
        '\u{e0067}',
        '\u{e007f}',
        '&amp;',
        '&lt;',
        '<p>',
        '<li>',
        '<svg>',
      ],
    ),
    maxLength: 40,
  }),
);
const anyActions: fc.Arbitrary<readonly TextAction[]> = fc.subarray<TextAction>(
  [...PLAIN_ACTIONS, { html: 'basic' }, { html: 'text' }],
  { minLength: 1 },
);

test('cleaning twice is cleaning once, and each action by itself has nothing to do with what comes out', () => {
  fc.assert(
    fc.property(hostile, anyActions, (text, actions) => {
      const once = clean(text, ...actions);
      if (once === null) return;
      assert.equal(clean(once, ...actions), once);
      for (const action of actions) assert.equal(clean(once, action), once, JSON.stringify(action));
    }),
    { numRuns: 5_000 },
  );
});

test('plain text is looked at once, and comes out as the actions would give it', () => {
  const printable = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(printable, (text) => {
      let expected = text;
      for (const action of PLAIN_ACTIONS) expected = PLAIN_CHANGES[action](expected) ?? '';
      assert.equal(clean(text, ...PLAIN_ACTIONS), expected);
    }),
  );
});

test('what one action takes out hides nothing from another', () => {
  const all: readonly TextAction[] = [...PLAIN_ACTIONS, { html: 'basic' }];
  for (const hidden of [
    '\u200b',
    '\u202e',
    '\0',
    '\u00ad',
    '\ufeff',
    '&#x200b;',
    '&#8238;',
    '&ZeroWidthSpace;',
    '&shy;',
    '&#0;',
  ]) {
    for (const text of [
      `<scr${hidden}ipt>alert(1)</scr${hidden}ipt>`,
      `<a href="java${hidden}script:alert(1)">x</a>`,
      `<a href="${hidden}javascript:alert(1)">x</a>`,
      `<${hidden}img src=x onerror=alert(1)>`,
      `&${hidden}lt;script&${hidden}gt;`,
    ]) {
      const cleaned = clean(text, ...all) ?? '';
      assert.doesNotMatch(cleaned, /<script|<img|href="[\x00-\x20]*javascript/i, text);
    }
  }
});

test('a sign that joins what follows leaves no element open', () => {
  const cleaned = clean('<b>\u0338<a href="x">\u0338y</a></b>', 'nfc', { html: 'basic' }) ?? assert.fail();
  assert.equal(clean(cleaned, 'nfc'), cleaned);
  assert.equal(clean(cleaned, { html: 'basic' }), cleaned);
});

test('more HTML than can be read in time is refused, over all texts of a request', () => {
  assert.equal(clean('<b>'.repeat(5_001), { html: 'text' }), null);
  assert.equal(clean('&'.repeat(20_001), { html: 'text' }), null);
  assert.equal(clean(`<b>${'x'.repeat(262_144)}`, { html: 'text' }), null);
  assert.equal(clean('x'.repeat(1_000_000), { html: 'text' })?.length, 1_000_000);
  const cleaner = cleanerOf([{ html: 'text' }], sanitize);
  const budget = new HtmlBudget();
  assert.notEqual(cleaner('<b>'.repeat(3_000), budget), null);
  assert.equal(cleaner('<b>'.repeat(3_000), budget), null);
});

test('a megabyte of anything takes time by its length', () => {
  const length = 1_048_576;
  const all: readonly TextAction[] = [...PLAIN_ACTIONS, { html: 'basic' }];
  for (const unit of [
    ' ',
    '\r',
    '\u200d',
    '\ufe0f',
    '\u{1f3f4}\u{e0067}',
    'a\u0301',
    '\u202e',
    '&',
    '<b>',
    '<',
    '\u00e9 ',
    '👨‍',
    'a\u200d',
  ]) {
    const text = unit.repeat(Math.ceil(length / unit.length));
    const from = performance.now();
    clean(`x${text}x`, ...all);
    assert.ok(performance.now() - from < 4_000, JSON.stringify(unit));
  }
});
