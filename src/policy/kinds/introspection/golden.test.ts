import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IntrospectingConfig } from './asked-issuer.ts';
import { askedIssuer, AskingThread, bytesOf, introspecting, wordsOf } from './fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import taken from './golden/taken.json' with { type: 'json' };

interface Golden {
  readonly name: string;
  readonly operation: string;
  readonly field: string | null;
  readonly answer: unknown;
  readonly verdict: string;
  readonly asked: string | null;
}

const OTHER = { name: 'other', issuer: 'https://other.example', path: 'issuers.other' };
const CONFIGS: Readonly<Record<string, IntrospectingConfig>> = {
  orders: introspecting(askedIssuer()),
  two: introspecting(askedIssuer()),
  all: introspecting(askedIssuer({ tokens: 'all' })),
  both: introspecting(askedIssuer({ prefix: 'acme_at_' }), askedIssuer({ prefix: 'other_at_' }, OTHER)),
};

for (const [file, list] of Object.entries({ taken, refused, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}: ${golden.verdict}`, async () => {
      const { operation, field, answer, verdict, asked } = golden;
      const thread = new AskingThread();
      thread.answer = () => (answer === null ? null : bytesOf(answer));
      const steps = thread.steps(CONFIGS[operation] ?? assert.fail(operation));
      const fields = operation === 'two' && field !== null ? field.split(', ') : field === null ? [] : [field];
      assert.equal(wordsOf(await thread.ask(steps, fields)), verdict);
      assert.deepEqual(
        thread.asked.map(({ server }) => server.replace(/#.*$/, '')),
        asked === null ? [] : [asked],
      );
    });
  }
}
