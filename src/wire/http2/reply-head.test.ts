import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyHead, ReplyHeadReading } from '../reply-head.ts';
import { entry, FAULTS, type Pair } from './block-fixture.test.ts';
import { ReplyBlock } from './reply-head.ts';

const block = new ReplyBlock();

function read(pairs: readonly Pair[], method = 'GET', ended = false): ReplyHeadReading {
  block.clear();
  for (const pair of pairs) block.field(entry(pair));
  return block.read(method, ended);
}

function good(pairs: readonly Pair[], method?: string, ended?: boolean): ReplyHead {
  const reading = read(pairs, method, ended);
  assert.ok(reading.fault === null, `${JSON.stringify(pairs)}: ${reading.fault}`);
  return reading;
}

const OK: Pair = [':status', '200'];

test('a reply is read into its parts, without what no client gets', () => {
  const { fields, ...parts } = good([
    OK,
    ['content-type', 'text/plain'],
    ['server', 'secret/1.0'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['content-length', '5'],
  ]);
  const lines = 'content-type: text/plain\r\nserver: secret/1.0\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n';
  assert.deepEqual(parts, {
    fault: null,
    status: 200,
    framing: { kind: 'length', bytes: 5 },
    announcedLength: 5,
    keepAlive: true,
    idleMs: null,
    bytes: lines.length + 'content-length: 5\r\n'.length,
  });
  assert.equal(fields.keptLines(), lines.replace('server: secret/1.0\r\n', ''));
});

test('a body ends where the length says, or with the stream', () => {
  const length = (value: string): Pair => ['content-length', value];
  assert.deepEqual(good([OK]).framing, { kind: 'chunked' });
  assert.deepEqual(good([OK], 'GET', true).framing, { kind: 'none' });
  assert.deepEqual(good([OK, length('0')]).framing, { kind: 'none' });
  assert.deepEqual(good([OK, length('0')], 'GET', true).announcedLength, 0);
  const head = good([OK, length('7')], 'HEAD', true);
  assert.deepEqual([head.framing, head.announcedLength], [{ kind: 'none' }, 7]);
  const unchanged = good([[':status', '304'], length('7')]);
  assert.deepEqual([unchanged.framing, unchanged.announcedLength], [{ kind: 'none' }, 7]);
  assert.equal(good([OK]).announcedLength, null);
  assert.deepEqual(read([OK, length('7')], 'GET', true), { fault: 'content-length-mismatch' });
});

test('a status is three digits from 100 to 599, alone and first', () => {
  for (const status of ['100', '103', '200', '599']) assert.equal(good([[':status', status]]).status, Number(status));
  for (const status of ['', '20', '2000', '099', '600', '101', '2x0', '+20', ' 200', '-20'])
    assert.deepEqual(read([[':status', status]]), { fault: 'malformed-pseudo-header' }, status);
  const faulty: readonly (readonly Pair[])[] = [
    [],
    [['x', '1']],
    [['x', '1'], OK],
    [OK, OK],
    [OK, ['x', '1'], OK],
    [OK, [':path', '/']],
    [[':method', 'GET'], OK],
  ];
  for (const pairs of faulty) assert.notEqual(read(pairs).fault, null, JSON.stringify(pairs));
});

test('an interim reply does not end the stream', () => {
  assert.deepEqual(read([[':status', '103']], 'GET', true), { fault: 'interim reply that ends the stream' });
});

test('a head whose framing or fields are in doubt is a fault', () => {
  const length = (value: string): Pair => ['content-length', value];
  for (const pairs of [[length('5'), length('5')], [length('5'), length('6')], [length('05')], [length('')]])
    assert.deepEqual(read([OK, ...pairs]), { fault: 'invalid-content-length' });
  assert.deepEqual(read([OK, ['transfer-encoding', 'chunked', FAULTS.connection]]), {
    fault: 'connection-specific-field',
  });
  assert.deepEqual(read([OK, ['X', '1', FAULTS.upperCase], ['content-length', 'x']]), { fault: 'malformed-header' });
});

test('the bounds of a head are allowed, and one more is not', () => {
  const many = (count: number): Pair[] => Array.from({ length: count }, () => ['x', '1']);
  assert.equal(good([OK, ...many(100)]).fields.size, 100);
  assert.notEqual(read([OK, ...many(101)]).fault, null);
  assert.equal(good([OK, ['x', 'v'.repeat(16_384 - 5)]]).bytes, 16_384);
  assert.notEqual(read([OK, ['x', 'v'.repeat(16_384 - 4)]]).fault, null);
});

test('nothing of one block is in the next', () => {
  read([OK, ['x', '1'], ['content-length', '5']]);
  read([OK, ['x', '\r', FAULTS.lineBreak]]);
  const { fields, announcedLength } = good([OK]);
  assert.deepEqual([fields.size, announcedLength], [0, null]);
});
