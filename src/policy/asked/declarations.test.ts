import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compilePattern, describeApi } from '../../openapi/index.ts';
import { compileRule, stepBudget } from '../../rules/index.ts';
import { readExpression } from '../../rules/text.ts';
import type { Exchange } from '../exchange.ts';
import type { Operation } from '../operation.ts';
import { AskedRequest } from './asked-request.ts';
import { declarationsOf } from './declarations.ts';

/** What `params.id == 7` says of a path with this id, which is described as a number in this style. */
function saidOf(id: string, style: string): boolean | string {
  const document = {
    openapi: '3.1.0',
    info: { title: 'orders', version: '1' },
    paths: {
      '/orders/{id}': {
        get: {
          operationId: 'getOrder',
          parameters: [{ name: 'id', in: 'path', required: true, style, schema: { type: 'number' } }],
          responses: { 200: { description: 'it' } },
        },
      },
    },
  };
  const api = describeApi(document, () => null);
  assert.ok(api.ok);
  const [described] = api.value.operations;
  const operation = { name: 'getOrder', method: 'GET', template: '/orders/{id}', described } as unknown as Operation;
  const expression = readExpression('params.id == 7');
  assert.ok(expression.ok);
  const declarations = declarationsOf(operation, document, new Map());
  const rule = compileRule(expression.value, { declarations, compilePattern });
  assert.ok(rule.ok, JSON.stringify(rule));
  const headers = { get: () => null, all: () => [], has: () => false, entries: () => [] };
  const request = { method: 'GET', host: 'a.example', path: `/orders/${id}`, query: null, headers };
  const exchange = { request, params: { id }, principal: null, operation } as unknown as Exchange;
  return rule.value.answer(new AskedRequest(exchange), stepBudget());
}

test('a number in a path counts only as it is written, since servers read its text', () => {
  assert.equal(saidOf('7', 'simple'), true);
  assert.equal(saidOf('8', 'simple'), false);
  for (const id of ['70e-1', '700e-2', '0.7e1', '7.0', '7e0']) assert.equal(typeof saidOf(id, 'simple'), 'string', id);
  assert.equal(saidOf('.7', 'label'), true);
  assert.equal(saidOf(';id=7', 'matrix'), true);
  assert.equal(typeof saidOf(';id=70e-1', 'matrix'), 'string');
});

test('a form is gone through once, however often a rule asks for it', () => {
  let walks = 0;
  class Counted extends Map<string, readonly string[]> {
    override [Symbol.iterator](): MapIterator<[string, readonly string[]]> {
      walks++;
      return super[Symbol.iterator]();
    }
  }
  const operation = { name: 'POST /x', method: 'POST', template: '/x', described: null } as unknown as Operation;
  const expression = readExpression('["a", "b", "c"].all(each, request.body.kind == "k" || each == request.body.kind)');
  assert.ok(expression.ok);
  const rule = compileRule(expression.value, {
    declarations: declarationsOf(operation, null, new Map()),
    compilePattern,
  });
  assert.ok(rule.ok);
  const form = { kind: 'form', fields: new Counted([['kind', ['k']]]) };
  const request = { method: 'POST' };
  const exchange = { body: () => form, request, operation } as unknown as Exchange;
  assert.equal(rule.value.answer(new AskedRequest(exchange), stepBudget()), true);
  assert.equal(walks, 1);
});
