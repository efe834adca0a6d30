import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { SealedTags } from './sealed-tags.ts';

const KEY = randomBytes(32);
const SET = Buffer.alloc(8, 1).toString('base64url');
const OTHER = Buffer.alloc(8, 2).toString('base64url');
const make = (key = KEY, scope = 'shop') => new SealedTags(key, scope);

test('a tag is sealed to the same text each time, in all threads, and opened to what it was', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^(W\/)?"[!#-~]{0,200}"$/), (tag) => {
      const sealed = make().seal(tag, SET) ?? assert.fail(tag);
      assert.match(sealed, /^(W\/)?"pf-[A-Za-z0-9_-]+"$/);
      assert.equal(sealed.startsWith('W/'), tag.startsWith('W/'));
      assert.equal(make().seal(tag, SET), sealed);
      assert.deepEqual(make().open(sealed), { tag, set: SET });
      assert.notEqual(make().seal(tag, OTHER), sealed);
    }),
    { numRuns: 300 },
  );
});

test('what others sealed, or changed, is not opened', () => {
  const sealed = make().seal('"v1"', SET) ?? assert.fail();
  assert.equal(make(randomBytes(32)).open(sealed), null);
  assert.equal(make(KEY, 'other').open(sealed), null);
  for (let at = 4; at < sealed.length - 1; at++) {
    const letter = sealed[at] === 'A' ? 'B' : 'A';
    const opened = make().open(`${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`);
    // The last letter of base64url may have bits that mean nothing.
    assert.ok(opened === null || at === sealed.length - 2, `${at}`);
  }
  for (const text of [
    '',
    '"pf-"',
    '"v1"',
    `"pf-${'A'.repeat(40)}"`,
    `"pf-${'A'.repeat(5_000)}"`,
    'pf-AAAA',
    `W/${sealed}"`,
  ])
    assert.equal(make().open(text), null, text);
});

test('what is no tag, or a long one, is not sealed', () => {
  for (const text of ['', 'v1', '"v1', 'w/"v1"', '"a"b"', '"a", "b"', `"${'a'.repeat(300)}"`])
    assert.equal(make().seal(text, SET), null, text);
});
