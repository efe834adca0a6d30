import { didYouMean, errorIssue, type Issue, type Place } from '../base/index.ts';
import type { MaintenanceRules } from '../policy/index.ts';
import type { ApiConfig, Config, OperationConfig } from './config.ts';
import { placeAt } from './place-at.ts';

type Places = Readonly<Record<string, Place>>;

/** What is wrong with rewriting, redirects, fixed replies and maintenance whose every key is sound by itself. */
export function handlingIssues(api: ApiConfig, { roles }: Config, places: Places): Issue[] {
  const names = roles.map(({ name }) => name);
  const issue = (path: string, message: string, fix: string): Issue =>
    errorIssue(path, message, { place: placeAt(places, path), fix });
  const told: Issue[] = [];
  const maintained = (owner: string, rules: MaintenanceRules | 'off' | null, open: boolean): void => {
    if (rules === null || rules === 'off') return;
    const path = `${owner}.maintenance.allow.roles`;
    if (open && rules.roles.length > 0)
      told.push(issue(path, 'anybody may call, so nobody here has a role', 'name `addresses`, or let callers sign in'));
    for (const [index, role] of rules.roles.entries())
      if (!names.includes(role))
        told.push(
          issue(`${path}[${index}]`, 'there is no role of this name', didYouMean(role, names) ?? knownWords(names)),
        );
  };
  maintained(api.path, api.maintenance, api.auth === 'public');
  if (api.source.kind === 'descriptors' && api.rewrite !== null && api.rewrite.query !== null)
    told.push(issue(`${api.path}.rewrite.query`, OF_GRPC, 'take it away'));
  for (const own of Object.values(api.operations)) {
    maintained(own.path, own.maintenance, (own.auth ?? api.auth) === 'public');
    told.push(...answerIssues(own, issue));
    if (api.source.kind === 'descriptors') told.push(...grpcIssues(own, issue));
  }
  return told;
}

type MakeIssue = (path: string, message: string, fix: string) => Issue;

const OF_GRPC = 'a gRPC method is called by its path alone, and answered in its own words';

function knownWords(names: readonly string[]): string {
  return names.length === 0 ? 'there is none below `roles`' : `there is: ${names.slice(0, 10).join(', ')}`;
}

/** One who answers by itself sends nothing upstream that could be rewritten. */
function answerIssues({ path, redirect, respond, rewrite }: OperationConfig, issue: MakeIssue): readonly Issue[] {
  const answers = redirect !== null ? 'redirect' : respond !== null ? 'respond' : null;
  if (answers === null) return [];
  const issues: Issue[] = [];
  if (redirect !== null && respond !== null)
    issues.push(issue(`${path}.respond`, 'this operation is answered by its `redirect` already', 'keep one of them'));
  for (const part of ['path', 'host', 'query', 'request'] as const)
    if (rewrite !== null && rewrite[part] !== null) {
      const message = `\`${answers}\` answers here, so nothing goes upstream that could be rewritten`;
      issues.push(issue(`${path}.rewrite.${part}`, message, 'take it away'));
    }
  return issues;
}

function grpcIssues({ path, redirect, respond, rewrite }: OperationConfig, issue: MakeIssue): readonly Issue[] {
  const issues: Issue[] = [];
  if (redirect !== null) issues.push(issue(`${path}.redirect`, OF_GRPC, 'take it away'));
  if (respond !== null) issues.push(issue(`${path}.respond`, OF_GRPC, 'take it away'));
  for (const part of ['path', 'query'] as const)
    if (rewrite !== null && rewrite[part] !== null)
      issues.push(issue(`${path}.rewrite.${part}`, OF_GRPC, 'take it away'));
  return issues;
}
