import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { MadeCall } from './calls.ts';
import { isObject } from './facts.ts';
import { expression } from './texts.ts';

/** What a validator that is not ours says of values; where it can't say, they count as right. */
export interface Arbiter {
  readonly call: (call: MadeCall) => boolean;
  readonly value: (pointer: string, value: unknown) => boolean;
}

/**
 * Says whether the values of a call are as a document's schemas have it, by a validator that is not ours: of a call that
 * ours refuses, this tells whether it was made wrong. Where it can't say, the call counts as right.
 */
export function createArbiter(document: unknown): Arbiter {
  let ajv: Ajv2020 | null = null;
  const validators = new Map<string, ValidateFunction | null>();
  const validatorFor = (pointer: string): ValidateFunction | null => {
    const known = validators.get(pointer);
    if (known !== undefined) return known;
    ajv ??= createAjv(document);
    let made: ValidateFunction | null;
    try {
      made = ajv.compile({ $ref: `document:/#${encodeURI(pointer)}` });
    } catch {
      made = null;
    }
    validators.set(pointer, made);
    return made;
  };
  const value: Arbiter['value'] = (pointer, made) => validatorFor(pointer)?.(made) ?? true;
  return { value, call: ({ parts }) => parts.every(({ schemaPointer, made }) => value(schemaPointer, made.value)) };
}

function createAjv(document: unknown): Ajv2020 {
  const code = { regExp: Object.assign(expression, { code: 'expression' }) };
  const ajv = new Ajv2020({ strict: false, validateSchema: false, logger: false, validateFormats: true, code });
  addFormats.default(ajv);
  ajv.addSchema(translated(document) as object, 'document:/', undefined, false);
  return ajv;
}

/** A document with the words of OpenAPI 3.0 for what 2020-12 says in others; names of properties are never such words. */
function translated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(translated);
  if (!isObject(value)) return value;
  if (typeof value.$ref === 'string') return { $ref: value.$ref };
  const copy = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, translated(member)]));
  for (const [bound, exclusive] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof copy[exclusive] !== 'boolean') continue;
    if (copy[exclusive]) copy[exclusive] = copy[bound];
    else delete copy[exclusive];
  }
  if (typeof copy['nullable'] === 'boolean' && copy['type'] === undefined) delete copy['nullable'];
  return copy;
}
