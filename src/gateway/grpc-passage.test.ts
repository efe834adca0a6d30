import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { test } from 'node:test';
import type { LedgerRecord } from '../base/index.ts';
import type { ApiDescription, GrpcStreams } from '../openapi/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import { createGrpcKind, type OwnReply, PASS, type PolicyKind, type Verdict } from '../policy/index.ts';
import {
  type BodyFraming,
  type ExchangeEvents,
  isGrpcType,
  type OutgoingRequest,
  readTimeout,
  type ReplyHead,
  type ServerExchange,
  type UpstreamCall,
  type UpstreamEvents,
} from '../wire/index.ts';
import { AddedFields } from './added-fields.ts';
import { kindTable } from './kind-table.ts';
import {
  fakePorts,
  fieldsOf,
  gatheredOf,
  kindOf,
  principalNamed,
  snapshotOf,
  step,
  UNJUDGED,
  valueOf,
} from './fixture.test.ts';
import { createGateway } from './gateway.ts';
import type { Upstreams } from './upstream-pools.ts';

const METHODS: readonly (readonly [string, GrpcStreams])[] = [
  ['a.A/Get', 'neither'],
  ['a.A/Talk', 'both'],
];
const DESCRIPTION: ApiDescription = {
  ...{ specification: '3.1', title: '', version: '', securitySchemes: [], warnings: [] },
  operations: METHODS.map(([id, grpc]) => ({
    ...{ id, method: 'POST', template: `/${id}`, segments: valueOf(parseTemplate(`/${id}`)).segments },
    ...{ pointer: '', deprecated: false, parameters: [], requestBody: null, responses: [], security: null, grpc },
  })),
};
const CHUNKED: BodyFraming = { kind: 'chunked' };
const HEAD = {
  status: 200,
  fields: new AddedFields(['content-type', 'application/grpc']),
  framing: CHUNKED,
  announcedLength: null,
} as unknown as ReplyHead;
/** No flag of a message. */
const BROKEN = Buffer.of(9, 9, 9);

/** What was given to whoever called, as far as these tests look at it: `STATUS grpc-status` of a reply that is whole. */
interface Asked {
  readonly said: string[];
  readonly events: ExchangeEvents;
}

/** A gateway on a still clock whose clients and upstream are played by the test. */
function startGateway(kinds: readonly PolicyKind<never>[] = [], settings = '') {
  const fakes = fakePorts();
  const asked: OutgoingRequest[] = [];
  const calls: { readonly events: UpstreamEvents; aborted: boolean }[] = [];
  const upstream = {
    waitingShare: () => 0,
    call(request: OutgoingRequest, events: UpstreamEvents): UpstreamCall {
      asked.push(request);
      const call = { events, aborted: false };
      calls.push(call);
      return { write: () => true, finish() {}, resume() {}, allowIdle() {}, abort: () => void (call.aborted = true) };
    },
  };
  const upstreams: Upstreams = {
    forApis: () => [upstream],
    retain() {},
    sweep() {},
    close() {},
    tableReplaced() {},
    report: () => [],
  };
  const gateway = createGateway(fakes.ports, undefined, upstreams);
  const table = kindTable([createGrpcKind({ isGrpcType, readTimeout }), ...kinds]);
  const used = kinds.map(({ kind }) => `${kind}: {}`).join(', ');
  const policies = used === '' ? '' : `, policies: { ${used} }`;
  const text = `apis:
  a: { descriptors: a.binpb, upstream: { targets: ['http://127.0.0.1:1']${settings} }, auth: public${policies} }`;
  gateway.install(snapshotOf(gatheredOf(text, table, { descriptions: { a: DESCRIPTION } }), table));
  const ask = (method: string, fields: readonly (readonly [string, string])[] = [], framing = CHUNKED): Asked => {
    const stream = new PlayedStream(`/${method}`, fields, framing);
    gateway.request(stream as unknown as ServerExchange);
    return stream;
  };
  return { ...fakes, gateway, asked, calls, ask };
}

class PlayedStream {
  readonly request: unknown;
  readonly framing: BodyFraming;
  readonly receivedBytes = 0;
  readonly upgrade = null;
  readonly said: string[] = [];
  events = {} as ExchangeEvents;

  constructor(path: string, fields: readonly (readonly [string, string])[], framing: BodyFraming) {
    const headers = fieldsOf(['content-type', 'application/grpc'], ['te', 'trailers'], ...fields);
    const tls = { applicationProtocol: 'h2', serverName: 'x.example', ...UNJUDGED };
    const peer = { address: '127.0.0.1', port: 1, via: [], tls };
    this.request = { method: 'POST', host: 'x.example', port: null, path, query: null, headers, peer };
    this.framing = framing;
  }

  limitBody(): boolean {
    return true;
  }

  receive(): void {}

  send({ status, added }: { readonly status: number; readonly added: readonly string[] }): void {
    this.said.push(`${status} ${added[added.indexOf('grpc-status') + 1]}`);
  }

  write(): boolean {
    return true;
  }

  begin({ status }: { readonly status: number }): void {
    this.said.push(`${status} begins`);
  }

  finish(trailers: readonly string[]): void {
    this.said.push(`ends ${trailers[trailers.indexOf('grpc-status') + 1]}`);
  }

  cut(): void {
    this.said.push('cut');
  }
}

/** A policy that takes its time over whatever it is asked, until `go`. */
function slowly(stage: 'admit' | 'respond') {
  const waiting: (() => void)[] = [];
  const run = (): Promise<Verdict> => {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    waiting.push(() => resolve(PASS));
    return promise;
  };
  const kind = kindOf('slow', stage === 'admit' ? { admit: step<'admit'>(run) } : { respond: step<'respond'>(run) });
  const go = async (): Promise<void> => {
    for (const each of waiting.splice(0)) each();
    await setImmediate();
  };
  return { kind, go };
}

test('a refusal that waits to be sent is sent, whatever else the client sends', async () => {
  const { kind, go } = slowly('respond');
  const { ask, calls, metrics } = startGateway([kind]);
  const { said, events } = ask('a.A/Talk');
  for (let times = 0; times < 3; times++) assert.equal(events.pieces([BROKEN]), true);
  events.bodyEnd();
  assert.deepEqual([said, calls.map(({ aborted }) => aborted)], [[], [true]]);
  await go();
  assert.deepEqual([said, metrics.grpcStatuses], [['200 13'], ['INTERNAL']]);
});

test('a refusal that waits to be sent is not cut by the deadline, and says what it said', async () => {
  const { kind, go } = slowly('respond');
  const { ask, calls, clock, metrics } = startGateway([kind]);
  const { said } = ask('a.A/Talk', [['grpc-timeout', '2S']]);
  calls[0]?.events.failed({ code: 'upstream-unreachable', detail: '' });
  clock.pass(5_000);
  assert.deepEqual(said, []);
  await go();
  assert.deepEqual([said, metrics.grpcStatuses], [['200 14'], ['UNAVAILABLE']]);
});

test('the field that tells of a deadline elsewhere reaches no upstream of gRPC from a client, and neither does its own', () => {
  const { ask, asked } = startGateway([], ', deadline: 2s, deadlineHeader: X-Left-Ms');
  const fields = [
    ['x-left-ms', '999999'],
    ['grpc-timeout', '9S'],
    ['kept', '1'],
  ] as const;
  ask('a.A/Talk', fields);
  const [{ fields: sent, lines } = { fields: null, lines: '' }] = asked;
  const names = [...(sent?.kept() ?? [])].map(([name]) => name);
  assert.deepEqual(
    [names.includes('x-left-ms'), names.includes('grpc-timeout'), names.includes('kept')],
    [false, false, true],
  );
  assert.match(lines ?? '', /\r\ngrpc-timeout: 9000m\r\n/);
  assert.doesNotMatch(lines ?? '', /x-left-ms/i);
});

test('a call that is late before it goes upstream never does', async () => {
  const { kind, go } = slowly('admit');
  const { ask, calls, clock, metrics } = startGateway([kind]);
  const none: BodyFraming = { kind: 'none' };
  const replies = [
    ask('a.A/Get', [['grpc-timeout', '100m']], none),
    ask('a.A/Get', [['grpc-timeout', '100m']]),
    ask('a.A/Talk', [['grpc-timeout', '100m']]),
    ask('a.A/Talk', [['grpc-timeout', '0n']]),
  ];
  clock.pass(100);
  await go();
  assert.deepEqual(
    replies.map(({ said }) => said),
    replies.map(() => ['200 4']),
  );
  assert.deepEqual([calls.length, metrics.standing, clock.waiting], [0, 0, 0]);
});

test('a stream of gRPC is judged to its end while the thread ends, and counted by that', () => {
  const principal = principalNamed('a', { expiresAtMs: Date.UTC(2026, 0, 1) + 3_000 });
  const run = () => ({ kind: 'identified', principal }) as const;
  const bench = startGateway([kindOf('who', { authenticate: step<'authenticate'>(run) })]);
  const calls = [bench.ask('a.A/Talk'), bench.ask('a.A/Talk')];
  for (const { events } of bench.calls) events.head(HEAD);
  bench.gateway.drain();
  assert.equal(bench.metrics.standing, 2);
  calls[1]?.events.gone(null);
  bench.clock.pass(3_999);
  assert.deepEqual(calls[0]?.said, ['200 begins', 'ends 16']);
  assert.deepEqual(bench.metrics.streamEnds, ['grpc drain', 'grpc expired']);
});

/** What the ledger holds of how calls ended. */
function endsOf(records: readonly LedgerRecord[]): readonly unknown[] {
  return records.flatMap((record) =>
    record.kind === 'completion' ? [[record.status, record.grpcStatus, record.problem, record.complete]] : [],
  );
}

test('a policy’s own reply to a call is a status of gRPC', () => {
  const response: OwnReply = { status: 503, headers: [['content-type', 'text/html']], body: 'soon again' };
  const answering = kindOf('maintenance', { admit: step<'admit'>(() => ({ kind: 'reply', response })) });
  const { ask, calls, records, metrics } = startGateway([answering]);
  assert.deepEqual(ask('a.A/Get').said, ['200 14']);
  assert.deepEqual([calls.length, endsOf(records)], [0, [[200, 'UNAVAILABLE', null, true]]]);
  assert.deepEqual(metrics.grpcStatuses, ['UNAVAILABLE']);
});

test('a policy that replies by gRPC with what no head can say is at fault', () => {
  const headers = [['content-type', 'application/grpc'] as const];
  const response: OwnReply = { status: 200, headers, body: '\0\0\0\0\0' };
  const answering = kindOf('cache', { admit: step<'admit'>(() => ({ kind: 'reply', response })) });
  const { ask, records, alerts } = startGateway([answering]);
  assert.deepEqual(ask('a.A/Get').said, ['200 14']);
  assert.deepEqual(endsOf(records), [[200, 'UNAVAILABLE', 'gateway-fault', true]]);
  assert.equal(alerts.length, 1);
});

test('the ledger holds what each call ended with', () => {
  const { ask, calls, clock, records } = startGateway();
  const trailers = (status: string) => fieldsOf(['grpc-status', status]);
  const begun = (method: string, more: readonly (readonly [string, string])[] = []): UpstreamEvents => {
    const { events } = ask(method, more);
    events.pieces([Buffer.of(0, 0, 0, 0, 0)]);
    const upstream = (calls.at(-1) as (typeof calls)[number]).events;
    upstream.head(HEAD);
    return upstream;
  };
  begun('a.A/Get').end(trailers('0'));
  begun('a.A/Get').end(trailers('5'));
  begun('a.A/Talk').end(trailers('99'));
  begun('a.A/Get').end(trailers('none'));
  begun('a.A/Talk', [['grpc-timeout', '2S']]);
  clock.pass(2_000);
  ask('a.A/Talk').events.gone(null);
  ask('a.A/Get').events.pieces([BROKEN]);
  assert.deepEqual(endsOf(records), [
    [200, 'OK', null, true],
    [200, 'NOT_FOUND', null, true],
    [200, 'UNKNOWN', null, true],
    [200, 'UNAVAILABLE', 'upstream-malformed-reply', false],
    [200, 'DEADLINE_EXCEEDED', 'deadline-exceeded', false],
    [0, 'CANCELLED', null, false],
    [200, 'INTERNAL', 'malformed-message', true],
  ]);
});

test('the time of a call runs from its arrival, and the upstream hears of what the gateway left of it', async () => {
  const { kind, go } = slowly('admit');
  const { ask, asked, calls, clock } = startGateway([kind]);
  const { said } = ask('a.A/Talk', [['grpc-timeout', '2S']]);
  clock.pass(1_500);
  await go();
  assert.equal(calls.length, 1);
  assert.match(asked[0]?.lines ?? '', /^grpc-timeout: 500m\r\n/m);
  clock.pass(499);
  assert.deepEqual(said, []);
  clock.pass(1);
  assert.deepEqual([said, calls[0]?.aborted], [['200 4'], true]);
});
