// No tests here: ledgers that this room's tests read. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { createLedgerClient, createRecordRing, type LedgerChannel, LedgerWriter } from '../audit/index.ts';
import { type LedgerRecord, ok, type Result } from '../base/index.ts';
import type { Clock, FileFault, Segment, Segments } from '../ports/index.ts';
import { NOW_MS } from './fake-context.test.ts';

const CLOCK: Clock = {
  now: () => NOW_MS,
  monotonic: () => 0,
  after: (_delayMs, run) => {
    const timer = setImmediate(run);
    return { cancel: () => clearImmediate(timer) };
  },
  every: () => ({ cancel() {} }),
};

/** Files in memory that never fail. */
export class MemorySegments implements Segments {
  readonly held = new Map<string, Buffer>();
  list = (): Promise<Result<readonly string[], FileFault>> => Promise.resolve(ok([...this.held.keys()]));
  remove = (): Promise<Result<void, FileFault>> => Promise.resolve(ok(undefined));
  open = (name: string): Promise<Result<Segment, FileFault>> => Promise.resolve(ok(this.#segment(name)));
  create(name: string): Promise<Result<Segment, FileFault>> {
    this.held.set(name, Buffer.alloc(0));
    return this.open(name);
  }

  #segment(name: string): Segment {
    const now = (): Buffer => this.held.get(name) ?? Buffer.alloc(0);
    return {
      name,
      size: () => ok(now().length),
      read: (position, target) => ok(now().copy(target, 0, position)),
      write: (position, bytes) => {
        const whole = Buffer.alloc(Math.max(now().length, position + bytes.length));
        now().copy(whole);
        whole.set(bytes, position);
        this.held.set(name, whole);
        return ok(undefined);
      },
      sync: () => Promise.resolve(ok(undefined)),
      truncate: (bytes) => ok(void this.held.set(name, now().subarray(0, bytes))),
      standing: () => true,
      close() {},
    };
  }
}

function channel<Out, In>(
  other: () => Partial<{ take: (message: Out) => void }>,
): LedgerChannel<Out, In> & Partial<{ take: (message: In) => void }> {
  const own: LedgerChannel<Out, In> & Partial<{ take: (message: In) => void }> = {
    send: (message) => void setImmediate(() => other().take?.(message)),
    receive: (take) => void (own.take = take),
    close() {},
  };
  return own;
}

/** A ledger that holds these records. */
export async function ledgerOf(records: readonly LedgerRecord[]): Promise<MemorySegments> {
  const segments = new MemorySegments();
  const opened = await LedgerWriter.open({ segments, clock: CLOCK, log: { write() {} }, alert() {} });
  assert.ok(opened.ok);
  type Ends = Parameters<typeof opened.value.attach>[0];
  const near: ReturnType<typeof channel> = channel(() => far);
  const far: ReturnType<typeof channel> = channel(() => near);
  const ring = createRecordRing(1024 * 1024);
  const client = createLedgerClient({ channel: near as never, ring });
  opened.value.attach(far as Ends, ring, () => {});
  await client.ready();
  for (const record of records) {
    assert.ok(client.append(record));
    // Each in a block of its own.
    await client.flush();
  }
  await turn();
  await opened.value.close();
  return segments;
}
