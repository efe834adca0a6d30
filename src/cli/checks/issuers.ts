import type { Config } from '../../config/index.ts';
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
  const left = keyed.length - asked.length;
  const rest = left > 0 ? [warn('issuer', `${left} more issuers were not asked`, 'ask them by hand')] : [];
  return [...found.flat(), ...rest];
}

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
