import { err, errorIssue } from '../../../base/index.ts';
import type { PolicyKind } from '../../kind.ts';
import type { ObjectConfig } from './config.ts';

/** The kind that lets callers reach their own objects alone. */
export function createObjectKind(): PolicyKind<ObjectConfig> {
  return {
    kind: 'object',
    summary: 'Lets callers reach their own objects alone.',
    schema: null,
    sources: () => [],
    compile: (_config, { name }) => err([errorIssue(name, 'this is not built yet')]),
  };
}
