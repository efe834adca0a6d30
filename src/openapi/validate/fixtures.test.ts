import assert from 'node:assert/strict';
import type { Issue } from '../../base/index.ts';
import { compileValidator, type Validator, type ValidatorOptions } from './validator.ts';

/** How a test reads its schema; requests to an open validator of 3.1 unless it says otherwise. */
export interface Reading extends Partial<ValidatorOptions> {
  readonly specification?: '3.0' | '3.1' | '3.2';
}

/** The validator of a schema that is a document of its own, or stands in one at `/schema`. */
export function validatorOf(schema: unknown, reading: Reading = {}): Validator {
  const compiled = compile(schema, reading);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.map(({ path, message }) => `${path} ${message}`).join('; '));
  return compiled.value;
}

/** What is wrong with a schema, as `pointer message`. */
export function issuesOf(schema: unknown, reading: Reading = {}): string[] {
  const compiled = compile(schema, reading);
  return compiled.ok ? [] : compiled.error.map(({ path, message }: Issue) => `${path} ${message}`);
}

/** A value as the parser of bodies makes it: objects inherit nothing. */
export function asParsed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asParsed);
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const [name, member] of Object.entries(value)) copy[name] = asParsed(member);
  return copy;
}

/** Asserts which values pass and which do not. */
export function assertVerdicts(
  schema: unknown,
  wanted: { readonly passes?: readonly unknown[]; readonly fails?: readonly unknown[] },
  reading: Reading = {},
): void {
  const validator = validatorOf(schema, reading);
  for (const value of wanted.passes ?? []) {
    assert.deepEqual(validator(asParsed(value)), null, `${JSON.stringify(schema)} passes ${JSON.stringify(value)}`);
  }
  for (const value of wanted.fails ?? []) {
    const violations = validator(asParsed(value));
    assert.ok(violations !== null && violations.length > 0, `${JSON.stringify(schema)} fails ${JSON.stringify(value)}`);
  }
}

function compile(schema: unknown, reading: Reading): ReturnType<typeof compileValidator> {
  const { specification = '3.1', closed = false, direction = 'request' } = reading;
  return compileValidator({ document: schema, specification }, '', { closed, direction });
}
