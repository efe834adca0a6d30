// No tests here: keys, the live table with them and exchanges, for the tests of this kind. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { Secret } from '../../../base/index.ts';
import {
  API_KEY_HASH_ROW,
  API_KEY_HASH_TABLE,
  type ApiKeyHashRow,
  type ApiKeyRow,
  createApiKeyHash,
  makeApiKey,
} from '../../../credential/index.ts';
import type { Alert, TableVersion } from '../../../ports/index.ts';
import type { Told } from '../../desk.ts';
import type { Exchange, Slot } from '../../exchange.ts';
import type { Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable } from '../../role-table.ts';
import { usedCredential } from '../../used-credential.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { ApiKeyConfig } from './config.ts';
import { createApiKeyKind } from './kind.ts';

/** Noon of a day in 2026. */
export const NOW_MS = 1_780_315_200_000;
export const ADDRESS = '192.0.2.7';

/** What those who report leaks bear. */
export const REPORTER = 'a bearer of some length';

const HASH_KEY = Buffer.alloc(32, 7);

export const CONFIG: ApiKeyConfig = {
  environment: 'live',
  header: 'x-api-key',
  taken: true,
  operations: { none: false },
  credentials: 'remove',
  leakReports: null,
};

/** What a key is like where nothing else is said of it. */
const PLAIN = {
  state: 'active',
  subject: 'billing',
  name: 'billing',
  owner: null,
  tenant: null,
  roles: [],
  scopes: null,
  apis: null,
  addresses: null,
  expiresAtMs: NOW_MS + 1,
} as const;

/** A thread with keys in its table. */
export class Thread {
  nowMs = NOW_MS;
  readonly alerts: Alert[] = [];
  /** Whence requests come. */
  address = ADDRESS;
  readonly told: [subject: string, notice: Told][] = [];
  /** What the control side was asked; it says yes. */
  readonly asked: Told[] = [];
  readonly roles = createRoleTable(
    [{ name: 'customer', can: ['orders:read', 'orders:create'], includes: [] }],
    ['orders:read', 'orders:create'],
  );
  readonly #rows = new Map<string, ApiKeyRow | ApiKeyHashRow>([
    [API_KEY_HASH_ROW, { hashKey: HASH_KEY.toString('base64') }],
  ]);
  #version: TableVersion<ApiKeyRow | ApiKeyHashRow> | null = null;
  readonly kind = createApiKeyKind({
    clock: { now: () => this.nowMs, monotonic: () => this.nowMs },
    alerts: (alert) => void this.alerts.push(alert),
    desk: {
      ask: (_subject, question) => {
        this.asked.push(question);
        return Promise.resolve(true);
      },
      heed: () => assert.fail('nothing is heard'),
      tell: (subject, notice) => void this.told.push([subject, notice]),
    },
  });

  readonly sources = {
    table: () => () => this.#table(),
    secret: () => new Secret(Buffer.from(REPORTER)),
  } as unknown as Sources;

  /** Gives a key out; the text of it. */
  give(row: Partial<ApiKeyRow> = {}): string {
    const { id, text } = makeApiKey(row.environment ?? 'live', (bytes) => void randomFillSync(bytes));
    this.put(id, { ...PLAIN, environment: 'live', hash: hashOf(text), ...row });
    return text;
  }

  /** Puts a row in force. */
  put(id: string, row: ApiKeyRow): void {
    this.#rows.set(id, row);
    this.#version = null;
  }

  /** From now on keys are hashed under another key. */
  hashBy(key: Uint8Array): void {
    this.#rows.set(API_KEY_HASH_ROW, { hashKey: Buffer.from(key).toString('base64') });
    this.#version = null;
  }

  row(text: string): ApiKeyRow {
    return this.#rows.get(idOf(text)) as ApiKeyRow;
  }

  steps(config: ApiKeyConfig = CONFIG, name = 'getOrder', api = 'orders'): Steps {
    const operation = { id: `${api}/${name}`, api, name } as Operation;
    const at = { name: `${api}/api-key`, api, operations: [operation], roles: this.roles, issuers: NOBODY };
    const compiled = this.kind.compile(config, at, this.sources);
    assert.ok(compiled.ok);
    return compiled.value.get(operation.id) ?? assert.fail('no steps');
  }

  /** What the step says of a request with these fields. */
  ask(fields: readonly (readonly [name: string, value: string])[], steps = this.steps(), api = 'orders') {
    const used = usedCredential.initial();
    const all = (name: string): readonly string[] => fields.flatMap(([one, value]) => (one === name ? [value] : []));
    const headers = { all, get: (name: string) => (all(name).length === 0 ? null : all(name).join(', ')) };
    const exchange = {
      request: { headers, peer: { address: this.address } },
      operation: { api, name: 'getOrder' },
      startedAtMs: this.nowMs,
      slot: <T>(slot: Slot<T>): T => (slot === (usedCredential as unknown) ? (used as T) : assert.fail(slot.name)),
    } as unknown as Exchange;
    const verdict = steps.authenticate?.run(exchange) as AuthenticateVerdict;
    return { verdict, used };
  }

  #table(): TableVersion<ApiKeyRow | ApiKeyHashRow> {
    this.#version ??= { declaration: API_KEY_HASH_TABLE, version: 1, filledAtMs: 1, rows: new Map(this.#rows) };
    return this.#version;
  }
}

const NOBODY = { has: () => false, names: () => [] };

/** The hash of a key in these tests. */
export function hashOf(text: string): string {
  return createApiKeyHash(HASH_KEY)(text);
}

/** The id in the text of a key. */
export function idOf(text: string): string {
  return text.split('_')[2] ?? assert.fail(text);
}

/** The rule of a refusal, or the kind of any other verdict. */
export function wordOf(verdict: AuthenticateVerdict): string {
  return verdict.kind === 'deny' ? (verdict.rule ?? 'no rule') : verdict.kind;
}
