import type { Clock } from '../ports/index.ts';
import type { Era, Eras } from './eras.ts';
import { judgeAgain } from './judge-again.ts';
import { Slices } from './slices.ts';
import type { StandingStreams } from './standing.ts';
import type { Walk } from './walk.ts';

/** What long replies work with. */
export interface LongReplyOptions {
  readonly clock: Clock;
  readonly eras: Pick<Eras, 'current' | 'living' | 'move'>;
  readonly standing: Pick<StandingStreams, 'has'>;
}

/**
 * Moves replies that take long, such as downloads, to the Snapshot in force, so that they need no older one to live on.
 * One that may not move, since it would be refused or served from elsewhere now, goes on by the Snapshot it began with.
 * Its credential counts as of its beginning: a download that was let in is not cut for a token that ends meanwhile.
 */
export class LongReplies {
  readonly #options: LongReplyOptions;
  readonly #slices: Slices;
  /** Those that were judged by the era in force. */
  #tried = new WeakSet<Walk>();
  #triedFor: Era | null = null;

  constructor(options: LongReplyOptions) {
    this.#options = options;
    this.#slices = new Slices(options.clock);
  }

  /** Tries those that were not tried yet; for calling about twice a second. */
  sweep(): void {
    const { current, living } = this.#options.eras;
    if (current === null || living.size === 1) return;
    if (this.#triedFor !== current) {
      // Most replies end by themselves before the next round.
      this.#triedFor = current;
      this.#tried = new WeakSet();
      return;
    }
    const older = [...living].filter((era) => era !== current);
    this.#slices.round(
      () => older.flatMap(({ passages }) => passages).values(),
      (walk) => this.#try(walk, current),
    );
  }

  /** Whether it was judged. */
  #try(walk: Walk, current: Era): boolean {
    const { eras, standing } = this.#options;
    const isCurrent = (): boolean => eras.current === current && walk.replying && walk.context !== current.context;
    if (!isCurrent() || standing.has(walk) || this.#tried.has(walk)) return false;
    this.#tried.add(walk);
    const again = { context: current.context, atMs: walk.startedAtMs, replied: null };
    judgeAgain(walk, again, (judgement) => {
      if (judgement.kind === 'stands' && isCurrent()) eras.move(walk, judgement.place);
    });
    return true;
  }
}
