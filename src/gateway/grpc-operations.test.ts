import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiDescription, GrpcStreams } from '../openapi/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import { createGrpcKind, PASS, type PolicyKind } from '../policy/index.ts';
import { isGrpcType, readTimeout } from '../wire/index.ts';
import { compile, verify } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { gatheredOf, kindOf, NO_TABLES, snapshotOf, step, StillClock, valueOf } from './fixture.test.ts';
import { rehearse, type RehearsedVerdict } from './rehearse.ts';

const METHODS: readonly (readonly [string, GrpcStreams])[] = [
  ['orders.v1.Orders/Get', 'neither'],
  ['orders.v1.Orders/Watch', 'server'],
];

const DESCRIPTION: ApiDescription = {
  ...{ specification: '3.1', title: '', version: '', securitySchemes: [], warnings: [] },
  operations: METHODS.map(([id, grpc]) => ({
    ...{ id, method: 'POST', template: `/${id}`, segments: valueOf(parseTemplate(`/${id}`)).segments },
    ...{ pointer: '', deprecated: false, parameters: [], requestBody: null, responses: [], security: null, grpc },
  })),
};

function compiled(kinds: readonly PolicyKind<never>[] = [], more = '') {
  const table = kindTable([createGrpcKind({ isGrpcType, readTimeout }), ...kinds]);
  const text = `apis:
  orders:
    descriptors: orders.binpb
    upstream: http://127.0.0.1:3001
    auth: public
${more}`;
  return { table, gathered: gatheredOf(text, table, { descriptions: { orders: DESCRIPTION } }) };
}

async function asked(target: string, headers: readonly (readonly [string, string])[] = []): Promise<RehearsedVerdict> {
  const { table, gathered } = compiled();
  const question = { method: 'POST', host: 'x.example', target, headers, body: null };
  const caller = { kind: 'anonymous' } as const;
  return (await rehearse(snapshotOf(gathered, table), { ...question, caller }, new StillClock())).verdict;
}

test('methods are routes, with the bound of a message and what streams of them', () => {
  const { table, gathered } = compiled([], '    operations: { orders.v1.Orders/Get: { body: 1KiB } }');
  const snapshot = snapshotOf(gathered, table);
  assert.deepEqual(
    snapshot.operations.map(({ operation, grpc, bodyLimitBytes }) => [operation.id, grpc, bodyLimitBytes]),
    [
      ['orders/orders.v1.Orders/Get', 'neither', 1_024],
      ['orders/orders.v1.Orders/Watch', 'server', 4 * 1_048_576],
    ],
  );
  assert.equal(snapshot.router.find('x.example', '/orders.v1.Orders/Get', 'POST').kind, 'matched');
  assert.equal(snapshot.router.find('x.example', '/orders.v1.Orders/Get', 'GET').kind, 'methodNotAllowed');
  assert.deepEqual(verify(snapshot), []);
  assert.ok(
    snapshot.coverage.every(({ cells }) =>
      cells.some(({ aspect, holds }) => aspect === 'validation' && holds === 'requests'),
    ),
  );
});

test('a stream can not be given times that would not hold, a single call can', () => {
  const { table, gathered } = compiled(
    [],
    '    operations: { orders.v1.Orders/Get: { timeout: 1s, deadline: 2s }, orders.v1.Orders/Watch: { timeout: 1s, deadline: 2s } }',
  );
  const result = compile(gathered, { kinds: table, tables: NO_TABLES });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.error.map(({ path, message }) => [path, message]),
    ['timeout', 'deadline'].map((key) => [
      `apis.orders.operations["orders.v1.Orders/Watch"].${key}`,
      'a stream of gRPC stands as long as both sides like',
    ]),
  );
});

test('a policy that reads bodies can not be built for a gRPC method', () => {
  for (const [request, response] of [
    ['parsed', 'none'],
    ['raw', 'none'],
    ['none', 'parsed'],
  ] as const) {
    const stage = response === 'none' ? 'inspect' : 'respond';
    const { table, gathered } = compiled(
      [kindOf('reader', { [stage]: step(() => PASS, { request, response }) })],
      '    policies: { reader: {} }',
    );
    const issues = verify(valueOf(compile(gathered, { kinds: table, tables: NO_TABLES })));
    assert.equal(issues.length, 2, request);
    assert.match(
      issues[0]?.message ?? '',
      /a policy reads bodies, and orders\/orders\.v1\.Orders\/Get is a gRPC method/,
    );
  }
});

test('a rehearsal judges the one message that is given, before a stream has passed for it too', async () => {
  const judging = kindOf('messages', {
    decide: {
      ...step(() => PASS),
      message: (_exchange: unknown, message: Uint8Array) =>
        message.length === 2 ? PASS : { kind: 'deny', problem: { code: 'rule-not-met', internal: 'why' }, rule: 'r' },
    },
  } as never);
  const { table, gathered } = compiled([judging], '    policies: { messages: {} }');
  const snapshot = snapshotOf(gathered, table);
  for (const target of ['/orders.v1.Orders/Get', '/orders.v1.Orders/Watch']) {
    const same = { method: 'POST', host: 'x.example', target, headers: [], caller: { kind: 'anonymous' } } as const;
    const verdictOn = async (body: Uint8Array | null): Promise<RehearsedVerdict> =>
      (await rehearse(snapshot, { ...same, body }, new StillClock())).verdict;
    for (const body of [null, Buffer.alloc(2)]) assert.equal((await verdictOn(body)).kind, 'pass', target);
    const refused = await verdictOn(Buffer.alloc(3));
    assert.ok(refused.kind === 'refused', target);
    assert.deepEqual([refused.code, refused.rule, refused.why], ['rule-not-met', 'r', 'why']);
  }
});

test('a rehearsal calls a method as a library of gRPC would, unless it says otherwise', async () => {
  const passed = await asked('/orders.v1.Orders/Watch');
  assert.equal(passed.kind, 'pass');
  assert.ok(passed.kind === 'pass' && passed.added.includes('te') && passed.added.includes('grpc-timeout'));
  const other = await asked('/orders.v1.Orders/Get', [['content-type', 'application/json']]);
  assert.deepEqual([other.kind, other.kind === 'refused' && other.code], ['refused', 'unsupported-media-type']);
  const late = await asked('/orders.v1.Orders/Get', [['grpc-timeout', 'soon']]);
  assert.deepEqual([late.kind, late.kind === 'refused' && late.rule], ['refused', 'grpc-timeout']);
  const said = [['content-type', 'application/grpc'] as const, ['te', 'trailers'] as const];
  for (const headers of [said, said.slice(1)])
    assert.equal((await asked('/orders.v1.Orders/Get', headers)).kind, 'pass', 'it is called over HTTP/2');
  const untold = await asked('/orders.v1.Orders/Get', said.slice(0, 1));
  assert.deepEqual([untold.kind, untold.kind === 'refused' && untold.rule], ['refused', 'te']);
  const none = await asked('/orders.v1.Orders/None');
  assert.deepEqual([none.kind, none.kind === 'refused' && none.code], ['refused', 'not-found']);
});
