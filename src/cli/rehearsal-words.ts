import { problemCatalogue, problemStatus } from '../base/index.ts';
import type { ExplainedStep, Rehearsal, RehearsedStep, RehearsedVerdict } from '../gateway/index.ts';
import { alignRows, type Palette, plain } from './terminal.ts';

/**
 * What each step said, a line each, and what becomes of the request. `planned` are the steps of the operation, of which
 * some may not have been reached.
 */
export function rehearsalLines(
  { trail, verdict }: Rehearsal,
  planned: readonly ExplainedStep[],
  paint: Palette,
): readonly string[] {
  const said = trail.map((step) => [
    { text: `  ${step.stage}`, paint: paint.faint },
    { text: plain(step.policy) },
    { text: stepWords(step), paint: step.verdict === 'deny' || step.verdict === 'fault' ? paint.bad : paint.good },
  ]);
  const silent = unreached(trail, planned).map(({ stage, policy }) => [
    { text: `  ${stage}`, paint: paint.faint },
    { text: plain(policy) },
    { text: 'is not reached', paint: paint.faint },
  ]);
  const rows = [...said, ...silent];
  return [...alignRows(rows), ...(rows.length > 0 ? [''] : []), ...verdictLines(verdict, paint)];
}

/** A caller who is given stands for the steps of `authenticate`; those behind the upstream are never reached here. */
function unreached(trail: readonly RehearsedStep[], planned: readonly ExplainedStep[]): readonly ExplainedStep[] {
  const told = trail.filter(({ head, verdict }) => !head || verdict !== 'pass');
  const reached = new Set(told.map(({ stage, policy }) => `${stage} ${policy}`));
  const authenticated = trail.some(({ stage }) => stage === 'authenticate');
  return planned.filter(({ stage, policy }) => {
    if (stage === 'respond' || stage === 'record' || (stage === 'authenticate' && authenticated)) return false;
    return !reached.has(`${stage} ${policy}`);
  });
}

function stepWords({ verdict, observed, head, code, rule, why }: RehearsedStep): string {
  const reason = [rule, why].filter((words) => words !== null).join('; ');
  const because = reason === '' ? '' : ` (${plain(reason)})`;
  const only = observed ? ', only noted' : '';
  switch (verdict) {
    case 'pass':
      return head ? 'passes the head' : 'passes';
    case 'abstain':
      return 'finds no credential of its kind';
    case 'identified':
      return 'knows the caller';
    case 'adjusted':
      return 'knows more of the caller';
    case 'cleaned':
      return `cleans what it reads${because}${only}`;
    case 'wait':
      return 'makes it wait';
    case 'reply':
      return `answers by itself${because}${only}`;
    case 'deny':
      return `refuses: ${code}${because}${only}`;
    case 'undecided':
      return `decides by the owner${because}`;
    case 'fault':
      return `fails${because}`;
  }
}

function verdictLines(verdict: RehearsedVerdict, paint: Palette): readonly string[] {
  switch (verdict.kind) {
    case 'pass':
      return [
        passWords(verdict, paint),
        ...(verdict.observed === null ? [] : [observedLine(verdict.observed)]),
        `  ${plain(`${verdict.upstream.method} ${verdict.upstream.url}`)}`,
        `  added: ${verdict.added.map(plain).join(', ')}`,
        ...(verdict.removed.length === 0 ? [] : [`  removed: ${verdict.removed.map(plain).join(', ')}`]),
        ...(verdict.reply === null ? [] : replyLines(verdict.reply)),
      ];
    case 'replied':
      return [`${paint.good('Answered')} by ${plain(verdict.policy ?? 'the gateway')}: ${verdict.status}.`];
    case 'refused':
      return refusalLines(verdict, paint);
  }
}

type Passed = Extract<RehearsedVerdict, { kind: 'pass' }>;

function passWords({ undecided, lacks, upgrade }: Passed, paint: Palette): string {
  if (lacks.includes('owner'))
    return `${paint.warning('Depends on the owner')}: ${undecided.map(plain).join(', ')} decides by what the owner service says; give it by --owner${lacks.includes('response') ? ', and the reply by --response' : ''}.`;
  if (undecided.length > 0)
    return `${paint.warning('Depends on the reply')}: it goes upstream, and ${undecided.map(plain).join(', ')} decides by what comes back; give it by --response.`;
  return `${paint.good('Passes')}: it goes upstream${upgrade === null ? '' : ', and asks for WebSocket there'}.`;
}

/** What the caller gets, bounded: whoever wants all of it asks for JSON. */
function replyLines({ status, body }: NonNullable<Passed['reply']>): readonly string[] {
  const text = body === null ? '' : `: ${typeof body === 'string' ? body : JSON.stringify(body)}`;
  const cut = text.length > BODY_SHOWN ? `${text.slice(0, BODY_SHOWN)}…` : text;
  return [`  the caller gets ${status}${plain(cut)}`];
}

const BODY_SHOWN = 2_000;

function observedLine({
  code,
  policy,
  rule,
}: {
  code: string | null;
  policy: string | null;
  rule: string | null;
}): string {
  const named = rule === null ? '' : `, rule ${rule}`;
  return `  ${plain(`${policy ?? 'a policy'} observes and would have refused it: ${code}${named}.`)}`;
}

function refusalLines(
  { code, policy, rule, why, errors }: Extract<RehearsedVerdict, { kind: 'refused' }>,
  paint: Palette,
): readonly string[] {
  const { title, cause, fix } = problemCatalogue[code];
  const decided = [policy === null ? '' : `by ${policy}`, rule === null ? '' : `rule ${rule}`].filter(
    (words) => words !== '',
  );
  return [
    `${paint.bad('Refused')}: ${problemStatus(code)} ${code} (${title}).`,
    ...(decided.length === 0 ? [] : [`  ${plain(decided.join(', '))}`]),
    ...(why === null ? [] : [`  ${plain(why)}`]),
    ...errors.map(({ pointer, parameter, detail }) => `  ${plain(`${pointer ?? parameter ?? ''} ${detail}`.trim())}`),
    `  ${cause}`,
    `  ${fix}`,
  ];
}
