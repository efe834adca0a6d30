import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letsAnybodyIn, withoutCredentials } from './cors-combination.ts';
import { fieldsOf } from './fixture.test.ts';

const CREDENTIALS = 'access-control-allow-credentials';
const ORIGIN = 'access-control-allow-origin';
const TRUE = ['Access-Control-Allow-Credentials', 'true'] as const;

test('credentials for an origin that anybody can have let anybody in, whoever says it', () => {
  for (const origin of ['*', 'null', 'NULL', '* , x', 'https://a.example, null', '*,https://a.example']) {
    assert.ok(letsAnybodyIn(fieldsOf([ORIGIN, origin], TRUE), []), origin);
    assert.ok(letsAnybodyIn(fieldsOf([ORIGIN, origin]), [CREDENTIALS, 'true']), origin);
    assert.ok(letsAnybodyIn(fieldsOf(TRUE), ['etag', '"1"', ORIGIN, origin]), origin);
    assert.ok(letsAnybodyIn(null, [ORIGIN, origin, CREDENTIALS, 'true']), origin);
  }
});

test('any other combination is the upstream’s own matter', () => {
  for (const lines of [[], [TRUE], [[ORIGIN, '*']], [[ORIGIN, 'https://a.example'], TRUE]] as const)
    assert.ok(!letsAnybodyIn(fieldsOf(...lines), []), lines.join());
  for (const origin of ['https://null.example', 'https://a.example', 'nullable', ''])
    assert.ok(!letsAnybodyIn(null, [ORIGIN, origin, CREDENTIALS, 'true']), origin);
  const dropped = fieldsOf([ORIGIN, '*'], TRUE);
  dropped.drop(ORIGIN);
  assert.ok(!letsAnybodyIn(dropped, [ORIGIN, 'https://a.example']), 'what is not sent does not count');
});

test('the credentials go, and all else stays', () => {
  const fields = fieldsOf([ORIGIN, '*'], TRUE, ['etag', '1']);
  assert.deepEqual(withoutCredentials(fields, [CREDENTIALS, 'true', 'vary', 'x']), ['vary', 'x']);
  assert.deepEqual(
    [...fields.kept()].map(([name]) => name),
    [ORIGIN, 'etag'],
  );
  assert.deepEqual(withoutCredentials(null, []), []);
});
