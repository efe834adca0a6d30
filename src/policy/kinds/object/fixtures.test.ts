// No tests here: rules on objects, and what becomes of requests and replies by them. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../../../base/index.ts';
import { parseBody } from '../../../body/index.ts';
import { readExpression } from '../../../rules/text.ts';
import { EMPTY_DESK } from '../../desk.ts';
import type { Exchange, ReplyView, RequestEditor, ResponseEditor, Slot } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { ReplyVerdict, Verdict } from '../../verdict.ts';
import type { ObjectRule } from './config.ts';
import { createObjectKind } from './kind.ts';
import type { OwnerLookup } from './owner-lookup.ts';
import type { OwnerPorts } from './owners.ts';

/** Nobody to ask whose objects are. */
export const NO_OWNERS: OwnerPorts = { clock: { now: () => 0, monotonic: () => 0 }, desk: EMPTY_DESK };

/** A rule as the key `object` says it. */
export interface Written {
  readonly allow: string;
  readonly each?: readonly string[];
  readonly drop?: readonly (readonly string[])[];
  readonly else?: 403;
  readonly observed?: true;
  /** The URL of an owner service. */
  readonly lookup?: string;
}

/** A reply of the upstream's. */
export interface Replied {
  readonly status?: number;
  readonly type?: string | null;
  readonly fields?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A request of ada's, of the tenant north, where nothing else is said. */
export interface Sent {
  readonly operation?: string;
  readonly method?: string;
  readonly id?: string;
  readonly principal?: Readonly<Record<string, unknown>> | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly reply?: Replied;
  readonly address?: string;
}

/** What became of it: refused before the upstream heard of it, or what its client got. */
export interface Outcome {
  readonly end: string;
  /** Why, as records have it. */
  readonly why: string | null;
  /** The body that goes out. */
  readonly body: string | null;
  readonly removed: readonly string[];
  readonly set: Readonly<Record<string, string>>;
  /** Fields of the request that the upstream does not get. */
  readonly unsent: readonly string[];
}

export const GET = 'GET /orders/{id}';

/** A lookup at this URL, as the configuration reads it. */
export function lookupOf(url: string, more: Partial<OwnerLookup> = {}): OwnerLookup {
  const query = url.indexOf('?');
  let at = 0;
  const pieces = url.split(/(\{[^}]*\})/).map((piece): OwnerLookup['pieces'][number] => {
    at += piece.length;
    const part = query >= 0 && at > query ? 'query' : 'path';
    return piece.startsWith('{') ? { names: piece.slice(1, -1).split('.'), part } : piece;
  });
  const whole = pieces.filter((piece) => piece !== '');
  return {
    url,
    pieces: whole,
    secret: null,
    cacheMs: 5_000,
    timeoutMs: 2_000,
    caFile: null,
    path: 'object.lookup',
    ...more,
  };
}

export function ruleOf({ allow, each, drop = [], else: otherwise, observed, lookup }: Written): ObjectRule {
  const read = readExpression(allow);
  assert.ok(read.ok, read.ok ? '' : `${allow}: ${read.error.message}`);
  return {
    id: 'a.object',
    text: allow,
    expression: read.value,
    message: null,
    path: 'object',
    otherwise: otherwise === 403 ? 'forbidden' : 'not-found',
    each: each === undefined ? null : { names: each, drop },
    observed: observed === true,
    lookup: lookup === undefined ? null : lookupOf(lookup),
  };
}

function compiled(rule: Written, name: string, more: Partial<Operation> = {}, ports = NO_OWNERS) {
  const [method = '', template = ''] = name.split(' ');
  const operation = { id: `a/${name}`, api: 'a', name, method, template, deprecated: false, described: null, ...more };
  const at = { name: 'a/object', api: 'a', operations: [operation], roles: {} } as unknown as CompileAt;
  const got = { document: () => null, file: () => assert.fail() } as unknown as Sources;
  return createObjectKind(ports).compile(
    { operations: { [name]: ruleOf(rule) }, values: { shops: { kind: 'list', list: ['s1'] } } },
    at,
    got,
  );
}

/** The steps of an operation with this rule. */
export function stepsWith(rule: Written, name = GET, ports = NO_OWNERS): Steps {
  const steps = compiled(rule, name, {}, ports);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join('\n'));
  return [...steps.value.values()][0] ?? assert.fail('no steps');
}

/** What is wrong with such a rule, an issue a line. */
export function issuesWith(rule: Written, name = GET, more: Partial<Operation> = {}): string {
  const steps = compiled(rule, name, more);
  assert.ok(!steps.ok, 'nothing is wrong');
  return steps.error.map(formatIssue).join('\n');
}

const CALLER = {
  subject: 'ada',
  issuer: 'acme',
  tenant: 'north',
  roles: ['customer'],
  scopes: null,
  clientId: null,
  claims: { orders: ['7', '8'] },
};

function headersOf(given: Readonly<Record<string, string>>) {
  const get = (name: string): string | null => given[name] ?? null;
  return {
    get,
    all: (name: string) => (given[name] === undefined ? [] : [given[name]]),
    has: (name: string) => given[name] !== undefined,
    entries: () => Object.entries(given).values(),
  };
}

/** The exchange of such a request. */
export function exchangeOf({
  method = 'GET',
  id = '7',
  principal,
  headers = {},
  body,
  address = '192.0.2.7',
}: Sent): Exchange {
  const slots = new Map<Slot<unknown>, unknown>();
  const slot = (wanted: Slot<unknown>): unknown => {
    if (!slots.has(wanted)) slots.set(wanted, wanted.initial());
    return slots.get(wanted);
  };
  return {
    id: 'r1',
    request: {
      ...{ method, host: 'a.example', path: `/orders/${id}`, query: null, headers: headersOf(headers) },
      peer: { address },
    },
    operation: { id: 'a/x', api: 'a' },
    params: { id },
    principal: principal === null ? null : { ...CALLER, ...principal },
    startedAtMs: 0,
    slot,
    body(use: string) {
      assert.equal(use, 'parsed');
      const parsed = parseBody('application/json', Buffer.from(body ?? ''));
      assert.ok(parsed.ok);
      return parsed.value;
    },
  } as unknown as Exchange;
}

/** What the steps before the upstream say, and why, where one of them may wait. */
export async function decided(steps: Steps, sent: Sent): Promise<string> {
  const exchange = exchangeOf(sent);
  for (const step of [steps.authorize, steps.decide]) {
    const verdict = await step?.run(exchange);
    if (verdict !== undefined && verdict.kind !== 'pass') return `${words(verdict)}: ${whyOf(verdict)}`;
  }
  return 'passes';
}

function words(verdict: Verdict | ReplyVerdict): string {
  if (verdict.kind !== 'deny' && verdict.kind !== 'note') return verdict.kind;
  assert.equal(verdict.rule, 'a.object');
  return `${verdict.kind === 'note' ? 'note ' : ''}${verdict.problem.code}`;
}

function whyOf(verdict: Verdict | ReplyVerdict): string | null {
  return 'problem' in verdict ? (verdict.problem.internal ?? null) : null;
}

/** How the gateway asks: step by step, and of the reply only where the request has passed. */
export function judged(steps: Steps, sent: Sent): Outcome {
  const exchange = exchangeOf(sent);
  const nothing = { body: null, removed: [], set: {}, unsent: [] };
  for (const step of [steps.authorize, steps.decide]) {
    const verdict = (step?.run(exchange) ?? { kind: 'pass' }) as Verdict;
    if (verdict.kind !== 'pass') return { ...nothing, end: `before: ${words(verdict)}`, why: whyOf(verdict) };
  }
  const unsent: string[] = [];
  void steps.transform?.run(exchange, {
    removeHeader: (name: string) => void unsent.push(name),
  } as unknown as RequestEditor);
  const { status = 200, type = 'application/json', fields = {}, body = '' } = sent.reply ?? {};
  const headers = headersOf({ ...fields, ...(type === null ? {} : { 'content-type': type }) });
  const reply = { status, headers, source: 'upstream', body: () => Buffer.from(body) } as unknown as ReplyView;
  if (steps.respond?.concerns?.(exchange, reply) !== true)
    return { ...nothing, end: 'passes', why: null, body, unsent };
  const left = { body, removed: [] as string[], set: {} as Record<string, string> };
  const editor = {
    setHeader: (name: string, value: string) => void (left.set[name] = value),
    removeHeader: (name: string) => void left.removed.push(name),
    replaceBody: (bytes: Uint8Array) => void (left.body = Buffer.from(bytes).toString()),
  } as unknown as ResponseEditor;
  const verdict = steps.respond.run(exchange, reply, editor) as ReplyVerdict;
  const end = `reply: ${words(verdict)}`;
  if (verdict.kind === 'deny') return { ...nothing, end, why: whyOf(verdict), unsent };
  return { end, why: whyOf(verdict), ...left, unsent };
}
