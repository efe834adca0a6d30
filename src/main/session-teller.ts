import type { Pseudonymous } from '../audit/index.ts';
import type { Alert, Alerts, Clock, Log } from '../ports/index.ts';
import type { SignInRefusal } from '../session/contract.ts';
import type { SessionEvent } from '../session/index.ts';
import type { ControlMetrics } from './control-metrics.ts';
import type { NodeCredentialsOptions } from './credential-part.ts';

type Severity = Alert['severity'];

/** Where it is told what happens to sessions. */
export interface SessionTellerOptions extends Pick<NodeCredentialsOptions, 'record'> {
  readonly alerts: Pick<Alerts, 'raise'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly log: Log;
  readonly metrics: Pick<ControlMetrics, 'signIn' | 'sessionRefresh' | 'providerLogout' | 'sessionEnded'>;
  /** The name in the ledger. */
  readonly nameOf: (whom: Pseudonymous) => string;
}

/** Refusals are of strangers too: the ledger takes so many in a minute, and counts have them all. */
const REFUSALS_IN_A_MINUTE = 60;
const MINUTE_MS = 60_000;
/** Enough of a hash to tell sessions apart, and too little to ask for one. */
const NAME_LENGTH = 16;

/**
 * Tells the operator, the ledger and the metrics what happens to sessions. People stand there under the names that the
 * ledger gives them, and a provider's own words nowhere.
 */
export function sessionTeller(options: SessionTellerOptions): (event: SessionEvent) => void {
  const { metrics, record, nameOf } = options;
  const mayRecord = minuteBudget(options.clock, REFUSALS_IN_A_MINUTE);
  const change = (action: string, author: string, target: string): void => {
    record({ action, author, target, before: null, after: null });
  };
  return (event) => {
    switch (event.kind) {
      case 'begun':
        metrics.signIn(event.issuer, 'signed-in');
        change('session.begin', authorOf(nameOf, event), targetOf(event));
        return;
      case 'ended':
        metrics.sessionEnded(event.issuer, event.why);
        change(`session.end.${event.why}`, event.author ?? authorOf(nameOf, event), targetOf(event));
        return;
      case 'refused':
        metrics.signIn(event.issuer, event.refusal);
        complain(options, event.issuer, severityOf(event.refusal), event.words);
        if (event.refusal !== 'provider-unavailable' && mayRecord()) {
          change(`session.refuse.${event.refusal}`, 'anonymous', event.issuer);
        }
        return;
      case 'refreshed':
        metrics.sessionRefresh(event.issuer, event.result);
        complain(options, event.issuer, event.result === 'refused' ? null : 'medium', event.words);
        return;
      case 'logout-told':
        metrics.providerLogout(event.issuer, event.result);
        if (event.result === 'heard') return;
        complain(options, event.issuer, null, `a logout token is refused: ${event.words}`);
        if (mayRecord()) change('session.logout-token.refuse', 'anonymous', event.issuer);
        return;
      default:
        event satisfies never;
    }
  };
}

/** Whoever can sign in can also make it fail, by what they bring back: only a provider that can't be had keeps all out. */
function severityOf(refusal: SignInRefusal): Severity | null {
  if (refusal === 'provider-unavailable') return 'high';
  return refusal === 'failed' ? 'medium' : null;
}

/** What keeps people from signing in is an alert; the rest is a line for whoever looks for it. */
function complain(
  { alerts, log }: SessionTellerOptions,
  issuer: string,
  severity: Severity | null,
  words: string,
): void {
  if (words === '') return;
  if (severity === null) {
    log.write('debug', 'session.refused', words, { issuer });
    return;
  }
  alerts.raise({
    kind: 'issuer.login-failing',
    key: issuer,
    severity,
    message: `people can not sign in with ${issuer}, or their sessions can not be refreshed: ${words}`,
    fields: { issuer },
  });
}

function authorOf(
  nameOf: SessionTellerOptions['nameOf'],
  { issuerId, subject }: { issuerId: string; subject: string },
): string {
  return nameOf({ issuer: issuerId, subject });
}

function targetOf({ issuer, session }: { readonly issuer: string; readonly session: string }): string {
  return `${issuer}/${session.slice(0, NAME_LENGTH)}`;
}

function minuteBudget(clock: Pick<Clock, 'monotonic'>, limit: number): () => boolean {
  let startMs = Number.NEGATIVE_INFINITY;
  let spent = 0;
  return () => {
    const nowMs = clock.monotonic();
    if (nowMs - startMs >= MINUTE_MS) {
      startMs = nowMs;
      spent = 0;
    }
    spent++;
    return spent <= limit;
  };
}
