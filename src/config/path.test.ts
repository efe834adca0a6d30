import assert from 'node:assert/strict';
import { test } from 'node:test';
import { folderOf, resolvePath } from './path.ts';

test('a relative path starts at the given folder, an absolute one stays', () => {
  assert.deepEqual(resolvePath('./a/../b.pem', '/etc/p'), { ok: true, value: '/etc/p/b.pem' });
  assert.deepEqual(resolvePath('../b.pem', '/etc/p'), { ok: true, value: '/etc/b.pem' });
  assert.deepEqual(resolvePath('/run//b.pem', '/etc/p'), { ok: true, value: '/run/b.pem' });
  assert.deepEqual(resolvePath('b.pem', null), { ok: false, error: 'is not absolute' });
});

test('a path that is empty, too long, a shell’s, or holds control characters is refused', () => {
  for (const path of ['', 'a\0', 'a\nb', '~', '~/a', 'a'.repeat(5000)]) assert.equal(resolvePath(path, '/x').ok, false);
  assert.equal(resolvePath('a~b', '/x').ok, true);
});

test('the folder of a configuration is known only from an absolute path, never from the process', () => {
  assert.equal(folderOf('/etc/p/portcullis.yaml'), '/etc/p');
  assert.throws(() => folderOf('portcullis.yaml'));
});
