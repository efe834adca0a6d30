/** How much a volume holds, and how much of that this user may still write. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/** What was found of a volume's space, in words that name no path. */
export interface SpaceStanding {
  readonly state: 'enough' | 'low' | 'critical';
  readonly words: string;
}

const MIB = 2 ** 20;
/** A flood of requests that are refused fills this in a minute. */
const CRITICAL_BYTES = 256 * MIB;
const LOW_BYTES = 1024 * MIB;
const LOW_SHARE = 0.1;
/** Days of full records: on a large volume a tenth would be an alarm about nothing. */
const LOW_SHARE_MOST_BYTES = 50 * 1024 * MIB;

/**
 * Judges the space of a volume that a gateway writes to: low below 1 GiB or a tenth of the volume, whichever is more, but
 * never above 50 GiB; critical below 256 MiB.
 */
export function judgeSpace({ totalBytes, freeBytes }: DiskSpace): SpaceStanding {
  const words = `${sizeText(freeBytes)} of ${sizeText(totalBytes)} are free`;
  // Also what is no number is not enough.
  if (!(freeBytes >= CRITICAL_BYTES)) return { state: 'critical', words };
  if (!(freeBytes >= Math.max(LOW_BYTES, Math.min(totalBytes * LOW_SHARE, LOW_SHARE_MOST_BYTES))))
    return { state: 'low', words };
  return { state: 'enough', words };
}

function sizeText(bytes: number): string {
  return bytes < 1024 * MIB ? `${Math.floor(bytes / MIB)} MiB` : `${(bytes / MIB / 1024).toFixed(1)} GiB`;
}
