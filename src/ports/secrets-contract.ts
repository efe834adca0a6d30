import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { HostReference, Secrets } from './secrets.ts';

/** Secrets, and how the test puts one behind a reference of each scheme; the answer is the reference. */
export interface SecretsSubject {
  readonly secrets: Secrets;
  put(scheme: HostReference['scheme'], name: string, text: string): Promise<HostReference>;
  /** A reference of that name behind which nothing was put. */
  missing(scheme: HostReference['scheme'], name: string): HostReference;
}

const SCHEMES = ['env', 'file'] as const;

/** What every Secrets promises. */
export function secretsContract(name: string, makeSubject: (t: TestContext) => Promise<SecretsSubject>): void {
  describe(`${name} keeps the contract of Secrets`, () => {
    for (const scheme of SCHEMES) {
      test(`${scheme}: the bytes behind a reference come back`, async (t) => {
        const { secrets, put } = await makeSubject(t);
        for (const text of ['hunter2', ' spaces ', 'two\nlines', 'pässwörd 🔑', 'x'.repeat(65_536)]) {
          const found = await secrets.resolve(await put(scheme, 'A', text));
          assert.ok(found.ok, found.ok ? '' : found.error);
          assert.equal(found.value.revealText(), text);
          assert.equal(String(found.value), '[redacted]');
        }
      });

      test(`${scheme}: what is missing, empty or too large is an error that names the reference only`, async (t) => {
        const { secrets, put, missing } = await makeSubject(t);
        const large = `hunter2${'x'.repeat(65_536)}`;
        const refused = [
          missing(scheme, 'NOT_THERE'),
          await put(scheme, 'EMPTY', ''),
          await put(scheme, 'LARGE', large),
        ];
        for (const reference of refused) {
          const found = await secrets.resolve(reference);
          assert.ok(!found.ok);
          assert.ok(found.error.includes(reference.scheme === 'env' ? reference.name : reference.path), found.error);
          assert.ok(!found.error.includes('hunter2'));
        }
      });
    }

    test('a name that every object has is not set', async (t) => {
      const { secrets, missing } = await makeSubject(t);
      for (const name of ['constructor', '__proto__', 'toString']) {
        assert.equal((await secrets.resolve(missing('env', name))).ok, false, name);
      }
    });

    test('one line break at the end of a file is cut off, and no more', async (t) => {
      const { secrets, put } = await makeSubject(t);
      for (const [text, expected] of [
        ['a\n', 'a'],
        ['a\r\n', 'a'],
        ['a\n\n', 'a\n'],
        ['a\r', 'a\r'],
        ['a \n', 'a '],
      ] as const) {
        const found = await secrets.resolve(await put('file', 'A', text));
        assert.equal(found.ok && found.value.revealText(), expected, JSON.stringify(text));
      }
      for (const text of ['\n', '\r\n']) {
        assert.equal((await secrets.resolve(await put('file', 'A', text))).ok, false, JSON.stringify(text));
      }
    });
  });
}
