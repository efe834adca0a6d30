import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../../../base/index.ts';
import type { DescribedMessages } from '../../../openapi/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources, Step } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { written } from './fixtures.test.ts';
import { createConditionsKind } from './kind.ts';

const METHOD = 'shop.Orders/Place';
const DOCUMENT: DescribedMessages = {
  components: {
    methods: { [METHOD]: ['shop.Order', 'shop.Order'] },
    messages: {
      'shop.Order': {
        fields: [
          { number: 1, name: 'unit_price', json: 'unitPrice', kind: 'int32' },
          { number: 2, name: 'note', kind: 'string', optional: true },
          { number: 3, name: 'days', kind: 'int32', many: true },
        ],
      },
    },
    enums: {},
  },
};

function compiled(rules: readonly string[], grpc: string, document: unknown = DOCUMENT) {
  const operation = { id: `a/${METHOD}`, name: METHOD, method: 'POST', described: { grpc }, template: `/${METHOD}` };
  const at = { api: 'a', operations: [operation as unknown as Operation] } as unknown as CompileAt;
  const got = { document: () => document } as unknown as Sources;
  const config = { errors: 'plain', operations: { [METHOD]: written(...rules) }, values: {} } as const;
  return createConditionsKind().compile(config, at, got);
}

function stepOf(rules: readonly string[], grpc = 'neither'): Step<'decide'> {
  const steps = compiled(rules, grpc);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join());
  return steps.value.get(`a/${METHOD}`)?.decide ?? assert.fail('no step');
}

const EXCHANGE = {
  request: { host: 'a.example', headers: { all: () => [], get: () => null } },
  params: {},
  principal: null,
} as unknown as Exchange;

/** What the conditions say of a message, in hexadecimal: '' for nothing, else why. */
function said(rule: string, message: string): string {
  const verdict = stepOf([rule]).message?.(EXCHANGE, Buffer.from(message.replaceAll(' ', ''), 'hex'));
  if (verdict?.kind === 'pass') return '';
  return verdict?.kind === 'deny' ? `${verdict.rule}: ${verdict.problem.internal}` : assert.fail(verdict?.kind);
}

test('conditions ask a message by the names of its fields in JSON; what was not sent is its zero', () => {
  assert.equal(said('request.body.unitPrice <= 5', '08 05'), '');
  assert.equal(said('request.body.unitPrice <= 5', ''), '');
  assert.equal(said('request.body.unitPrice <= 5', '08 06'), 'rules[0]: rules[0] is not so');
  assert.equal(said('request.body.days.all(day, day < 8)', '1a 03 010207'), '');
  assert.match(said('request.body.days.all(day, day < 8)', '1a 03 010209'), /is not so/);
  assert.match(said('request.body.unit_price == 5', '08 05'), /there is no `unit_price`/);
});

test('of an optional field it can be asked whether it is there', () => {
  assert.equal(said('!has(request.body.note)', ''), '');
  assert.equal(said('has(request.body.note)', '12 00'), '');
  assert.match(said('request.body.note == ""', ''), /there is no `note`/);
});

test('a message that can not be read meets no condition, not even one that says that something is not there', () => {
  for (const broken of ['0a 01 61', '08', '08 01 08 01', '12 01 ff'])
    assert.match(said('!has(request.body.note)', broken), /no single reading/, broken);
  // What is not described can't be named, and is refused by whoever judges messages.
  assert.equal(said('request.body.unitPrice == 5', '08 05 20 01'), '');
});

test('what names no body is asked of the head, and no message for it', () => {
  const head = stepOf(['request.host == "b.example"']);
  assert.equal(head.message, undefined);
  assert.equal((head.run(EXCHANGE) as { kind: string }).kind, 'deny');
  const both = stepOf(['request.host == "b.example"', 'request.body.unitPrice == 1']);
  assert.equal((both.run(EXCHANGE) as { kind: string }).kind, 'deny');
  assert.deepEqual(both.reads, { request: 'none', response: 'none' });
  const verdict = both.message?.(EXCHANGE, Buffer.of());
  assert.ok(verdict?.kind === 'deny');
  assert.equal(verdict.rule, 'rules[1]');
  const body = stepOf(['request.body.unitPrice == 1'], 'server');
  assert.equal((body.run(EXCHANGE) as { kind: string }).kind, 'pass');
});

test('messages of which there may be many can not be asked, nor those that nothing describes', () => {
  for (const streams of ['client', 'both']) {
    const steps = compiled(['request.host != "" && request.body.days == []'], streams);
    assert.ok(!steps.ok);
    assert.match(steps.error.map(formatIssue).join(), /may send messages without end by this method/);
    assert.ok(compiled(['request.host != ""'], streams).ok);
  }
  const steps = compiled(['request.body.days == []'], 'neither', {
    components: { methods: {}, messages: {}, enums: {} },
  });
  assert.ok(!steps.ok);
  assert.match(steps.error.map(formatIssue).join(), /no messages are described/);
});
