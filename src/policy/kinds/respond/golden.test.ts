import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ruled, stepsOf } from '../../exchange-fixture.test.ts';
import type { RespondRules } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import replies from './golden/replies.json' with { type: 'json' };
import { BODY_FILE_LIMIT_BYTES, createRespondKind } from './kind.ts';

/** What is answered, and what becomes of a request. */
interface Golden {
  readonly name: string;
  readonly rules: RespondRules;
  readonly verdict: string;
}

const got = {
  file: (path: string) => (path === '/srv/page.html' ? Buffer.from('<p>the file</p>') : assert.fail(path)),
};

for (const [file, list] of Object.entries({ replies, bypass })) {
  for (const { name, rules, verdict } of list as unknown as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const steps = stepsOf(createRespondKind(), { operations: { 'GET /u/{id}': rules } }, '/u/{id}', got);
      assert.equal(ruled(steps, { params: { id: 'x' } }), verdict);
    });
  }
}

test('an operation of which nothing is said has no steps, and each file is gathered once', () => {
  const kind = createRespondKind();
  assert.deepEqual(stepsOf(kind, { operations: {} }, '/constructor'), {});
  const page: RespondRules = { status: 200, headers: [], body: { kind: 'file', path: '/srv/page.html' } };
  const text: RespondRules = { status: 200, headers: [], body: { kind: 'text', text: 'x' } };
  const limitBytes = BODY_FILE_LIMIT_BYTES;
  assert.deepEqual(kind.sources({ operations: { a: page, b: page, c: text } }), [
    { kind: 'file', path: '/srv/page.html', limitBytes },
  ]);
});
