import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pathText, ruled, stepsOf } from '../../exchange-fixture.test.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import paths from './golden/paths.json' with { type: 'json' };
import { createRewriteKind } from './kind.ts';

/** An operation, what its path is rewritten to, a request's parameters, and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly template: string;
  readonly path: string;
  readonly params: object;
  readonly verdict: string;
}

const NOTHING = { host: null, query: null, request: null, response: null, keyPath: 'apis.users.rewrite' };

for (const [file, list] of Object.entries({ paths, bypass })) {
  for (const { name, template, path, params, verdict } of list as readonly Golden[]) {
    test(`${file}: ${name}`, () => {
      const config = { api: { ...NOTHING, path: pathText(path) }, operations: {} };
      const steps = stepsOf(createRewriteKind(), config, template);
      assert.equal(ruled(steps, { params: params as Readonly<Record<string, string>> }), verdict);
    });
  }
}
