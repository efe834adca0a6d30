import type { KindPorts } from '../../kind-ports.ts';

/** What proofs are judged with. */
export type ProofPorts = Pick<KindPorts, 'clock' | 'proofs' | 'alerts'>;
