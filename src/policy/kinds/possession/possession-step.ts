import type { Problem } from '../../../base/index.ts';
import type { ClientCertificate } from '../../../wire/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import type { Exchange } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { dpopRefusal } from '../../possession-refusal.ts';
import { bearerToken, isDpopScheme } from '../../token-field.ts';
import { usedCredential } from '../../used-credential.ts';
import { type AuthenticateVerdict, deny, PASS } from '../../verdict.ts';
import type { ProofJudge } from './proof-judge.ts';

/**
 * The step that demands what a token is bound to. A token that is bound to nothing is borne as a bearer's, and brings no
 * proof; one that is bound to a key is never (RFC 9449 §7.1, §7.2). `removes`: the proof is named in `usedCredential`.
 *
 * It does not judge streams that stand again: the proof was of their beginning, and the connection is still that of the
 * certificate.
 */
export function possessionStep(judge: ProofJudge, removes: boolean): Step<'authenticate'> {
  return {
    reads: READS_NOTHING,
    standing: false,
    run(exchange) {
      const { principal, request } = exchange;
      const { headers } = request;
      const hasProof = headers.has('dpop');
      if (hasProof && removes) exchange.slot(usedCredential).besides = 'dpop';
      // Nobody has signed in, which is refused behind this stage.
      if (principal === null) return PASS;
      const field = headers.get('authorization');
      const isDpop = field !== null && isDpopScheme(field);
      const { confirmation } = principal;
      if (confirmation?.kind === 'jkt') {
        const token = isDpop ? bearerToken(field) : null;
        if (token === null)
          return deny(dpopRefusal('invalid-token', exchange.operation.api, 'invalid_token'), 'downgraded');
        return judge.judge(exchange, { token, thumbprint: confirmation.thumbprint });
      }
      if (isDpop) return deny(notBound(exchange), 'unbound');
      if (hasProof) return deny(needlessProof(exchange), 'proof-needless');
      return confirmation === null ? PASS : judgeCertificate(exchange, confirmation.thumbprint);
    },
  };
}

function notBound({ operation }: Exchange): Problem {
  return dpopRefusal('invalid-token', operation.api, 'invalid_token');
}

/** A client that proves something with a token that demands nothing has the wrong token, or takes it for another. */
function needlessProof({ operation }: Exchange): Problem {
  return dpopRefusal('invalid-proof', operation.api, 'invalid_dpop_proof');
}

/** RFC 8705 §3: the certificate of this very connection, and never one that a field speaks of. */
function judgeCertificate({ request, operation, startedAtMs }: Exchange, thumbprint: string): AuthenticateVerdict {
  const { peer } = request;
  const client = peer.tls === null ? null : peer.tls.client;
  const fault = client === null ? 'certificate-missing' : certificateFault(client, thumbprint, startedAtMs);
  // A proxy shows its own certificate for all of its clients: it proves nothing of any of them.
  if (fault === null && peer.via.length === 0) return PASS;
  const problem: Problem = { code: 'invalid-token', headers: bearerChallenge(operation.api, 'invalid_token') };
  return deny(problem, fault ?? 'certificate-of-proxy');
}

/** A connection may outlast the certificate that it began with. */
function certificateFault(client: ClientCertificate, thumbprint: string, nowMs: number): string | null {
  if (!isThumbprintOf(thumbprint, client)) return 'certificate-other';
  return nowMs >= client.notAfterMs ? 'certificate-expired' : null;
}

function isThumbprintOf(thumbprint: string, { fingerprint256 }: ClientCertificate): boolean {
  return Buffer.from(thumbprint, 'base64url').toString('hex') === fingerprint256.replaceAll(':', '').toLowerCase();
}
