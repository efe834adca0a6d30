import type { AssuranceRules } from '../policy/index.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import { API_KEY, MTLS, SESSION_WAY } from './sign-in-ways.ts';

/** What is asked of callers of an operation; of one that anybody may call nobody is asked anything. */
export function assuranceOf(
  api: Pick<ApiConfig, 'assurance' | 'auth'>,
  own: Pick<OperationConfig, 'assurance' | 'auth'> | null,
): AssuranceRules | null {
  if ((own?.auth ?? api.auth) === 'public') return null;
  const said = own?.assurance ?? api.assurance;
  return said === 'off' ? null : said;
}

/** A word of `auth`, and whether who calls by it can ever have what is asked. */
interface AssuredWay {
  readonly way: string;
  readonly can: boolean;
}

/**
 * Who can have what is asked: a key and a certificate know of no sign-in, a key and a session are bound to nothing, and
 * the issuers of all other words may say anything.
 */
export function waysOf({ acr, amr, maxAgeMs, proof }: AssuranceRules, auth: readonly string[]): readonly AssuredWay[] {
  const signsIn = acr.length > 0 || amr.length > 0 || maxAgeMs !== null;
  const can: Readonly<Record<string, boolean>> = {
    [API_KEY]: !signsIn && proof === null,
    [MTLS]: !signsIn && proof !== 'dpop',
    [SESSION_WAY]: proof === null,
  };
  return auth.map((way) => ({ way, can: Object.hasOwn(can, way) ? can[way] === true : true }));
}

/** The contexts of which one is enough. */
export function acrWords({ acr }: AssuranceRules): string {
  return `acr ${acr.join(' or ')}`;
}

/** What is asked, in words for reports. */
export function assuranceWords(rules: AssuranceRules | null): string {
  if (rules === null) return 'nothing';
  return [
    ...(rules.acr.length === 0 ? [] : [acrWords(rules)]),
    ...(rules.amr.length === 0 ? [] : [`amr ${rules.amr.join(' and ')}`]),
    ...(rules.maxAgeMs === null ? [] : [`a sign-in of the last ${rules.maxAgeMs / 1_000} s`]),
    ...(rules.proof === null
      ? []
      : [rules.proof === 'any' ? 'a bound credential' : `a credential bound by ${rules.proof}`]),
  ].join(', ');
}
