import type { Issue, Result } from '../../base/index.ts';
import type { Config, Gathered } from '../../config/index.ts';
import type { Clock } from '../../ports/index.ts';
import type { CommandServices } from '../context.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

/** Issuers that are asked, all at once. */
const ISSUER_LIMIT = 50;
/** The reply was some time on its way, and its date has whole seconds. */
const TOLERATED_MS = 5_000;

type Issuer = Config['issuers'][number];

/** Whether the keys of the issuers can be had, and whether their clocks and ours agree on the time. */
export async function checkIssuers(
  services: Pick<CommandServices, 'issuerKeys'>,
  clock: Pick<Clock, 'now'>,
  { issuers }: Config,
): Promise<readonly Diagnosis[]> {
  const keyed = issuers.filter(usesKeys);
  const asked = keyed.slice(0, ISSUER_LIMIT);
  const found = await Promise.all(
    asked.map(async (issuer) => diagnosesOf(issuer, await services.issuerKeys(issuer), clock.now())),
  );
  return [...found.flat(), ...leftOut(keyed.length - asked.length, 'asked', 'ask them by hand')];
}

function leftOut(count: number, what: string, fix: string): readonly Diagnosis[] {
  return count > 0 ? [warn('issuer', `${count} more issuers were not ${what}`, fix)] : [];
}

/**
 * Whether the issuers that are asked about tokens, and those that people sign in with, take the gateway as their client.
 * `gather` reads the secrets that they are shown.
 */
export async function tryIssuers(
  services: Pick<CommandServices, 'tryIssuers'>,
  { issuers, sessions }: Config,
  gather: () => Promise<Result<Gathered, readonly Issue[]>>,
): Promise<readonly Diagnosis[]> {
  const used = new Set([
    ...issuers.filter(({ introspection }) => introspection !== null).map(({ name }) => name),
    ...sessions.providers.map(({ issuer }) => issuer.name),
  ]);
  if (used.size === 0) return [];
  const names = [...used].slice(0, ISSUER_LIMIT);
  const gathered = await gather();
  if (!gathered.ok) {
    const says = `${names.slice(0, 5).join(', ')} can't be tried as their client: the configuration names what can't be read`;
    return [warn('issuer', says, '`portcullis check` tells what')];
  }
  const trials = await services.tryIssuers(gathered.value, new Set(names));
  const told = trials.map(({ issuer, use, came }) => {
    if (came.ok) return fine('issuer', `${issuer} (${use}): ${came.value}`);
    const [then, fix] = OF_NO_USE[use];
    return fail('issuer', `${issuer} (${use}): ${came.error}; ${then}`, fix);
  });
  return [...told, ...leftOut(used.size - names.length, 'tried', 'try them by hand')];
}

const OF_NO_USE = {
  introspection: ['its tokens would be refused', 'look at `introspection` of the issuer, and at its client there'],
  login: ['nobody could sign in', 'look at `login` of the issuer, and at its client there'],
} as const;

/** Of one that is asked about all its tokens nobody needs a key, unless its answers are signed. */
function usesKeys({ introspection }: Issuer): boolean {
  return introspection === null || introspection.tokens === 'opaque' || introspection.signed;
}

function diagnosesOf(
  issuer: Issuer,
  keys: Awaited<ReturnType<CommandServices['issuerKeys']>>,
  nowMs: number,
): readonly Diagnosis[] {
  const { name } = issuer;
  if (!keys.ok) {
    const mend = 'see that the issuer runs and can be reached, and that `issuer` and `jwks` are right';
    return [fail('issuer', `${name} gives no keys, and its tokens would be refused: ${keys.error}`, mend)];
  }
  const { place, usable, skipped, dateMs } = keys.value;
  const has = `${name} has ${usable} usable ${usable === 1 ? 'key' : 'keys'} at ${place}`;
  const [first] = skipped;
  const told =
    first === undefined
      ? fine('issuer', has)
      : warn('issuer', `${has}, and ${skipped.length} that can't be used: ${first}`, 'tell who runs the issuer');
  const skew = dateMs === null ? null : skewDiagnosis(issuer, dateMs - nowMs);
  return skew === null ? [told] : [told, skew];
}

/** Null where the clocks agree; `aheadMs` is how far the issuer's is before ours. */
function skewDiagnosis({ name, skewMs }: Issuer, aheadMs: number): Diagnosis | null {
  const offMs = Math.abs(aheadMs);
  if (offMs <= TOLERATED_MS) return null;
  const says = `the clock of ${name} is ${Math.round(offMs / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this one`;
  const mend = 'keep both clocks right with NTP';
  if (offMs <= skewMs) return warn('issuer', says, mend);
  return fail('issuer', `${says}, and ${skewMs / 1_000} s are allowed: good tokens would be refused`, mend);
}
