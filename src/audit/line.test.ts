import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { oldLog } from './fake-log.test.ts';
import {
  BLOCK_LINE_BYTES,
  Chain,
  claimedBy,
  HASH_LENGTH,
  isRecordLine,
  NO_HASH,
  readBlockLine,
  readHeaderLine,
  readOldRecordLine,
  segmentName,
  segmentNumber,
} from './line.ts';

const RECORD = '{"version":1,"kind":"change"}';

/** As the guide tells people to compute it: of the hash before, and all text up to the hash that it is. */
function hashOf(previous: string, text: string): string {
  return createHash('sha256')
    .update(previous + text.slice(0, text.lastIndexOf(',"hash"')))
    .digest('hex');
}

/** One block of these lines. */
function sealed(chain: Chain, lines: readonly string[]): string {
  const text = lines.map((line) => `${line}\n`).join('');
  const stage = Buffer.alloc(HASH_LENGTH + text.length + BLOCK_LINE_BYTES, '#');
  stage.write(text, HASH_LENGTH, 'latin1');
  const end = chain.seal(stage, HASH_LENGTH + text.length, lines.length);
  return stage.toString('latin1', HASH_LENGTH, end);
}

test('the hash of a header and of a block is the one that the guide describes', () => {
  const chain = new Chain(0, NO_HASH);
  let previous = NO_HASH;
  for (const text of [chain.begin(1, 1, null), sealed(chain, [RECORD, RECORD]), sealed(chain, [RECORD])]) {
    const { hash } = JSON.parse(text.trimEnd().split('\n').at(-1) ?? '') as { hash: string };
    assert.equal(hash, hashOf(previous, text));
    previous = hash;
  }
  assert.equal(chain.hash, previous);
});

test('the line that ends a block numbers its records on, and has room however high they are', () => {
  for (const sequence of [0, 6, Number.MAX_SAFE_INTEGER - 2]) {
    const chain = new Chain(sequence, NO_HASH);
    const [, , line = ''] = sealed(chain, [RECORD, RECORD]).split('\n');
    assert.ok(line.length < BLOCK_LINE_BYTES);
    const read = readBlockLine(line);
    assert.deepEqual([read?.first, read?.last, read?.hash], [sequence + 1, sequence + 2, chain.hash]);
    assert.ok(line.startsWith(`${read?.body},`));
    for (const other of [`${line} `, ` ${line}`, line.replace(/"first":/, '"first":0'), line.slice(1), '', RECORD]) {
      assert.equal(readBlockLine(other), null, other);
    }
  }
});

test('a line of a record is told from any other', () => {
  assert.ok(isRecordLine(RECORD));
  const [, block = ''] = sealed(new Chain(0, NO_HASH), [RECORD]).split('\n');
  for (const line of [block, '', '{}', ` ${RECORD}`, `${RECORD} `, '{"version":1,"kind":"change"', RECORD.slice(1)]) {
    assert.ok(!isRecordLine(line), line);
  }
});

test('a line claims the number that it says, or the next', () => {
  const [record = '', block = ''] = sealed(new Chain(6, NO_HASH), [RECORD]).split('\n');
  assert.deepEqual([claimedBy(record, 6), claimedBy(block, 3), claimedBy(block, 9)], [7, 7, 9]);
  const old = oldLog(['{}', '{}']).split('\n')[2] ?? '';
  assert.deepEqual([claimedBy(old, 0), claimedBy(old, 5), claimedBy('rubbish', 5)], [2, 5, 5]);
});

test('a line of the first version is read behind the line before it and behind no other', () => {
  const [header = '', line = ''] = oldLog([RECORD]).split('\n');
  const { hash } = JSON.parse(header) as { hash: string };
  const read = readOldRecordLine(line, hash);
  assert.ok(read.ok);
  assert.deepEqual([read.value.sequence, read.value.record], [1, RECORD]);
  for (const [text, previous] of [
    [line, '1'.repeat(64)],
    [`${line} `, hash],
    [` ${line}`, hash],
    [line.replace(':1,', ':01,'), hash],
    ['', hash],
    [RECORD, hash],
  ] as const) {
    assert.equal(readOldRecordLine(text, previous).ok, false, text);
  }
});

test('a header says where its segment stands, and why it began', () => {
  const chain = new Chain(6, 'a'.repeat(64));
  const found = { kind: 'broken', detail: 'naïve\u001b\n' } as const;
  const line = chain.begin(3, 5, found).trimEnd();
  assert.match(line, /^[ -~]*$/);
  const read = readHeaderLine(line);
  assert.ok(read.ok);
  const { header } = read.value;
  assert.deepEqual(header, {
    version: 2,
    segment: 3,
    createdAt: 5,
    firstSequence: 7,
    previous: 'a'.repeat(64),
    found: { kind: 'broken', detail: 'na?ve\u001b\n' },
  });
});

test('a header of the first version is read', () => {
  const read = readHeaderLine(oldLog([]).trimEnd());
  assert.ok(read.ok && read.value.header.version === 1);
});

test('a header that is damaged is told from one of a later version', () => {
  const line = new Chain(0, NO_HASH).begin(1, 1, null).trimEnd();
  const faults = [
    line.replace('"version":2', '"version":3'),
    line.replace('"version":2', '"version":0'),
    line.replace('"version":2', '"version":1'),
    line.replace('"version":2', '"version":"3"'),
    line.replace('"segment":1', '"segment":2'),
    line.replace('"segment":1', '"segment":-1'),
    line.replace('null', '{"kind":"other","detail":""}'),
    line.replace('null', '7'),
    line.replace('portcullis-ledger', 'other'),
    line.slice(1),
    '[]',
  ].map((text) => {
    const read = readHeaderLine(text);
    return read.ok ? 'ok' : read.error.kind;
  });
  assert.deepEqual(faults, ['version', ...Array.from({ length: 10 }, () => 'damaged')]);
});

test('segments are named by twelve digits', () => {
  assert.deepEqual([segmentName(7), segmentNumber(segmentName(7))], ['000000000007.log', 7]);
  for (const name of ['7.log', '000000000000.log', '000000000007.log.bak', '00000000000a.log', '']) {
    assert.equal(segmentNumber(name), null, name);
  }
});
