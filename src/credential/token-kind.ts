import { isJsonObject, type JwtClaims } from './jwt-values.ts';

/**
 * Claims that an access token never has, each with those who write it: ID tokens (OpenID Connect Core §2, §3.1.3.6,
 * §3.3.2.11), logout tokens and other security events (RFC 8417 §2.2), DPoP proofs (RFC 9449 §4.2), authorization
 * requests (RFC 9101 §4), and answers of introspection (RFC 9701 §5).
 */
const FOREIGN_CLAIMS = [
  ...['nonce', 'at_hash', 'c_hash', 's_hash'],
  'events',
  ...['htm', 'htu'],
  ...['response_type', 'redirect_uri', 'code_challenge'],
  'token_introspection',
] as const;

/** What issuers call an access token in claims of their own: Cognito in `token_use`, Keycloak in `typ`. */
const ACCESS_TOKEN_NAMES: readonly unknown[] = ['access', 'access_token', 'bearer', 'jwt', 'at+jwt'];

/** What others call a token that is none, in claims that may as well say something else. */
const OTHER_TOKEN_NAMES: readonly unknown[] = [
  ...['id', 'id_token', 'refresh', 'refresh_token', 'offline', 'offline_access', 'logout', 'logout_token'],
  ...['reset', 'verify', 'verification', 'activation', 'invite', 'invitation', 'email_verification'],
  ...['password_reset', 'mfa', 'mfa_challenge', 'two_factor', 'state', 'authorization_code', 'code'],
];

/**
 * Whether the claims are those of another kind of token than one that gives access (RFC 8725 §3.11). Issuers sign many
 * things with one key, and clients send the wrong one by mistake or on purpose. A subject that is its own issuer is a
 * client that vouches for itself (RFC 7523 §3).
 */
export function isOtherKind(claims: JwtClaims): boolean {
  for (const name of FOREIGN_CLAIMS) if (Object.hasOwn(claims, name)) return true;
  if (!namesAccessToken(claims['token_use'])) return true;
  if (!namesAccessToken(claims['typ']) && !isOfKey(claims)) return true;
  return namesOther(claims['token_type']) || namesOther(claims['type']) || claims['sub'] === claims['iss'];
}

function namesAccessToken(value: unknown): boolean {
  return value === undefined || (typeof value === 'string' && ACCESS_TOKEN_NAMES.includes(value.toLowerCase()));
}

/** Keycloak says so of what it binds to a key (RFC 9449 §5). Without the key it would be one for whoever has it. */
function isOfKey({ typ, cnf }: JwtClaims): boolean {
  return typeof typ === 'string' && typ.toLowerCase() === 'dpop' && isJsonObject(cnf) && Object.hasOwn(cnf, 'jkt');
}

function namesOther(value: unknown): boolean {
  return typeof value === 'string' && OTHER_TOKEN_NAMES.includes(value.toLowerCase());
}

/** Nobody hands a token on through more services than these. */
const ACTOR_LIMIT = 8;

/**
 * Whether `act` is a chain of who acts for whom, and `may_act` who may (RFC 8693 §4.1, §4.4): objects, bounded in depth.
 * Nothing is decided by them; what reads them further on is not to meet anything else.
 */
export function areActorsSound(claims: JwtClaims): boolean {
  return isChain(claims['act'], ACTOR_LIMIT) && isChain(claims['may_act'], 1);
}

function isChain(first: unknown, limit: number): boolean {
  let actor = first;
  for (let depth = 0; depth <= limit; depth++) {
    if (actor === undefined) return true;
    if (!isJsonObject(actor)) return false;
    actor = Object.hasOwn(actor, 'act') ? actor['act'] : undefined;
  }
  return false;
}
