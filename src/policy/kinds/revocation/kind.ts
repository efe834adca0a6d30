import { ok } from '../../../base/index.ts';
import type { TableVersion } from '../../../ports/index.ts';
import { bearerChallenge } from '../../challenge.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { Exchange } from '../../exchange.ts';
import { type PolicyKind, READS_NOTHING, type Step } from '../../kind.ts';
import { Notebook } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { type Revocable, REVOCABLE, revokedOf, type RevocationRow, REVOCATIONS } from '../../revocations.ts';
import { bearerToken } from '../../token-field.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { RevocationConfig } from './config.ts';

/** What was said of a caller by these rows, which are others as soon as anything is revoked. */
interface Judged {
  readonly rows: ReadonlyMap<string, RevocationRow>;
  readonly revoked: Revocable | null;
}

const UNAVAILABLE = deny({ code: 'revocations-unavailable', headers: [['retry-after', '30']] }, 'never-filled');

/**
 * The kind `revocation`: a credential that holds is taken no more once it, its session, its subject, its client or its
 * key was revoked here. It is asked at each request, so that nothing remembered outlives a revocation (RFC 7009 says
 * how an issuer is told; this is for those that cannot wait for it).
 */
export function createRevocationKind(): PolicyKind<RevocationConfig> {
  const judged = new Notebook<Principal, Judged>();
  return {
    kind: 'revocation',
    summary: 'Takes no credential that was revoked',
    schema: null,
    sources: () => [{ kind: 'table', declaration: REVOCATIONS }],
    compile: (config, { api, operations }, got) => {
      const table = got.table<RevocationRow>(REVOCATIONS.name);
      return compileEach(operations, (operation) =>
        ok((saidOf(config.operations, operation) ?? config.api) ? { authenticate: stepOf(api, table, judged) } : {}),
      );
    },
  };
}

function stepOf(
  api: string,
  table: () => TableVersion<RevocationRow>,
  judged: Notebook<Principal, Judged>,
): Step<'authenticate'> {
  // The client learns that its token is not taken, and nothing of what was revoked.
  const problem = { code: 'invalid-token', headers: bearerChallenge(api, 'invalid_token') } as const;
  const refusals = new Map(REVOCABLE.map((what) => [what, deny(problem, `revoked-${what}`)]));
  const refusalOf = (revoked: Revocable | null): Verdict =>
    revoked === null ? PASS : (refusals.get(revoked) ?? UNAVAILABLE);
  return {
    reads: READS_NOTHING,
    run({ principal, request }: Exchange): Verdict {
      if (principal === null) return PASS;
      const { rows, filledAtMs } = table();
      if (filledAtMs === null) return UNAVAILABLE;
      if (rows.size === 0) return PASS;
      const before = judged.get(principal);
      if (before?.rows === rows) return refusalOf(before.revoked);
      const field = request.headers.get('authorization');
      const revoked = revokedOf(principal, field === null ? null : bearerToken(field), rows);
      judged.set(principal, { rows, revoked });
      return refusalOf(revoked);
    },
  };
}
