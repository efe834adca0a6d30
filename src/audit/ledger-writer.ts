import { err, ok, type Result } from '../base/index.ts';
import type { Alert, Clock, FileFault, Log, Segments, Timer } from '../ports/index.ts';
import { Chain, type SegmentFinding, segmentName } from './line.ts';
import { type Batch, Producer } from './producer.ts';
import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { recoverLog } from './recover.ts';
import { RESERVE_BYTES, ReservedSegment } from './reserved-segment.ts';

/** Records come together for so long before they are made safe: the disk is asked 50 times a second at most. */
const COMMIT_PERIOD_MS = 20;
/** How often the file is looked after when nothing comes, and a fault is tried again. */
const LOOK_PERIOD_MS = 1_000;
/** At this size a segment has an end: a file that is still handy, and is read within a second. */
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** So much may be written and not yet safe; a disk that hangs gets no more, and nobody more credit. */
const UNSAFE_LIMIT_BYTES = 16 * 1024 * 1024;
const DETAIL_LIMIT = 500;

/** How the writer is, as `LedgerWriter` explains; `detail` says why it is not sound. */
export interface LedgerCondition {
  readonly state: 'sound' | 'short' | 'broken';
  readonly detail: string | null;
}

/** What the writer works with. */
export interface LedgerWriterOptions {
  readonly segments: Segments;
  readonly clock: Clock;
  readonly log: Log;
  readonly alert: (alert: Alert) => void;
  /** Hears of each change; the writer begins sound. */
  readonly changed?: (condition: LedgerCondition) => void;
  /** A segment ends at about this size; 64 MiB unless said otherwise. */
  readonly segmentBytes?: number;
}

/**
 * Appends the records of all producers to one log, numbered and chained, and tells each what is safe. It writes at once,
 * so that the end of the process loses nothing that arrived, and asks the disk at most every 20 ms. `sound`: all is well;
 * `short`: the file is sound, but no space can be had beyond what is reserved; `broken`: the file can't be written or
 * is not where it was, and what was not acknowledged goes into a new one.
 */
export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  readonly #segmentBytes: number;
  readonly #producers = new Set<Producer>();
  #state: LedgerCondition['state'] = 'sound';
  #file: ReservedSegment | null = null;
  #segment = 0;
  #chain: Chain;
  /** The newest record that is safe, and the hash of its line. */
  #safe: { readonly sequence: number; readonly hash: string };
  /** Arrived, and not written. */
  #arrived: Batch[] = [];
  /** Written, and not safe. */
  #unsafe: Batch[] = [];
  /** Written to a file that is to be left: what arrives waits for the next one. */
  #held = false;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  readonly #look: Timer;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor(options: LedgerWriterOptions, start: { readonly sequence: number; readonly hash: string }) {
    this.#options = options;
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#chain = new Chain(start.sequence, start.hash);
    this.#safe = start;
    this.#look = options.clock.every(LOOK_PERIOD_MS, () => this.#plan(0));
  }

  /** Opens the log and goes on where it ended. The error says in words why nothing can be appended to it. */
  static async open(options: LedgerWriterOptions): Promise<Result<LedgerWriter, string>> {
    const recovered = await recoverLog(options.segments);
    if (!recovered.ok) return recovered;
    const { file, segment, position, sequence, hash, lineHash, found, torn } = recovered.value;
    const writer = new LedgerWriter(options, { sequence, hash });
    writer.#segment = segment;
    if (torn !== null) options.log.write('info', 'ledger.torn', 'an unfinished line was cut off', { detail: torn });
    if (found !== null) writer.#reportBreak(found);
    if (file === null) {
      const begun = await writer.#begin(found);
      return begun.ok ? ok(writer) : err(`the ledger can not be written: ${begun.error.detail}`);
    }
    const size = file.size();
    if (!size.ok) return err(`the ledger can not be read: ${size.error.detail}`);
    writer.#chain = new Chain(sequence, lineHash);
    writer.#file = new ReservedSegment(file, position, size.value);
    writer.#state = 'sound';
    await writer.#reserve();
    return ok(writer);
  }

  /** Lets somebody append; `windowBytes` is the credit they may have at once. */
  attach(channel: LedgerChannel<FromWriter, ToWriter>, windowBytes: number): void {
    const producer = new Producer(channel, windowBytes);
    this.#producers.add(producer);
    channel.receive(
      (message) => this.#receive(producer, message),
      () => void this.#producers.delete(producer),
    );
    this.#plan(0);
  }

  #receive(producer: Producer, message: ToWriter): void {
    if (message.kind === 'batch') {
      producer.spend(message.bytes);
      this.#arrived.push({ producer, text: message.text, records: message.records, bytes: message.bytes });
      this.#write();
    }
    const sinceMs = this.#options.clock.monotonic() - this.#lastCommitMs;
    this.#plan(message.kind === 'flush' ? 0 : COMMIT_PERIOD_MS - sinceMs);
  }

  /** Writes what has arrived, if there is a file to write to. */
  #write(): void {
    const file = this.#file;
    if (file === null || this.#held || this.#arrived.length === 0) return;
    let lines = '';
    for (const { text } of this.#arrived) {
      for (let start = 0, end = text.indexOf('\n'); end >= 0; start = end + 1, end = text.indexOf('\n', start)) {
        lines += this.#chain.append(text.slice(start, end));
      }
    }
    this.#unsafe.push(...this.#arrived.splice(0));
    const written = file.write(lines);
    if (!written.ok) this.#break(written.error);
  }

  /** Runs once in `delayMs`, or sooner where that is planned already; what is urgent follows a run that is under way. */
  #plan(delayMs: number): void {
    if (this.#closed) return;
    const urgent = delayMs <= 0;
    if (this.#running !== null) {
      this.#again ||= urgent;
      return;
    }
    if (this.#timer !== null && !urgent) return;
    this.#timer?.cancel();
    this.#timer = null;
    if (urgent) this.#start();
    else this.#timer = this.#options.clock.after(delayMs, () => this.#start());
  }

  #start(): void {
    this.#timer = null;
    this.#running = this.#run().finally(() => {
      this.#running = null;
      const again = this.#again;
      this.#again = false;
      if (again) this.#plan(0);
      else if (this.#state !== 'broken' && this.#unsafe.length > 0) this.#plan(COMMIT_PERIOD_MS);
    });
  }

  async #run(): Promise<void> {
    if (this.#state === 'broken') await this.#mend();
    if (this.#file !== null) await this.#commit(this.#file);
    if (this.#file !== null && this.#file.position >= this.#segmentBytes) await this.#rotate(this.#file);
    if (this.#file !== null) await this.#reserve();
    this.#grant();
  }

  /** Makes safe what is written by now, and says so to those whose it is. */
  async #commit(file: ReservedSegment): Promise<void> {
    this.#lastCommitMs = this.#options.clock.monotonic();
    const count = this.#unsafe.length;
    if (count === 0) return this.#check(file);
    const { sequence, hash } = this.#chain;
    const synced = await file.file.sync();
    // A write that failed meanwhile has taken all of it back.
    if (this.#file !== file) return;
    if (!synced.ok) return this.#break(synced.error);
    this.#check(file);
    if (this.#file !== file) return;
    this.#safe = { sequence, hash };
    const totals = new Map<Producer, number>();
    for (const { producer, records } of this.#unsafe.splice(0, count)) {
      totals.set(producer, (totals.get(producer) ?? 0) + records);
    }
    for (const [producer, records] of totals) producer.tell({ kind: 'acknowledged', records });
  }

  /** A file that was removed or moved takes every byte and keeps none of them in the ledger. */
  #check({ file }: ReservedSegment): void {
    if (file.standing()) return;
    this.#break({ reason: 'missing', detail: `${file.name} is no longer in the data folder` });
  }

  /** What all producers may spend, and one piece more, so that they need not wait for it. */
  get #wantedBytes(): number {
    let bytes = RESERVE_BYTES;
    for (const { windowBytes } of this.#producers) bytes += windowBytes;
    for (const batch of this.#arrived) bytes += batch.bytes;
    return bytes;
  }

  async #reserve(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    const reserved = await file.reserve(this.#wantedBytes);
    if (this.#file !== file) return;
    if (reserved.ok) this.#recovered();
    else if (reserved.error.whole) this.#short(reserved.error);
    else this.#break(reserved.error);
  }

  #grant(): void {
    const file = this.#file;
    if (file === null || this.#closed) return;
    let unsafeBytes = 0;
    for (const { bytes } of this.#unsafe) unsafeBytes += bytes;
    if (unsafeBytes > UNSAFE_LIMIT_BYTES) return;
    let freeBytes = file.freeBytes;
    for (const { outstandingBytes } of this.#producers) freeBytes -= outstandingBytes;
    for (const { bytes } of this.#arrived) freeBytes -= bytes;
    for (const producer of this.#producers) freeBytes -= producer.grant(freeBytes);
  }

  /** Goes on in a new segment, whose space stands before the old one is left. */
  async #rotate(old: ReservedSegment): Promise<void> {
    const next = await this.#prepare();
    if (!next.ok) return this.#short(next.error);
    this.#held = true;
    await this.#commit(old);
    this.#held = false;
    if (this.#file !== old) {
      next.value.file.close();
      return;
    }
    this.#enter(next.value, null);
    const ended = await old.end();
    if (!ended.ok) this.#warn('an earlier segment could not be closed well', ended.error);
  }

  /** Begins a new segment behind what is safe. */
  async #begin(found: SegmentFinding | null): Promise<Result<void, FileFault>> {
    const next = await this.#prepare();
    if (!next.ok) return next;
    this.#enter(next.value, found);
    if (this.#file === null) return err({ reason: 'other', detail: `${next.value.file.name} could not be begun` });
    const synced = await next.value.file.sync();
    if (!synced.ok) this.#break(synced.error);
    return synced;
  }

  /** The next segment, with its space and without its header; it takes a number, whatever becomes of it. */
  async #prepare(): Promise<Result<ReservedSegment, FileFault>> {
    const { segments } = this.#options;
    const name = segmentName(this.#segment + 1);
    const created = await segments.create(name);
    if (!created.ok) {
      if (created.error.reason === 'exists') this.#segment++;
      return created;
    }
    const file = new ReservedSegment(created.value, 0, 0);
    const reserved = await file.reserve(this.#wantedBytes);
    if (reserved.ok) {
      this.#segment++;
      return ok(file);
    }
    created.value.close();
    await segments.remove(name);
    return reserved;
  }

  #enter(file: ReservedSegment, found: SegmentFinding | null): void {
    this.#chain = new Chain(this.#safe.sequence, this.#safe.hash);
    const header = file.write(this.#chain.begin(this.#segment, this.#options.clock.now(), found));
    if (!header.ok) return this.#break(header.error);
    this.#file = file;
    this.#write();
    if (this.#file === file) this.#recovered();
  }

  async #mend(): Promise<void> {
    const detail = `${segmentName(this.#segment)}: writing failed; what stands behind record ${this.#safe.sequence} in it is repeated here`;
    const begun = await this.#begin({ kind: 'unwritten', detail });
    if (!begun.ok) this.#warn('the ledger can still not be written', begun.error);
  }

  /** Nothing is known of what was not acknowledged: it is taken back, to be written elsewhere under the same numbers. */
  #break(fault: FileFault): void {
    this.#file?.file.close();
    this.#file = null;
    this.#arrived = [...this.#unsafe.splice(0), ...this.#arrived];
    if (this.#state === 'broken') return;
    this.#change('broken', fault);
    for (const producer of this.#producers) producer.tell({ kind: 'halt' });
    this.#alarm('file', 'the ledger can not be written, requests are refused', fault);
  }

  #short(fault: FileFault): void {
    if (this.#state !== 'sound') return;
    this.#change('short', fault);
    this.#alarm('space', 'the ledger gets no more space; requests are refused when what is reserved is used up', fault);
  }

  #recovered(): void {
    const before = this.#state;
    if (before === 'sound') return;
    this.#change('sound', null);
    if (before === 'broken') for (const producer of this.#producers) producer.tell({ kind: 'resume' });
    this.#options.log.write('info', 'ledger.written', 'the ledger can be written', { segment: this.#segment });
  }

  #change(state: LedgerCondition['state'], fault: FileFault | null): void {
    this.#state = state;
    this.#options.changed?.({ state, detail: fault === null ? null : fault.detail.slice(0, DETAIL_LIMIT) });
  }

  #alarm(key: string, message: string, { detail }: FileFault): void {
    const fields = { detail: detail.slice(0, DETAIL_LIMIT) };
    this.#options.alert({ kind: 'ledger.fault', key, severity: 'critical', message, fields });
  }

  #warn(message: string, { detail }: FileFault): void {
    this.#options.log.write('warn', 'ledger.fault', message, { detail: detail.slice(0, DETAIL_LIMIT) });
  }

  #reportBreak({ detail }: SegmentFinding): void {
    const message =
      'the chain of the ledger does not hold; it goes on in a new segment, and what was found stays as it is';
    this.#alarm('chain', message, { reason: 'other', detail });
  }

  /** Makes safe what has arrived and gives back the space. Afterwards nothing is taken; an error says what was lost. */
  async close(): Promise<Result<void, string>> {
    this.#closed = true;
    this.#look.cancel();
    this.#timer?.cancel();
    await this.#running;
    if (this.#state === 'broken') await this.#mend();
    this.#write();
    if (this.#file !== null) await this.#commit(this.#file);
    const file = this.#file;
    this.#file = null;
    const lost = [...this.#arrived, ...this.#unsafe].reduce((sum, { records }) => sum + records, 0);
    const ended = file === null ? ok(undefined) : await file.end();
    if (lost > 0) return err(`${lost} records could not be written`);
    return ended.ok ? ok(undefined) : err(ended.error.detail);
  }
}
