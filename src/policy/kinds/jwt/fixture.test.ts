import assert from 'node:assert/strict';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { KeyRow, SignatureAlgorithm } from '../../../credential/index.ts';
import { ListMaterial } from '../../../lists/index.ts';
import type { LogFields, TableVersion } from '../../../ports/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';
import type { Exchange, Slot } from '../../exchange.ts';
import type { KeyRequests } from '../../kind-ports.ts';
import type { RoleTable, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { createRoleTable } from '../../role-table.ts';
import type { UsedCredential } from '../../used-credential.ts';
import { usedCredential } from '../../used-credential.ts';
import type { AuthenticateVerdict } from '../../verdict.ts';
import type { IssuerConfig, JwtConfig } from './config.ts';
import { createJwtKind } from './kind.ts';

/** Noon of a day in 2026, in seconds. */
export const NOW = 1_780_315_200;

export const PERMISSIONS = ['orders:create', 'orders:read', 'orders:refund'] as const;

export function roleTable(): RoleTable {
  return createRoleTable(
    [
      { name: 'customer', can: ['orders:read', 'orders:create'], includes: [] },
      { name: 'support', can: ['orders:refund'], includes: ['customer'] },
    ],
    PERMISSIONS,
  );
}

export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  readonly row: KeyRow;
  readonly sign: (input: string) => Buffer;
}

/** A key pair; `kid` is what its row is called. */
export function createSigner(algorithm: 'ES256' | 'RS256' | 'EdDSA', kid: string | null): Signer {
  const privateKey = privateKeyFor(algorithm);
  const jwk = createPublicKey(privateKey).export({ format: 'jwk' }) as Record<string, string>;
  const thumbprint = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  return {
    algorithm,
    row: { thumbprint, kid, algorithms: [algorithm], jwk },
    sign: (input) => sign(hash, Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}

function privateKeyFor(algorithm: SignatureAlgorithm): KeyObject {
  if (algorithm === 'RS256') return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  return createPrivateKey(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

/** A token; claims and header may be JSON texts, for what no object can say. */
export function tokenOf(signer: Signer, claims: object | string = {}, header: object | string = {}): string {
  const fields = typeof header === 'string' ? header : { alg: signer.algorithm, kid: signer.row.kid, ...header };
  const payload = typeof claims === 'string' ? claims : { ...GOOD_CLAIMS, ...claims };
  const input = `${part(fields)}.${part(payload)}`;
  return `${input}.${signer.sign(input).toString('base64url')}`;
}

function part(value: object | string): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

export const GOOD_CLAIMS = {
  iss: 'https://id.example',
  aud: 'https://api.example',
  sub: 'ada',
  iat: NOW - 60,
  exp: NOW + 600,
} as const;

export function issuerOf(changes: Partial<IssuerConfig> = {}): IssuerConfig {
  return {
    name: 'acme',
    path: 'issuers.acme',
    issuer: 'https://id.example',
    tenants: null,
    hostedDomains: null,
    audiences: ['https://api.example'],
    algorithms: ['ES256', 'RS256'],
    typ: 'any',
    skewMs: 30_000,
    maxLifetimeMs: 86_400_000,
    keys: { kind: 'discovery' },
    introspection: null,
    claims: { roles: ['roles'], tenant: ['tenant'], permissions: null },
    scopes: 'narrow',
    ...changes,
  };
}

export function operationOf(name: string): Operation {
  return {
    id: `orders/${name}`,
    api: 'orders',
    name,
    method: 'GET',
    template: '/',
    deprecated: false,
    described: null,
  };
}

/** A table's name without what tells issuers of one name apart. */
export function plainName(table: string): string {
  return table.replace(/#[0-9a-f]{32}$/, '');
}

/** A thread with its clock, its tables and its kind. What tests change is public. */
export class Thread {
  nowMs = NOW * 1_000;
  monotonicMs = 0;
  readonly roles = roleTable();
  readonly tables = new Map<string, TableVersion<KeyRow>>();
  readonly files = new Map<string, Uint8Array>();
  readonly lines: { event: string; fields: LogFields | undefined }[] = [];
  readonly wanted: [issuer: string, source: string][] = [];
  want: KeyRequests['want'] = () => null;

  readonly kind = createJwtKind({
    clock: { now: () => this.nowMs, monotonic: () => this.monotonicMs },
    keys: {
      want: (issuer, source) => {
        this.wanted.push([issuer, source]);
        return this.want(issuer, source);
      },
    },
    log: { write: (_level, event, _message, fields) => void this.lines.push({ event, fields }) },
  });

  /** Puts keys in place of all that an issuer has. */
  fill(issuer: string, rows: readonly KeyRow[], filledAtMs = this.nowMs): void {
    const declaration = {
      name: `keys:${issuer}`,
      rowLimit: 100,
      staleAfterMs: 86_400_000,
      whenStale: 'serve',
    } as const;
    const version = (this.tables.get(declaration.name)?.version ?? 0) + 1;
    const byThumbprint = new Map(rows.map((row) => [row.thumbprint, row]));
    this.tables.set(declaration.name, { declaration, version, filledAtMs, rows: byThumbprint });
  }

  readonly sources: Sources = {
    file: (path) => this.files.get(path) ?? assert.fail(`the file ${path} was not asked for`),
    secret: () => assert.fail('no secret is needed'),
    table: ((name: string) => () =>
      this.tables.get(plainName(name)) ?? assert.fail(`no table ${name}`)) as Sources['table'],
    document: () => assert.fail('no document is needed'),
    lists: new ListMaterial({ files: {}, live: null, names: null }),
  };

  compile(config: JwtConfig, name = 'getOrder'): ReturnType<typeof this.kind.compile> {
    const issuers = { has: () => true, names: () => [] };
    const at = { name: 'orders/jwt', api: 'orders', operations: [operationOf(name)], roles: this.roles, issuers };
    return this.kind.compile(config, at, this.sources);
  }

  steps(config: JwtConfig, name = 'getOrder'): Steps {
    const compiled = this.compile(config, name);
    assert.ok(compiled.ok, 'it compiles');
    const steps = compiled.value.get(`orders/${name}`) ?? assert.fail('no steps');
    THREADS.set(steps, this);
    return steps;
  }
}

/** Whose clock says when a request came. */
const THREADS = new WeakMap<Steps, Thread>();

export function configOf(...issuers: readonly IssuerConfig[]): JwtConfig {
  return { issuers, operations: {}, credentials: 'remove' };
}

/** What the step says of a request with these Authorization fields. */
export function ask(steps: Steps, ...fields: readonly string[]): AuthenticateVerdict | Promise<AuthenticateVerdict> {
  return (steps.authenticate ?? assert.fail('no step')).run(exchangeOf(fields, THREADS.get(steps)?.nowMs));
}

/** The same, where it must be said at once. */
export function askNow(steps: Steps, ...fields: readonly string[]): AuthenticateVerdict {
  const verdict = ask(steps, ...fields);
  assert.ok(!(verdict instanceof Promise), 'it waits');
  return verdict;
}

/** The rule of a refusal, or the kind of any other verdict. */
export function wordOf(verdict: AuthenticateVerdict): string {
  return verdict.kind === 'deny' ? (verdict.rule ?? 'no rule') : verdict.kind;
}

export function exchangeOf(
  fields: readonly string[],
  startedAtMs = NOW * 1_000,
): Exchange & { readonly used: UsedCredential } {
  const used = usedCredential.initial();
  const request = { headers: headersOf(fields), peer: { address: '192.0.2.7', port: 1, tls: null } };
  const slot = <T>(one: Slot<T>): T => (one === (usedCredential as unknown) ? (used as T) : assert.fail(one.name));
  return { request, operation: operationOf('getOrder'), startedAtMs, slot, used } as unknown as Exchange & {
    used: UsedCredential;
  };
}

function headersOf(fields: readonly string[]): Pick<HeaderMap, 'get' | 'all'> {
  const all = (name: string): readonly string[] => (name === 'authorization' ? fields : []);
  return { all, get: (name) => (all(name).length === 0 ? null : all(name).join(', ')) };
}
