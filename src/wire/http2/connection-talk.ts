import type { DirectWriter } from '../direct-writer.ts';
import type { DataSender } from './data-sender.ts';
import { FrameBudget, type FrameBudgetBounds } from './frame-budget.ts';
import { pingAck, settings, SETTINGS_ACK } from './frame-writer.ts';
import { type Http2Fault, Setting } from './protocol.ts';

/** What the talk is built from. */
export interface TalkOptions {
  readonly bounds: FrameBudgetBounds;
  readonly writer: DirectWriter;
  /** DATA frames of ours, which the peer answers by frames that cost it nothing. */
  readonly sender: Pick<DataSender<never>, 'worthyFrames'>;
  /** Ends the connection for a fault of the peer. */
  readonly fail: (fault: Http2Fault) => void;
}

/**
 * What a connection of either side answers by itself, and the count of all that its peer sends at no cost: what tips the
 * measure ends the connection.
 */
export class ConnectionTalk {
  readonly #options: TalkOptions;
  readonly #budget: FrameBudget;
  /** SETTINGS of ours that are not acknowledged yet; the greeting has the first. */
  #unacknowledged = 1;
  /** DATA frames of ours that the budget knows of. */
  #framesTold = 0;

  constructor(options: TalkOptions) {
    this.#options = options;
    this.#budget = new FrameBudget(options.bounds);
  }

  /** Whether all our SETTINGS were acknowledged. */
  get acknowledged(): boolean {
    return this.#unacknowledged === 0;
  }

  /** HEADERS were sent. */
  sentHead(): void {
    this.#budget.sent(1);
  }

  /** Fills the measure up for the time that has passed. */
  refill(now: number): void {
    this.#budget.refill(now);
  }

  /** A stream was reset, by the peer or for a fault of it. */
  countReset(): void {
    if (!this.#budget.count('reset')) this.#options.fail('reset-flood');
  }

  /** Counts a frame that costs its sender nothing; what tips the measure is the reason. */
  chat(fault: Http2Fault): void {
    const { worthyFrames } = this.#options.sender;
    if (worthyFrames > this.#framesTold) this.#budget.sent(worthyFrames - this.#framesTold);
    this.#framesTold = worthyFrames;
    if (!this.#budget.count('chatter')) this.#options.fail(fault);
  }

  /** SETTINGS of the peer are whole (RFC 9113 §6.5.3). False where they are one too many, and the connection ends. */
  settingsEnd(): boolean {
    if (!this.#budget.count('setting')) {
      this.#options.fail('settings-flood');
      return false;
    }
    this.#options.writer.append(SETTINGS_ACK);
    return true;
  }

  /** Says how many streams the peer may have open. */
  tellStreams(streams: number): void {
    this.#unacknowledged++;
    this.#options.writer.append(settings([[Setting.maxConcurrentStreams, streams]]));
  }

  settingsAck(): void {
    if (this.#unacknowledged === 0) this.chat('settings-flood');
    else this.#unacknowledged--;
  }

  /** Answers (RFC 9113 §6.7). */
  ping(opaque: string): void {
    this.#options.writer.append(pingAck(opaque));
    this.chat('ping-flood');
  }
}
