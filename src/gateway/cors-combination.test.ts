import assert from 'node:assert/strict';
import { test } from 'node:test';
import { letsAnybodyIn, withoutCredentials } from './cors-combination.ts';
import { fieldsOf } from './fixture.test.ts';

const CREDENTIALS = 'access-control-allow-credentials';
const ORIGIN = 'access-control-allow-origin';
const TRUE = ['Access-Control-Allow-Credentials', 'true'] as const;

test('credentials for an origin that anybody can have let anybody in, whoever says it', () => {
  for (const origin of ['*', 'null', 'NULL', '* , x', 'https://a.example, null', '*,https://a.example']) {
    assert.ok(letsAnybodyIn({ fields: fieldsOf([ORIGIN, origin], TRUE), added: [] }), origin);
    assert.ok(letsAnybodyIn({ fields: fieldsOf([ORIGIN, origin]), added: [CREDENTIALS, 'true'] }), origin);
    assert.ok(letsAnybodyIn({ fields: fieldsOf(TRUE), added: ['etag', '"1"', ORIGIN, origin] }), origin);
    assert.ok(letsAnybodyIn({ fields: null, added: [ORIGIN, origin, CREDENTIALS, 'true'] }), origin);
  }
});

test('any other combination is the upstream’s own matter', () => {
  for (const lines of [[], [TRUE], [[ORIGIN, '*']], [[ORIGIN, 'https://a.example'], TRUE]] as const)
    assert.ok(!letsAnybodyIn({ fields: fieldsOf(...lines), added: [] }), lines.join());
  for (const origin of ['https://null.example', 'https://a.example', 'nullable', ''])
    assert.ok(!letsAnybodyIn({ fields: null, added: [ORIGIN, origin, CREDENTIALS, 'true'] }), origin);
  const dropped = fieldsOf([ORIGIN, '*'], TRUE);
  dropped.drop(ORIGIN);
  assert.ok(
    !letsAnybodyIn({ fields: dropped, added: [ORIGIN, 'https://a.example'] }),
    'what is not sent does not count',
  );
});

test('the credentials go, all else stays, and what is stored stays as it is', () => {
  const fields = fieldsOf([ORIGIN, '*'], TRUE, ['etag', '1'], ['age', '1']);
  fields.drop('age');
  const without = withoutCredentials({ fields, added: [CREDENTIALS, 'true', 'vary', 'x'] });
  assert.deepEqual(without.added, ['vary', 'x']);
  assert.deepEqual(
    [...(without.fields?.kept() ?? [])].map(([name]) => name),
    [ORIGIN, 'etag'],
  );
  assert.ok([...fields.kept()].some(([name]) => name === CREDENTIALS));
  assert.deepEqual(withoutCredentials({ fields: null, added: [] }), { fields: null, added: [] });
});
