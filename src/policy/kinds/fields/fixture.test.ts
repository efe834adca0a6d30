// No tests here: replies and callers for the tests of this kind. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../../../base/index.ts';
import type { DescribedOperation } from '../../../openapi/index.ts';
import type { Exchange, ReplyView, RequestEditor, ResponseEditor, Slot } from '../../exchange.ts';
import type { FieldEntry, FieldRules } from '../../field-rules.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { Principal } from '../../principal.ts';
import { REPLACED_REPLY } from '../../replaced-reply.ts';
import { createRoleTable } from '../../role-table.ts';
import type { ReplyVerdict } from '../../verdict.ts';
import { createFieldsKind } from './kind.ts';

/** Lists as they are written. */
export type WrittenLists = Readonly<Record<string, readonly string[]>>;

/** What a shop's order shows. */
export const ORDER_LISTS: WrittenLists = {
  default: ['id', 'status', 'items.sku'],
  support: ['+customer.name'],
  lead: ['note'],
  'orders-admin': ['*', '-customer.ssn'],
  root: ['*'],
};

const ROLES = ['customer', 'support', 'orders-admin', 'root'].map((name) => ({ name, can: [], includes: [] }));
const TABLE = createRoleTable([...ROLES, { name: 'lead', can: [], includes: ['support'] }], []);

/** The rules that such lists make. */
export function rulesOf(written: WrittenLists): FieldRules {
  const entries = (role: string, texts: readonly string[]): readonly FieldEntry[] =>
    texts.map((each, index) => {
      const text = each.replace(/^[+-]/, '');
      const names = text === '*' ? [] : text.split('.');
      return { change: each.startsWith('-') ? 'remove' : 'add', text, names, path: `fields.${role}[${index}]` };
    });
  const { default: common = [], ...roles } = written;
  const byRole = Object.entries(roles).map(([role, texts]) => [role, entries(role, texts)] as const);
  return {
    ...{ id: 'shop.getOrder.fields', path: 'fields' },
    ...{ default: entries('default', common), roles: Object.fromEntries(byRole) },
  };
}

/** Another operation of the same API, of which no fields are named. */
export const OTHER_OPERATION = 'putOrder';

/** What the kind makes of an operation with these lists. */
export interface Compiled {
  readonly lists?: WrittenLists;
  readonly observed?: boolean;
  readonly key?: Uint8Array;
  readonly api?: string;
  readonly described?: DescribedOperation | null;
  readonly document?: unknown;
}

function compiled({
  lists = ORDER_LISTS,
  observed = false,
  key = new Uint8Array(32).fill(7),
  api = 'shop',
  described = null,
  document = null,
}: Compiled) {
  const kind = createFieldsKind({ tagKey: key });
  const operations = ['getOrder', OTHER_OPERATION].map((name) => ({ id: name, api, name, described }) as Operation);
  const at = { name: 'shop/fields', api, operations, roles: TABLE } as unknown as CompileAt;
  const config = { operations: { getOrder: rulesOf(lists) }, observed: observed ? ['getOrder'] : [] };
  return kind.compile(config, at, { document: () => document } as unknown as Sources);
}

/** The steps of the operation, or of the other one. */
export function stepsOf(given: Compiled = {}, operation = 'getOrder'): Steps {
  const made = compiled(given);
  assert.ok(made.ok, made.ok ? '' : made.error.map(formatIssue).join('\n'));
  return made.value.get(operation) ?? assert.fail('no steps');
}

/** What the kind has against it. */
export function issuesOf(given: Compiled): readonly string[] {
  const made = compiled(given);
  return made.ok ? [] : made.error.map(formatIssue);
}

/** A reply, to whom, and what was asked. */
export interface Replied {
  readonly method?: string;
  readonly asked?: Readonly<Record<string, string>>;
  readonly roles?: readonly string[] | null;
  readonly denied?: readonly string[];
  readonly status?: number;
  readonly type?: string | null;
  readonly headers?: readonly (readonly string[])[];
  readonly body?: string | Uint8Array;
  readonly replaced?: boolean;
}

/** What has become of a request and of its reply. */
export interface Outcome {
  readonly verdict: ReplyVerdict;
  readonly body: string;
  readonly isReplaced: boolean;
  /** The fields of the reply as they leave. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the upstream gets. */
  readonly sent: Readonly<Record<string, string>>;
}

function headersOf(list: readonly (readonly string[])[]) {
  const all = (name: string) => list.flatMap(([known, value]) => (known === name ? [value as string] : []));
  const get = (name: string) => (all(name).length === 0 ? null : all(name).join(', '));
  return { all, get, has: (name: string) => get(name) !== null, entries: () => list.values() };
}

function editing(fields: Record<string, string>) {
  return {
    setHeader: (name: string, value: string) => void (fields[name] = value),
    removeHeader: (name: string) => void delete fields[name],
  };
}

/** Sends a request through the steps, and gives it that reply. */
export function answered(steps: Steps, replied: Replied): Outcome {
  const { method = 'GET', asked = {}, roles = null, denied, status = 200, body = '', replaced = false } = replied;
  const { type = 'application/json', headers: more = [] } = replied;
  const slots = new Map<unknown, unknown>();
  const slot = (wanted: Slot<unknown>): unknown => {
    if (!slots.has(wanted)) slots.set(wanted, wanted === REPLACED_REPLY ? { value: replaced } : wanted.initial());
    return slots.get(wanted);
  };
  const deniedRoles = denied === undefined ? {} : { deniedRoles: denied };
  const principal = roles === null ? null : ({ roles, ...deniedRoles } as unknown as Principal);
  const request = { method, headers: headersOf(Object.entries(asked)) };
  const exchange = { id: 'r1', operation: { id: 'shop/getOrder' }, request, principal, slot } as unknown as Exchange;
  const sent = { ...asked };
  void steps.transform?.run(exchange, editing(sent) as unknown as RequestEditor);
  const list = type === null ? more : [['content-type', type], ...more];
  const left = {
    body: Buffer.from(body),
    isReplaced: false,
    headers: Object.fromEntries(list) as Record<string, string>,
  };
  const editor = {
    ...editing(left.headers),
    replaceBody: (bytes: Uint8Array) => {
      delete left.headers['etag'];
      Object.assign(left, { body: Buffer.from(bytes), isReplaced: true });
    },
  } as unknown as ResponseEditor;
  const octets = method === 'HEAD' ? Buffer.alloc(0) : Buffer.from(body);
  const reply = { status, headers: headersOf(list), source: 'upstream', body: () => octets } as unknown as ReplyView;
  const told = (verdict: ReplyVerdict): Outcome => ({ verdict, ...left, body: left.body.toString(), sent });
  const head = steps.respond?.replyHead?.(exchange, reply, editor) ?? { kind: 'pass' };
  if (head.kind !== 'pass' || steps.respond?.concerns?.(exchange, reply) !== true) return told(head);
  return told(steps.respond.run(exchange, reply, editor) as ReplyVerdict);
}

/** A verdict in short words. */
export function wordsOf(verdict: ReplyVerdict): string {
  if (verdict.kind !== 'deny' && verdict.kind !== 'note') return verdict.kind;
  return `${verdict.kind === 'note' ? 'note ' : ''}${verdict.problem.code} ${verdict.rule}`;
}
