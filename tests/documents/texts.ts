import fc from 'fast-check';
import type { Chance } from '../sim/chance.ts';
import { type Facts, Unbuildable } from './facts.ts';

/** Texts of each format that is judged; of several the first one counts that has the length. */
const SAMPLES: Readonly<Record<string, readonly string[]>> = {
  'date-time': ['2026-01-31T12:30:00Z', '2026-01-31T12:30:00.123+01:00'],
  date: ['2026-01-31'],
  time: ['12:30:00Z'],
  duration: ['P1D', 'PT36H'],
  uuid: ['7f8b4c7e-2f4d-4f0a-9a3e-0d6b7c1a2b3c'],
  email: ['a@example.com'],
  'idn-email': ['a@example.com'],
  hostname: ['example.com'],
  'idn-hostname': ['example.com'],
  ipv4: ['192.0.2.1'],
  ipv6: ['2001:db8::1'],
  uri: ['https://example.com/a', 'a:b'],
  'uri-reference': ['/a'],
  'uri-template': ['/a/{b}'],
  iri: ['https://example.com/a'],
  'iri-reference': ['/a'],
  'json-pointer': ['/a'],
  'relative-json-pointer': ['0'],
  regex: ['a'],
  byte: ['aGVsbG8h', 'QUFB', 'aGVsbG8hISEh'],
  base64url: ['aGVsbG8'],
  char: ['a'],
  decimal: ['19.99'],
  decimal128: ['19.99'],
  'http-date': ['Sun, 06 Nov 1994 08:49:37 GMT'],
  'media-range': ['text/html'],
  'date-time-local': ['2026-01-31T12:30:00'],
  'time-local': ['12:30:00'],
  'sf-string': ['"a"'],
  'sf-token': ['a'],
  'sf-integer': ['1'],
  'sf-decimal': ['1.5'],
  'sf-boolean': ['?1'],
  'sf-binary': [':aGVsbG8=:'],
};

/** Whether texts are held to a format. */
export function isJudged(format: string): boolean {
  return Object.hasOwn(SAMPLES, format);
}

/** How many texts of a pattern are made before it is given up for the length it also has to have. */
const TRIES = 40;
/** Longer texts than this are not made. */
const LONGEST = 20_000;

/** A text that is right. */
export function textFor(facts: Facts, chance: Chance): string {
  const { minLength, maxLength, patterns } = facts;
  if (minLength > maxLength || minLength > LONGEST) throw new Unbuildable('no length is right');
  const fits = (text: string): boolean =>
    text.isWellFormed() &&
    [...text].length >= minLength &&
    [...text].length <= maxLength &&
    patterns.every((pattern) => expression(pattern).test(text));
  const samples = facts.formats.flatMap((format) => SAMPLES[format] ?? []);
  const found = samples.find(fits);
  if (found !== undefined) return found;
  if (samples.length > 0) throw new Unbuildable('a format and another keyword ask for different texts');
  const [pattern] = patterns;
  if (pattern === undefined) return 'a'.repeat(Math.max(minLength, Math.min(maxLength, 1 + chance.below(4))));
  const sampled = fc.sample(textsOf(pattern), { seed: 1 + chance.below(1000), numRuns: TRIES });
  // Of a few patterns long texts are too laborious to judge.
  const made = sampled.toSorted((one, other) => one.length - other.length);
  const whole =
    made.find(fits) ??
    made.map((text) => text + text).find(fits) ??
    PLAIN.map((text) => text.repeat(minLength)).find(fits);
  if (whole === undefined) throw new Unbuildable('no text was found for a pattern');
  return whole;
}

const PLAIN: readonly string[] = ['a', 'A', '1', 'arn:', '/'];

/** A text that a pattern does not fit, or null where none was found. */
export function unfittingText(pattern: string): string | null {
  const wrong = expression(pattern);
  return ['', '\u0001', '~!~', 'a', '1', ' ', 'ä€'].find((text) => !wrong.test(text)) ?? null;
}

const arbitraries = new Map<string, fc.Arbitrary<string>>();

function textsOf(pattern: string): fc.Arbitrary<string> {
  const known = arbitraries.get(pattern);
  if (known !== undefined) return known;
  try {
    const made = fc.stringMatching(expression(pattern));
    arbitraries.set(pattern, made);
    return made;
  } catch {
    throw new Unbuildable('texts of a pattern are not made');
  }
}

const expressions = new Map<string, RegExp>();

/** A pattern of a document, by Unicode where it may be read so. */
export function expression(pattern: string): RegExp {
  const known = expressions.get(pattern);
  if (known !== undefined) return known;
  let made: RegExp;
  try {
    made = new RegExp(pattern, 'u');
  } catch {
    made = new RegExp(pattern);
  }
  expressions.set(pattern, made);
  return made;
}
