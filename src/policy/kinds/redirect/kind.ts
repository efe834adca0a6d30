import { err, errorIssue, type Issue, ok, type Result } from '../../../base/index.ts';
import { parseTemplate } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { type PolicyKind, READS_NOTHING, type Step, type Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { paramFault, writePath } from '../../path-text.ts';
import { deny, type Verdict } from '../../verdict.ts';
import { isFieldValue } from '../../written-fields.ts';
import type { RedirectConfig, RedirectRules } from './config.ts';

/** A client whose value makes a segment of dots would be led to another path than the one that is written. */
const DOTS = deny({ code: 'dot-segment', internal: 'the redirect’s path would hold a segment of dots' }, 'redirect');
const TOO_LONG = deny(
  { code: 'invalid-parameters', internal: 'the redirect would be too long for a field' },
  'redirect',
);

/**
 * The kind that answers with a redirect (RFC 9110 §15.4) in the upstream's place, behind everything that judges. Where it
 * leads is fixed text but for parameters of the path and the query, which can't change the host.
 */
export function createRedirectKind(): PolicyKind<RedirectConfig> {
  return {
    kind: 'redirect',
    summary: 'Sends clients to another address.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => stepsFor(saidOf(config.operations, operation), operation)),
  };
}

function stepsFor(rules: RedirectRules | null, { id, template }: Operation): Result<Steps, readonly Issue[]> {
  if (rules === null) return ok({});
  const known = parseTemplate(template);
  const fault = paramFault(rules.path, known.ok ? known.value.segments : []);
  return fault === null ? ok({ decide: redirectStep(rules) }) : err([errorIssue(rules.keyPath, `${fault} (${id})`)]);
}

function redirectStep(rules: RedirectRules): Step<'decide'> {
  const { origin, path, status } = rules;
  return {
    reads: READS_NOTHING,
    run({ params, request }): Verdict {
      const onward = writePath(path, params);
      if (onward === null) return DOTS;
      const location = `${origin}${onward}${queryOf(rules, request.query)}`;
      if (!isFieldValue(location)) return TOO_LONG;
      return { kind: 'reply', response: { status, headers: [['location', location]], body: '' }, rule: 'redirect' };
    },
  };
}

function queryOf({ query, keepsQuery }: RedirectRules, asked: string | null): string {
  const kept = keepsQuery ? asked : null;
  const parts = [query, kept].filter((part) => part !== null && part !== '');
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}
