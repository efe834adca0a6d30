import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange, RepliedHead, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { GraphqlRulesConfig } from './config.ts';
import { errorsStep, MAY_STREAM } from './reply-errors.ts';

/** A request that asked for a stream, or did not. */
function asking(streams: boolean): Exchange {
  return { slot: (slot: unknown) => (slot === MAY_STREAM ? { value: streams } : assert.fail()) } as unknown as Exchange;
}

const EXCHANGE = asking(true);
const EDITOR = {} as ResponseEditor;

/** What becomes of a reply of this type: refused by its head, read for its errors, or neither. */
function fateOf(
  type: string | null,
  rules: Pick<GraphqlRulesConfig, 'errors' | 'subscriptions'>,
  { source = 'upstream', exchange = EXCHANGE } = {},
): string {
  const step = errorsStep(rules as GraphqlRulesConfig);
  const head = { source, status: 200, headers: { get: () => type } } as unknown as RepliedHead;
  if (step.replyHead?.(exchange, head, EDITOR).kind === 'deny') return 'refused';
  return step.concerns?.(exchange, head) === true ? 'read' : 'as it came';
}

test('JSON of the upstream is read, and what streams is refused where subscriptions are', () => {
  const mask = { errors: 'mask', subscriptions: 'refuse' } as const;
  assert.equal(fateOf('application/json; charset=utf-8', mask), 'read');
  assert.equal(fateOf('application/graphql-response+json', mask), 'read');
  assert.equal(fateOf('application/json', mask, { source: 'gateway' }), 'as it came');
  assert.equal(fateOf('text/html', mask), 'as it came');
  assert.equal(fateOf('text/json', mask), 'read');
  // Clients take it for what they asked for.
  assert.equal(fateOf(null, mask), 'read');
  for (const streams of ['text/event-stream', 'multipart/mixed; boundary="-"']) {
    assert.equal(fateOf(streams, mask), 'refused');
    assert.equal(fateOf(streams, { ...mask, errors: 'pass' }), 'refused');
    assert.equal(fateOf(streams, { ...mask, subscriptions: 'pass' }), 'as it came');
  }
});

test('JSON that can be read in several ways, or in a charset that nobody looks into, is refused where errors are masked', () => {
  const mask = { errors: 'mask', subscriptions: 'refuse' } as const;
  for (const type of [
    'application/json; charset=utf-16',
    'application/json; charset=utf-16le',
    'application/graphql-response+json; charset=iso-8859-1',
    'Application/JSON; charset=utf-8; charset=utf-16',
    "application/json; charset*=utf-8''utf-16",
    'application/json, text/html',
  ]) {
    assert.equal(fateOf(type, mask), 'refused', type);
    assert.equal(fateOf(type, { ...mask, errors: 'pass' }), 'as it came', type);
  }
  assert.equal(fateOf('text/html; charset=iso-8859-1', mask), 'as it came');
  assert.equal(fateOf('text/event-stream; charset=utf-16', { ...mask, errors: 'pass' }), 'refused');
});

test('what asks for no stream gets none that is not masked, whatever it accepts', () => {
  const passing = { errors: 'mask', subscriptions: 'pass' } as const;
  for (const type of ['text/event-stream', 'multipart/mixed; boundary="-"']) {
    assert.equal(fateOf(type, passing, { exchange: asking(false) }), 'refused');
    assert.equal(fateOf(type, { ...passing, errors: 'pass' }, { exchange: asking(false) }), 'as it came');
  }
});

test('of a part of a reply nobody knows whether its errors tell', () => {
  const step = errorsStep({ errors: 'mask', subscriptions: 'pass' } as GraphqlRulesConfig);
  const saidOf = (status: number): unknown => {
    const reply = { status, body: () => Buffer.from('"x"}') } as unknown as ReplyView;
    return (step.run(EXCHANGE, reply, EDITOR) as { readonly kind: string }).kind;
  };
  assert.deepEqual([saidOf(200), saidOf(206)], ['pass', 'deny']);
});
