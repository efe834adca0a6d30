import { type Config, type Gathered, revocationEnds } from '../config/index.ts';
import type { RevocationReport } from '../control/index.ts';
import type { Alert, Alerts, Clock } from '../ports/index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What the watch works with. */
export interface RevocationWatchOptions {
  readonly clock: Clock;
  readonly alerts: Pick<Alerts, 'raise'>;
}

/** Watches how long the lists of revoked certificates that are in force hold. */
export interface RevocationWatch {
  /** These are in force now. */
  follow(gathered: Pick<Gathered, 'config' | 'files'>): void;
  /** Those that have ended, and are to come in the place of one that is in force and has not: by their file. */
  spoiled(gathered: Pick<Gathered, 'config' | 'files'>): Promise<readonly string[]>;
  /** When each of them ends, and whose clients it is about. */
  report(): readonly RevocationReport[];
  close(): void;
}

/** Raises `crl.expiring` for lists with less than a day left, when they come into force and each hour; once more, and `critical`, when they have ended. */
export function watchRevocations({ clock, alerts }: RevocationWatchOptions): RevocationWatch {
  let followed: Pick<Gathered, 'config' | 'files'> | null = null;
  let ends: ReadonlyMap<string, number> = new Map();
  const look = (): void => {
    for (const [file, endsAtMs] of ends) {
      const alert = alertOf(file, endsAtMs, endsAtMs - clock.now());
      if (alert !== null) alerts.raise(alert);
    }
  };
  // Read once: a long list takes a second.
  const read = async (gathered: Pick<Gathered, 'config' | 'files'>): Promise<void> => {
    const found = await revocationEnds(gathered);
    if (followed !== gathered) return;
    ends = found;
    look();
  };
  const timer = clock.every(HOUR_MS, look);
  return {
    follow: (gathered) => {
      followed = gathered;
      void read(gathered);
    },
    spoiled: async (gathered) => {
      const found = await revocationEnds(gathered);
      const holds = (endsAtMs: number | undefined): boolean => endsAtMs !== undefined && endsAtMs > clock.now();
      return [...found].flatMap(([file, endsAtMs]) => (!holds(endsAtMs) && holds(ends.get(file)) ? [file] : []));
    },
    report: () =>
      [...ends].map(([file, endsAt]) => ({ file, endsAt, hosts: judgedBy(followed?.config ?? null, file) })),
    close: () => {
      followed = null;
      timer.cancel();
    },
  };
}

/** The hosts that judge their clients by a file of lists; `*` for all that are not named. */
function judgedBy(config: Config | null, file: string): readonly string[] {
  if (config === null) return [];
  const { clients, hosts } = config.server.https;
  const named = hosts.filter((host) => host.clients?.crlFile === file).map(({ name }) => name);
  return [...(clients?.crlFile === file ? ['*'] : []), ...named];
}

function alertOf(file: string, endsAtMs: number, leftMs: number): Alert | null {
  if (leftMs > DAY_MS) return null;
  const at = new Date(endsAtMs).toISOString();
  // What gets worse within the time that an alert is hushed must be heard of, so it has a key of its own.
  const [key, severity, words] =
    leftMs > 0
      ? ([file, 'high', `ends at ${at}: no client comes in behind that`] as const)
      : ([`${file} ended`, 'critical', `ended at ${at}: no client of its CAs comes in`] as const);
  const message = `a list of revoked certificates ${words}; put a newer one in its place`;
  return { kind: 'crl.expiring', key, severity, message, fields: { file } };
}
