import { ok } from '../../../base/index.ts';
import { parseJson } from '../../../body/index.ts';
import { DpopProofs } from '../../../credential/index.ts';
import { compileEach } from '../../compile-each.ts';
import type { Operation } from '../../operation.ts';
import type { PolicyKind, Steps } from '../../kind.ts';
import { ToldOnce } from '../../told-once.ts';
import type { AddressReaders } from './address.ts';
import type { PossessionConfig } from './config.ts';
import { possessionStep } from './possession-step.ts';
import { ProofJudge } from './proof-judge.ts';
import type { ProofPorts } from './proof-ports.ts';
import { nonceStep } from './renewed-nonce.ts';

/**
 * The kind `possession`: whoever bears a token that is bound to a key or to a client certificate must have that (RFC 9449,
 * RFC 8705). It stands behind all kinds that know tokens, which say what each is bound to and leave it at that.
 */
export function createPossessionKind(ports: ProofPorts, readers: AddressReaders): PolicyKind<PossessionConfig> {
  const proofs = new DpopProofs(parseJson);
  const told = new ToldOnce(ports.clock);
  return {
    kind: 'possession',
    summary: 'Proof of possession: DPoP, and tokens bound to client certificates',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) => {
      const judge = new ProofJudge({ ports, told, proofs, readers, nonce: config.nonce });
      const authenticate = possessionStep(judge, config.credentials !== 'pass');
      const renewing = config.nonce === 'required' ? { respond: nonceStep(ports) } : {};
      const steps: Steps = { authenticate, ...renewing };
      return compileEach(operations, (operation) => ok(isOpen(config, operation) ? {} : steps));
    },
  };
}

function isOpen({ open, closed, openByDefault }: PossessionConfig, { name }: Operation): boolean {
  return open.includes(name) || (openByDefault && !closed.includes(name));
}
