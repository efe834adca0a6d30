import { err, errorIssue } from '../../../base/index.ts';
import type { PolicyKind } from '../../kind.ts';
import type { AcceptsConfig } from './config.ts';

/** The kind that refuses requests that set fields which the caller may not set. */
export function createAcceptsKind(): PolicyKind<AcceptsConfig> {
  return {
    kind: 'accepts',
    summary: 'Refuses requests that set fields which the caller may not set.',
    schema: null,
    sources: () => [],
    compile: (_config, { name }) => err([errorIssue(name, 'this is not built yet')]),
  };
}
