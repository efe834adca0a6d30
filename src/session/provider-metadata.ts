import { err, ok, type Result } from '../base/index.ts';
import { type IssuerMetadata, namedAddress } from '../credential/index.ts';
import type { ProviderSettings } from './settings.ts';

/** What is read of a provider's metadata (OpenID Connect Discovery §3, RFC 8414 §2); nothing else of it counts. */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly jwks_uri: string;
  readonly userinfo_endpoint?: string;
  readonly revocation_endpoint?: string;
  readonly end_session_endpoint?: string;
  readonly pushed_authorization_request_endpoint?: string;
  readonly require_pushed_authorization_requests: boolean;
  /** RFC 9207 §3. */
  readonly authorization_response_iss_parameter_supported: boolean;
  readonly token_endpoint_auth_methods_supported: string[];
  readonly token_endpoint_auth_signing_alg_values_supported: string[];
  readonly id_token_signing_alg_values_supported: string[];
  /** Of those that are taken; where none is named, userinfo is not taken signed. */
  readonly userinfo_signing_alg_values_supported?: string[];
}

const OPTIONAL = [
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'pushed_authorization_request_endpoint',
] as const;

/** Reads it, with the addresses that it names guarded as the issuer's own is. The error is in words for the operator. */
export function readProviderMetadata(
  found: IssuerMetadata,
  settings: ProviderSettings,
): Result<ProviderMetadata, string> {
  const { issuer, keysUrl } = settings;
  const { members, place } = found;
  const authorization = namedAddress(found, 'authorization_endpoint', issuer);
  const token = namedAddress(found, 'token_endpoint', issuer);
  if (!authorization.ok) return authorization;
  if (!token.ok) return token;
  const more: Partial<Record<(typeof OPTIONAL)[number], string>> = {};
  for (const name of OPTIONAL) {
    if (members[name] === undefined) continue;
    const address = namedAddress(found, name, issuer);
    if (!address.ok) return address;
    more[name] = address.value;
  }
  const keys = keysUrl === null ? namedAddress(found, 'jwks_uri', issuer) : ok(keysUrl);
  if (!keys.ok) return keys;
  const challenges = members['code_challenge_methods_supported'];
  // Whoever says nothing of it may have it; whoever lists others has said no.
  if (challenges !== undefined && !textsOf(challenges)?.includes('S256'))
    return err(`${place} does not offer PKCE with S256`);
  const signed = textsOf(members['id_token_signing_alg_values_supported']);
  const algorithms = settings.algorithms.filter((name) => signed?.includes(name) ?? true);
  if (algorithms.length === 0) return err(`${place} signs ID tokens with none of the \`algorithms\` that are taken`);
  const signedUserinfo = textsOf(members['userinfo_signing_alg_values_supported']);
  return ok({
    issuer,
    authorization_endpoint: authorization.value,
    token_endpoint: token.value,
    jwks_uri: keys.value,
    ...more,
    require_pushed_authorization_requests: members['require_pushed_authorization_requests'] === true,
    authorization_response_iss_parameter_supported: members['authorization_response_iss_parameter_supported'] === true,
    token_endpoint_auth_methods_supported: textsOf(members['token_endpoint_auth_methods_supported']) ?? [
      'client_secret_basic',
    ],
    token_endpoint_auth_signing_alg_values_supported:
      textsOf(members['token_endpoint_auth_signing_alg_values_supported']) ?? [],
    id_token_signing_alg_values_supported: algorithms,
    ...(signedUserinfo === null
      ? {}
      : { userinfo_signing_alg_values_supported: settings.algorithms.filter((name) => signedUserinfo.includes(name)) }),
  });
}

function textsOf(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  return value.filter((one): one is string => typeof one === 'string').slice(0, 100);
}
