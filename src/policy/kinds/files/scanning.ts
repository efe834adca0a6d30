import type { Alert, Clock, Scanner, ScanResult } from '../../../ports/index.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { FileScanner } from './config.ts';
import { foundBy, tooLarge, unscanned } from './refusals.ts';
import type { NumberedFile } from './sent-files.ts';

/** What scans work with. */
export interface ScansPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scanner: Scanner;
  readonly alerts: (alert: Alert) => void;
}

/** How long an answer is waited for. */
export interface Waiting {
  /** Of the monotonic clock. */
  readonly untilMs: number;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}

/** Has the files of a request scanned. */
export interface FileScans {
  verdict(files: readonly NumberedFile[], scanner: FileScanner, waiting: Waiting): Promise<Verdict>;
}

/** Files of one request that a scanner has at a time. */
const AT_A_TIME = 4;
/** A thread tells of a scanner that does not answer at most this often. */
const HUSH_MS = 10_000;
/** What nobody has put under a limit is not worth asking for. */
const LEAST_MS = 50;

/** Scans by a scanner that is reached from this thread. What it has not looked at passes only where that is said. */
export function createFileScans({ clock, scanner, alerts }: ScansPorts): FileScans {
  const quietUntilMs = new Map<string, number>();

  function tell({ name, unavailable }: FileScanner, reason: string): void {
    const nowMs = clock.monotonic();
    if (nowMs < (quietUntilMs.get(name) ?? Number.NEGATIVE_INFINITY)) return;
    quietUntilMs.set(name, nowMs + HUSH_MS);
    const consequence = unavailable === 'pass' ? 'files pass unseen' : 'files are refused';
    const message = `the scanner ${name} does not answer, ${consequence}: ${reason}`;
    alerts({ kind: 'scanner.unavailable', key: name, severity: unavailable === 'pass' ? 'critical' : 'high', message });
  }

  async function scan(bytes: Uint8Array, target: FileScanner, { untilMs, signal }: Waiting): Promise<ScanResult> {
    const timeoutMs = Math.min(target.timeoutMs, untilMs - clock.monotonic());
    if (timeoutMs < LEAST_MS) return { kind: 'unavailable', reason: 'no time is left' };
    return await scanner.scan({ ...target, timeoutMs }, bytes, signal);
  }

  return {
    async verdict(files, target, waiting) {
      const seen = files.filter(({ bytes }) => bytes.length <= target.sizeBytes);
      const large = files.find(({ bytes }) => bytes.length > target.sizeBytes);
      if (large !== undefined && target.unavailable === 'refuse') return tooLarge('scan.size', large.number);
      if (large !== undefined) tell(target, 'a file is larger than it takes');
      for (let at = 0; at < seen.length; at += AT_A_TIME) {
        const some = seen.slice(at, at + AT_A_TIME);
        const results = await Promise.all(some.map(async ({ bytes }) => await scan(bytes, target, waiting)));
        const found = results.findIndex(({ kind }) => kind === 'found');
        const result = results[found];
        if (result?.kind === 'found') return foundBy(result.name, some[found]?.number ?? 0);
        const failed = results.find((each) => each.kind === 'unavailable');
        if (failed === undefined) continue;
        // Whoever left is no fault of the scanner's.
        if (!waiting.signal.aborted) tell(target, failed.reason);
        if (target.unavailable === 'refuse') return unscanned(failed.reason);
      }
      return PASS;
    },
  };
}

/** For files that nobody has scanned. */
export const NO_SCANS: FileScans = { verdict: async () => await Promise.resolve(PASS) };
