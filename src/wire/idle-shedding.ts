import { networkOf } from '../base/index.ts';

/** A connection that is being served, and can end to make room. */
export interface Sheddable {
  /** Since when no request is under way or coming, on the monotonic clock; null where one is. */
  readonly idleSinceMs: number | null;
  /** It takes no further request, and will be gone in a moment. */
  readonly isEnding: boolean;
  /** Ends it in order if it is idle. */
  shed(): void;
}

/** Whose connection it is. */
export interface Served {
  readonly address: string;
  /** The address stands for many clients, such as a proxy that is believed: no network has it. */
  readonly isShared: boolean;
  readonly connection: Pick<Sheddable, 'idleSinceMs'>;
}

/** From here on idle connections close, so that new clients find room. */
const FULL_SHARE = 0.8;
/** A client that has just been answered is likely to ask again. */
const LEAST_IDLE_MS = 5_000;

/** How many more connections are open than leave room for new clients, where `most` may be. */
export function connectionsTooMany(open: number, most: number): number {
  return Math.max(0, open - Math.ceil(most * FULL_SHARE));
}

/**
 * Which idle connections are to close, as many as are too many: those of the network with the most connections first,
 * and of each network those that have been idle the longest. What is shared by many clients counts for itself alone.
 */
export function idleToShed<T extends Served>(served: readonly T[], tooMany: number, now: number): readonly T[] {
  const counts = new Map<string, number>();
  const idle: { readonly one: T; readonly network: string | null; readonly sinceMs: number }[] = [];
  for (const one of served) {
    const network = one.isShared ? null : networkOf(one.address);
    if (network !== null) counts.set(network, (counts.get(network) ?? 0) + 1);
    const sinceMs = one.connection.idleSinceMs;
    if (sinceMs !== null && now - sinceMs >= LEAST_IDLE_MS) idle.push({ one, network, sinceMs });
  }
  idle.sort((first, second) => first.sinceMs - second.sinceMs);
  // The rank of each is what its network has left when its turn comes.
  const ranked = idle.map((candidate) => {
    const { network } = candidate;
    const left = network === null ? 1 : (counts.get(network) as number);
    if (network !== null) counts.set(network, left - 1);
    return { candidate, left };
  });
  ranked.sort((one, other) => other.left - one.left);
  return ranked.slice(0, tooMany).map(({ candidate }) => candidate.one);
}
