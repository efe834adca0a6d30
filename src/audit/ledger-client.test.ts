import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerRecord } from '../base/index.ts';
import { ledgerContract } from '../ports/ledger-contract.ts';
import { change, channelPair, LEAST_WINDOW_BYTES, openBench, rest } from './fake-log.test.ts';
import { createLedgerClient } from './ledger-client.ts';
import { BLOCK_LINE_BYTES } from './line.ts';
import type { ToWriter } from './protocol.ts';
import { createRecordRing, RingConsumer } from './record-ring.ts';
import { decodeRecord } from './record-text.ts';

const WINDOW_BYTES = LEAST_WINDOW_BYTES;
const QUARTER = WINDOW_BYTES / 4;

ledgerContract('the client of the ledger’s writer', async () => {
  const bench = await openBench({ windowBytes: 4 * 1024 * 1024 });
  const { client } = bench;
  return { ledger: client, shows: 1_000, close: async () => client.close() };
});

/** A client whose writer is the test. */
function alone() {
  const pair = channelPair();
  const ring = createRecordRing(WINDOW_BYTES);
  const sent: ToWriter['kind'][] = [];
  pair.writer.receive(
    ({ kind }) => void sent.push(kind),
    () => void sent.push('flush'),
  );
  const client = createLedgerClient({ channel: pair.client, ring });
  const consumer = new RingConsumer(ring);
  const stage = Buffer.alloc(WINDOW_BYTES);
  /** What has come by now, and was not taken out before; its room is given back. */
  const taken = (): readonly LedgerRecord[] => {
    const before = consumer.taken.position;
    consumer.take(stage, 0, stage.length);
    consumer.release(consumer.taken);
    const text = stage.toString('latin1', 0, consumer.taken.position - before);
    return text === ''
      ? []
      : text
          .trimEnd()
          .split('\n')
          .flatMap((line) => decodeRecord(line) ?? []);
  };
  const grant = async (bytes: number): Promise<void> => {
    assert.equal(consumer.grant(bytes), bytes);
    if (consumer.wantsWord()) pair.writer.send({ kind: 'room' });
    await rest();
  };
  return { client, sent, writer: pair.writer, consumer, taken, grant };
}

function completion(id: string): LedgerRecord {
  const bytes = {
    requestBytes: 0,
    responseBytes: 2,
    durationUs: 5,
    upstreamUs: null,
    grpcStatus: null,
    originalHash: null,
    cleaned: null,
    receivedHash: null,
    policy: null,
    rule: null,
    complete: true,
  };
  return { version: 1, kind: 'completion', id, at: 2, status: 200, upstreamStatus: null, problem: null, ...bytes };
}

/** Appends changes until none is taken; gives how many were. */
function fill({ client }: Pick<ReturnType<typeof alone>, 'client'>): number {
  let count = 0;
  while (client.append(change(count))) count++;
  return count;
}

test('without credit nothing is taken, and nobody is called', async () => {
  const { client, sent, taken } = alone();
  assert.equal(client.append(change(1)), false);
  await rest();
  assert.deepEqual([sent, taken(), client.newest(10)], [[], [], []]);
});

test('no more is taken than the credit pays for, the end of its block included', async () => {
  const bench = alone();
  await bench.grant(QUARTER);
  const count = fill(bench);
  const records = bench.taken();
  assert.equal(records.length, count);
  let paid = 0;
  for (const record of records) paid += JSON.stringify(record).length + 1 + BLOCK_LINE_BYTES;
  assert.ok(paid <= QUARTER && paid > QUARTER - 500, String(paid));
});

test('who was asleep is called once, however many come, and again when it has slept again', async () => {
  const { client, sent, consumer, grant } = alone();
  await grant(WINDOW_BYTES);
  client.append(change(0));
  await rest();
  assert.deepEqual(sent, []);
  for (let round = 1; round <= 2; round++) {
    consumer.sleep(true);
    for (let n = 0; n < 5; n++) client.append(change(n));
    await rest();
    assert.equal(sent.length, round);
  }
});

test('when half of the room is used the writer is called, once until there is more', async () => {
  const bench = alone();
  const { sent, grant, taken } = bench;
  await grant(WINDOW_BYTES);
  fill(bench);
  await rest();
  assert.deepEqual(sent, ['wake']);
  taken();
  await grant(WINDOW_BYTES - QUARTER);
  fill(bench);
  await rest();
  assert.deepEqual(sent, ['wake', 'wake']);
});

test('the end of a request that was let in is always taken, waits for credit, and goes ahead of what is new', async () => {
  const { client, grant, taken } = alone();
  assert.equal(client.append(completion('a')), true);
  assert.equal(client.append(change(1)), false, 'the one that waits comes first');
  assert.deepEqual(client.newest(10), [completion('a')]);
  await grant(QUARTER);
  assert.equal(client.append(change(1)), true);
  assert.deepEqual(taken(), [completion('a'), change(1)]);
});

test('the end of a request finds credit that comes at the same moment', async () => {
  const bench = alone();
  const { client, grant, taken, consumer } = bench;
  await grant(QUARTER);
  const count = fill(bench);
  taken();
  // The writer gives credit between the look and the wish to be told: nobody tells, and yet it goes.
  consumer.wantsWord();
  const record = { ...completion('a') };
  Object.defineProperty(record, 'status', {
    enumerable: true,
    get: () => {
      consumer.grant(QUARTER);
      return 200;
    },
  });
  assert.equal(client.append(record), true);
  await rest();
  const [first, ...more] = taken();
  assert.deepEqual([first?.id, more, count > 0], ['a', [], true]);
});

test('those that wait are bounded', () => {
  const { client } = alone();
  let taken = 0;
  while (taken < 100_000 && client.append(completion(String(taken)))) taken++;
  assert.equal(taken, 16_384);
});

test('while the writer is halted only ends are taken, and go when it resumes', async () => {
  const { client, writer, consumer, grant, taken } = alone();
  await grant(QUARTER);
  consumer.halt(true);
  assert.equal(client.append(change(1)), false);
  assert.equal(client.append(completion('a')), true);
  await rest();
  assert.deepEqual(taken(), []);
  consumer.halt(false);
  assert.ok(consumer.wantsWord(), 'it waits to be told');
  writer.send({ kind: 'room' });
  await rest();
  assert.equal(client.append(change(1)), true);
  assert.deepEqual(taken(), [completion('a'), change(1)]);
});

test('a flush waits for what was appended before it, and for no more', async () => {
  const { client, writer, sent, grant } = alone();
  await grant(QUARTER);
  client.append(change(1));
  client.append(change(2));
  let done = false;
  const flushed = client.flush().then(() => (done = true));
  client.append(change(3));
  await rest();
  assert.deepEqual(sent, ['wake', 'flush']);
  writer.send({ kind: 'acknowledged', records: 1 });
  await rest();
  assert.equal(done, false);
  writer.send({ kind: 'acknowledged', records: 2 });
  await flushed;
});

test('a flush waits for what has no credit yet, and asks again when it has', async () => {
  const { client, writer, sent, grant } = alone();
  client.append(completion('a'));
  let done = false;
  const flushed = client.flush().then(() => (done = true));
  writer.send({ kind: 'acknowledged', records: 0 });
  await rest();
  assert.equal(done, false);
  await grant(WINDOW_BYTES);
  assert.deepEqual(sent, ['flush', 'flush']);
  writer.send({ kind: 'acknowledged', records: 1 });
  await flushed;
});

test('newest shows what is still in the ring, in order, also over its end', async () => {
  const { client, grant, taken, consumer } = alone();
  await grant(WINDOW_BYTES);
  for (let n = 0; n < 5_000; n++) {
    assert.equal(client.append(change(n)), true);
    taken();
    consumer.grant(WINDOW_BYTES);
    // All that is there takes long to read; the newest few are over the end of the ring as often.
    const isWhole = n % 7 === 0;
    const shown = client.newest(isWhole ? 1_000 : 8);
    const first = n + 1 - shown.length;
    assert.ok(shown.length > Math.min(n, isWhole ? 300 : 7), String(shown.length));
    if (isWhole && n % 91 !== 0) continue;
    assert.deepEqual(
      shown,
      Array.from({ length: shown.length }, (_, at) => change(first + at)),
    );
  }
});

test('when the writer is gone nothing is taken and nobody waits', async () => {
  const { client, writer, grant } = alone();
  await grant(QUARTER);
  client.append(change(1));
  const flushed = client.flush();
  writer.close();
  await flushed;
  assert.equal(client.append(change(2)), false);
  assert.equal(client.append(completion('a')), false);
  await client.ready();
});
