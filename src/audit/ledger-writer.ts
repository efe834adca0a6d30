import { err, ok, type Result } from '../base/index.ts';
import type { Clock, FileFault, Segments, Timer } from '../ports/index.ts';
import { ConditionTeller, type LedgerAudience } from './ledger-condition.ts';
import { BLOCK_LIMIT_BYTES, BLOCK_LINE_BYTES, Chain, HASH_LENGTH, type SegmentFinding, segmentName } from './line.ts';
import { Producer } from './producer.ts';
import type { FromWriter, LedgerChannel, ToWriter } from './protocol.ts';
import { type Recovered, recoverLog } from './recover.ts';
import { RESERVE_BYTES, ReservedSegment } from './reserved-segment.ts';
import { SegmentSeries } from './segment-series.ts';

/** So often the rings are emptied while something comes: of the 50 ms that the end of the process may lose, ten are for being late. */
const WRITE_PERIOD_MS = 40;
/** So often at most what is written is made safe: each time costs the disk, and this thread, as much as hundreds of records. */
const COMMIT_PERIOD_MS = 40;
/** How often the file is looked after when nothing comes, and a fault is tried again. */
const LOOK_PERIOD_MS = 1_000;
/** At this size a segment has an end: a file that is still handy, and is read within a second. */
const SEGMENT_BYTES = 64 * 1024 * 1024;

/** What the writer works with. */
export interface LedgerWriterOptions extends LedgerAudience {
  readonly segments: Segments;
  readonly clock: Clock;
  /** A segment ends at about this size; 64 MiB unless said otherwise. */
  readonly segmentBytes?: number;
}

/**
 * Appends the records of all producers to one log, numbered and chained, and tells each what is safe. It empties their
 * rings every 40 ms while something comes, so that the end of the process loses no more, asks the disk no more often
 * unless somebody waits, and sleeps while nothing comes. A record stays in its ring until it is safe. `sound`: all
 * is well; `short`: the file is sound, but no space can be had beyond what is reserved; `broken`: the file can't be
 * written or is not where it was, and what was not acknowledged goes into a new one.
 */
export class LedgerWriter {
  readonly #clock: Clock;
  readonly #condition: ConditionTeller;
  readonly #segments: SegmentSeries;
  readonly #segmentBytes: number;
  readonly #producers = new Set<Producer>();
  /** Where a block is put together, behind the hash of the one before. */
  readonly #stage = Buffer.alloc(HASH_LENGTH + BLOCK_LIMIT_BYTES);
  #file: ReservedSegment | null = null;
  #chain: Chain;
  /** The newest record that is safe, and the hash of its block. */
  #safe: { readonly sequence: number; readonly hash: string };
  /** Written to a file that is to be left: what comes waits for the next one. */
  #held = false;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  readonly #look: Timer;
  #lastCommitMs = Number.NEGATIVE_INFINITY;
  /** The next segment is not tried before. */
  #rotatesFromMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  private constructor(options: LedgerWriterOptions, { segment, sequence, hash, linkHash }: Recovered) {
    this.#clock = options.clock;
    this.#condition = new ConditionTeller(options);
    this.#segments = new SegmentSeries(options.segments, segment);
    this.#segmentBytes = options.segmentBytes ?? SEGMENT_BYTES;
    this.#chain = new Chain(sequence, linkHash);
    this.#safe = { sequence, hash };
    this.#look = options.clock.every(LOOK_PERIOD_MS, () => this.#hurry());
  }

  /** Opens the log and goes on where it ended. The error says in words why nothing can be appended to it. */
  static async open(options: LedgerWriterOptions): Promise<Result<LedgerWriter, string>> {
    const recovered = await recoverLog(options.segments);
    if (!recovered.ok) return recovered;
    const { file, position, found, torn } = recovered.value;
    const writer = new LedgerWriter(options, recovered.value);
    writer.#condition.found(torn, found);
    if (file === null) {
      const begun = await writer.#begin(found);
      return begun.ok ? ok(writer) : err(`the ledger can not be written: ${begun.error.detail}`);
    }
    const size = file.size();
    if (!size.ok) return err(`the ledger can not be read: ${size.error.detail}`);
    writer.#file = new ReservedSegment(file, position, size.value);
    await writer.#reserve();
    return ok(writer);
  }

  /**
   * Lets somebody append by a ring of its own, whose size is the credit that it may have at once. `released` is called
   * when its channel is closed and all that it has left in the ring is safe: the ring is not looked at any more.
   */
  attach(channel: LedgerChannel<FromWriter, ToWriter>, ring: SharedArrayBuffer, released: () => void): void {
    const producer = new Producer(channel, ring, released);
    if (this.#condition.state === 'broken') producer.halt(true);
    this.#producers.add(producer);
    channel.receive(
      (message) => this.#receive(producer, message),
      () => {
        producer.ring.end();
        this.#wake();
      },
    );
    this.#hurry();
  }

  #receive(producer: Producer, message: ToWriter): void {
    switch (message.kind) {
      case 'wake':
        this.#wake();
        return;
      case 'flush':
        producer.flush();
        this.#hurry();
    }
  }

  #wake(): void {
    if (this.#closed) return;
    for (const { ring } of this.#producers) ring.sleep(false);
    this.#beat();
  }

  /** Empties the rings, and again in 40 ms, until nothing comes and all is safe. Without a file the next look does it. */
  #beat(): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = null;
    this.#write();
    if (this.#file === null) return;
    const sinceMs = this.#clock.monotonic() - this.#lastCommitMs;
    if (this.#hasUnsafe && sinceMs >= COMMIT_PERIOD_MS && this.#running === null) this.#start();
    if (this.#hasUnsafe || !this.#sleep()) {
      this.#timer ??= this.#clock.after(WRITE_PERIOD_MS, () => this.#beat());
    }
  }

  /** Whether it may sleep: from now on the first record of each producer calls, and none came just before. */
  #sleep(): boolean {
    for (const { ring } of this.#producers) ring.sleep(true);
    for (const { ring } of this.#producers) if (ring.waiting > 0) return false;
    return true;
  }

  /** Whether something is to be made safe, or to be forgotten. */
  get #hasUnsafe(): boolean {
    for (const { ring } of this.#producers) if (ring.ended || ring.unreleased > 0) return true;
    return false;
  }

  /** Writes what stands in the rings, in blocks, if there is a file to write to. Nobody gets new credit meanwhile, so this ends. */
  #write(): void {
    while (this.#file !== null && !this.#held) {
      const stage = this.#stage;
      let end = HASH_LENGTH;
      let records = 0;
      for (const { ring } of this.#producers) {
        const before = ring.taken.position;
        records += ring.take(stage, end, stage.length - BLOCK_LINE_BYTES - end);
        end += (ring.taken.position - before) | 0;
      }
      if (records === 0) return;
      const sealed = this.#chain.seal(stage, end, records);
      const written = this.#file.write(stage.subarray(HASH_LENGTH, sealed));
      if (!written.ok) this.#break(written.error);
    }
  }

  /** Makes all safe now; after what is under way, if something is. */
  #hurry(): void {
    if (this.#closed) return;
    if (this.#running === null) this.#start();
    else this.#again = true;
  }

  #start(): void {
    this.#running = this.#run().finally(() => {
      this.#running = null;
      const again = this.#again;
      this.#again = false;
      if (again) this.#hurry();
      else if (this.#timer === null) this.#beat();
    });
  }

  async #run(): Promise<void> {
    if (this.#condition.state === 'broken') {
      // Threads may come and go for as long as the fault lasts, and the next segment has space for each that is here.
      this.#releaseGone();
      await this.#mend();
    }
    this.#write();
    if (this.#file !== null) await this.#commit(this.#file);
    if (this.#file !== null && this.#mustRotate(this.#file)) await this.#rotate(this.#file);
    if (this.#file !== null) await this.#reserve();
    this.#grant();
  }

  /** Makes safe what is written by now, and says so to those whose it is. */
  async #commit(file: ReservedSegment): Promise<void> {
    this.#lastCommitMs = this.#clock.monotonic();
    const marked = [...this.#producers];
    for (const producer of marked) producer.mark();
    const { sequence, hash } = this.#chain;
    if (sequence > this.#safe.sequence) {
      const synced = await file.file.sync();
      // A write that failed meanwhile has taken all of it back.
      if (this.#file !== file) return;
      if (!synced.ok) return this.#break(synced.error);
    }
    this.#check(file);
    if (this.#file !== file) return;
    if (sequence > this.#safe.sequence) this.#safe = { sequence, hash };
    for (const producer of marked) {
      producer.acknowledge();
      producer.report();
    }
    this.#releaseGone();
  }

  /** Lets go of those that have gone and left nothing. Not while a commit is under way, which looks at them once more. */
  #releaseGone(): void {
    for (const producer of this.#producers) {
      if (!producer.ring.ended || producer.ring.unreleased > 0) continue;
      this.#producers.delete(producer);
      producer.released();
    }
  }

  /** A file that was removed or moved takes every byte and keeps none of them in the ledger. */
  #check({ file }: ReservedSegment): void {
    if (file.standing()) return;
    this.#break({ reason: 'missing', detail: `${file.name} is no longer in the data folder` });
  }

  /** What all producers may spend, and one piece more, so that they need not wait for it. */
  get #wantedBytes(): number {
    let bytes = RESERVE_BYTES;
    for (const { ring } of this.#producers) bytes += ring.capacityBytes;
    return bytes;
  }

  async #reserve(): Promise<void> {
    const file = this.#file;
    if (file === null) return;
    const reserved = await file.reserve(this.#wantedBytes);
    if (this.#file !== file) return;
    if (reserved.ok) this.#recovered();
    else if (reserved.error.whole) this.#condition.short(reserved.error);
    else this.#break(reserved.error);
  }

  #grant(): void {
    const file = this.#file;
    if (file === null || this.#closed) return;
    let freeBytes = file.freeBytes;
    for (const { ring } of this.#producers) freeBytes -= ring.outstandingBytes;
    for (const producer of this.#producers) freeBytes -= producer.grant(freeBytes);
  }

  /** Where there was no space for the next segment, not again at once: each try fills the disk for a moment. */
  #mustRotate({ position }: ReservedSegment): boolean {
    return position >= this.#segmentBytes && this.#clock.monotonic() >= this.#rotatesFromMs;
  }

  /** Goes on in a new segment, whose space stands before the old one is left. */
  async #rotate(old: ReservedSegment): Promise<void> {
    const next = await this.#segments.prepare(this.#wantedBytes);
    if (!next.ok) {
      this.#rotatesFromMs = this.#clock.monotonic() + LOOK_PERIOD_MS;
      return this.#condition.warn('the next segment can not be begun yet, this one goes on', next.error);
    }
    this.#held = true;
    await this.#commit(old);
    this.#held = false;
    if (this.#file !== old) return this.#segments.discard(next.value);
    this.#enter(next.value, null);
    if (this.#file !== next.value) await this.#segments.discard(next.value);
    const ended = await old.end();
    if (!ended.ok) this.#condition.warn('an earlier segment could not be closed well', ended.error);
  }

  /** Begins a new segment behind what is safe. */
  async #begin(found: SegmentFinding | null): Promise<Result<void, FileFault>> {
    const next = await this.#segments.prepare(this.#wantedBytes);
    if (!next.ok) return next;
    this.#enter(next.value, found);
    if (this.#file === null) {
      await this.#segments.discard(next.value);
      return err({ reason: 'other', detail: `${next.value.file.name} could not be begun` });
    }
    const synced = await next.value.file.sync();
    if (!synced.ok) this.#break(synced.error);
    return synced;
  }

  #enter(file: ReservedSegment, found: SegmentFinding | null): void {
    this.#chain = new Chain(this.#safe.sequence, this.#safe.hash);
    const line = this.#chain.begin(this.#segments.newest, this.#clock.now(), found);
    const header = file.write(Buffer.from(line, 'latin1'));
    if (!header.ok) return this.#break(header.error);
    this.#file = file;
    this.#write();
  }

  async #mend(): Promise<void> {
    const detail = `${segmentName(this.#segments.newest)}: writing failed; what stands behind record ${this.#safe.sequence} in it is repeated here`;
    const begun = await this.#begin({ kind: 'unwritten', detail });
    if (!begun.ok) this.#condition.warn('the ledger can still not be written', begun.error);
  }

  /** Nothing is known of what was not acknowledged: it is taken back, to be written elsewhere under the same numbers. */
  #break(fault: FileFault): void {
    this.#file?.file.close();
    this.#file = null;
    for (const producer of this.#producers) producer.rewind();
    if (this.#condition.state === 'broken') return;
    for (const producer of this.#producers) producer.halt(true);
    this.#condition.break(fault);
  }

  #recovered(): void {
    const before = this.#condition.recover(this.#segments.newest);
    if (before === 'broken') for (const producer of this.#producers) producer.halt(false);
  }

  /** Makes safe what has arrived and gives back the space. Afterwards nothing is taken; an error says what was lost. */
  async close(): Promise<Result<void, string>> {
    this.#closed = true;
    this.#look.cancel();
    this.#timer?.cancel();
    await this.#running;
    if (this.#condition.state === 'broken') await this.#mend();
    this.#write();
    if (this.#file !== null) await this.#commit(this.#file);
    const file = this.#file;
    this.#file = null;
    let lost = 0;
    for (const { ring } of this.#producers) lost += ring.unreleased;
    const ended = file === null ? ok(undefined) : await file.end();
    if (lost > 0) return err(`${lost} records could not be written`);
    return ended.ok ? ok(undefined) : err(ended.error.detail);
  }
}
