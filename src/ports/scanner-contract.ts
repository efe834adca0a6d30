import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Scanner, ScannerTarget } from './scanner.ts';

/** A scanner to try out: `target` finds what holds `evil` and nothing else; at `nobody` none answers. */
export interface TriedScanner {
  readonly scanner: Scanner;
  readonly target: ScannerTarget;
  readonly nobody: ScannerTarget;
}

/** What every Scanner promises. */
export function scannerContract(name: string, make: () => Promise<TriedScanner>): void {
  const evil = Buffer.from('something evil');
  const sound = Buffer.from('something sound');
  const never = (): AbortSignal => new AbortController().signal;
  describe(`${name} keeps the contract of Scanner`, () => {
    test('what is sound is clean, and what is not is found', async () => {
      const { scanner, target } = await make();
      assert.deepEqual(await scanner.scan(target, sound, never()), { kind: 'clean' });
      assert.equal((await scanner.scan(target, evil, never())).kind, 'found');
      assert.deepEqual(await scanner.scan(target, sound, never()), { kind: 'clean' });
    });

    test('all of a file is looked at, whatever its length', async () => {
      const { scanner, target } = await make();
      for (const length of [0, 1, 30, 31, 32, 1_024, 65_536, 300_000]) {
        const filling = Buffer.alloc(length, 'a');
        assert.equal((await scanner.scan(target, filling, never())).kind, 'clean', `${length}`);
        assert.equal((await scanner.scan(target, Buffer.concat([filling, evil]), never())).kind, 'found', `${length}`);
      }
    });

    test('many at once are each told their own', async () => {
      const { scanner, target } = await make();
      const files = Array.from({ length: 40 }, (_, at) => (at % 3 === 0 ? evil : sound));
      const results = await Promise.all(files.map(async (file) => await scanner.scan(target, file, never())));
      assert.deepEqual(
        results.map(({ kind }) => kind),
        files.map((file) => (file === evil ? 'found' : 'clean')),
      );
    });

    test('where nobody answers, or somebody leaves, it is unavailable', async () => {
      const { scanner, nobody, target } = await make();
      assert.equal((await scanner.scan(nobody, sound, never())).kind, 'unavailable');
      assert.equal((await scanner.scan(target, sound, AbortSignal.abort())).kind, 'unavailable');
    });
  });
}
