import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribedMessages } from '../../../openapi/index.ts';
import type { Exchange, RepliedHead, ReplyView, RequestEditor, ResponseEditor } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import type { GrpcMessagesConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createGrpcMessagesKind } from './kind.ts';

/** One message, in hexadecimal, and what becomes of it. */
interface Golden {
  readonly name: string;
  readonly side: string;
  readonly undescribed?: string;
  readonly message: string;
  readonly verdict: unknown;
}

const METHOD = 'orders.v1.Orders/Place';
const DOCUMENT: DescribedMessages = {
  components: {
    methods: { [METHOD]: ['orders.v1.Order', 'orders.v1.Receipt'] },
    messages: {
      'orders.v1.Order': {
        fields: [
          { number: 1, name: 'id', kind: 'string' },
          { number: 2, name: 'quantity', kind: 'int32' },
          { number: 3, name: 'lines', kind: 'message', type: 'orders.v1.Line', many: true },
          { number: 4, name: 'notes', kind: 'message', type: 'orders.v1.Order/notes', many: true, map: true },
          { number: 5, name: 'days', kind: 'message', type: 'orders.v1.Days' },
        ],
      },
      'orders.v1.Line': { fields: [{ number: 1, name: 'sku', kind: 'uint64' }] },
      'orders.v1.Order/notes': {
        fields: [
          { number: 1, name: 'key', kind: 'string' },
          { number: 2, name: 'value', kind: 'string' },
        ],
      },
      'orders.v1.Days': { fields: [{ number: 1, name: 'day', kind: 'int32', many: true }] },
      'orders.v1.Receipt': {
        fields: [
          { number: 1, name: 'id', kind: 'string' },
          { number: 3, name: 'former', kind: 'message', type: 'orders.v1.Receipt' },
        ],
      },
    },
    enums: {},
  },
};

const told: string[] = [];
const kind = createGrpcMessagesKind({
  clock: { monotonic: () => 0 },
  log: { write: (_level: string, _event: string, words: string) => void told.push(words) },
} as unknown as KindPorts);

function operation(name: string, isGrpc = true): Operation {
  return { id: `a/${name}`, name, described: isGrpc ? { grpc: 'neither' } : null } as unknown as Operation;
}

function compiled(config: GrpcMessagesConfig, of = operation(METHOD), document: unknown = DOCUMENT) {
  const got = { document: () => document } as unknown as Sources;
  return kind.compile(config, { api: 'a', operations: [of] } as unknown as CompileAt, got);
}

function stepsOf(config: GrpcMessagesConfig): Steps {
  const steps = compiled(config);
  assert.ok(steps.ok);
  return steps.value.get(`a/${METHOD}`) ?? {};
}

const EXCHANGE = { id: 'x', operation: operation(METHOD) } as unknown as Exchange;

function judged({ side, undescribed, message }: Golden): unknown {
  const rules = undescribed === undefined ? null : { undescribed: undescribed as 'drop' };
  const steps = stepsOf({ replies: rules, operations: {} });
  const step = side === 'request' ? steps.inspect : steps.respond;
  const verdict = step?.message?.(EXCHANGE, Buffer.from(message.replaceAll(' ', ''), 'hex'));
  assert.ok(verdict !== undefined);
  if (verdict.kind === 'replace') return { kind: 'replace', message: Buffer.from(verdict.message).toString('hex') };
  if (verdict.kind === 'pass') return verdict;
  return { kind: verdict.kind, code: verdict.problem.code, rule: verdict.rule };
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][])
  for (const golden of list) test(`${file}: ${golden.name}`, () => assert.deepEqual(judged(golden), golden.verdict));

test('replies are judged only where that is said, and a method may say otherwise', () => {
  assert.deepEqual(Object.keys(stepsOf({ replies: null, operations: {} })), ['inspect']);
  assert.deepEqual(Object.keys(stepsOf({ replies: { undescribed: 'drop' }, operations: { [METHOD]: null } })), [
    'inspect',
  ]);
  const own = { replies: null, operations: { [METHOD]: { undescribed: 'refuse' } } } as const;
  assert.deepEqual(Object.keys(stepsOf(own)), ['inspect', 'transform', 'respond']);
});

test('what is no method has no step; a method whose messages nothing describes is not built', () => {
  const none = compiled({ replies: null, operations: {} }, operation('GET /x', false));
  assert.ok(none.ok);
  assert.deepEqual(none.value.get('a/GET /x'), {});
  assert.equal(compiled({ replies: null, operations: {} }, operation('orders.v1.Orders/Other')).ok, false);
  assert.equal(compiled({ replies: null, operations: {} }, operation(METHOD), null).ok, false);
});

function heads(fields: Readonly<Record<string, string>>): { readonly headers: RepliedHead['headers'] } {
  return { headers: { get: (name: string) => fields[name] ?? null } as RepliedHead['headers'] };
}

test('messages in JSON, or in a coding that nobody undoes, are no calls; upstreams are not told of such codings', () => {
  const { inspect, respond, transform } = stepsOf({ replies: { undescribed: 'drop' }, operations: {} });
  for (const [fields, rule] of [
    [{ 'content-type': 'application/grpc' }, null],
    [{ 'content-type': 'application/grpc+proto', 'grpc-encoding': 'GZIP' }, null],
    [{ 'content-type': 'application/grpc', 'grpc-encoding': 'deflate' }, null],
    [{ 'content-type': 'application/grpc', 'grpc-encoding': 'identity' }, null],
    [{ 'content-type': 'application/grpc+json' }, 'content-type'],
    [{ 'content-type': 'application/grpc', 'grpc-encoding': 'snappy' }, 'grpc-encoding'],
    [{ 'content-type': 'application/grpc', 'grpc-encoding': 'br' }, 'grpc-encoding'],
  ] as const) {
    const verdict = inspect?.run({ ...EXCHANGE, request: heads(fields) } as unknown as Exchange) as Verdict;
    assert.equal(verdict.kind === 'deny' ? verdict.rule : null, rule);
    const reply = respond?.run(EXCHANGE, heads(fields) as ReplyView, {} as ResponseEditor) as Verdict;
    assert.equal(reply.kind === 'deny', rule !== null);
  }
  const edits: unknown[] = [];
  const editor = {
    setHeader: (...set: readonly string[]) => void edits.push(set),
    removeHeader: (name: string) => void edits.push(name),
  } as unknown as RequestEditor;
  for (const asked of ['identity,gzip, zstd', 'snappy', undefined]) {
    const request = heads(asked === undefined ? {} : { 'grpc-accept-encoding': asked });
    void transform?.run({ ...EXCHANGE, request } as unknown as Exchange, editor);
  }
  assert.deepEqual(edits, [['grpc-accept-encoding', 'identity,gzip'], 'grpc-accept-encoding']);
});

test('the log is told of each difference of a reply once', () => {
  told.length = 0;
  const { respond } = stepsOf({ replies: { undescribed: 'drop' }, operations: {} });
  for (let at = 0; at < 3; at++) respond?.message?.({ ...EXCHANGE, operation: operation('told') }, Buffer.of(0x28, 1));
  assert.deepEqual(told, ['a reply had what is not described, which was taken out']);
});
