import type { Issue, Result } from '../../base/index.ts';
import type { SchemaSource, Sieve, Validator, ValidatorOptions } from './validator-types.ts';
import { type Site, valueAt } from '../pointer.ts';
import { sieveFor, validatorFor } from './workshop.ts';

export { VIOLATION_LIMIT } from './limits.ts';
export type { CutMembers, CutReason } from './cuts.ts';
export type { SchemaSource, Sieve, Validator, ValidatorOptions, Violation } from './validator-types.ts';

/**
 * Compiles the schema at a JSON Pointer into a validator (JSON Schema 2020-12 with what OpenAPI adds, or the dialect of
 * OpenAPI 3.0). Whatever the schema says that can't be enforced is an issue, for a schema that is not enforced in full
 * protects less than its reader believes. Schemas of one document are compiled once and shared among its validators.
 */
export function compileValidator(
  source: SchemaSource,
  pointer: string,
  options: ValidatorOptions,
): Result<Validator, readonly Issue[]> {
  return validatorFor(source, { value: valueAt(source.document, pointer), pointer }, options);
}

/** The same for a schema that was found before. */
export function compileSchema(
  source: SchemaSource,
  schema: Site,
  options: ValidatorOptions,
): Result<Validator, readonly Issue[]> {
  return validatorFor(source, schema, options);
}

/** The same, where what the schema does not describe may be taken out of a value. */
export function compileSieve(
  source: SchemaSource,
  schema: Site,
  direction: ValidatorOptions['direction'],
): Result<Sieve, readonly Issue[]> {
  return sieveFor(source, schema, direction);
}
