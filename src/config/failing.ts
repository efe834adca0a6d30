import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { UpstreamConfig } from './config.ts';
import type { BreakerConfig, RetryCause, RetryConfig } from './failing-config.ts';
import { duration, ownDuration, parsed, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const CAUSES = ['connect', 'reset', 'timeout', 502, 503, 504] as const satisfies readonly RetryCause[];
const CAUSE_FORM = `write ${CAUSES.join(', ')}`;
const DEADLINE_BOUNDS = { from: '10ms', to: '1h' };

function whole(most: number, standard: number, description: string) {
  const error = `must be a whole number from 1 to ${most}`;
  return z.int({ error }).min(1, { error }).max(most, { error }).prefault(standard).meta({ description });
}

const attempts = z
  .int({ error: words('expected how often a request may be sent again', 'write a number from 0 to 5') })
  .min(0, { error: 'a number of retries is from 0 to 5' })
  .max(5, { error: words('a number of retries is from 0 to 5', 'more would only delay the answer') });

const causes = uniqueList(
  z.literal(CAUSES, { error: words('this is no reason to send a request again', CAUSE_FORM) }),
  { least: 1, most: CAUSES.length, what: 'reason' },
);

const retrySettings = z.strictObject({
  attempts: attempts.prefault(1).meta({ description: 'How often a request is sent again at most, from 0 to 5.' }),
  on: causes.prefault(['connect']).meta({
    description:
      'For what: `connect` where the upstream did nothing, for any method; `reset` where the connection was cut, `timeout` where no reply came in time, and replies of 502, 503 and 504, for GET, HEAD, OPTIONS, PUT and DELETE only.',
  }),
  budgetPercent: whole(
    100,
    20,
    'Retries are no more than this part of the requests of ten seconds, in percent. Ten are always allowed.',
  ),
});

const breakerSettings = z.strictObject({
  failurePercent: whole(100, 50, 'It opens where so large a part of the requests within `in` has failed, in percent.'),
  of: whole(10_000, 20, 'And where so many of them at least have ended.'),
  in: duration('10s', { from: '1s', to: '10m' }, 'The time within which they are counted.'),
  unreachable: whole(1_000, 10, 'Or it opens where so many connections in a row could not be made.'),
  open: duration('5s', { from: '100ms', to: '10m' }, 'So long nothing is asked of the upstream then.'),
});

/** What an upstream's settings say of failures. */
export const failingKeys = {
  deadline: ownDuration(
    DEADLINE_BOUNDS,
    'How long a request may take from its own head to the head of its reply, retries and waits included; without it only each try is bounded. A stream of gRPC has none.',
  ),
  deadlineHeader: parsed(readDeadlineHeader).optional().meta({
    title: 'field name',
    description:
      'The field that tells the upstream how many milliseconds of the deadline are left, such as `x-request-timeout-ms`. One that a client sends is taken out. Over gRPC it is `grpc-timeout` in every case.',
  }),
  retries: z
    .union([attempts, retrySettings], {
      error: words('expected how often a request may be sent again', 'write retries: 1, or { attempts, on }'),
    })
    .optional()
    .meta({
      description:
        'When a request is sent again, to another target where there is one. If nothing is said: once where there are several targets and nothing of it was sent, else never.',
    }),
  breaker: z
    .union([z.literal('off'), breakerSettings], {
      error: words('expected off, or when the circuit breaker opens', 'write breaker: { failurePercent: 50 }'),
    })
    .prefault('off')
    .meta({
      description:
        'Whether an upstream that fails gets no requests for a while: they are refused at once (503 `upstream-circuit-open`), and a few are let through to see whether it is back. A failure is a connection that can not be made, one that is cut, a reply too late, and 502, 503 and 504.',
    }),
};

/** What one operation may have of its own. */
export const ownTimeKeys = {
  timeout: ownDuration(
    { from: '10ms', to: '1h' },
    'How long the upstream may take for the head of its reply to this operation, where it differs.',
  ),
  deadline: ownDuration(DEADLINE_BOUNDS, 'As `deadline` of the upstream, where it differs.'),
};

const shape = z.strictObject(failingKeys);
type RawFailing = z.output<typeof shape>;

/** Says what is wrong with keys that are sound each for itself. */
export function tellOfDeadline(
  { deadline, deadlineHeader }: Pick<RawFailing, 'deadline' | 'deadlineHeader'>,
  context: z.RefinementCtx,
): void {
  if (deadlineHeader === undefined || deadline !== undefined) return;
  const message = words('there is no deadline that it could tell of', 'write deadline: 10s beside it');
  context.addIssue({ code: 'custom', message, path: ['deadlineHeader'] });
}

/** Fills in what depends on whether there are several targets. */
export function toFailing(
  { deadline, deadlineHeader, retries, breaker }: RawFailing,
  hasSeveral: boolean,
): Pick<UpstreamConfig, 'deadlineMs' | 'deadlineField' | 'retries' | 'breaker'> {
  return {
    deadlineMs: deadline ?? null,
    deadlineField: deadlineHeader ?? null,
    retries: toRetries(retries ?? (hasSeveral ? 1 : 0)),
    breaker: breaker === 'off' ? null : toBreaker(breaker),
  };
}

function toRetries(raw: NonNullable<RawFailing['retries']>): RetryConfig {
  return typeof raw === 'number' ? retrySettings.parse({ attempts: raw }) : raw;
}

function toBreaker(raw: Exclude<RawFailing['breaker'], 'off'>): BreakerConfig {
  return {
    failurePercent: raw.failurePercent,
    least: raw.of,
    windowMs: raw.in,
    unreachable: raw.unreachable,
    openMs: raw.open,
  };
}

/** Names that others give a meaning to must not be written over: one of `x-`, and none that the gateway says itself. */
function readDeadlineHeader(text: string): Result<string, string> {
  const fix = 'write one such as x-request-timeout-ms';
  const name = text.toLowerCase();
  if (!/^x-[a-z0-9]+(-[a-z0-9]+)*$/.test(name) || name.length > 64)
    return err(words('this field name begins with `x-`, and has letters, digits and `-`', fix));
  if (/^x-(request-id|forwarded|portcullis-|real-ip)/.test(name))
    return err(words('this name means something else', fix));
  return ok(name);
}
