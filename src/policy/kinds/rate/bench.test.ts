// No tests here: an operation with limits, callers, and a clock that stands still. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import type { Problem } from '../../../base/index.ts';
import type { Exchange, ReplyView, ResponseEditor, Slot } from '../../exchange.ts';
import type { Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import type { Verdict } from '../../verdict.ts';
import type { LimitRule, LimitSubject, RateConfig } from './config.ts';
import { createRateKind } from './kind.ts';
import { PlainLimiter } from './plain-limiter.test.ts';

const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

/** A rule from its text. */
export function rule(text: string): LimitRule {
  const [, count = '', unit = '', per = ''] = /^(\d+)\/(\w+) per (\w+)$/.exec(text) ?? [];
  const periodMs = PERIODS_MS[unit] ?? assert.fail(text);
  return { rate: { count: Number(count), periodMs, burst: Number(count) }, per: per as LimitSubject, text };
}

/** Who calls. */
export type Caller = Pick<Principal, 'issuer' | 'subject'> & Partial<Pick<Principal, 'clientId' | 'tenant'>>;

/** A principal as the token cache gives it: the same object each time. */
export function caller(subject: string, more: Partial<Caller> = {}): Principal {
  return { issuer: 'acme', clientId: null, tenant: null, ...more, subject, notes: new Notes() } as Principal;
}

/** What became of a call: what was refused, and what the reply says of limits. */
export interface Called {
  readonly problem: Problem | null;
  readonly rule: string | null;
  readonly fields: Readonly<Record<string, string>>;
}

/** What a call is like; without a principal nobody is known. */
export interface Call {
  readonly principal?: Principal | null;
  readonly address?: string;
  readonly operation?: string;
  /** Another policy refuses it between `admit` and `limit`. */
  readonly refusedBetween?: boolean;
}

/** An API with limits on a clock that stands still until it is told otherwise. */
export class RateBench {
  readonly limiter = new PlainLimiter();
  readonly #kind = createRateKind({ limiter: this.limiter });
  nowMs = 1_000_000;
  readonly #config: RateConfig;
  readonly #steps = new Map<string, Steps>();
  readonly #peers = new Map<string, Exchange['request']['peer']>();

  constructor(
    rules: readonly string[],
    more: { operations?: Record<string, readonly string[]>; open?: readonly string[] } = {},
  ) {
    const operations = Object.entries(more.operations ?? {}).map(([name, texts]) => [name, texts.map(rule)] as const);
    this.#config = { rules: rules.map(rule), operations: Object.fromEntries(operations), open: more.open ?? [] };
  }

  /** The steps of an operation. */
  steps(name: string): Steps {
    const known = this.#steps.get(name);
    if (known !== undefined) return known;
    const operation = { id: `orders/${name}`, api: 'orders', name } as Operation;
    const at = { name: 'orders/rate', api: 'orders', operations: [operation], roles: createRoleTable([], []) };
    const issuers = { has: () => false, names: () => [] };
    const compiled = this.#kind.compile(this.#config, { ...at, issuers }, {} as never);
    const steps = compiled.ok ? compiled.value.get(operation.id) : undefined;
    assert.ok(steps !== undefined);
    this.#steps.set(name, steps);
    return steps;
  }

  /** One request through all its steps. */
  call({ principal = null, address = '192.0.2.7', operation = 'getOrder', refusedBetween = false }: Call = {}): Called {
    const steps = this.steps(operation);
    const slots = new Map<unknown, unknown>();
    const slot = <T>(key: Slot<T>): T => {
      if (!slots.has(key)) slots.set(key, key.initial());
      return slots.get(key) as T;
    };
    const peer = this.#peers.get(address) ?? { address, port: 1, tls: null, via: [] };
    this.#peers.set(address, peer);
    const place = { id: `orders/${operation}`, api: 'orders', name: operation };
    const moment = () => this.nowMs;
    const exchange = { request: { peer }, operation: place, principal, slot, moment } as unknown as Exchange;
    let verdict = (steps.admit?.run(exchange) ?? { kind: 'pass' }) as Verdict;
    if (verdict.kind === 'pass' && !refusedBetween) verdict = (steps.limit?.run(exchange) ?? verdict) as Verdict;
    const fields: Record<string, string> = {};
    const editor = { setHeader: (name: string, value: string) => void (fields[name] = value) };
    void steps.respond?.run(exchange, {} as ReplyView, editor as unknown as ResponseEditor);
    const denied = verdict.kind === 'deny' ? verdict : null;
    return { problem: denied?.problem ?? null, rule: denied?.rule ?? null, fields };
  }

  /** How many of so many calls pass. */
  passing(times: number, call: Call = {}): number {
    return Array.from({ length: times }, () => this.call(call)).filter(({ problem }) => problem === null).length;
  }
}
