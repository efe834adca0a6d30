import { createPrivateKey } from 'node:crypto';
import { err, ok, type Result } from '../base/index.ts';
import { checked, gatherSecret, type Work } from './gather-work.ts';
import { words } from './words.ts';

const LEAST_BYTES = 16;
const MOST_BYTES = 4_096;
const LEAST_MODULUS_BITS = 2_048;

/** Reads what the gateway shows to the issuers that people sign in with. */
export async function gatherLogins(work: Work): Promise<void> {
  for (const { proof, path } of work.parsed.config.sessions.providers) {
    const at = `${path}.${proof.kind === 'secret' ? 'clientSecret' : 'privateKey'}`;
    const bytes = await gatherSecret(work, at, proof.reference);
    if (bytes !== null) checked(work, at, proof.kind === 'secret' ? checkSecret(bytes) : checkPrivateKey(bytes));
  }
}

function checkSecret(bytes: Uint8Array): Result<void, string> {
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace(/\r?\n$/, '');
  if (/[^\x21-\x7e]/.test(text)) return err(words('this secret is no line of plain ASCII', 'see what is behind it'));
  const fits = text.length >= LEAST_BYTES && text.length <= MOST_BYTES;
  return fits ? ok(undefined) : err(`this secret is not from ${LEAST_BYTES} to ${MOST_BYTES} characters long`);
}

/** What is wrong with it is told without any of it. */
function checkPrivateKey(bytes: Uint8Array): Result<void, string> {
  try {
    const key = createPrivateKey(Buffer.from(bytes));
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    const isFit =
      key.asymmetricKeyType === 'ed25519' ||
      (key.asymmetricKeyType === 'rsa' && (modulusLength ?? 0) >= LEAST_MODULUS_BITS) ||
      (key.asymmetricKeyType === 'ec' && ['prime256v1', 'secp384r1', 'secp521r1'].includes(namedCurve ?? ''));
    return isFit
      ? ok(undefined)
      : err(words('this key signs no assertions', 'take RSA of 2048 bits or more, P-256, P-384, P-521 or Ed25519'));
  } catch {
    return err(words('this is no private key', 'it is to be PEM, without a passphrase'));
  }
}
