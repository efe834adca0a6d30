// No tests here: a control side, a thread and browsers for the tests of this kind. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import type { SessionQuestion, SessionView } from '../../../session/contract.ts';
import type { CanonicalRequest, TlsPeer } from '../../../wire/index.ts';
import type { Desk, Told } from '../../desk.ts';
import type { Exchange } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import type { OwnPage, PageVerdict } from '../../own-page.ts';
import type { Principal } from '../../principal.ts';
import { createRoleTable } from '../../role-table.ts';
import type { StepUp, StepUpOffer } from '../../step-up.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { SessionConfig, SignInIssuer } from './config.ts';
import { createSessionKind } from './kind.ts';
import { keyOfSession } from './live-sessions.ts';

export const HOST = 'app.example';
export const NOW = Date.UTC(2026, 5, 1);
export const CSRF = 'c'.repeat(43);

/** The id of a session, for its cookie. */
export function idOf(letter: string): string {
  return `${letter.repeat(42)}E`;
}

/** A Cookie field with such a session. */
export function cookieOf(letter: string): string {
  return `__Host-portcullis-session=${idOf(letter)}`;
}

export function viewOf(subject: string, more: Partial<SessionView> = {}): SessionView {
  return {
    issuer: 'acme',
    claims: { iss: 'https://id.example', sub: subject, roles: ['customer'] },
    subject,
    csrf: CSRF,
    startedAtMs: NOW - 60_000,
    idleEndsAtMs: NOW + 1_800_000,
    endsAtMs: NOW + 43_200_000,
    refreshAtMs: null,
    version: 1,
    ...more,
  };
}

/** The control side, as far as a thread hears of it. What tests change is public. */
export class FakeDesk implements Desk {
  readonly views = new Map<string, SessionView>();
  readonly asked: SessionQuestion[] = [];
  readonly told: Told[] = [];
  /** What is answered to questions besides `find`. */
  answer: (question: SessionQuestion) => Told | Promise<Told> = () => null;
  #heard: (notice: Told) => void = () => undefined;

  keep(letter: string, view: SessionView): string {
    const key = keyOfSession(idOf(letter));
    this.views.set(key, view);
    return key;
  }

  async ask(_subject: string, question: Told): Promise<Told> {
    const said = question as unknown as SessionQuestion;
    this.asked.push(said);
    if (said.ask === 'find')
      return await Promise.resolve({ view: this.views.get(said.session) ?? null } as unknown as Told);
    return this.answer(said);
  }

  tell(_subject: string, notice: Told): void {
    this.told.push(notice);
  }

  heed(_subject: string, heard: (notice: Told) => void): void {
    this.#heard = heard;
  }

  end(key: string): void {
    this.views.delete(key);
    this.#heard({ sessions: [key] });
  }
}

export const ACME: SignInIssuer = {
  label: 'Acme',
  issuer: {
    name: 'acme',
    issuer: 'https://id.example',
    tenants: null,
    claims: { roles: ['roles'], tenant: null, permissions: null },
    scopes: 'ignore',
  } as SignInIssuer['issuer'],
};
export const PARTNER: SignInIssuer = {
  label: '<b>Partner & co</b>',
  issuer: { ...ACME.issuer, name: 'partner', issuer: 'https://partner.example' },
};

export function configOf(more: Partial<SessionConfig> = {}, csrf: 'token' | 'origin' = 'token'): SessionConfig {
  const site = { host: null, rules: { csrf, afterLogout: null }, issuers: [ACME, PARTNER], cors: [] };
  return { site, issuers: [ACME], operations: {}, cors: null, ...more };
}

/** A request as it is told to steps and pages. */
export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly query?: string | null;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly tls?: boolean;
  readonly address?: string;
}

export function requestOf(sent: Sent): CanonicalRequest {
  const { method = 'GET', path = '/orders', query = null, headers = {}, tls = true, address = '192.0.2.7' } = sent;
  const all = (name: string): readonly string[] => {
    const value = headers[name] ?? [];
    return typeof value === 'string' ? [value] : value;
  };
  const get = (name: string): string | null => (all(name).length === 0 ? null : all(name).join(', '));
  const map = { all, get, has: (name: string) => all(name).length > 0, size: 0, entries: () => [][Symbol.iterator]() };
  const peer = { address, port: 1, tls: tls ? ({} as TlsPeer) : null, via: [] };
  return { method, host: HOST, port: null, path, query, headers: map as CanonicalRequest['headers'], peer };
}

const OPERATION: Operation = {
  id: 'orders/any',
  api: 'orders',
  name: 'any',
  method: '*',
  template: '/orders',
  deprecated: false,
  described: null,
};

/** A gateway thread with one operation. */
export class Thread {
  readonly desk = new FakeDesk();
  nowMs = NOW;
  monotonicMs = 0;
  random = 0;
  readonly kind = createSessionKind({
    clock: { now: () => this.nowMs, monotonic: () => this.monotonicMs },
    desk: this.desk,
    random: { fill: (bytes) => void bytes.fill(++this.random) },
  });
  readonly #config: SessionConfig;
  readonly #offer: StepUpOffer = { answer: null };
  roles = createRoleTable([{ name: 'customer', can: ['orders:read'], includes: [] }], ['orders:read']);

  constructor(config: SessionConfig = configOf()) {
    this.#config = config;
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.monotonicMs += ms;
  }

  /** What the step says. */
  async ask(sent: Sent, principal: Principal | null = null): Promise<AuthenticateVerdict> {
    return await this.askNow(sent, principal);
  }

  askNow(sent: Sent, principal: Principal | null = null): AuthenticateVerdict | Promise<AuthenticateVerdict> {
    const at = { name: 'orders/session', api: 'orders', operations: [OPERATION], roles: this.roles, issuers: {} };
    const compiled = this.kind.compile(this.#config, at as never, {} as never);
    assert.ok(compiled.ok);
    const step = compiled.value.get(OPERATION.id)?.authenticate ?? assert.fail('no step');
    return step.run(this.#exchangeOf(sent, principal));
  }

  #exchangeOf(sent: Sent, principal: Principal | null): Exchange {
    const slot = (): StepUpOffer => this.#offer;
    const exchange = { request: requestOf(sent), operation: OPERATION, principal, startedAtMs: this.nowMs, slot };
    return exchange as unknown as Exchange;
  }

  /** Where the caller of this request is sent to sign in better, or the status of a page; null where neither is offered. */
  async stepUp(sent: Sent, wanted: StepUp): Promise<string | null> {
    this.#offer.answer = null;
    await this.ask(sent);
    const reply = this.#offer.answer as StepUpOffer['answer'];
    const response = reply?.(this.#exchangeOf(sent, null), wanted) ?? null;
    return response?.headers.find(([name]) => name === 'location')?.[1] ?? response?.status.toString() ?? null;
  }

  /** What a page says. */
  async page(sent: Sent & { readonly path: string; readonly body?: string }): Promise<PageVerdict> {
    const pages: readonly OwnPage[] = this.kind.pages?.(this.#config, {} as never) ?? [];
    const page = pages.find(({ path }) => path === sent.path) ?? assert.fail(`no page at ${sent.path}`);
    assert.ok(page.methods.includes(sent.method ?? 'GET'), 'it takes the method');
    return await page.answer({ request: requestOf(sent), body: Buffer.from(sent.body ?? '') });
  }
}

/** A verdict in a few words. */
export function wordsOf(verdict: AuthenticateVerdict | PageVerdict): string {
  if (verdict.kind === 'deny') return [verdict.problem.code, verdict.rule ?? ''].join(' ').trim();
  if (verdict.kind === 'identified') return `identified ${verdict.principal.subject}`;
  if (verdict.kind !== 'reply') return verdict.kind;
  const location = verdict.response.headers.find(([name]) => name === 'location')?.[1];
  return location === undefined ? String(verdict.response.status) : `${verdict.response.status} ${location}`;
}

/** The values of a reply’s fields of one name. */
export function fieldsOf(verdict: AuthenticateVerdict | PageVerdict, name: string): readonly string[] {
  const headers =
    verdict.kind === 'reply'
      ? verdict.response.headers
      : verdict.kind === 'deny'
        ? (verdict.problem.headers ?? [])
        : [];
  return headers.flatMap(([each, value]) => (each === name ? [value] : []));
}
