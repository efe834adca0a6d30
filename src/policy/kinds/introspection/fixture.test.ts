// No tests here: a thread whose issuers are asked about tokens. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { ListMaterial } from '../../../lists/index.ts';
import type { Alert, TableVersion } from '../../../ports/index.ts';
import type { KeyRow } from '../../../credential/index.ts';
import type { Told } from '../../desk.ts';
import type { Exchange } from '../../exchange.ts';
import type { KeyRequests } from '../../kind-ports.ts';
import type { Steps } from '../../kind.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { IssuerConfig } from '../jwt/config.ts';
import { exchangeOf, issuerOf, NOW, operationOf, plainName, roleTable } from '../jwt/fixture.test.ts';
import type { AskedIssuer, IntrospectingConfig } from './asked-issuer.ts';
import type { IntrospectionConfig } from './config.ts';
import { createIntrospectionKind } from './kind.ts';

export const INTROSPECTION_OF: IntrospectionConfig = {
  url: null,
  clientId: 'gateway',
  client: { kind: 'secret', secret: '${env:SECRET}', place: 'header' },
  tokens: 'opaque',
  prefix: null,
  cacheMs: 30_000,
  timeoutMs: 2_000,
  signed: false,
  caFile: null,
  path: 'issuers.acme.introspection',
};

export function askedIssuer(
  introspection: Partial<IntrospectionConfig> = {},
  issuer: Partial<IssuerConfig> = {},
): AskedIssuer {
  return { ...issuerOf(issuer), introspection: { ...INTROSPECTION_OF, ...introspection } };
}

export function introspecting(...issuers: readonly AskedIssuer[]): IntrospectingConfig {
  return { issuers, operations: {}, credentials: 'remove' };
}

export const ACTIVE = {
  ...{ active: true, iss: 'https://id.example', aud: 'https://api.example', sub: 'ada', client_id: 'shop' },
  ...{ token_type: 'Bearer', iat: NOW - 60, exp: NOW + 600, roles: ['customer'] },
};

/** A thread, its clock, and whoever answers at the desk. What tests change is public. */
export class AskingThread {
  nowMs = NOW * 1_000;
  answer: (token: string) => Told | Promise<Told> = () => bytesOf(ACTIVE);
  readonly asked: { readonly server: string; readonly token: string; readonly limitMs: number | undefined }[] = [];
  readonly alerts: Alert[] = [];
  readonly wanted: string[] = [];
  want: KeyRequests['want'] = () => null;
  rows: ReadonlyMap<string, KeyRow> = new Map();
  /** How long ago the keys came. */
  keysAgeMs = 0;
  readonly roles = roleTable();

  readonly kind = createIntrospectionKind({
    clock: { now: () => this.nowMs, monotonic: () => this.nowMs },
    alerts: (alert) => void this.alerts.push(alert),
    keys: {
      want: (issuer, source) => {
        this.wanted.push(issuer);
        return this.want(issuer, source);
      },
    },
    desk: {
      ask: async (_subject, question, limitMs) => {
        const { server, token } = question as { readonly server: string; readonly token: string };
        this.asked.push({ server, token, limitMs });
        return await this.answer(token);
      },
      tell: () => assert.fail('nothing is told'),
      heed: () => assert.fail('nothing is heeded'),
    },
  });

  steps(config: IntrospectingConfig, roles = this.roles): Steps {
    const issuers = { has: () => true, names: () => [] };
    const at = { name: 'orders/introspection', api: 'orders', operations: [operationOf('getOrder')], roles, issuers };
    const compiled = this.kind.compile(config, at, {
      file: () => assert.fail('no file is needed'),
      secret: () => assert.fail('no secret is needed'),
      table: ((name: string) => (): TableVersion<KeyRow> => ({
        declaration: { name: plainName(name), rowLimit: 100, staleAfterMs: 86_400_000, whenStale: 'serve' },
        ...{ version: 1, filledAtMs: this.nowMs - this.keysAgeMs, rows: this.rows },
      })) as never,
      document: () => assert.fail('no document is needed'),
      lists: new ListMaterial({ files: {}, live: null, names: null }),
    });
    assert.ok(compiled.ok);
    return compiled.value.get('orders/getOrder') ?? assert.fail('no steps');
  }

  /** What the step says of a request with these fields; `address` is where it comes from. */
  async ask(steps: Steps, fields: readonly string[], address = '192.0.2.7'): Promise<AuthenticateVerdict> {
    const exchange = { ...exchangeOf(fields, this.nowMs), principal: null } as unknown as Exchange;
    Object.assign(exchange.request.peer, { address });
    return await (steps.authenticate ?? assert.fail('no step')).run(exchange);
  }

  /** The same in short words. */
  async word(steps: Steps, token: string, address?: string): Promise<string> {
    return wordsOf(await this.ask(steps, [`Bearer ${token}`], address));
  }
}

export function bytesOf(answer: unknown): Uint8Array {
  return new TextEncoder().encode(typeof answer === 'string' ? answer : JSON.stringify(answer));
}

export function wordsOf(verdict: AuthenticateVerdict): string {
  if (verdict.kind === 'deny') return `${verdict.problem.code} ${verdict.rule ?? ''}`;
  return verdict.kind === 'identified'
    ? `identified ${verdict.principal.subject} ${verdict.principal.kind}`
    : verdict.kind;
}
