import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange, RepliedHead, ResponseEditor } from '../../exchange.ts';
import type { GraphqlRulesConfig } from './config.ts';
import { errorsStep } from './reply-errors.ts';

const EXCHANGE = {} as Exchange;
const EDITOR = {} as ResponseEditor;

/** What becomes of a reply of this type: refused for streaming, read for its errors, or neither. */
function fateOf(
  type: string | null,
  rules: Pick<GraphqlRulesConfig, 'errors' | 'subscriptions'>,
  source = 'upstream',
): string {
  const step = errorsStep(rules as GraphqlRulesConfig);
  const head = { source, status: 200, headers: { get: () => type } } as unknown as RepliedHead;
  if (step.replyHead?.(EXCHANGE, head, EDITOR).kind === 'deny') return 'refused';
  return step.concerns?.(EXCHANGE, head) === true ? 'read' : 'as it came';
}

test('JSON of the upstream is read, and what streams is refused where subscriptions are', () => {
  const mask = { errors: 'mask', subscriptions: 'refuse' } as const;
  assert.equal(fateOf('application/json; charset=utf-8', mask), 'read');
  assert.equal(fateOf('application/graphql-response+json', mask), 'read');
  assert.equal(fateOf('application/json', mask, 'gateway'), 'as it came');
  assert.equal(fateOf('text/html', mask), 'as it came');
  assert.equal(fateOf(null, mask), 'as it came');
  for (const streams of ['text/event-stream', 'multipart/mixed; boundary="-"']) {
    assert.equal(fateOf(streams, mask), 'refused');
    assert.equal(fateOf(streams, { ...mask, errors: 'pass' }), 'refused');
    assert.equal(fateOf(streams, { ...mask, subscriptions: 'pass' }), 'as it came');
  }
});
