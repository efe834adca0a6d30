import { ACR_LENGTH_LIMIT, ACR_VALUES_LIMIT } from '../../step-up.ts';
import { isReturnPath } from './return-path.ts';

/** Where people sign in. */
export const LOGIN_PATH = '/.portcullis/login';
/** Where they sign out. */
export const LOGOUT_PATH = '/.portcullis/logout';
/** Where pages read who is signed in, and what they must send along. */
export const SESSION_PATH = '/.portcullis/session';

/** The challenge that tells a page where to send its user (RFC 9110 §11.6.1). Names of APIs need no escape. */
export function sessionChallenge(api: string): string {
  return `Portcullis-Session realm="${api}", login="${LOGIN_PATH}"`;
}

/** What is asked of whoever signs in. */
export interface SignInWish {
  /** Where the browser goes afterwards. */
  readonly returnTo: string;
  /** The names of the issuers that will do; all that the host has where it is empty. */
  readonly providers: readonly string[];
  /** What is demanded of how they sign in (RFC 9470 §4). */
  readonly acrValues: readonly string[];
  readonly maxAgeSeconds: number | null;
}

const PROVIDERS_LIMIT = 16;
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** Values of `acr_values` have spaces between them (OpenID Connect Core §3.1.2.1). */
const ACR = /^[\x21-\x7e]+$/;
const SECONDS = /^(?:0|[1-9][0-9]{0,7})$/;

/** The page where somebody signs in, with what is asked of them. */
export function signInPath({ returnTo, providers, acrValues, maxAgeSeconds }: SignInWish): string {
  const query = new URLSearchParams();
  for (const name of providers.slice(0, PROVIDERS_LIMIT)) query.append('provider', name);
  if (acrValues.length > 0) query.set('acr_values', acrValues.join(' '));
  if (maxAgeSeconds !== null) query.set('max_age', String(maxAgeSeconds));
  if (returnTo !== '/') query.set('return_to', returnTo);
  const text = query.toString();
  return text === '' ? LOGIN_PATH : `${LOGIN_PATH}?${text}`;
}

/** What the query of that page asks for; null where anything of it is not as `signInPath` writes it, or stands twice. */
export function readSignIn(query: string | null): SignInWish | null {
  const given = new URLSearchParams(query ?? '');
  for (const name of given.keys()) if (!KNOWN.has(name)) return null;
  const providers = given.getAll('provider');
  const acr = given.getAll('acr_values');
  const maxAge = given.getAll('max_age');
  const returnTo = given.getAll('return_to');
  if (acr.length > 1 || maxAge.length > 1 || returnTo.length > 1 || providers.length > PROVIDERS_LIMIT) return null;
  const acrValues = acr.flatMap((values) => values.split(' '));
  const path = returnTo[0] ?? '/';
  const seconds = maxAge[0] ?? null;
  if (!providers.every((name) => NAME.test(name)) || !isReturnPath(path)) return null;
  if (acrValues.length > ACR_VALUES_LIMIT || !acrValues.every(isAcr)) return null;
  if (seconds !== null && !SECONDS.test(seconds)) return null;
  return { returnTo: path, providers, acrValues, maxAgeSeconds: seconds === null ? null : Number(seconds) };
}

function isAcr(value: string): boolean {
  return value.length <= ACR_LENGTH_LIMIT && ACR.test(value);
}

const KNOWN: ReadonlySet<string> = new Set(['provider', 'acr_values', 'max_age', 'return_to']);
