import type { Problem } from '../../../base/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import { thumbprintOf } from '../../client-thumbprint.ts';
import type { Exchange } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { dpopRefusal } from '../../possession-refusal.ts';
import { bearerToken, isDpopScheme } from '../../token-field.ts';
import { usedCredential } from '../../used-credential.ts';
import { deny, PASS } from '../../verdict.ts';
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
      const { key = null, certificate = null } = principal.confirmation ?? {};
      if (key === null && isDpop) return deny(wrongToken(exchange), 'unbound');
      if (key === null && hasProof) return deny(needlessProof(exchange), 'proof-needless');
      // Of both the certificate first: a proof is used up by being judged.
      if (certificate !== null) {
        const fault = certificateFault(exchange, certificate);
        if (fault !== null) return deny(otherCertificate(exchange, key), fault);
      }
      if (key === null) return PASS;
      const token = isDpop ? bearerToken(field) : null;
      return token === null
        ? deny(wrongToken(exchange), 'downgraded')
        : judge.judge(exchange, { token, thumbprint: key, principal });
    },
  };
}

function wrongToken({ operation }: Exchange): Problem {
  return dpopRefusal('invalid-token', operation.api, 'invalid_token');
}

/** A client that proves something with a token that demands nothing has the wrong token, or takes it for another. */
function needlessProof({ operation }: Exchange): Problem {
  return dpopRefusal('invalid-proof', operation.api, 'invalid_dpop_proof');
}

/** By the scheme that the token is to come by. */
function otherCertificate(exchange: Exchange, key: string | null): Problem {
  if (key !== null) return wrongToken(exchange);
  return { code: 'invalid-token', headers: bearerChallenge(exchange.operation.api, 'invalid_token') };
}

/** RFC 8705 §3: the certificate of this very connection counts, and never one that a field speaks of. Null for no fault. */
function certificateFault({ request, startedAtMs }: Exchange, thumbprint: string): string | null {
  const { tls, via } = request.peer;
  const client = tls === null ? null : tls.client;
  if (client === null) return 'certificate-missing';
  if (thumbprint !== thumbprintOf(client)) return 'certificate-other';
  // A connection may outlast the certificate that it began with.
  if (startedAtMs >= client.notAfterMs) return 'certificate-expired';
  // A proxy shows its own certificate for all of its clients: it proves nothing of any of them.
  return via.length === 0 ? null : 'certificate-of-proxy';
}
