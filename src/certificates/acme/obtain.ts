import { createPrivateKey } from 'node:crypto';
import { err, ok, type Result } from '../../base/index.ts';
import type { Clock } from '../../ports/index.ts';
import type { Account } from './account.ts';
import type { Answers } from './challenge.ts';
import { newCertificateKey, requestFor } from './csr.ts';
import { type AcmeFault, fault } from './fault.ts';
import { orderCertificate } from './order.ts';
import type { OrderRecord } from './records.ts';
import type { AcmeSession } from './session.ts';
import type { ChallengeKind } from './settings.ts';

/** A CA, and our account with it. */
export interface Authority {
  readonly session: AcmeSession;
  readonly account: Account;
}

/** What to obtain. */
export interface Wanted {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly challenges: readonly ChallengeKind[];
  readonly profile: string | null;
  /** The id of the certificate that it replaces, where that is one of the same CA. */
  readonly replaces: string | null;
}

/** What a CA gave, not judged yet; PEM. */
export interface Obtained {
  readonly chain: string;
  readonly key: string;
  /** The challenge that was good for it. */
  readonly challenge: ChallengeKind;
}

/** Faults after which an order is still what it was. */
const MAY_GO_ON: ReadonlySet<string> = new Set(['givenUp', 'unreachable', 'rateLimited', 'serverInternal']);

/** Faults of one way to be called, which another may not have. */
const OTHER_WAY_MAY_DO: ReadonlySet<string> = new Set([
  'challengeUnavailable',
  'connection',
  'incorrectResponse',
  'tls',
  'unauthorized',
]);

/** What obtaining works with. */
export interface ObtainPorts {
  readonly clock: Clock;
  readonly answers: Answers;
  /** Nobody wants the certificate any more. */
  readonly signal: AbortSignal;
  /** An order of before that has not ended; null where there is none. */
  readonly open: OrderRecord | null;
  /** Keeps the order that is under way, or with null that there is none; false where it is not ours to keep. */
  readonly keep: (order: OrderRecord | null) => Promise<boolean>;
}

/**
 * Obtains a certificate for a name from one CA, trying one challenge after the other, each with an order and a key of its
 * own. An order that is open is gone on with first.
 */
export async function obtainCertificate(
  authority: Authority,
  wanted: Wanted,
  ports: ObtainPorts,
): Promise<Result<Obtained, AcmeFault>> {
  const { open } = ports;
  if (open !== null && open.directory === authority.session.url) {
    const resumed = await attempt(authority, wanted, { ...ports, order: open });
    // What CAs forget, they do not count: it is ordered anew at once.
    const isForgotten = !resumed.ok && resumed.error.counted === 0 && !MAY_GO_ON.has(resumed.error.type);
    if (!isForgotten) return resumed;
  }
  let last = fault('challengeUnavailable', 'there is no challenge to try');
  let counted = 0;
  for (const challenge of wanted.challenges) {
    const key = newCertificateKey().export({ type: 'pkcs8', format: 'pem' }).toString();
    const order = { directory: authority.session.url, url: '', key, challenge };
    const obtained = await attempt(authority, wanted, { ...ports, order });
    if (obtained.ok) return obtained;
    counted += obtained.error.counted;
    last = { ...obtained.error, counted };
    if (!OTHER_WAY_MAY_DO.has(last.type)) break;
  }
  return err(last);
}

/** One order, made where its URL is empty. It stays kept where it may be gone on with. */
async function attempt(
  { session, account }: Authority,
  wanted: Wanted,
  { order, ...ports }: ObtainPorts & { readonly order: OrderRecord },
): Promise<Result<Obtained, AcmeFault>> {
  const signer = await account.signer();
  if (!signer.ok) return signer;
  const { challenge, key, url } = order;
  const chain = await orderCertificate({
    ...wanted,
    ...ports,
    session,
    signer: signer.value,
    csr: await requestFor(wanted.name, createPrivateKey(key)),
    challenge,
    existing: url === '' ? null : url,
    made: (made) => ports.keep({ ...order, url: made }),
  });
  if (chain.ok) return ok({ chain: chain.value, key, challenge });
  if (chain.error.type === 'accountDoesNotExist') await account.forget();
  if (!MAY_GO_ON.has(chain.error.type)) await ports.keep(null);
  return chain;
}
