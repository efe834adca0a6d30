import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIELD } from './field-names.ts';
import { entry } from './http2/block-fixture.test.ts';
import { TrailerBlock } from './http2/request-block.ts';
import { passedTrailers } from './trailers.ts';

function passed(...pairs: readonly (readonly [string, string])[]): readonly string[] {
  const block = new TrailerBlock();
  for (const pair of pairs) block.field(entry(pair));
  assert.equal(block.fault, null);
  return passedTrailers(block.fields());
}

test('trailers of the application are passed on as they came, in order', () => {
  const pairs = [
    ['grpc-status', '0'],
    ['grpc-message', 'a%20b'],
    ['grpc-status-details-bin', 'CAUSBnF1b3Rh'],
    ['x-sum', '1'],
    ['x-sum', '2'],
    ['server-timing', 'a;dur=1'],
  ] as const;
  assert.deepEqual(passed(...pairs), pairs.flat());
  assert.deepEqual(passed(), []);
});

test('nothing that the codec knows by name is a trailer', () => {
  for (const name of Object.keys(FIELD)) assert.deepEqual(passed([name, '1'], ['a', 'b']), ['a', 'b'], name);
  for (const name of ['x-portcullis-subject', 'x-forwarded-anything', 'x-ssl-client-x'])
    assert.deepEqual(passed([name, '1']), [], name);
});

test('nothing that only a head may say is a trailer', () => {
  for (const name of [
    'www-authenticate',
    'content-range',
    'retry-after',
    'access-control-allow-origin',
    'cross-origin-opener-policy',
    'sec-websocket-accept',
    'clear-site-data',
    'alt-svc',
    'link',
  ])
    assert.deepEqual(passed([name, '1']), [], name);
});
