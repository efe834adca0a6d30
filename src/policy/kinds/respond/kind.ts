import { ok } from '../../../base/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { type PolicyKind, READS_NOTHING, type Sources, type Step } from '../../kind.ts';
import type { Verdict } from '../../verdict.ts';
import type { RespondConfig, RespondRules } from './config.ts';

/** A page or a small document; what is larger belongs on a server of its own. */
export const BODY_FILE_LIMIT_BYTES = 1024 * 1024;

/** The kind that answers with a fixed reply in the upstream's place, behind everything that judges. */
export function createRespondKind(): PolicyKind<RespondConfig> {
  return {
    kind: 'respond',
    summary: 'Answers with a fixed reply.',
    schema: null,
    sources: ({ operations }) =>
      [...new Set(Object.values(operations).flatMap(({ body }) => (body.kind === 'file' ? [body.path] : [])))].map(
        (path) => ({ kind: 'file', path, limitBytes: BODY_FILE_LIMIT_BYTES }),
      ),
    compile: (config, { operations }, got) =>
      compileEach(operations, (operation) => {
        const rules = saidOf(config.operations, operation);
        return ok(rules === null ? {} : { decide: respondStep(rules, got) });
      }),
  };
}

function respondStep({ status, headers, body }: RespondRules, got: Sources): Step<'decide'> {
  const bytes = body.kind === 'text' ? new TextEncoder().encode(body.text) : got.file(body.path);
  const verdict: Verdict = { kind: 'reply', response: { status, headers, body: bytes }, rule: 'respond' };
  return { reads: READS_NOTHING, run: () => verdict };
}
