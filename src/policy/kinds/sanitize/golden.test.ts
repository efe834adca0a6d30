import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseBody } from '../../../body/index.ts';
import type { Exchange } from '../../exchange.ts';
import { stepsOf } from '../../exchange-fixture.test.ts';
import type { CleaningVerdict } from '../../verdict.ts';
import type { SanitizeRules } from './config.ts';
import bodies from './golden/bodies.json' with { type: 'json' };
import bypass from './golden/bypass.json' with { type: 'json' };
import queries from './golden/queries.json' with { type: 'json' };
import { createSanitizeKind } from './kind.ts';

/** Rules, a body or a query, and what becomes of it: what goes on, `pass` where that is what was sent, or a refusal. */
interface Golden {
  readonly name: string;
  readonly rules: Partial<SanitizeRules>;
  readonly type?: string;
  readonly sent?: string | null;
  readonly query?: string | null;
  /** How often what stands between the marks is sent. */
  readonly repeat?: number;
  readonly verdict: string;
}

async function ruled({ rules, type, sent, query, repeat = 1 }: Golden): Promise<string> {
  const api = { body: rules.body ?? {}, query: rules.query ?? {} };
  const steps = stepsOf(createSanitizeKind(), { api, operations: {}, keyPath: 'sanitize' }, '/x');
  const clean = steps.clean ?? assert.fail('nothing is cleaned');
  if (rules.query !== undefined) {
    const asked = { request: { query: query ?? sent ?? null } } as unknown as Exchange;
    return wordsOf((await clean.query?.(asked)) ?? assert.fail('no query is cleaned'), null);
  }
  const bytes = Buffer.from((sent ?? '').replace('<<<<', '<'.repeat(repeat)));
  const parsed = parseBody(type, bytes);
  if (!parsed.ok) return parsed.error.problem;
  const exchange = { body: () => parsed.value } as unknown as Exchange;
  return wordsOf((await clean.body?.(exchange)) ?? assert.fail('no body is cleaned'), bytes);
}

function wordsOf(verdict: CleaningVerdict, bytes: Buffer | null): string {
  if (verdict.kind === 'deny') return verdict.problem.code;
  if (verdict.kind === 'pass') return 'pass';
  if (verdict.query !== undefined) return verdict.query;
  return Buffer.from(verdict.body?.(bytes ?? Buffer.alloc(0)) ?? []).toString();
}

for (const [file, list] of Object.entries({ bodies, queries, bypass })) {
  for (const golden of list as unknown as readonly Golden[]) {
    test(`${file}: ${golden.name}`, async () => assert.equal(await ruled(golden), golden.verdict));
  }
}
