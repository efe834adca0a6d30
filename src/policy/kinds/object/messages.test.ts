import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../../../base/index.ts';
import type { DescribedMessages } from '../../../openapi/index.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { exchangeOf, NO_OWNERS, ruleOf } from './fixtures.test.ts';
import { createObjectKind } from './kind.ts';

const METHOD = 'shop.Orders/Place';
const DOCUMENT: DescribedMessages = {
  components: {
    methods: { [METHOD]: ['shop.Order', 'shop.Order'] },
    messages: { 'shop.Order': { fields: [{ number: 1, name: 'tenant_id', json: 'tenantId', kind: 'string' }] } },
    enums: {},
  },
};

function compiled(allow: string, grpc = 'neither') {
  const operation = { id: `a/${METHOD}`, name: METHOD, method: 'POST', described: { grpc }, template: `/${METHOD}` };
  const at = { api: 'a', operations: [operation as unknown as Operation] } as unknown as CompileAt;
  const got = { document: () => DOCUMENT } as unknown as Sources;
  return createObjectKind(NO_OWNERS).compile({ operations: { [METHOD]: ruleOf({ allow }) }, values: {} }, at, got);
}

function stepsOf(allow: string): Steps {
  const steps = compiled(allow);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join());
  return steps.value.get(`a/${METHOD}`) ?? assert.fail('no steps');
}

/** What is said of a call with this message, in hexadecimal. */
function said(allow: string, message: string): string {
  const { authorize, decide } = stepsOf(allow);
  const exchange = exchangeOf({ method: 'POST' });
  const before = authorize?.run(exchange) as { kind: string };
  if (before.kind !== 'pass') return 'before';
  assert.deepEqual(decide?.run(exchange), { kind: 'pass' });
  const verdict = decide?.message?.(exchange, Buffer.from(message.replaceAll(' ', ''), 'hex'));
  return verdict?.kind === 'deny' ? verdict.problem.code : (verdict?.kind ?? 'no message');
}

const OWN = 'request.body.tenantId == principal.tenant';

test('a call of gRPC is bound to its caller by the one message that its client sends', () => {
  assert.equal(said(OWN, '0a 05 6e6f727468'), 'pass');
  assert.equal(said(OWN, '0a 05 736f757468'), 'not-found');
  assert.equal(said(OWN, ''), 'not-found');
  assert.equal(said(`principal.tenant == "south" && ${OWN}`, '0a 05 6e6f727468'), 'before');
  assert.equal(stepsOf('principal.tenant == "north"').decide, undefined);
});

test('a message that can’t be read is nobody’s', () => {
  for (const broken of ['0a 05 6e6f7274', '08', '0a 05 6e6f727468 0a 05 736f757468 ff'])
    assert.equal(said(OWN, broken), 'not-found', broken);
});

test('its replies come when it is done, and messages without end are never whole', () => {
  for (const [allow, grpc] of [
    ['response.tenantId == principal.tenant', 'neither'],
    [OWN, 'client'],
    [OWN, 'both'],
  ] as const)
    assert.ok(!compiled(allow, grpc).ok, `${allow} ${grpc}`);
});
