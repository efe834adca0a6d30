// No tests here: a disk, a clock and threads for the tests of this room. Kept apart from the product by its name.
import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { err, type LedgerRecord, ok, RECORD_VERSION, type Result } from '../base/index.ts';
import type { Alert, Clock, FileFault, Segment, Segments } from '../ports/index.ts';
import { createLedgerClient, type LedgerClient } from './ledger-client.ts';
import { LedgerWriter } from './ledger-writer.ts';
import { NO_HASH } from './line.ts';
import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { type LogReport, readLog } from './read-log.ts';
import { createRecordRing } from './record-ring.ts';

interface FakeFile {
  bytes: Buffer;
  /** What a power cut leaves. */
  safe: Buffer;
}

const fault = (reason: FileFault['reason']): Result<never, FileFault> =>
  err({ reason, detail: `a fake fault: ${reason}` });

/** A disk in memory whose faults are set by the test. */
export class FakeDisk implements Segments {
  files = new Map<string, FakeFile>();
  /** All files together hold no more. */
  roomBytes = Number.POSITIVE_INFINITY;
  failsWriting = false;
  failsSyncing = false;
  folderGone = false;
  syncs = 0;

  text(name: string): string {
    return (this.files.get(name)?.bytes ?? Buffer.alloc(0)).toString('latin1');
  }

  put(name: string, text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    this.files.set(name, { bytes, safe: bytes });
  }

  /** The same files as another process finds them: after the end of the writer's, or after a power cut. */
  remains(after: 'kill' | 'power cut'): FakeDisk {
    const disk = new FakeDisk();
    for (const [name, { bytes, safe }] of this.files) {
      const left = Buffer.from(after === 'kill' ? bytes : safe);
      disk.files.set(name, { bytes: left, safe: left });
    }
    return disk;
  }

  list(): Promise<Result<readonly string[], FileFault>> {
    return Promise.resolve(ok([...this.files.keys()].toSorted()));
  }

  open(name: string): Promise<Result<Segment, FileFault>> {
    const file = this.files.get(name);
    return Promise.resolve(file === undefined ? fault('missing') : ok(this.#segment(name, file)));
  }

  create(name: string): Promise<Result<Segment, FileFault>> {
    if (this.folderGone || this.failsWriting) return Promise.resolve(fault('missing'));
    if (this.files.has(name)) return Promise.resolve(fault('exists'));
    const file: FakeFile = { bytes: Buffer.alloc(0), safe: Buffer.alloc(0) };
    this.files.set(name, file);
    return Promise.resolve(ok(this.#segment(name, file)));
  }

  remove(name: string): Promise<Result<void, FileFault>> {
    this.files.delete(name);
    return Promise.resolve(ok(undefined));
  }

  #used(): number {
    let bytes = 0;
    for (const file of this.files.values()) bytes += file.bytes.length;
    return bytes;
  }

  #segment(name: string, file: FakeFile): Segment {
    return {
      name,
      size: () => ok(file.bytes.length),
      read: (position, target) => ok(file.bytes.copy(target, 0, position)),
      write: (position, bytes) => {
        if (this.failsWriting) return fault('other');
        const end = Math.max(file.bytes.length, position + bytes.length);
        const grown = end - file.bytes.length;
        if (grown > 0 && this.#used() + grown > this.roomBytes) return fault('full');
        if (grown > 0) file.bytes = Buffer.concat([file.bytes], end);
        file.bytes.set(bytes, position);
        return ok(undefined);
      },
      sync: async () => {
        this.syncs++;
        const bytes = Buffer.from(file.bytes);
        await turn();
        if (this.failsSyncing) return fault('other');
        file.safe = bytes;
        return ok(undefined);
      },
      truncate: (bytes) => {
        file.bytes = Buffer.from(file.bytes.subarray(0, bytes));
        return ok(undefined);
      },
      standing: () => !this.folderGone && this.files.get(name) === file,
      close() {},
    };
  }
}

/** A clock whose timers run when the test lets time pass. */
export class HandClock implements Clock {
  #nowMs = 0;
  #timers: { readonly dueMs: number; readonly periodMs: number | null; readonly run: () => void }[] = [];

  now(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): { cancel(): void } {
    return this.#arm(delayMs, null, run);
  }

  every(periodMs: number, run: () => void): { cancel(): void } {
    return this.#arm(periodMs, periodMs, run);
  }

  #arm(delayMs: number, periodMs: number | null, run: () => void): { cancel(): void } {
    let timer = { dueMs: this.#nowMs + delayMs, periodMs, run };
    const fire = (): void => {
      if (periodMs !== null) timer = this.#add(this.#nowMs + periodMs, periodMs, fire);
      run();
    };
    timer = this.#add(timer.dueMs, periodMs, fire);
    return { cancel: () => void (this.#timers = this.#timers.filter((other) => other !== timer)) };
  }

  #add(dueMs: number, periodMs: number | null, run: () => void) {
    const timer = { dueMs, periodMs, run };
    this.#timers.push(timer);
    return timer;
  }

  /** Lets time pass, and everything that was under way come to rest. */
  async pass(ms: number): Promise<void> {
    await rest();
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = this.#timers.filter(({ dueMs }) => dueMs <= endMs).toSorted((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
      await rest();
    }
    this.#nowMs = endMs;
  }
}

/** All that was under way has come to rest: more turns than the longest chain of steps has. */
export async function rest(): Promise<void> {
  for (let n = 0; n < 40; n++) await turn();
}

interface End<Out, In> extends LedgerChannel<Out, In> {
  arrive(message: In): void;
  lost(): void;
}

/** Two ends of one way, as two threads would have them. */
export function channelPair(): { client: End<ToWriter, FromWriter>; writer: End<FromWriter, ToWriter> } {
  const client: End<ToWriter, FromWriter> = end(() => writer);
  const writer: End<FromWriter, ToWriter> = end(() => client);
  return { client, writer };
}

function end<Out, In>(other: () => End<In, Out>): End<Out, In> {
  let take: (message: In) => void = () => {};
  let closed = (): void => {};
  return {
    send: (message) => void setImmediate(() => other().arrive(message)),
    receive(onMessage, onClosed) {
      take = onMessage;
      closed = onClosed;
    },
    close: () => void setImmediate(() => other().lost()),
    arrive: (message) => take(message),
    lost: () => closed(),
  };
}

/** A log that is written: its disk, its writer, and one producer. */
export interface Bench {
  readonly disk: FakeDisk;
  readonly clock: HandClock;
  readonly writer: LedgerWriter;
  readonly client: LedgerClient;
  readonly alerts: Alert[];
  readonly conditions: readonly string[];
  readonly events: string[];
  /** How many producers the writer has done with. */
  readonly released: () => number;
  /** One more producer. */
  join(windowBytes?: number): Promise<LedgerClient>;
}

/** What a test may choose. */
export interface BenchOptions {
  readonly disk?: FakeDisk;
  readonly windowBytes?: number;
  readonly segmentBytes?: number;
}

/** The smallest ring there is. */
export const LEAST_WINDOW_BYTES = 128 * 1024;

/** Opens a log; throws the words where that can't be done. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const { disk = new FakeDisk(), windowBytes = LEAST_WINDOW_BYTES, segmentBytes } = options;
  const clock = new HandClock();
  const alerts: Alert[] = [];
  const events: string[] = [];
  const conditions: string[] = [];
  let released = 0;
  const opened = await LedgerWriter.open({
    segments: disk,
    clock,
    log: { write: (_level, event) => void events.push(event) },
    alert: (alert) => void alerts.push(alert),
    changed: ({ state, detail }) => void conditions.push(`${state} ${detail === null ? 'well' : 'because'}`),
    ...(segmentBytes === undefined ? {} : { segmentBytes }),
  });
  if (!opened.ok) throw new Error(opened.error);
  const writer = opened.value;
  const join = async (bytes = windowBytes): Promise<LedgerClient> => {
    const pair = channelPair();
    const ring = createRecordRing(bytes);
    const client = createLedgerClient({ channel: pair.client, ring });
    writer.attach(pair.writer, ring, () => void released++);
    await rest();
    return client;
  };
  return { disk, clock, writer, client: await join(), alerts, events, conditions, join, released: () => released };
}

/** A change of this number. */
export function change(n: number): LedgerRecord {
  const about = { author: 'test', action: 'change', target: `thing ${n}`, before: null, after: null };
  return { version: RECORD_VERSION, kind: 'change', id: `id-${n}`, at: n, ...about };
}

/** What a log holds: the targets of its changes in order, and the report. */
export async function contents(
  disk: Segments,
): Promise<{ readonly targets: readonly string[]; readonly report: LogReport }> {
  const targets: string[] = [];
  const read = await readLog(disk, { sinceMs: null, newest: null }, ({ record }) => {
    targets.push(record?.kind === 'change' ? record.target : (record?.kind ?? 'unreadable'));
  });
  if (!read.ok) throw new Error(read.error);
  return { targets, report: read.value };
}

/** The targets of the changes from one number up to, and without, another. */
export function targets(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, at) => `thing ${from + at}`);
}

/** A first segment as the first version of the format has it, with these records. */
export function oldLog(records: readonly string[]): string {
  let previous = NO_HASH;
  const place = { segment: 1, createdAt: 1, firstSequence: 1, previous, found: null };
  const header = JSON.stringify({ format: 'portcullis-ledger', version: 1, ...place }).slice(0, -1);
  const bodies = [header, ...records.map((record, at) => `{"sequence":${at + 1},"record":${record}`)];
  return bodies
    .map((body) => {
      previous = createHash('sha256')
        .update(previous + body)
        .digest('hex');
      return `${body},"hash":"${previous}"}\n`;
    })
    .join('');
}
