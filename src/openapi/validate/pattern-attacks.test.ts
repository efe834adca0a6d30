import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { CodeSet } from './code-set.ts';
import { codeRanges } from './code-set.ts';
import { validatorOf } from './fixtures.test.ts';
import { PATTERN_WORK_LIMIT } from './limits.ts';
import { parsePattern, type Sequence, type Term } from './pattern-syntax.ts';
import { compilePattern, isHarmless, type Matcher } from './pattern.ts';

// Steps are counted here, and no time is taken: a busy machine would fail such a test, and a fast one pass it.

/** A pattern with what makes engines that go back take for ever: `before`, `again` repeated, `after`. */
type Attack = readonly [pattern: string, again: string, after: string, before?: string];

const ATTACKS: readonly Attack[] = [
  // Quantifiers inside quantifiers.
  ['(a+)+$', 'a', '!'],
  ['^(a+)+$', 'a', '!'],
  ['^(a*)*$', 'a', '!'],
  ['^(a*)*b$', 'a', 'c'],
  ['^((a+)+)+$', 'a', '!'],
  ['^(((a*)*)*)*$', 'a', '!'],
  ['([a-zA-Z]+)*$', 'a', '!'],
  ['^([a-zA-Z0-9]+)*$', 'a', '!'],
  ['^(\\d+)*$', '1', 'x'],
  ['^(\\s*\\w+\\s*)+$', 'a ', '!'],
  ['(x+x+)+y', 'x', ''],
  ['^(?:x+x+)+y$', 'x', 'z'],
  ['^(?:.*)*x$', 'a', ''],
  ['^(?:a{1,64})*$', 'a', '!'],
  ['^(?:a?){64}a{64}$', 'a', 'b'],
  ['^(?:(?:a?b?)*c?)*$', 'ab', 'd'],
  // Alternatives that overlap.
  ['^(a|a)*$', 'a', '!'],
  ['^(a|aa)+$', 'a', '!'],
  ['^(a|a?)+$', 'a', '!'],
  ['^(?:a|b|ab)*c$', 'ab', 'd'],
  ['^(?:\\w|\\d)*$', '1', '!'],
  ['^(?:[a-z]|[a-m])*$', 'a', '1'],
  ['^(?:a|[ab])(?:a|[ab])*c$', 'a', ''],
  ['^(?:.|\\n)*;$', 'a\n', ''],
  ['^(?:ab|abab)*c$', 'ab', ''],
  ['^(?:é|e\\u0301|.)*$', 'é', '\n'],
  // Quantifiers beside each other.
  ['a*a*a*a*a*b', 'a', ''],
  ['^a*a*a*a*a*b$', 'a', ''],
  ['^\\s*\\s*$', ' ', 'x'],
  ['^.*.*.*=.*$', 'a', ''],
  ['^[^=]*.*=x$', 'a', ''],
  ['^\\d+\\d+\\d+x$', '1', ''],
  ['^a+b?a+$', 'a', 'c'],
  ['^(.*)(\\d+)(.*)$', 'a', ''],
  ['^[a-z]*[a-z0-9]*$', 'a', '!'],
  // A search that begins anew at each place.
  ['\\s+$', ' ', 'x'],
  ['[ \\t]+\\n', ' ', ''],
  ['a+b', 'a', ''],
  ['\\d+\\.\\d+$', '1', ''],
  ['(?:\\/\\*)(?:[^*]|\\*[^/])*\\*\\/', '/*', ''],
  ['<!--.*?-->', '<!--', ''],
  ['".*"', '"', '', ''],
  [',.*,.*,.*;', ',', ''],
  ['\\w+@', 'a', ''],
  // Found in programs: addresses, names, versions, markup, dates, agents.
  [
    '^([a-zA-Z0-9])(([\\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$',
    'a',
    '!',
  ],
  ['^([\\w\\.\\-]+)@([\\w\\-]+)((\\.(\\w){2,3})+)$', 'a.aa', '!', 'x@'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a', ''],
  ['^[a-z]+(?:[.-][a-z]+)*@(?:[a-z0-9-]+\\.)+[a-z]{2,}$', 'a.', '', 'x@'],
  ['^(?:[a-z0-9]+[._-]?)*[a-z0-9]+@x$', 'a', ''],
  ['^(https?:\\/\\/)?([\\da-z\\.-]+)\\.([a-z\\.]{2,6})([\\/\\w \\.-]*)*\\/?$', '/a', '!', 'http://a.bc'],
  ['^\\d+(?:,\\d+)*(?:\\.\\d+)?$', '1,', ''],
  ['^(?:\\d+\\.)*\\d+$', '1', 'x'],
  ['^v?(\\d+\\.)*\\d+(-[\\w.]+)*(\\+[\\w.]+)*$', '-a', '!', '1'],
  ['^([01]?\\d\\d?|2[0-4]\\d|25[0-5])(\\.([01]?\\d\\d?|2[0-4]\\d|25[0-5]))*$', '1.', ''],
  ['^(([0-1]?[0-9]|2[0-3]):?)+$', '11', 'x'],
  ['^#([a-fA-F0-9]+)+;$', 'a', '!', '#'],
  ['^<([a-z]+)([^<]+)*(?:>(.*)<\\/([a-z]+)>|\\s+\\/>)$', 'a', '', '<'],
  ['^(?:"[^"]*"|[^",]+|,)*$', 'a', '"'],
  ['^((?:[^"\\\\]|\\\\.)*|[^"]*)*$', 'a', '"'],
  ['^(?:[^\\\\"]|\\\\")*\\\\$', '\\"', ''],
  ['^[\\w-]+(?:\\s*;\\s*[\\w-]+=[\\w-]+)*\\s*;?\\s*$', '; a=b', '!', 'x'],
  ['^(?:(?:\\+|-)?\\s*\\d*\\s*)*$', '+ 1', 'x'],
  ['^\\s*(.*?)\\s*$', ' ', '\n'],
  ['^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$', 'A', '!'],
  ['^(\\p{L}+\\s?)*$', 'é', '1'],
  ['^(?=.*[A-Z])(?=.*\\d)(?:[A-Za-z\\d]+)+$', 'A1', '!'],
  ['^(?=(a+)+$).*$', 'a', '!'],
  ['^(?!(.*a){25}).*$', 'a', ''],
  ['([ab]{0,500}a){2}[cd]', 'ab', ''],
  ['[ab]*a[ab]{30}[cd]$', 'ab', ''],
  ['^(.*a){25}$', 'a', '!'],
  ['^(?:a{0,30}){30}$', 'a', '!'],
  ['^[a-z]{1,64}$', 'a', '!'],
  ['^a{0,10000}b$', 'a', ''],
  ['^[ab]*[ab]{900}c$', 'ab', ''],
  ['^a*a{200}b$', 'a', ''],
];

const SIZES = [1_000, 30_000, 1_000_000] as const;

function textOf([, again, after, before = '']: Attack, size: number): string {
  return before + again.repeat(Math.ceil(size / again.length)) + after;
}

/** How often a text is looked at while something goes on. RE2 looks at each character by this one way. */
function readsDuring(act: () => void): number {
  const { prototype } = String;
  const original = prototype.charCodeAt;
  let reads = 0;
  prototype.charCodeAt = function (this: string, at: number): number {
    reads++;
    return original.call(this, at);
  };
  try {
    act();
  } finally {
    prototype.charCodeAt = original;
  }
  return reads;
}

/** Surrogates are read twice, and there may be a search for what must be there before the match itself. */
const READS_PER_CHARACTER = 8;
/** What the runtime's engine may do for each character: it gives back to at most 64 parts. */
const STEPS_PER_CHARACTER = 100;

interface Found {
  refused: number;
  unjudged: number;
  native: number;
  linear: number;
}

test('no pattern of the corpus takes more steps than its text has characters, but for a factor', (t) => {
  const found: Found = { refused: 0, unjudged: 0, native: 0, linear: 0 };
  for (const attack of ATTACKS) for (const size of SIZES) judgeAttack(attack, textOf(attack, size), found);
  t.diagnostic(JSON.stringify(found));
  assert.ok(ATTACKS.length >= 50);
  assert.ok(found.linear >= 150 && found.native >= 6 && found.unjudged >= 6, JSON.stringify(found));
});

function judgeAttack([pattern]: Attack, text: string, found: Found): void {
  const compiled = compilePattern(pattern);
  if (!compiled.ok) {
    found.refused++;
    return;
  }
  const matcher = compiled.value;
  const what = `${pattern} on ${text.length} characters`;
  if (matcher.workOn(text.length) > PATTERN_WORK_LIMIT) {
    found.unjudged++;
    assertUnjudged(pattern, text);
    return;
  }
  const parsed = parsePattern(pattern);
  assert.ok(parsed.ok);
  if (isHarmless(parsed.value)) {
    found.native++;
    const steps = stepsOf(parsed.value.alternatives[0] as Sequence, text);
    assert.ok(steps <= STEPS_PER_CHARACTER * (text.length + 1), `${what}: ${steps} steps`);
    return;
  }
  found.linear++;
  const reads = readsDuring(() => matcher.matches(text));
  assert.ok(reads <= READS_PER_CHARACTER * (text.length + 64) * enginesOf(matcher, pattern), `${what}: ${reads} reads`);
}

/** Each lookahead at the beginning is an engine of its own. */
function enginesOf(_: Matcher, pattern: string): number {
  const parsed = parsePattern(pattern);
  return 1 + (parsed.ok ? parsed.value.lookaheads.length : 0);
}

/** What would take too long is refused, and no engine has looked at it. */
function assertUnjudged(pattern: string, text: string): void {
  const validate = validatorOf({ type: 'string', pattern });
  const reads = readsDuring(() => {
    assert.match(validate(text)?.[0]?.message ?? '', /too long for its pattern/, pattern);
  });
  assert.ok(reads < 1_000, `${pattern}: ${reads}`);
}

/**
 * How many characters, or a few more than enough, an engine compares that goes back, trying what is longest first, at each place of the text: as the
 * runtime's does. It knows what `isHarmless` lets pass, which is a sequence of sets, repeated or not.
 */
function stepsOf(sequence: Sequence, text: string): number {
  const codes = Array.from(text, (character) => character.codePointAt(0) as number);
  const terms = sequence.map(simpleTerm);
  const anchored = terms[0]?.kind === 'start';
  const enough = STEPS_PER_CHARACTER * (text.length + 1);
  let steps = 0;
  const holds = (term: number, at: number): boolean => {
    const one = terms[term];
    if (one === undefined || steps > enough) return true;
    if (one.kind !== 'set') return at === (one.kind === 'start' ? 0 : codes.length) && holds(term + 1, at);
    let end = at;
    while (end - at < one.max && end < codes.length && (steps++, one.has(codes[end] as number))) end++;
    for (; end - at >= one.min; end--) if ((steps++, holds(term + 1, end))) return true;
    return false;
  };
  for (let at = 0; at <= (anchored ? 0 : codes.length); at++) if (holds(0, at)) break;
  return steps;
}

type SimpleTerm =
  | { readonly kind: 'start' }
  | { readonly kind: 'end' }
  | { readonly kind: 'set'; readonly has: (code: number) => boolean; readonly min: number; readonly max: number };

function simpleTerm(term: Term): SimpleTerm {
  if (term.kind === 'assertion') {
    assert.ok(term.at === 'start' || term.at === 'end');
    return { kind: term.at === 'start' ? 'start' : 'end' };
  }
  const { min, max, term: repeated } = term.kind === 'repeat' ? term : { min: 1, max: 1, term };
  assert.equal(repeated.kind, 'set');
  return { kind: 'set', has: membership((repeated as { set: CodeSet }).set), min, max };
}

function membership(set: CodeSet): (code: number) => boolean {
  const ranges = codeRanges(set);
  return (code) => ranges.some(([first, last]) => code >= first && code <= last);
}

test('whatever pattern the runtime may run, no text makes it go back for long', () => {
  const set = fc.constantFrom('a', 'b', '[ab]', '[^a]', '[^b]', '.', '\\w', '\\d');
  const count = fc.constantFrom('', '', '*', '+', '?', '{2}', '{1,3}', '{0,64}', '{5,}', '{0,9000}');
  const pattern = fc
    .tuple(fc.constantFrom('^', ''), fc.array(fc.tuple(set, count), { maxLength: 6 }), fc.constantFrom('$', ''))
    .map(([start, terms, end]) => `${start}${terms.map((term) => term.join('')).join('')}${end}`);
  const attack = fc.tuple(fc.constantFrom('a', 'b', 'ab', '1', 'aab'), fc.constantFrom('', 'a', 'b', '!', '1'));
  let native = 0;
  fc.assert(
    fc.property(pattern, attack, (written, [again, after]) => {
      const parsed = parsePattern(written);
      if (!parsed.ok || !isHarmless(parsed.value)) return;
      native++;
      const text = again.repeat(Math.ceil(2_000 / again.length)) + after;
      const steps = stepsOf(parsed.value.alternatives[0] as Sequence, text);
      assert.ok(steps <= STEPS_PER_CHARACTER * (text.length + 1), `${written}: ${steps}`);
    }),
    { numRuns: 2_000 },
  );
  assert.ok(native > 200, `${native}`);
});
