import { err, errorIssue } from '../../../base/index.ts';
import type { PolicyKind } from '../../kind.ts';
import type { FieldsConfig } from './config.ts';

/** The kind that takes out of replies the fields that the caller may not see. */
export function createFieldsKind(): PolicyKind<FieldsConfig> {
  return {
    kind: 'fields',
    summary: 'Takes out of replies the fields that the caller may not see.',
    schema: null,
    sources: () => [],
    compile: (_config, { name }) => err([errorIssue(name, 'this is not built yet')]),
  };
}
