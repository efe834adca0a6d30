import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isGrpcType } from './content-type.ts';
import { readTimeout, writeTimeout } from './timeout.ts';

test('gRPC is application/grpc, with a known coding of messages or none', () => {
  for (const type of [
    'application/grpc',
    'application/grpc+proto',
    'application/grpc+json',
    'Application/GRPC',
    'application/grpc; charset=utf-8',
    'application/grpc+proto;a=b',
  ])
    assert.equal(isGrpcType(type), true, type);
  for (const type of [
    null,
    '',
    'application/grpc-web',
    'application/grpc-web+proto',
    'application/grpc-web-text',
    'application/grpc+thrift',
    'application/grpc+',
    'application/grpcx',
    ' application/grpc',
    'application/json',
    'application/json, application/grpc',
    'application/grpc, application/json',
    'text/application/grpc',
  ])
    assert.equal(isGrpcType(type), false, String(type));
});

test('a timeout is one to eight digits and a unit', () => {
  const read: readonly (readonly [string, number])[] = [
    ['1H', 3_600_000],
    ['2M', 120_000],
    ['3S', 3_000],
    ['4m', 4],
    ['5000u', 5],
    ['0S', 0],
    ['00000001S', 1_000],
    ['99999999H', 359_999_996_400_000],
  ];
  for (const [text, ms] of read) assert.equal(readTimeout(text), ms, text);
  for (const text of [
    '',
    'S',
    '1',
    '1s',
    '1h',
    '-1S',
    '+1S',
    '1.5S',
    ' 1S',
    '1 S',
    '123456789m',
    '1S, 2S',
    '1e3m',
    '１S',
  ])
    assert.equal(readTimeout(text), null, text);
});

test('what is written is read as no less, and no more than a unit longer', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e11, noNaN: true }), (ms) => {
      const read = readTimeout(writeTimeout(ms));
      assert.ok(read !== null && read >= Math.min(ms, 99_999_999_000));
      assert.ok(read <= ms + 1_001);
    }),
  );
  assert.equal(writeTimeout(0), '1n');
  assert.equal(writeTimeout(-5), '1n');
  assert.equal(writeTimeout(30_000), '30000m');
  assert.equal(writeTimeout(86_400_000), '86400000m');
  assert.equal(writeTimeout(100_000_000), '100000S');
});
