import { judgeSpace } from '../base/index.ts';
import type { Alert, Alerts, Clock, Files } from '../ports/index.ts';

/** A flood of requests that are refused fills about 300 MiB of ledger in a minute. */
const PERIOD_MS = 60_000;

/** What the watch works with. `folder` is absolute. */
export interface SpaceWatchOptions {
  readonly folder: string;
  readonly files: Pick<Files, 'space'>;
  readonly clock: Clock;
  readonly alerts: Pick<Alerts, 'raise'>;
}

/**
 * Looks at the space of the data folder's volume now and each minute, and alerts while it is low or cannot be read.
 * Returns how to stop.
 */
export function watchSpace(options: SpaceWatchOptions): () => void {
  let stopped = false;
  let busy = false;
  const look = async (): Promise<void> => {
    // A disk that hangs would gather calls.
    if (busy) return;
    busy = true;
    const alert = await findAlert(options);
    busy = false;
    if (!stopped && alert !== null) options.alerts.raise(alert);
  };
  void look();
  const timer = options.clock.every(PERIOD_MS, () => void look());
  return () => {
    stopped = true;
    timer.cancel();
  };
}

async function findAlert({ folder, files }: SpaceWatchOptions): Promise<Alert | null> {
  const space = await files.space(folder);
  if (!space.ok) {
    const message = 'the free space of the data folder can not be read';
    const fields = { detail: space.error.detail };
    return { kind: 'data-folder.fault', key: 'space-unknown', severity: 'medium', message, fields };
  }
  const { state, words } = judgeSpace(space.value);
  if (state === 'enough') return null;
  const { freeBytes, totalBytes } = space.value;
  // What gets worse within the time that an alert is hushed must be heard of, so it has a key of its own.
  const [key, severity] = state === 'low' ? (['space', 'high'] as const) : (['space-critical', 'critical'] as const);
  const message = `the volume of the data folder gets full: ${words}; without space the ledger refuses requests`;
  return { kind: 'data-folder.fault', key, severity, message, fields: { freeBytes, totalBytes } };
}
