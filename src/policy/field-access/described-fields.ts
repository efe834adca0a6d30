import { didYouMean, errorIssue, type Issue } from '../../base/index.ts';
import { undescribedMember } from '../../openapi/index.ts';
import type { FieldRules } from '../field-rules.ts';

/**
 * Fields of lists that the description does not have: `schemas` are JSON Pointers into the document to all that describe
 * the value. Where there are none, the lists alone decide.
 */
export function describedFieldIssues(
  { default: common, roles }: FieldRules,
  document: unknown,
  schemas: readonly string[],
): readonly Issue[] {
  if (schemas.length === 0) return [];
  return [...common, ...Object.values(roles).flat()].flatMap(({ names, path }) => {
    const missing = undescribedMember(document, schemas, names);
    if (missing === null) return [];
    const name = names[missing.index] ?? '';
    const within = missing.index === 0 ? '' : ` below ${JSON.stringify(names.slice(0, missing.index).join('.'))}`;
    const known = [...new Set(missing.known)];
    const fix =
      didYouMean(name, known) ?? (known.length === 0 ? undefined : `there is: ${known.slice(0, 10).join(', ')}`);
    const message = `the description has no field ${JSON.stringify(name)}${within}`;
    return [errorIssue(path, message, fix === undefined ? {} : { fix })];
  });
}
