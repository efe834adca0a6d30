import { err, ok, type Result } from '../../base/index.ts';
import type { Clock } from '../../ports/index.ts';
import type { Account } from './account.ts';
import type { Answers } from './challenge.ts';
import { requestFor } from './csr.ts';
import { type AcmeFault, fault } from './fault.ts';
import { orderCertificate } from './order.ts';
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

/** Faults of one way to be called, which another may not have. */
const OTHER_WAY_MAY_DO: ReadonlySet<string> = new Set([
  'challengeUnavailable',
  'connection',
  'incorrectResponse',
  'tls',
  'unauthorized',
]);

/** Obtains a certificate for a name from one CA, trying one challenge after the other, each with an order and a key of its own. */
export async function obtainCertificate(
  { session, account }: Authority,
  wanted: Wanted,
  ports: { readonly clock: Clock; readonly answers: Answers; readonly signal: AbortSignal },
): Promise<Result<Obtained, AcmeFault>> {
  let last = fault('challengeUnavailable', 'there is no challenge to try');
  let counted = 0;
  for (const challenge of wanted.challenges) {
    const signer = await account.signer();
    if (!signer.ok) return signer;
    const { csr, key } = await requestFor(wanted.name);
    const chain = await orderCertificate({ ...wanted, ...ports, session, signer: signer.value, csr, challenge });
    if (chain.ok) {
      return ok({ chain: chain.value, key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), challenge });
    }
    counted += chain.error.counted;
    last = { ...chain.error, counted };
    if (last.type === 'accountDoesNotExist') await account.forget();
    if (!OTHER_WAY_MAY_DO.has(last.type)) break;
  }
  return err(last);
}
