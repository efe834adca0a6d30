import { z } from 'zod';
import { didYouMean, errorIssue, type Issue } from '../base/index.ts';
import { formatKeyPath, type KeyPath } from './key-path.ts';
import type { SourceDocument } from './source-document.ts';
import { splitWords, words } from './words.ts';

type ZodIssue = z.core.$ZodIssue;

/**
 * Says what zod found wrong, in words for the author of the file and with the line of each part.
 * Values are never repeated: any of them may be a secret that slipped into the wrong place.
 */
export function toIssues(found: readonly ZodIssue[], document: SourceDocument): Issue[] {
  return found.flatMap((issue) => issuesOf(issue, [], document));
}

function issuesOf(issue: ZodIssue, parent: KeyPath, document: SourceDocument): Issue[] {
  const path = [...parent, ...issue.path.map((key) => (typeof key === 'symbol' ? key.toString() : key))];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(issue, [...path, key], document));
    case 'invalid_union': {
      const branch = branchMeant(issue.errors);
      if (branch !== null) return branch.flatMap((inner) => issuesOf(inner, path, document));
      return [placed(path, issue.message, document)];
    }
    case 'invalid_key':
      return [placed(path, issue.issues[0]?.message ?? issue.message, document, 'key')];
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_type':
    case 'invalid_value':
    case 'not_multiple_of':
    case 'too_big':
    case 'too_small':
      return [placed(path, issue.message, document)];
  }
}

/**
 * The one alternative of a union that the value had the shape of; null where it had none. Of several it is the one that
 * knows most of the value's keys: of `cert` and `acme` each is known to one of two.
 */
function branchMeant(branches: readonly (readonly ZodIssue[])[]): readonly ZodIssue[] | null {
  const near = branches.filter((issues) => !issues.some((issue) => issue.path.length === 0 && isOtherShape(issue)));
  const [first, second] = near.toSorted((one, other) => unknownKeys(one) - unknownKeys(other));
  if (first === undefined || (second !== undefined && unknownKeys(first) === unknownKeys(second))) return null;
  return first;
}

function unknownKeys(issues: readonly ZodIssue[]): number {
  const own = issues.filter(({ path }) => path.length === 0);
  return own.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 0), 0);
}

function isOtherShape(issue: ZodIssue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function unknownKey(issue: ZodIssue, path: KeyPath, document: SourceDocument): Issue {
  const key = String(path.at(-1));
  // `mismatchWords` has put the keys that are known into the message.
  const known = issue.message.split(' ');
  const fix = didYouMean(key, known) ?? `known here: ${known.join(', ')}`;
  return placed(path, words('unknown key', fix), document, 'key');
}

/** An issue at the line of a value, or, where it is missing, of what it is missing from. */
function placed(path: KeyPath, text: string, document: SourceDocument, at: 'key' | 'value' = 'value'): Issue {
  const { message, fix } = splitWords(text);
  const own = document.locate(path)?.[at];
  const place = own ?? document.locate(path.slice(0, -1))?.key ?? null;
  return errorIssue(formatKeyPath(path), message, fix === null ? { place } : { place, fix });
}

/** The words for what a schema has no words of its own for; zod calls it with every issue before it is made. */
export function mismatchWords(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return knownKeys(issue.inst).join(' ');
    case 'invalid_type':
      return typeWords(issue.expected, issue.input);
    case 'invalid_value':
      return valueWords(issue.values, issue.input);
    case 'too_small':
      return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}`;
    case 'too_big':
      return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}`;
    case 'invalid_union':
      return 'has none of the forms it can have';
    case 'custom':
    case 'invalid_element':
    case 'invalid_format':
    case 'invalid_key':
    case 'not_multiple_of':
      return 'does not have the form it should have';
  }
}

function knownKeys(schema: unknown): string[] {
  return schema instanceof z.ZodObject ? Object.keys(schema.shape as object) : [];
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'keys with their values',
  record: 'keys with their values',
  array: 'a list',
};

function typeWords(expected: string, input: unknown): string {
  if (input === undefined) return 'is missing';
  const wanted = TYPES[expected] ?? expected;
  if (input === null) return words(`has no value; expected ${wanted}`, 'give it one, or take the key away');
  const message = `expected ${wanted}, found ${foundWords(input)}`;
  if (typeof input === 'string' && (expected === 'number' || expected === 'int') && /^-?[0-9.]+$/.test(input)) {
    return words(message, 'take the quotes away');
  }
  if (expected === 'boolean' && typeof input === 'string' && /^(yes|no|on|off|true|false)$/i.test(input)) {
    return words(message, `write ${/^(yes|on|true)$/i.test(input)} without quotes`);
  }
  return expected === 'string' && typeof input !== 'object' ? words(message, 'put quotes around it') : message;
}

function foundWords(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'string') return 'text';
  if (typeof input === 'number') return Number.isInteger(input) ? 'a number' : 'a number with a fraction';
  return typeof input === 'boolean' ? 'true or false' : 'keys with values';
}

function valueWords(values: readonly unknown[], input: unknown): string {
  if (input === undefined) return 'is missing';
  const known = values.map(String);
  const suggestion = typeof input === 'string' ? didYouMean(input, known) : undefined;
  return words(`must be ${known.join(' or ')}`, suggestion);
}
