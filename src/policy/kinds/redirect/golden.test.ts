import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathText, ruled, stepsOf } from '../../exchange-fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import redirects from './golden/redirects.json' with { type: 'json' };
import { createRedirectKind } from './kind.ts';

/** An operation, where it leads, a request, and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly template: string;
  readonly origin: string;
  readonly path: string;
  readonly params: object;
  readonly query: string | null;
  readonly verdict: string;
}

for (const [file, list] of Object.entries({ redirects, bypass })) {
  for (const { name, template, origin, path, params, query, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const rules = { origin, path: pathText(path), query: null, keepsQuery: true, status: 308, keyPath: '' } as const;
      const steps = stepsOf(createRedirectKind(), { operations: { [`GET ${template}`]: rules } }, template);
      assert.equal(ruled(steps, { params: params as Readonly<Record<string, string>>, query }), verdict);
    });
  }
}
