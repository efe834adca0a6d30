// No tests here: what the tests of the issuers' keys stand on. Kept apart from the product by its name.
import { generateKeyPairSync } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { err, ok, type Result } from '../base/index.ts';
import type { Alert, Clock, Egress, EgressFault, EgressReply, EgressRequest, Timer } from '../ports/index.ts';
import type { IssuerSource } from './issuer-source.ts';
import { IssuerKeys } from './issuer-keys.ts';
import { type KeyRow, keyTable } from './key-row.ts';

/** Lets everything go on that waits for these fakes only. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

/** A clock that stands still until `pass`. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ dueMs: number; callback: () => void }>();
  #nowMs = Date.UTC(2026, 0, 1);

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  every(): Timer {
    throw new Error('not in this fake');
  }

  /** How many timers are set. */
  timers(): number {
    return this.#timers.size;
  }

  /** Lets time pass in the steps of the timers, and lets what each began come to rest before going on. */
  async pass(ms: number): Promise<void> {
    await rest();
    const endMs = this.#nowMs + ms;
    for (let next = this.#next(); next !== undefined && next.dueMs <= endMs; next = this.#next()) {
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.callback();
      await rest();
    }
    this.#nowMs = endMs;
  }

  #next(): { dueMs: number; callback: () => void } | undefined {
    return [...this.#timers].toSorted((one, other) => one.dueMs - other.dueMs)[0];
  }
}

type Answer = Result<EgressReply, EgressFault>;

/** A way out where each URL answers as the test says; null never answers. What is not named is 404. */
export class FakeEgress implements Egress {
  readonly calls: EgressRequest[] = [];
  readonly answers = new Map<string, Answer | null>();
  atOnce = 0;
  mostAtOnce = 0;

  async call(request: EgressRequest): Promise<Answer> {
    this.calls.push(request);
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await setImmediate();
    const answer = this.answers.get(request.url);
    if (answer === null) await new Promise(() => {});
    this.atOnce--;
    return answer ?? reply('', { status: 404 });
  }

  /** The URLs that were called since this was last asked. */
  taken(): readonly string[] {
    return this.calls.splice(0).map(({ url }) => url);
  }
}

/** A reply of status 200 in JSON, unless more is said. */
export function reply(
  body: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
): Answer {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const fields = new Map(Object.entries({ 'content-type': 'application/json', ...headers }));
  return ok({ status, headers: fields, body: Buffer.from(text) });
}

/** A call that came to nothing. */
export const DOWN: Answer = err({ reason: 'unreachable', detail: 'connection refused' });

/** The identifier of the issuer of these tests, and where its keys are. */
export const ISSUER = 'https://id.acme.example';
export const JWKS_URL = `${ISSUER}/jwks`;
export const BY_URL: IssuerSource = { name: 'acme', issuer: ISSUER, origin: { kind: 'url', url: JWKS_URL } };
export const BY_DISCOVERY: IssuerSource = { name: 'acme', issuer: ISSUER, origin: { kind: 'discovery' } };

/** A public key of its own, by a name. */
export function publicJwk(kid: string): Readonly<Record<string, unknown>> {
  const { publicKey } = generateKeyPairSync('ed25519');
  return { ...publicKey.export({ format: 'jwk' }), kid };
}

/** A table as it was last replaced. */
export interface FilledTable {
  readonly version: number;
  readonly kids: readonly (string | null)[];
  readonly filledAtMs: number;
}

/** The keeper of all keys among fakes. By chance every wait is as long as it is on average, unless `chance` says else. */
export function subject() {
  const clock = new FakeClock();
  const egress = new FakeEgress();
  const alerts: Alert[] = [];
  const lines: string[] = [];
  const filled = new Map<string, FilledTable>();
  const declared = new Set<string>();
  const chance = { byte: 0x80 };
  const keys = new IssuerKeys({
    clock,
    egress,
    random: { fill: (bytes) => void bytes.fill(0).fill(chance.byte, 0, 1) },
    log: {
      write: (level, event, _message, fields) =>
        void lines.push(`${level} ${event} ${String(fields?.['kid'] ?? '')}`.trim()),
    },
    alerts: { raise: (alert) => void alerts.push(alert) },
    tables: {
      declare: ({ name }) => void declared.add(name),
      read: <Row>(name: string) => {
        const { version = 0, filledAtMs = null } = filled.get(name) ?? {};
        const declaration = { name, rowLimit: 1, staleAfterMs: 1, whenStale: 'serve' } as const;
        return { declaration, version, filledAtMs, rows: new Map<string, Row>() };
      },
      replace: (name, version, rows, filledAtMs) => {
        const before = filled.get(name)?.version ?? 0;
        if (!declared.has(name) || version <= before) throw new Error(`version ${version} of ${name}`);
        const kids = [...(rows as ReadonlyMap<string, KeyRow>).values()].map(({ kid }) => kid);
        filled.set(name, { version, kids, filledAtMs });
      },
    },
  });
  return {
    keys,
    clock,
    egress,
    alerts,
    lines,
    filled,
    chance,
    table: (source = BY_URL) => filled.get(keyTable(source).name),
  };
}
