import type { Http2Bounds } from './protocol.ts';

/** What a peer may send at no cost of its own. What belongs to which is in docs/guide/operations.md. */
export type FrameKind = 'reset' | 'chatter' | 'setting';

/** What of the bounds the budget keeps to. */
export type FrameBudgetBounds = Pick<Http2Bounds, 'resets' | 'chatter' | 'chatterPerFrameSent' | 'settings'>;

/**
 * Counts what a peer sends that makes us work for nothing. It begins with the bursts of its bounds and is filled up to
 * them by time and, for chatter, by what we send: a peer that takes much may say much.
 */
export class FrameBudget {
  readonly #bounds: FrameBudgetBounds;
  #resets: number;
  #chatter: number;
  #settings: number;
  /** When it was filled last, in milliseconds of the monotonic clock; null before the first time. */
  #filledAtMs: number | null = null;

  constructor(bounds: FrameBudgetBounds) {
    this.#bounds = bounds;
    this.#resets = bounds.resets.burst;
    this.#chatter = bounds.chatter.burst;
    this.#settings = bounds.settings.burst;
  }

  /** Takes one; false where none is left, and so the connection is to end. */
  count(kind: FrameKind): boolean {
    switch (kind) {
      case 'reset':
        if (this.#resets < 1) return false;
        this.#resets--;
        return true;
      case 'chatter':
        if (this.#chatter < 1) return false;
        this.#chatter--;
        return true;
      case 'setting':
        if (this.#settings < 1) return false;
        this.#settings--;
        return true;
    }
  }

  /** So many HEADERS or DATA have been sent. */
  sent(frames: number): void {
    const { chatter, chatterPerFrameSent } = this.#bounds;
    this.#chatter = Math.min(chatter.burst, this.#chatter + frames * chatterPerFrameSent);
  }

  /** Fills up for the time since it was filled last. Called by the sweep, so that no frame asks for the time. */
  refill(now: number): void {
    const seconds = Math.max(0, now - (this.#filledAtMs ?? now)) / 1_000;
    this.#filledAtMs = now;
    const { resets, chatter, settings } = this.#bounds;
    this.#resets = Math.min(resets.burst, this.#resets + seconds * resets.perSecond);
    this.#chatter = Math.min(chatter.burst, this.#chatter + seconds * chatter.perSecond);
    this.#settings = Math.min(settings.burst, this.#settings + seconds * settings.perSecond);
  }
}
