import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Keyring } from './keyring.ts';

/** Makes a keyring that shares no key with any other one made before. */
export type MakeKeyring = (t: TestContext) => Promise<Keyring>;

const PLAIN = new TextEncoder().encode('the plain text of some length');

function opens(keyring: Keyring, purpose: string, sealed: Uint8Array, context: string): Uint8Array | null {
  const opened = keyring.open(purpose, sealed, context);
  if (!opened.ok) assert.ok(opened.error.length > 0);
  return opened.ok ? Uint8Array.from(opened.value) : null;
}

/** What every Keyring promises. */
export function keyringContract(name: string, makeKeyring: MakeKeyring): void {
  describe(`${name} keeps the contract of Keyring`, () => {
    testSealing(makeKeyring);
    testRefusing(makeKeyring);
    testMac(makeKeyring);
    testRotation(makeKeyring);
  });
}

function testSealing(makeKeyring: MakeKeyring): void {
  test('what was sealed opens with the same purpose and context, whatever they are', async (t) => {
    const keyring = await makeKeyring(t);
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.uint8Array({ maxLength: 500 }),
        fc.string(),
        (purpose, plain, context) => {
          const sealed = keyring.seal(purpose, plain, context);
          assert.deepEqual(opens(keyring, purpose, sealed, context), Uint8Array.from(plain));
        },
      ),
    );
  });

  test('the sealed bytes do not hold the plain ones, and no two sealings are alike', async (t) => {
    const keyring = await makeKeyring(t);
    const all = Array.from({ length: 100 }, () => Buffer.from(keyring.seal('p', PLAIN, 'c')));
    for (const sealed of all) assert.equal(sealed.includes(PLAIN.subarray(0, 8)), false);
    assert.equal(new Set(all.map((sealed) => sealed.toString('hex'))).size, all.length);
  });

  test('neither the plain bytes nor the sealed ones are changed or kept', async (t) => {
    const keyring = await makeKeyring(t);
    const plain = Uint8Array.from(PLAIN);
    const sealed = keyring.seal('p', plain, 'c');
    const copy = Uint8Array.from(sealed);
    assert.deepEqual(plain, PLAIN);
    plain.fill(0);
    opens(keyring, 'p', sealed, 'c')?.fill(0);
    assert.deepEqual(sealed, copy);
    assert.deepEqual(opens(keyring, 'p', sealed, 'c'), PLAIN);
  });
}

function testRefusing(makeKeyring: MakeKeyring): void {
  test('another purpose or context does not open it, nor the same letters split in another way', async (t) => {
    const keyring = await makeKeyring(t);
    const sealed = keyring.seal('ab', PLAIN, 'cd');
    for (const [purpose, context] of [
      ['ab', 'CD'],
      ['ab', ''],
      ['', 'cd'],
      ['a', 'bcd'],
      ['abc', 'd'],
      ['cd', 'ab'],
    ] as const) {
      assert.equal(opens(keyring, purpose, sealed, context), null, `${purpose} ${context}`);
    }
    const quoted = keyring.seal('a","b', PLAIN, 'c');
    assert.equal(opens(keyring, 'a', quoted, 'b","c'), null);
  });

  test('any bit turned, any byte cut off or added, and it does not open', async (t) => {
    const keyring = await makeKeyring(t);
    const sealed = keyring.seal('p', PLAIN, 'c');
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Uint8Array.from(sealed);
      changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
      assert.equal(opens(keyring, 'p', changed, 'c'), null, `bit ${bit}`);
    }
    for (let length = 0; length < sealed.length; length++) {
      assert.equal(opens(keyring, 'p', sealed.subarray(0, length), 'c'), null, `length ${length}`);
    }
    assert.equal(opens(keyring, 'p', Uint8Array.from([...sealed, 0]), 'c'), null);
  });

  test('bytes that were never sealed do not open', async (t) => {
    const keyring = await makeKeyring(t);
    const head = keyring.seal('p', PLAIN, 'c').subarray(0, 6);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        assert.equal(opens(keyring, 'p', bytes, 'c'), null);
        assert.equal(opens(keyring, 'p', Uint8Array.from([...head, ...bytes]), 'c'), null);
      }),
    );
  });

  test('what another keyring sealed does not open', async (t) => {
    const [mine, other] = [await makeKeyring(t), await makeKeyring(t)];
    assert.equal(opens(mine, 'p', other.seal('p', PLAIN, 'c'), 'c'), null);
  });
}

function testMac(makeKeyring: MakeKeyring): void {
  test('a mac has 32 bytes, is the same for the same input, and another for any other', async (t) => {
    const [keyring, other] = [await makeKeyring(t), await makeKeyring(t)];
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
    const macs = [
      keyring.mac('p', PLAIN),
      keyring.mac('q', PLAIN),
      keyring.mac('p', PLAIN.subarray(1)),
      keyring.mac('p', new Uint8Array(0)),
      other.mac('p', PLAIN),
    ].map(hex);
    assert.equal(new Set(macs).size, macs.length);
    assert.ok(macs.every((mac) => mac.length === 64));
    assert.equal(hex(keyring.mac('p', Uint8Array.from(PLAIN))), macs[0]);
  });
}

function testRotation(makeKeyring: MakeKeyring): void {
  test('after a rotation earlier texts still open, new ones do too, and macs stay the same', async (t) => {
    const keyring = await makeKeyring(t);
    const mac = Uint8Array.from(keyring.mac('p', PLAIN));
    const sealed = [keyring.seal('p', PLAIN, 'c')];
    for (let n = 0; n < 3; n++) {
      assert.deepEqual(await keyring.rotate(), { ok: true, value: undefined });
      sealed.push(keyring.seal('p', PLAIN, 'c'));
    }
    for (const one of sealed) assert.deepEqual(opens(keyring, 'p', one, 'c'), PLAIN);
    assert.deepEqual(Uint8Array.from(keyring.mac('p', PLAIN)), mac);
  });

  test('rotations at the same time lose nothing that is sealed meanwhile', async (t) => {
    const keyring = await makeKeyring(t);
    const sealed: Uint8Array[] = [];
    const rotations = Array.from({ length: 8 }, async () => {
      sealed.push(keyring.seal('p', PLAIN, 'c'));
      assert.equal((await keyring.rotate()).ok, true);
      sealed.push(keyring.seal('p', PLAIN, 'c'));
    });
    await Promise.all(rotations);
    for (const one of sealed) assert.deepEqual(opens(keyring, 'p', one, 'c'), PLAIN);
  });
}
