import { type Issue, ok, type Result } from '../../base/index.ts';
import type { DescribedParameter } from '../description.ts';
import { isObject, own, pointerTo, valueAt } from '../pointer.ts';
import { compileValidator, type SchemaSource, type Validator, type Violation } from '../validate/validator.ts';
import { createFormObject, type FormObject } from './form-object.ts';
import { isJsonType, type JsonReader, readDocument } from './json-text.ts';
import { REQUEST_VALIDATION } from './parameter.ts';
import { decodePercent, splitQuery } from './query.ts';
import { isUnreadable } from './styled-text.ts';
import { judgeReadings } from './two-readings.ts';
import { BAD_ENCODING, NOT_SUPPORTED } from './unreadable.ts';
import { referencesOf } from './value-shape.ts';

/** The judge of a query as a whole: words on what is wrong with it, or null. */
export interface QueryStringCheck {
  readonly name: string;
  readonly check: (query: string | null) => readonly string[] | null;
}

/** Compiles a parameter in `querystring` (OpenAPI 3.2 §4.12.1): a form or JSON; a query of another type is refused. */
export function compileQueryString(
  parameter: DescribedParameter,
  { source, readJson }: { readonly source: SchemaSource; readonly readJson: JsonReader },
): Result<QueryStringCheck, readonly Issue[]> {
  const { schemaPointer, name, required } = parameter;
  const validator = schemaPointer === null ? ok(null) : compileValidator(source, schemaPointer, REQUEST_VALIDATION);
  if (!validator.ok) return validator;
  const validate: Validator = validator.value ?? (() => null);
  const essence = (parameter.contentMediaType ?? '').split(';', 1)[0] as string;
  const judge = judgeOf(essence, { validate, readJson, form: formOf(parameter, source, readJson) });
  const missing = required ? ['is required'] : null;
  return ok({ name, check: (query) => (query === null || query === '' ? missing : judge(query)) });
}

function formOf(parameter: DescribedParameter, source: SchemaSource, readJson: JsonReader): FormObject {
  const holder = { value: valueAt(source.document, parameter.pointer), pointer: parameter.pointer };
  const content = isObject(holder.value) ? own(holder.value, 'content') : undefined;
  const [key = ''] = isObject(content) ? Object.keys(content) : [];
  const entry = isObject(content) ? own(content, key) : undefined;
  const reference = isObject(entry) ? own(entry, '$ref') : undefined;
  const target = typeof reference === 'string' ? referencesOf(source.document).target(reference) : null;
  const pointer = target?.pointer ?? pointerTo(pointerTo(parameter.pointer, 'content'), key);
  return createFormObject(source, pointer, readJson);
}

interface QueryStringTools {
  readonly validate: Validator;
  readonly readJson: JsonReader;
  readonly form: FormObject;
}

function judgeOf(
  essence: string,
  { validate, readJson, form }: QueryStringTools,
): (query: string) => readonly string[] | null {
  if (isJsonType(essence)) {
    return (query) => {
      const text = decodePercent(query);
      const value = text === null ? BAD_ENCODING : readDocument(text, readJson);
      return isUnreadable(value) ? [value.message] : messagesOf(validate(value));
    };
  }
  if (essence !== 'application/x-www-form-urlencoded') return () => [NOT_SUPPORTED.message];
  return (query) => {
    const fields = splitQuery(query);
    if (!fields.ok) return [fields.error];
    const judged = judgeReadings(form, fields.value, validate);
    return 'violations' in judged ? messagesOf(judged.violations) : null;
  };
}

function messagesOf(violations: readonly Violation[] | null): readonly string[] | null {
  return violations === null ? null : violations.map(({ message }) => message);
}
