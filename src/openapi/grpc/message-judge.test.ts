import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOf, TYPES, typeOf, unknownIn } from './fixture.test.ts';
import { MessageJudge } from './message-judge.ts';

/** Octets, and what is wrong with them. */
function held(name: string, cases: Readonly<Record<string, string>>): void {
  for (const [hex, fault] of Object.entries(cases)) assert.equal(faultOf(name, hex), fault, hex);
}

// The first here, for what other tests leave behind would be given back meanwhile.
test('what the judge counts by grows with how deep messages lie in each other, and not with how many there are', () => {
  const judge = new MessageJudge(TYPES);
  const bytes = Buffer.from('fa0100'.repeat(100_000), 'hex');
  const before = process.memoryUsage().arrayBuffers;
  assert.equal(judge.judge(typeOf('t.All'), bytes, false), null);
  assert.ok(process.memoryUsage().arrayBuffers - before < 100_000);
});

test('each kind of field passes in the wire type that it has, and in no other', () => {
  held('t.All', {
    '': '',
    '09 0000000000000000': '',
    '15 00000000': '',
    '18 05': '',
    '20 05': '',
    '28 05': '',
    '31 0000000000000000': '',
    '3d 00000000': '',
    '40 01': '',
    '4a 02 6869': '',
    '62 02 ff00': '',
    '68 05': '',
    '7d 00000000': '',
    '8101 0000000000000000': '',
    '8801 05': '',
    '9001 05': '',
    'f8ffffff0f 01': '',
    '0d 00000000': 'wire-type one_double',
    '4d 00000000': 'wire-type one_string',
    '48 05': 'wire-type one_string',
    '2a 01 05': 'wire-type one_int32',
    '2b 2c': 'wire-type one_int32',
    'f001 05': 'wire-type inner',
  });
});

test('a number is in its shortest form and in the range of its kind', () => {
  held('t.All', {
    '28 00': '',
    '28 8000': 'malformed one_int32',
    '28 ffffffff07': '',
    '28 8080808008': 'range one_int32',
    '28 ffffffff0f': 'range one_int32',
    '28 ffffffffffffffffff01': '',
    '28 80808080f8ffffffff01': '',
    '28 ffffffff f7ffffffff01': 'range one_int32',
    '28 ffffffffffffffffff02': 'malformed one_int32',
    '28 ffffffffffffffffffff01': 'malformed one_int32',
    '18 ffffffffffffffffff01': '',
    '68 ffffffff0f': '',
    '68 8080808010': 'range one_uint32',
    '8801 ffffffff0f': '',
    '8801 8080808010': 'range one_sint32',
    '9001 ffffffffffffffffff01': '',
    '40 02': 'range one_bool',
    '40 00': '',
    '9802 8080808008': 'range color',
    '9802 2a': '',
    '28': 'malformed one_int32',
    '28 ff': 'malformed one_int32',
    '09 00': 'malformed one_double',
    '15 000000': 'malformed one_float',
  });
});

test('a tag is one of a field, and nothing lies behind the end of what holds it', () => {
  held('t.All', {
    '00': 'malformed t.All',
    '07': 'malformed t.All',
    '8000': 'malformed t.All',
    a800: 'malformed t.All',
    'f8ffffff1f 01': 'malformed t.All',
    '0c': 'malformed t.All',
    '4a': 'malformed one_string',
    '4a 03 6161': 'malformed one_string',
    '4a ffffffff0f 61': 'malformed one_string',
    '4a ffffffffffffffffff01 61': 'malformed one_string',
    'f201 03 4a0161': '',
    'f201 02 4a0161': 'malformed one_string',
    'f201 02 2801 2801': '',
  });
});

test('what is not described is refused, at any depth, or is noted where it may pass', () => {
  held('t.All', {
    '9006 01': 'unknown t.All',
    'f201 03 900601': 'unknown t.All',
    'f201 05 f201 02 c806': 'malformed many_int32',
  });
  assert.equal(unknownIn('t.All', 'f201 03 900601'), 't.All');
  assert.equal(unknownIn('t.All', '28 05'), null);
  for (const unknown of ['9006 05', '9106 0000000000000000', '9206 02 6161', '9306 0801 9406', '9506 00000000'])
    assert.equal(faultOf('t.All', unknown, true), '', unknown);
  for (const broken of [
    '9006 8000',
    '9106 00',
    '9206 02 61',
    '9306 0801 9c06',
    '9306',
    '9406',
    '9606',
    '9706',
    '9306 00 9406',
  ])
    assert.equal(faultOf('t.All', broken, true), 'malformed t.All', broken);
});

test('what comes once comes once, one of a oneof too, and a key of a map', () => {
  held('t.All', {
    '28 01 28 01': 'twice one_int32',
    'f201 00 f201 00': 'twice inner',
    'fa01 00 fa01 00': '',
    'aa02 01 61 b002 01': 'oneof right',
    'aa02 01 61 aa02 01 61': 'twice left',
    '8202 03 0a0161 8202 03 0a0162': '',
    '8202 03 0a0161 8202 03 0a0161': 'key text_map',
    '8202 00 8202 02 0a00': 'key text_map',
    '8202 06 0a0161 0a0162': 'twice key',
    '8a02 02 0801 8a02 02 0802': '',
    '8a02 02 0801 8a02 02 0801': 'key number_map',
    '8a02 00 8a02 02 0800': 'key number_map',
    '8a02 03 120161 8a02 02 0800': 'key number_map',
    '9202 02 0800 9202 02 0801': '',
    '9202 02 0801 9202 02 0801': 'key flag_map',
    '8202 02 1801': 'unknown t.All/text_map',
  });
  // The same key in maps of two messages, one in the other and side by side.
  const entry = '8202 03 0a0161';
  held('t.All', { [`fa01 06 ${entry} fa01 06 ${entry}`]: '', [`${entry} f201 06 ${entry}`]: '' });
});

test('values of a list come one by one or packed, each held to its kind', () => {
  held('t.All', {
    'c806 01 c806 02': '',
    'ca06 03 010203': '',
    'ca06 00': '',
    'c806 01 ca06 02 0203 ca06 01 04': '',
    'ca06 02 0180': 'malformed many_int32',
    'ca06 05 8080808008': 'range many_int32',
    'e206 02 0001': '',
    'e206 02 0002': 'range many_bool',
    'aa06 05 0000000000': 'malformed many_double',
    'aa06 08 0000000000000000': '',
    'aa06 09 000000000000000000': 'malformed many_double',
    'ea06 01 61 ea06 00': '',
    'e906 0000000000000000': 'wire-type many_string',
    'a202 02 0005': '',
  });
});

test('text is UTF-8', () => {
  const good = [
    'c3a9',
    'e282ac',
    'f09f9880',
    'f48fbfbf',
    'ee8080',
    'efbbbf',
    '00',
    'eda080'.replace('eda080', 'ed9fbf'),
  ];
  const bad = [
    '80',
    'c3',
    'c0af',
    'c1bf',
    'e08080',
    'eda080',
    'e282',
    'f0808080',
    'f4908080',
    'f5808080',
    'f09f98',
    'ff',
    'c328',
  ];
  const sent = (hex: string): string => `4a ${(hex.length / 2).toString(16).padStart(2, '0')} ${hex}`;
  for (const hex of good) assert.equal(faultOf('t.All', sent(hex)), '', hex);
  for (const hex of bad) assert.equal(faultOf('t.All', sent(hex)), 'utf8 one_string', hex);
  assert.equal(faultOf('t2.Old', '0801 2a01ff'), 'utf8 text', 'of proto2 too');
});

test('proto2: what is required is there, an enum has no other numbers, groups end, extensions are described', () => {
  held('t2.Old', {
    '': 'required id',
    '0801': '',
    '0801 10 01': 'enum shape',
    '0801 10 f9ffffffffffffffff01': '',
    '0801 32 02 0000': '',
    '0801 32 02 0001': 'enum shapes',
    '0801 1b 0805 1c': '',
    '0801 1b 0805': 'malformed t2.Old.Group',
    '0801 1b 0805 24': 'malformed t2.Old.Group',
    '0801 1b 1202 0801 1c': '',
    '0801 1b 1200 1c': 'required id',
    '0801 23 24 23 24': '',
    '0801 1b 1c 1b 1c': 'twice group',
    '0801 a206 01 61': '',
    '0801 a206 01 ff': 'utf8 [t2.extra]',
    '0801 aa06 01 61': 'unknown t2.Old',
  });
});

test('an Any holds what its URL names, and that is held to its descriptor', () => {
  const url = (name: string): string => {
    const bytes = Buffer.from(name);
    return `0a ${bytes.length.toString(16).padStart(2, '0')} ${bytes.toString('hex')}`;
  };
  const any = (...parts: readonly string[]): string => {
    const inner = parts.join(' ').replaceAll(' ', '');
    return `ba02 ${(inner.length / 2).toString(16).padStart(2, '0')} ${inner}`;
  };
  held('t.All', {
    [any()]: '',
    [any(url('x/t.All'), '12 02 2805')]: '',
    [any('12 02 2805', url('type.googleapis.com/t.All'))]: '',
    [any(url('x/t.All'), '12 02 2880')]: 'malformed one_int32',
    [any(url('x/t.All'), '12 03 900601')]: 'unknown t.All',
    [any(url('x/t2.Old'), '12 02 0801')]: '',
    [any(url('x/t2.Old'))]: '',
    [any(url('x/t.Other'), '12 00')]: 'any google.protobuf.Any',
    [any(url('t.All'), '12 00')]: 'any google.protobuf.Any',
    [any(url('x/constructor'))]: 'any google.protobuf.Any',
    [any(url('x/__proto__'))]: 'any google.protobuf.Any',
    [any(url('x/t.All/text_map'))]: 'any google.protobuf.Any',
    [any('12 02 2805')]: 'any google.protobuf.Any',
    [any(url(''), '12 02 2805')]: 'any google.protobuf.Any',
  });
  assert.equal(unknownIn('t.All', any(url('x/t.Other'), '12 02 ffff')), 'google.protobuf.Any');
});

test('a time is one that can be told', () => {
  const time = (seconds: bigint, nanos: bigint): string => {
    const inner = `08${varint(seconds)}10${varint(nanos)}`;
    return `${(inner.length / 2).toString(16).padStart(2, '0')}${inner}`;
  };
  for (const [seconds, nanos, isTimestamp, isDuration] of [
    [0n, 0n, true, true],
    [1n, 999_999_999n, true, true],
    [1n, 1_000_000_000n, false, false],
    [-1n, 1n, true, false],
    [1n, -1n, false, false],
    [-1n, -1n, false, true],
    [0n, -1n, false, true],
    [253_402_300_799n, 0n, true, true],
    [253_402_300_800n, 0n, false, true],
    [-62_135_596_800n, 0n, true, true],
    [-62_135_596_801n, 0n, false, true],
    [315_576_000_000n, 0n, false, true],
    [315_576_000_001n, 0n, false, false],
    [-315_576_000_001n, 0n, false, false],
    [2n ** 63n - 1n, 0n, false, false],
    [-(2n ** 63n), 0n, false, false],
  ] as const) {
    const said = `${seconds} ${nanos}`;
    const [at, span] = [
      faultOf('t.All', `c202${time(seconds, nanos)}`),
      faultOf('t.All', `ca02${time(seconds, nanos)}`),
    ];
    assert.equal(at, isTimestamp ? '' : 'time google.protobuf.Timestamp', said);
    assert.equal(span, isDuration ? '' : 'time google.protobuf.Duration', said);
  }
});

/** A number of 64 bits as it is written, in hexadecimal. */
function varint(value: bigint): string {
  let left = BigInt.asUintN(64, value);
  let hex = '';
  for (; left >= 0x80n; left >>= 7n) hex += ((left & 0x7fn) | 0x80n).toString(16).padStart(2, '0');
  return hex + left.toString(16).padStart(2, '0');
}

test('messages lie in each other 64 deep, and not deeper', () => {
  const nested = (depth: number): Buffer => {
    let bytes = Buffer.alloc(0);
    for (let at = 1; at < depth; at++) {
      const head: number[] = [];
      let left = bytes.length;
      for (; left >= 0x80; left >>>= 7) head.push((left & 0x7f) | 0x80);
      bytes = Buffer.concat([Buffer.of(0xf2, 0x01, ...head, left), bytes]);
    }
    return bytes;
  };
  assert.equal(faultOf('t.All', nested(64).toString('hex')), '');
  assert.equal(faultOf('t.All', nested(65).toString('hex')), 'depth t.All');
  // Groups that are not described too, within what is.
  const groups = `${'9306'.repeat(63)}${'9406'.repeat(63)}`;
  assert.equal(faultOf('t.All', groups, true), '');
  assert.equal(faultOf('t.All', `9306${groups}9406`, true), 'malformed t.All');
});

test('a message has half a million fields at most', () => {
  assert.equal(faultOf('t.All', 'fa0100'.repeat(500_000)), '');
  assert.equal(faultOf('t.All', 'fa0100'.repeat(500_001)), 'count t.All');
});

test('the maps of a message have fifty thousand keys at most, all together', () => {
  const entry = (at: number): string => `8202070a05${Buffer.from(String(10_000 + at)).toString('hex')}`;
  const entries = (count: number): string => Array.from({ length: count }, (_, at) => entry(at)).join('');
  const half = entries(25_000);
  const inner = (hex: string): string => `fa01${varint(BigInt(hex.length / 2))}${hex}`;
  assert.equal(faultOf('t.All', half + inner(half)), '');
  assert.equal(faultOf('t.All', half + inner(`${half}820200`)), 'count text_map');
});

test('the judge keeps nothing of a message that it found a fault in', () => {
  assert.equal(faultOf('t.All', '28 01 f201 04 2801 2801'), 'twice one_int32');
  assert.equal(faultOf('t.All', '28 01 f201 02 2801'), '');
  assert.equal(faultOf('t.All', '8202 03 0a0161 28'), 'malformed one_int32');
  assert.equal(faultOf('t.All', '8202 03 0a0161'), '');
});
