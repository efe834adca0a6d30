import type { KeyObject } from 'node:crypto';
import type * as openIdClient from 'openid-client';
import type { ClientAuth } from 'openid-client';
import { err, ok, type Result, secretLine } from '../base/index.ts';
import { type AssertionKey, readAssertionKey } from '../credential/index.ts';
import type { ProviderMetadata } from './provider-metadata.ts';
import type { ProviderSettings } from './settings.ts';

type OpenIdClient = typeof openIdClient;
type Cryptography = Parameters<KeyObject['toCryptoKey']>[0];

/** How a key signs client assertions, by the algorithm that is its own. */
const CRYPTOGRAPHY: ReadonlyMap<string, Cryptography> = new Map<string, Cryptography>([
  ['ES256', { name: 'ECDSA', namedCurve: 'P-256' }],
  ['ES384', { name: 'ECDSA', namedCurve: 'P-384' }],
  ['ES512', { name: 'ECDSA', namedCurve: 'P-521' }],
  ['EdDSA', { name: 'Ed25519' }],
  ['RS256', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
  ['PS256', { name: 'RSA-PSS', hash: 'SHA-256' }],
]);

/**
 * How we show a provider that it is us (OpenID Connect Core §9): a secret in the way that the provider prefers, or an
 * assertion signed with our key, and then its secret goes nowhere. The error says in words what does not fit.
 */
export function proofOf(
  client: OpenIdClient,
  settings: ProviderSettings,
  metadata: ProviderMetadata,
): Result<ClientAuth, string> {
  const methods = metadata.token_endpoint_auth_methods_supported;
  const { proof } = settings;
  if (proof.kind === 'secret') {
    const secret = secretLine(proof.value.reveal());
    if (methods.includes('client_secret_basic')) return ok(client.ClientSecretBasic(secret));
    if (methods.includes('client_secret_post')) return ok(client.ClientSecretPost(secret));
    return err('it takes no client secret; it may take a `privateKey`');
  }
  if (!methods.includes('private_key_jwt')) return err('it takes no `privateKey`; it may take a `clientSecret`');
  const read = readAssertionKey(proof.value.revealText());
  if (!read.ok) return err(`its \`privateKey\` ${read.error}`);
  const cryptography = CRYPTOGRAPHY.get(algorithmOf(read.value, metadata));
  if (cryptography === undefined) return err('its `privateKey` is of a kind that signs nothing here');
  const key = read.value.key.toCryptoKey(cryptography, false, ['sign']);
  return ok(client.PrivateKeyJwt(proof.kid === null ? key : { key, kid: proof.kid }));
}

/** All know the older one of RSA, and those that know the better one say so. */
function algorithmOf({ algorithm }: AssertionKey, metadata: ProviderMetadata): string {
  const supported = metadata.token_endpoint_auth_signing_alg_values_supported;
  return algorithm === 'RS256' && supported.includes('PS256') ? 'PS256' : algorithm;
}
