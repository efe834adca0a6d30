import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetChanges } from './diff-preset.ts';

const PRESET = { public: { 'a.x': 'why' }, objects: {}, maxLifetimeMs: 900_000 };

function said(...changes: Parameters<typeof presetChanges>): readonly string[] {
  return presetChanges(...changes).map(({ effect, message }) => `${effect}: ${message}`);
}

test('what lets go of zero trust loosens, and so does each exception', () => {
  assert.deepEqual(said(PRESET, null), ['loosens: is no longer held to zero trust']);
  assert.deepEqual(said(null, PRESET), ['tightens: is held to zero trust']);
  assert.deepEqual(said(null, null), []);
  assert.deepEqual(said(PRESET, PRESET), []);
  assert.deepEqual(said(PRESET, { ...PRESET, public: {}, objects: { 'a.y': 'why' }, maxLifetimeMs: 901_000 }), [
    'loosens: tokens may live 901 s',
    'tightens: a.x is no longer excepted from zero trust',
    'loosens: a.y is excepted from zero trust',
  ]);
});
