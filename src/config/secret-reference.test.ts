import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSecretReference } from './secret-reference.ts';

test('a reference names a variable or a file', () => {
  assert.deepEqual(parseSecretReference('${env:DATABASE_URL}'), {
    ok: true,
    value: { scheme: 'env', name: 'DATABASE_URL' },
  });
  assert.deepEqual(parseSecretReference('${file:/run/secrets/a key}'), {
    ok: true,
    value: { scheme: 'file', path: '/run/secrets/a key' },
  });
  assert.deepEqual(parseSecretReference('${vault:secret/orders/db#password}'), {
    ok: true,
    value: { scheme: 'vault', path: 'secret/orders/db', field: 'password' },
  });
});

test('a relative path starts at the given folder', () => {
  assert.deepEqual(parseSecretReference('${file:./keys/../k.pem}', '/etc/portcullis'), {
    ok: true,
    value: { scheme: 'file', path: '/etc/portcullis/k.pem' },
  });
  assert.deepEqual(parseSecretReference('${file:k.pem}'), { ok: false, error: 'holds a path that is not absolute' });
});

test('anything else is refused', () => {
  for (const text of [
    '',
    'hunter2',
    '$hunter2',
    '${hunter2}',
    '${env:hunter2',
    ' ${env:A}',
    '${env:A} ',
    '${env:A}x',
    '${env:}',
    '${vault:secret}',
    '${vault:secret/a}',
    '${vault:secret#a}',
    '${vault:secret/a#}',
    '${vault:/secret/a#b}',
    '${vault:secret//a#b}',
    '${vault:secret/../sys/raw#b}',
    '${vault:secret/./a#b}',
    '${vault:secret/a?b#c}',
    '${vault:secret/%2e%2e/a#b}',
    '${vault:secret/a#b#c}',
    '${ENV:A}',
    '${env:A B}',
    '${env:1A}',
    '${env:A=B}',
    '${file:}',
    '${file:~/k}',
    '${file:/a\nb}',
    '${file:/a\0b}',
    '${vault:a#b}',
    '${:A}',
    '${constructor:A}',
    '${env:' + 'A'.repeat(256) + '}',
    '${file:/' + 'a'.repeat(5000) + '}',
  ]) {
    assert.equal(parseSecretReference(text, '/x').ok, false, text);
  }
});

test('the words of an error never hold the text', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 8 }), fc.constantFrom('', '${env:', '${file:', '${'), (secret, start) => {
      const result = parseSecretReference(`${start}${secret}`);
      assert.ok(result.ok || !result.error.includes(secret));
    }),
  );
});
