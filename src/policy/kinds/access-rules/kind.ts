import { err, errorIssue } from '../../../base/index.ts';
import type { PolicyKind } from '../../kind.ts';
import type { AccessRulesConfig } from './config.ts';

/** The kind that refuses what a rule denies, and what does not meet the conditions of access. */
export function createAccessRulesKind(): PolicyKind<AccessRulesConfig> {
  return {
    kind: 'access-rules',
    summary: 'Refuses what a rule denies, and what does not meet the conditions of access.',
    schema: null,
    inBody: true,
    sources: () => [],
    compile: (_config, { name }) => err([errorIssue(name, 'this is not built yet')]),
  };
}
