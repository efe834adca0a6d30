// No tests here: rules and requests for the tests of rules of access. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../../../base/index.ts';
import { parseBody } from '../../../body/index.ts';
import { readExpression } from '../../../rules/text.ts';
import type { AccessRule } from '../../access-rule.ts';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { ClaimValue } from '../../principal.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { AccessRulesConfig } from './config.ts';
import { createAccessRulesKind } from './kind.ts';

/** Rules by what they are called. */
export type Written = Readonly<Record<string, string>>;

/** A request of an operation with rules. `claims` null: nobody is known. */
export interface Asked {
  readonly deny?: Written;
  readonly when?: Written;
  readonly method?: string;
  readonly open?: boolean;
  readonly address?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly claims?: Readonly<Record<string, ClaimValue>> | null;
  readonly roles?: readonly string[];
  readonly tenant?: string;
  readonly acr?: string;
  readonly amr?: readonly string[];
  /** Seconds since the caller signed in. */
  readonly signedInAgo?: number;
  readonly bound?: 'dpop' | 'mtls';
  readonly at?: string;
  readonly type?: string;
  readonly body?: string;
}

const NOON = '2026-04-01T12:00:00Z';

function rulesOf(written: Written = {}, message: string | null = null): AccessRule[] {
  return Object.entries(written).map(([id, text]) => {
    const read = readExpression(text);
    assert.ok(read.ok, `${text}: ${read.ok ? '' : read.error.message}`);
    return { id, text, expression: read.value, message, path: `deny.${id}` };
  });
}

function compiled({ deny, when, method = 'POST', open }: Asked, errors: 'plain' | 'helpful') {
  const name = `${method} /orders/{id}`;
  const template = '/orders/{id}';
  const operation = { id: `orders/${name}`, api: 'orders', name, method, template, described: null } as Operation;
  const config: AccessRulesConfig = {
    ...{ errors, deny: rulesOf(deny, 'not today'), open: [], closed: [], openByDefault: open === true },
    operations: { [name]: { deny: [], when: rulesOf(when, 'too much') } },
    values: {},
  };
  const at = { name: 'orders/access-rules', api: 'orders', operations: [operation] } as unknown as CompileAt;
  return createAccessRulesKind().compile(config, at, { document: () => null } as unknown as Sources);
}

/** The steps of an operation with these rules. */
export function stepsWith(asked: Asked, errors: 'plain' | 'helpful' = 'plain'): Steps {
  const steps = compiled({ ...asked, method: asked.method === 'HEAD' ? 'GET' : (asked.method ?? 'POST') }, errors);
  assert.ok(steps.ok, steps.ok ? '' : steps.error.map(formatIssue).join('\n'));
  return [...steps.value.values()][0] ?? assert.fail('no steps');
}

/** What is wrong with these rules, an issue a line. */
export function issuesWith(asked: Asked): string {
  const steps = compiled(asked, 'plain');
  assert.ok(!steps.ok, 'nothing is wrong');
  return steps.error.map(formatIssue).join('\n');
}

/** How the gateway asks: what is known by the head, then, where that passes, what is by the body. */
export function ask(steps: Steps, asked: Asked): Verdict {
  const exchange = exchangeOf(asked);
  const said = (steps.authorize?.run(withoutBody(exchange)) ?? PASS) as Verdict;
  if (said.kind !== 'pass') return said;
  return (steps.decide?.run(exchange) ?? PASS) as Verdict;
}

function withoutBody(exchange: Exchange): Exchange {
  return { ...exchange, body: () => assert.fail('a body was read where nobody is let in yet') };
}

function exchangeOf(asked: Asked): Exchange {
  const { headers = [], method = 'POST', address = '192.0.2.7', at = NOON, type = 'application/json', body } = asked;
  const all = (name: string): readonly string[] => headers.flatMap(([given, value]) => (given === name ? [value] : []));
  const startedAtMs = Date.parse(at);
  return {
    request: {
      ...{ method, host: 'api.acme.example', path: '/orders/7', query: null },
      peer: { address, via: [], tls: null },
      headers: { all, get: (name: string) => (all(name).length === 0 ? null : all(name).join(', ')) },
    },
    ...{ params: { id: '7' }, startedAtMs, principal: principalOf(asked, startedAtMs) },
    body() {
      const parsed = parseBody(type, Buffer.from(body ?? ''));
      assert.ok(parsed.ok);
      return parsed.value;
    },
  } as unknown as Exchange;
}

function principalOf({ claims = {}, roles = [], tenant, acr, amr, signedInAgo, bound }: Asked, nowMs: number): unknown {
  if (claims === null) return null;
  const authTimeMs = signedInAgo === undefined ? null : nowMs - signedInAgo * 1_000;
  const confirmation = { key: bound === 'dpop' ? 'k' : null, certificate: bound === 'mtls' ? 'c' : null };
  return {
    ...{ subject: 'ada', issuer: 'acme', kind: 'user', roles, scopes: null, tenant: tenant ?? null, clientId: null },
    ...{
      claims: Object.assign(Object.create(null) as object, claims),
      confirmation: bound === undefined ? null : confirmation,
    },
    assurance: { acr: acr ?? null, amr: amr ?? [], authTimeMs },
  };
}
