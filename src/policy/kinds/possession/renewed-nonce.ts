import { createSlot, type Slot } from '../../exchange.ts';
import { READS_NOTHING, type Step } from '../../kind.ts';
import { PASS } from '../../verdict.ts';
import type { ProofPorts } from './proof-ports.ts';

/** Whether the nonce of a proof that was taken is not the newest. */
export const oldNonce: Slot<{ isOld: boolean }> = createSlot('old nonce', () => ({ isOld: false }));

/** Gives a client that used an older nonce the newest one, so that it never has to ask twice (RFC 9449 §8.2). */
export function nonceStep({ clock, proofs }: ProofPorts): Step<'respond'> {
  return {
    reads: READS_NOTHING,
    run(exchange, _reply, editor) {
      if (exchange.slot(oldNonce).isOld) editor.setHeader('dpop-nonce', proofs.nonces.newest(clock.now()));
      return PASS;
    },
  };
}
