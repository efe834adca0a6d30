import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LedgerRecord } from '../base/index.ts';
import { ledgerContract } from '../ports/ledger-contract.ts';
import { change, channelPair, HandClock, openBench, rest } from './fake-log.test.ts';
import { createLedgerClient } from './ledger-client.ts';
import type { ToWriter } from './protocol.ts';

ledgerContract('the client of the ledger’s writer', async () => {
  const bench = await openBench({ windowBytes: 4 * 1024 * 1024 });
  const { client } = bench;
  return { ledger: client, shows: 1_000, close: async () => client.close() };
});

/** A client whose writer is the test. */
function alone() {
  const clock = new HandClock();
  const pair = channelPair();
  const sent: ToWriter[] = [];
  pair.writer.receive(
    (message) => void sent.push(message),
    () => {},
  );
  const client = createLedgerClient({ channel: pair.client, clock });
  return { clock, client, sent, writer: pair.writer };
}

function completion(id: string): LedgerRecord {
  const bytes = { requestBytes: 0, responseBytes: 2, durationUs: 5, upstreamUs: null, complete: true };
  return { version: 1, kind: 'completion', id, at: 2, status: 200, upstreamStatus: null, problem: null, ...bytes };
}

test('without credit nothing is taken, and nothing is sent', async () => {
  const { client, sent, clock } = alone();
  assert.equal(client.append(change(1)), false);
  await clock.pass(1_000);
  assert.deepEqual(sent, []);
  assert.deepEqual(client.newest(10), []);
});

test('no more is taken than the credit pays for, and what is sent says what it was taken on', async () => {
  const { client, sent, writer, clock } = alone();
  writer.send({ kind: 'grant', bytes: 1_000 });
  await rest();
  let taken = 0;
  while (client.append(change(taken))) taken++;
  assert.ok(taken >= 2 && taken < 10, String(taken));
  await clock.pass(5);
  const [batch] = sent;
  assert.ok(batch?.kind === 'batch' && sent.length === 1);
  assert.equal(batch.records, taken);
  assert.equal(batch.text.split('\n').length, taken + 1);
  assert.ok(batch.bytes <= 1_000 && batch.bytes >= batch.text.length + taken * 110, String(batch.bytes));
});

test('records of a few milliseconds go together, and many go at once', async () => {
  const { client, sent, writer, clock } = alone();
  writer.send({ kind: 'grant', bytes: 10_000_000 });
  await rest();
  client.append(change(1));
  client.append(change(2));
  await rest();
  assert.equal(sent.length, 0);
  await clock.pass(5);
  assert.equal(sent.length, 1);
  for (let n = 0; n < 1_000; n++) client.append(change(n));
  await rest();
  assert.ok(sent.length > 1);
});

test('the end of a request that was let in is always taken, waits for credit, and goes ahead of what is new', async () => {
  const { client, sent, writer, clock } = alone();
  assert.equal(client.append(completion('a')), true);
  writer.send({ kind: 'grant', bytes: 100 });
  await rest();
  assert.equal(client.append(change(1)), false, 'the one that waits comes first');
  writer.send({ kind: 'grant', bytes: 100_000 });
  await rest();
  assert.equal(client.append(change(1)), true);
  await clock.pass(5);
  const texts = sent.flatMap((message) => (message.kind === 'batch' ? message.text.trimEnd().split('\n') : []));
  assert.deepEqual(
    texts.map((text) => (JSON.parse(text) as { kind: string }).kind),
    ['completion', 'change'],
  );
});

test('those that wait are bounded', () => {
  const { client } = alone();
  let taken = 0;
  while (taken < 100_000 && client.append(completion(String(taken)))) taken++;
  assert.equal(taken, 16_384);
});

test('while the writer is halted only ends are taken, and go when it resumes', async () => {
  const { client, writer, sent, clock } = alone();
  writer.send({ kind: 'grant', bytes: 100_000 });
  writer.send({ kind: 'halt' });
  await rest();
  assert.equal(client.append(change(1)), false);
  assert.equal(client.append(completion('a')), true);
  await clock.pass(100);
  assert.equal(sent.length, 0);
  writer.send({ kind: 'resume' });
  await clock.pass(5);
  assert.equal(sent.length, 1);
  assert.equal(client.append(change(1)), true);
});

test('a flush waits for what was appended before it, and for no more', async () => {
  const { client, writer, sent } = alone();
  writer.send({ kind: 'grant', bytes: 100_000 });
  await rest();
  client.append(change(1));
  client.append(change(2));
  let done = false;
  const flushed = client.flush().then(() => (done = true));
  client.append(change(3));
  await rest();
  assert.deepEqual(
    sent.map(({ kind }) => kind),
    ['batch', 'flush'],
  );
  writer.send({ kind: 'acknowledged', records: 1 });
  await rest();
  assert.equal(done, false);
  writer.send({ kind: 'acknowledged', records: 1 });
  await flushed;
});

test('when the writer is gone nothing is taken and nobody waits', async () => {
  const { client, writer } = alone();
  writer.send({ kind: 'grant', bytes: 100_000 });
  await rest();
  client.append(change(1));
  const flushed = client.flush();
  writer.close();
  await flushed;
  assert.equal(client.append(change(2)), false);
  assert.equal(client.append(completion('a')), false);
  await client.ready();
});
