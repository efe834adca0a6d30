import type { Clock, Counter, Histogram, Meter, Scanner, ScannerTarget, ScanResult, Timer } from '../../ports/index.ts';
import { IcapConnection } from './icap-connection.ts';
import type { ServiceOptions } from './icap-message.ts';

/** Connections of this thread to one service; a file each. */
const CONNECTION_LIMIT = 8;
/** Files that wait for one of them. */
const WAITING_LIMIT = 64;
/** Services that are remembered; the longest unused is forgotten. */
const SERVICE_LIMIT = 64;
/** So long an unused connection is kept. */
const IDLE_MS = 30_000;

/** What scanning needs. Without a meter nothing is counted. */
export interface IcapScannerOptions {
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly meter?: Meter;
}

/**
 * Scans by services that speak ICAP (RFC 3507), each asked first what it does, over connections that are used again. A
 * file passes as clean only where the service says so, by 204 or by sending all of it back as it was.
 */
export function createIcapScanner({ clock, meter }: IcapScannerOptions): Scanner {
  const services = new Map<string, IcapService>();
  const count = meter === undefined ? () => {} : counting(meter);

  function serviceOf(target: ScannerTarget): IcapService {
    const key = `${target.name} ${target.host} ${target.port} ${target.service}`;
    const service = services.get(key) ?? new IcapService(target, clock);
    services.delete(key);
    services.set(key, service);
    const [oldest] = services.keys();
    if (services.size > SERVICE_LIMIT && oldest !== undefined) {
      services.get(oldest)?.close();
      services.delete(oldest);
    }
    return service;
  }

  return {
    async scan(target, bytes, signal) {
      const fromMs = clock.monotonic();
      const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const result = await serviceOf(target).scan(file, target.timeoutMs, signal);
      count(target.name, result.kind, clock.monotonic() - fromMs);
      return result;
    },
  };
}

const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

function counting(meter: Meter): (scanner: string, result: ScanResult['kind'], tookMs: number) => void {
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  return (scanner, result, tookMs) => {
    const key = `${scanner} ${result}`;
    const counter =
      counters.get(key) ??
      meter.counter('portcullis_scans_total', 'Files given to a scanner, by what came of it', { scanner, result });
    counters.set(key, counter);
    counter.add(1);
    const histogram =
      histograms.get(scanner) ?? meter.histogram('portcullis_scan_seconds', 'Time for a file', SECONDS, { scanner });
    histograms.set(scanner, histogram);
    histogram.observe(tookMs / 1_000);
  };
}

/** The connections to one service. */
class IcapService {
  readonly #target: ScannerTarget;
  readonly #clock: IcapScannerOptions['clock'];
  readonly #idle: { readonly connection: IcapConnection; readonly timer: Timer }[] = [];
  readonly #waiting: (() => void)[] = [];
  #busy = 0;
  #options: { readonly said: ServiceOptions; readonly untilMs: number } | null = null;

  constructor(target: ScannerTarget, clock: IcapScannerOptions['clock']) {
    this.#target = target;
    this.#clock = clock;
  }

  close(): void {
    for (const { connection, timer } of this.#idle.splice(0)) {
      timer.cancel();
      connection.close();
    }
  }

  /** Never rejected. */
  async scan(bytes: Buffer, timeoutMs: number, signal: AbortSignal): Promise<ScanResult> {
    const end = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => end.abort(`no answer within ${Math.round(timeoutMs)} ms`));
    const leave = (): void => end.abort('nobody waits any more');
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    try {
      if (!(await this.#turn(end.signal))) return unavailable(end.signal.reason);
      try {
        return await this.#attempt(bytes, end.signal);
      } finally {
        this.#busy--;
        this.#waiting.shift()?.();
      }
    } catch (fault) {
      return unavailable(end.signal.aborted ? end.signal.reason : fault);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', leave);
    }
  }

  /** Waits for a place; false where there is none, or the time is over before. */
  async #turn(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || this.#waiting.length >= WAITING_LIMIT) return false;
    while (this.#busy >= CONNECTION_LIMIT) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const go = (): void => resolve();
      this.#waiting.push(go);
      signal.addEventListener('abort', go, { once: true });
      await promise;
      signal.removeEventListener('abort', go);
      const at = this.#waiting.indexOf(go);
      if (at >= 0) this.#waiting.splice(at, 1);
      if (!signal.aborted) continue;
      // Whose turn this would have been comes next.
      if (at < 0) this.#waiting.shift()?.();
      return false;
    }
    this.#busy++;
    return true;
  }

  /** A kept connection may have been closed at the other end: then a new one is asked, once. */
  async #attempt(bytes: Buffer, signal: AbortSignal): Promise<ScanResult> {
    const kept = this.#take();
    if (kept?.isOpen === true) {
      try {
        return await this.#ask(kept, bytes, signal);
      } catch (fault) {
        if (signal.aborted || kept.hasAnswered) throw fault;
      }
    }
    kept?.close();
    return await this.#ask(this.#connect(), bytes, signal);
  }

  async #ask(connection: IcapConnection, bytes: Buffer, signal: AbortSignal): Promise<ScanResult> {
    const cut = (): void => connection.close();
    signal.addEventListener('abort', cut);
    if (signal.aborted) cut();
    connection.hold(true);
    try {
      const nowMs = this.#clock.monotonic();
      if (this.#options === null || nowMs >= this.#options.untilMs) {
        const said = await connection.options();
        this.#options = { said, untilMs: nowMs + said.ttlMs };
        // It may close behind its answer.
        if (!connection.isOpen) {
          connection.close();
          return await this.#ask(this.#connect(), bytes, signal);
        }
      }
      const result = await connection.scan(bytes, this.#options.said);
      this.#keep(connection);
      return result;
    } catch (fault) {
      connection.close();
      this.#options = null;
      throw fault;
    } finally {
      signal.removeEventListener('abort', cut);
    }
  }

  #connect(): IcapConnection {
    const connection = new IcapConnection(this.#target);
    connection.onClose(() => {
      const at = this.#idle.findIndex((kept) => kept.connection === connection);
      if (at >= 0) this.#idle.splice(at, 1)[0]?.timer.cancel();
    });
    return connection;
  }

  #take(): IcapConnection | undefined {
    const kept = this.#idle.pop();
    kept?.timer.cancel();
    return kept?.connection;
  }

  #keep(connection: IcapConnection): void {
    if (!connection.isOpen) {
      connection.close();
      return;
    }
    connection.hold(false);
    const timer = this.#clock.after(IDLE_MS, () => connection.close());
    this.#idle.push({ connection, timer });
  }
}

function unavailable(why: unknown): ScanResult {
  const reason = typeof why === 'string' ? why : why instanceof Error ? why.message : 'too many files wait';
  return { kind: 'unavailable', reason };
}
