import { err, ok, type Problem, type Result } from '../base/index.ts';
import type { ExchangeEvents, Peer } from '../wire/index.ts';
import type { BodyBudget } from './body-budget.ts';
import { JoinedPieces } from './joined-pieces.ts';

const NO_ROOM: Problem = { code: 'gateway-overloaded', internal: 'too many bodies are being collected' };

/**
 * Collects the body of a request that goes nowhere, within the budget of all, and says once what became of that: its
 * bytes, or why there are none. Nothing where its client has gone.
 */
export class BodyCollection implements ExchangeEvents {
  readonly #bodies: BodyBudget;
  readonly #peer: Peer;
  readonly #then: (outcome: Result<Buffer, Problem>) => void;
  readonly #pieces = new JoinedPieces();
  #heldBytes = 0;
  #isOver = false;

  constructor(bodies: BodyBudget, peer: Peer, then: (outcome: Result<Buffer, Problem>) => void) {
    this.#bodies = bodies;
    this.#peer = peer;
    this.#then = then;
  }

  pieces(pieces: readonly Buffer[]): boolean {
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#isOver) return true;
    if (!this.#bodies.take(this.#peer, bytes)) {
      this.#end(err(NO_ROOM));
      return true;
    }
    this.#heldBytes += bytes;
    for (const piece of pieces) this.#pieces.add(piece);
    return true;
  }

  bodyEnd(): void {
    this.#end(ok(Buffer.concat(this.#pieces.all())));
  }

  bodyFailed(code: Problem['code']): void {
    this.#end(err({ code }));
  }

  drained(): void {}

  gone(): void {
    this.#end(null);
  }

  #end(outcome: Result<Buffer, Problem> | null): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#bodies.giveBack(this.#peer, this.#heldBytes);
    this.#pieces.clear();
    if (outcome !== null) this.#then(outcome);
  }
}
