import type { Alerts, Clock, Log, Random, Store } from '../../ports/index.ts';
import { fraction } from '../schedule.ts';
import { ACME_NODES, type NodeRecord } from './records.ts';

/** How often a node says that it is there. */
const TOLD_EVERY_MS = 60_000;
/** One that has said nothing for so long is there no more. Clocks of nodes differ by much less. */
const LIVING_MS = 5 * 60_000;
/** Records of nodes that are gone are taken out after this. */
const KEPT_MS = 86_400_000;
/** More gateways than anybody has over one folder; what has died of one that is started over and over is heard of behind them. */
const NODE_LIMIT = 64;

/** What hearing of other nodes takes. `directories`: the CAs that this node asks. */
export interface FellowNodeOptions {
  readonly directories: readonly string[];
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly alerts: Alerts;
}

/**
 * The nodes that keep the same names in a store that they share, and the CAs that each asks. Where they differ, each would
 * take the certificates of the others for those of a CA that nobody asks any more, and order in turn until the CAs give no
 * more: so what a node that is there has obtained is left alone, and the operator is told.
 */
export class FellowNodes {
  readonly #options: FellowNodeOptions;
  readonly #id: string;
  #others: readonly NodeRecord[] = [];
  #timer: { cancel(): void } | null = null;
  #closed = false;

  constructor(options: FellowNodeOptions) {
    this.#options = options;
    const bytes = new Uint8Array(16);
    options.random.fill(bytes);
    this.#id = Buffer.from(bytes).toString('base64url');
  }

  /** Whether another node that is there asks this CA. */
  ask(directory: string): boolean {
    return this.#others.some(({ directories }) => directories.includes(directory));
  }

  /** Says from now on that this node is there. */
  begin(): void {
    void this.#lookAgain();
  }

  /** Says that this node is there, and hears which others are. Rejects where the store fails. */
  async look(): Promise<void> {
    const { store, clock, directories } = this.#options;
    if (this.#closed) return;
    const nowMs = clock.now();
    const known = await store.transaction(async (within) => {
      const nodes = within.collection(ACME_NODES);
      await nodes.put(this.#id, { directories: [...directories], seenAtMs: nowMs });
      const oldest = await nodes.query({ orderBy: 'seenAtMs', limit: NODE_LIMIT });
      for (const { id, document } of oldest) if (nowMs - document.seenAtMs > KEPT_MS) await nodes.delete(id);
      return await nodes.query({ orderBy: 'seenAtMs', descending: true, limit: NODE_LIMIT });
    });
    this.#others = known
      .filter(({ id, document }) => id !== this.#id && Math.abs(nowMs - document.seenAtMs) <= LIVING_MS)
      .map(({ document }) => document);
    this.#tellOfDifference();
  }

  /** Says that this node is gone. Never rejects: where that can't be said, it is noticed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    try {
      await this.#options.store.collection(ACME_NODES).delete(this.#id);
    } catch (error) {
      this.#say(error);
    }
  }

  async #lookAgain(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      this.#say(error);
    }
    if (this.#closed) return;
    const { clock, random } = this.#options;
    const waitMs = TOLD_EVERY_MS * (1 - fraction(random) / 4);
    this.#timer = clock.after(waitMs, () => void this.#lookAgain());
  }

  #tellOfDifference(): void {
    const { directories, alerts } = this.#options;
    const strange = this.#others.flatMap((node) => node.directories).find((one) => !directories.includes(one));
    const lacking = directories.find((one) => this.#others.some((node) => !node.directories.includes(one)));
    if (strange === undefined && lacking === undefined) return;
    const what =
      strange === undefined
        ? `${lacking ?? ''} is asked by this node and not by another`
        : `${strange} is asked by another node and not by this one`;
    const message = `gateways that share a folder of certificates ask different CAs: ${what}; what each has obtained is left as it is, give all the same CAs`;
    alerts.raise({ kind: 'certificate.contested', key: 'acme', severity: 'medium', message });
  }

  #say(error: unknown): void {
    const why = error instanceof Error ? error.message : 'unknown fault';
    this.#options.log.write('warn', 'acme.nodes', `the nodes of the shared folder are not known: ${why}`);
  }
}
