import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../../../base/index.ts';
import { readExpression } from '../../../rules/text.ts';
import type { CompileAt, Sources } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { ZeroTrustConfig } from './config.ts';
import golden from './golden/operations.json' with { type: 'json' };
import { createZeroTrustKind } from './kind.ts';

/** An operation, what is said of it, and what it falls short of. */
interface Golden {
  readonly what: string;
  readonly operation: string;
  readonly grpc?: boolean;
  readonly scopes?: readonly string[];
  readonly needs?: readonly string[];
  readonly sure?: boolean;
  readonly websocket?: boolean;
  readonly object?: string;
  readonly lookedUpBy?: readonly string[];
  readonly open?: boolean;
  readonly ownerless?: boolean;
  readonly issues: readonly string[];
}

function operationOf({ operation: name, grpc, scopes }: Golden): Operation {
  const [method = '', template = ''] = name.split(' ');
  const security = scopes === undefined ? null : [[{ scheme: 'oauth', scopes }]];
  const described = scopes === undefined && grpc === undefined ? null : { security, ...(grpc ? { grpc: 'none' } : {}) };
  return {
    id: `orders/${name}`,
    api: 'orders',
    name,
    method,
    template,
    deprecated: false,
    described,
  } as unknown as Operation;
}

function expressionOf(text: string) {
  const read = readExpression(text);
  assert.ok(read.ok, text);
  return read.value;
}

function configOf(given: Golden): ZeroTrustConfig {
  const path = `apis.orders.operations["${given.operation}"]`;
  const said = {
    needs: given.needs ?? null,
    isSure: given.sure ?? false,
    opensWebSocket: given.websocket ?? false,
    object: given.object === undefined ? null : expressionOf(given.object),
    lookedUpBy: given.lookedUpBy ?? [],
    path,
  };
  return {
    api: { needs: null, isSure: false, opensWebSocket: false, object: null, lookedUpBy: [], path: 'apis.orders' },
    operations: { [given.operation]: said },
    open: given.open === true ? [given.operation] : [],
    ownerless: given.ownerless === true ? [given.operation] : [],
  };
}

function issuesOf(config: ZeroTrustConfig, ...operations: readonly Operation[]): readonly string[] {
  const at = { name: 'orders/zero-trust', api: 'orders', operations } as unknown as CompileAt;
  const made = createZeroTrustKind().compile(config, at, {} as Sources);
  return made.ok ? [] : made.error.map(formatIssue);
}

for (const each of golden as readonly Golden[]) {
  test(each.what, () => {
    const issues = issuesOf(configOf(each), operationOf(each));
    assert.equal(issues.length, each.issues.length, issues.join('\n'));
    for (const [index, words] of each.issues.entries()) assert.ok(issues[index]?.includes(words), issues.join('\n'));
  });
}

test('what passes gets no step', () => {
  const given: Golden = { what: '', operation: 'GET /a', needs: ['a'], issues: [] };
  const at = { name: '', api: 'orders', operations: [operationOf(given)] } as unknown as CompileAt;
  const made = createZeroTrustKind().compile(configOf(given), at, {} as Sources);
  assert.deepEqual(made.ok && made.value.get('orders/GET /a'), {});
});
