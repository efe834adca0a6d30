import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Chain, NO_HASH, readHeaderLine, readRecordLine, segmentName, segmentNumber } from './line.ts';

const RECORD = '{"version":1,"kind":"change"}';

/** As the guide tells people to compute it. */
function hashOf(previous: string, line: string): string {
  return createHash('sha256')
    .update(previous + line.slice(0, line.lastIndexOf(',"hash"')))
    .digest('hex');
}

test('the hash of a line is the one that the guide describes', () => {
  const chain = new Chain(0, NO_HASH);
  let previous = NO_HASH;
  for (const line of [chain.begin(1, 1, null), chain.append(RECORD), chain.append('{"a":",\\"hash\\""}')]) {
    const { hash } = JSON.parse(line) as { hash: string };
    assert.equal(hash, hashOf(previous, line.trimEnd()));
    previous = hash;
  }
});

test('a line is read with its number and record, behind the line before it and behind no other', () => {
  const chain = new Chain(6, NO_HASH);
  const line = chain.append(RECORD).trimEnd();
  const read = readRecordLine(line, NO_HASH);
  assert.deepEqual(read, { ok: true, value: { kind: 'record', sequence: 7, record: RECORD, hash: chain.hash } });
  for (const [text, previous] of [
    [line, '1'.repeat(64)],
    [`${line} `, NO_HASH],
    [` ${line}`, NO_HASH],
    [line.replace(':7,', ':07,'), NO_HASH],
    ['', NO_HASH],
    [RECORD, NO_HASH],
  ] as const) {
    assert.equal(readRecordLine(text, previous).ok, false, text);
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
    segment: 3,
    createdAt: 5,
    firstSequence: 7,
    previous: 'a'.repeat(64),
    found: { kind: 'broken', detail: 'na?ve\u001b\n' },
  });
});

test('a header that is damaged is told from one of a later version', () => {
  const line = new Chain(0, NO_HASH).begin(1, 1, null).trimEnd();
  const faults = [
    line.replace('"version":1', '"version":2'),
    line.replace('"version":1', '"version":0'),
    line.replace('"version":1', '"version":"2"'),
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
  assert.deepEqual(faults, ['version', ...Array.from({ length: 9 }, () => 'damaged')]);
});

test('segments are named by twelve digits', () => {
  assert.deepEqual([segmentName(7), segmentNumber(segmentName(7))], ['000000000007.log', 7]);
  for (const name of ['7.log', '000000000000.log', '000000000007.log.bak', '00000000000a.log', '']) {
    assert.equal(segmentNumber(name), null, name);
  }
});
