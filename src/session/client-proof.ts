import { createPrivateKey, type KeyObject } from 'node:crypto';
import type * as openIdClient from 'openid-client';
import type { ClientAuth } from 'openid-client';
import { err, ok, type Result, type Secret } from '../base/index.ts';
import type { ProviderMetadata } from './provider-metadata.ts';
import type { ProviderSettings } from './settings.ts';

type OpenIdClient = typeof openIdClient;
type Cryptography = Parameters<KeyObject['toCryptoKey']>[0];

/** How a key signs client assertions. */
interface AssertionKey {
  readonly algorithm: string;
  readonly cryptography: Cryptography;
}

const CURVES: Readonly<Record<string, AssertionKey>> = {
  prime256v1: { algorithm: 'ES256', cryptography: { name: 'ECDSA', namedCurve: 'P-256' } },
  secp384r1: { algorithm: 'ES384', cryptography: { name: 'ECDSA', namedCurve: 'P-384' } },
  secp521r1: { algorithm: 'ES512', cryptography: { name: 'ECDSA', namedCurve: 'P-521' } },
};
const LEAST_MODULUS_BITS = 2_048;

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
  const { kind, value } = settings.proof;
  if (kind === 'secret') {
    const secret = lineOf(value);
    if (methods.includes('client_secret_basic')) return ok(client.ClientSecretBasic(secret));
    if (methods.includes('client_secret_post')) return ok(client.ClientSecretPost(secret));
    return err('it takes no client secret; it may take a `privateKey`');
  }
  if (!methods.includes('private_key_jwt')) return err('it takes no `privateKey`; it may take a `clientSecret`');
  const key = readPrivateKey(value);
  if (!key.ok) return key;
  const how = assertionKey(key.value, metadata.token_endpoint_auth_signing_alg_values_supported);
  if (how === null) return err('the private key is neither RSA of 2048 bits or more, P-256, P-384, P-521 nor Ed25519');
  return ok(client.PrivateKeyJwt(key.value.toCryptoKey(how.cryptography, false, ['sign'])));
}

/** Reads a private key, PEM (PKCS #8). Nothing of it is ever in the error. */
function readPrivateKey(value: Secret): Result<KeyObject, string> {
  try {
    return ok(createPrivateKey(value.revealText()));
  } catch {
    return err('the private key can not be read: it is to be PEM, without a passphrase');
  }
}

function assertionKey(key: KeyObject, supported: readonly string[]): AssertionKey | null {
  const details = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ec') return CURVES[details.namedCurve ?? ''] ?? null;
  if (key.asymmetricKeyType === 'ed25519') return { algorithm: 'EdDSA', cryptography: { name: 'Ed25519' } };
  if (key.asymmetricKeyType !== 'rsa' || (details.modulusLength ?? 0) < LEAST_MODULUS_BITS) return null;
  // All know the older one, and those that know the better one say so.
  return supported.includes('PS256')
    ? { algorithm: 'PS256', cryptography: { name: 'RSA-PSS', hash: 'SHA-256' } }
    : { algorithm: 'RS256', cryptography: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } };
}

/** A file mostly ends with a line break, which is not of the secret. */
function lineOf(value: Secret): string {
  return value.revealText().replace(/\r?\n$/, '');
}
