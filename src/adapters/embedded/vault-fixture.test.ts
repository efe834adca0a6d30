import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** A token as the server knows it; `endsAt` null for one that does not end. */
interface KnownToken {
  endsAt: number | null;
  readonly renewable: boolean;
  readonly ttlSeconds: number;
  /** When it can be renewed no more. */
  readonly lastsUntil: number;
}

/**
 * Vault as its published HTTP API says it behaves, as far as secrets are read by it: the key-value engine in both
 * versions, tokens that end and are renewed, AppRole, Kubernetes, namespaces, health.
 */
export interface VaultServer {
  readonly address: string;
  /** What was asked so far: method, path, namespace. */
  readonly asked: string[];
  /** Seconds; tests let them pass. */
  seconds: number;
  /** From now on every request gets this status; null: it answers again. */
  failing: number | null;
  /** The mount whose engine fails, with status 500; null: none. */
  failingMount: string | null;
  /** What it says in the place of an answer; null: what it should. */
  saying: string | null;
  /** Fields of the redirect of a standby; null: it answers itself. */
  redirect: string | null;
  /** Puts a new version of a secret, at `MOUNT/PATH`. Null deletes it. */
  put(path: string, fields: Readonly<Record<string, unknown>> | null): void;
  /** Makes a token that lives so long; 0: for ever. */
  addToken(token: string, ttlSeconds: number, renewable?: boolean): void;
  revoke(token: string): void;
  /** How often somebody has signed in. */
  signIns: number;
  stop(): Promise<void>;
}

/** What it is started with. `tls`: a certificate and its key. */
export interface VaultOptions {
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly namespace?: string;
  /** Role and secret of the one AppRole, with the time of its tokens, and how far those are renewed. */
  readonly ttlSeconds?: number;
  readonly mostSeconds?: number;
}

/** Mounts: `secret` of version 2, `team/kv` of version 2, `old` of version 1. */
const VERSIONS: Readonly<Record<string, 1 | 2>> = { secret: 2, 'team/kv': 2, old: 1 };

/** The role that may sign in, and how. */
export const APPROLE = { role: 'role-1', secret: 'secret-id-1' } as const;
export const KUBERNETES = { role: 'gateway', jwt: 'service.account.token' } as const;

/** Starts one on loopback. */
export async function startVault(options: VaultOptions = {}): Promise<VaultServer> {
  const vault = new FakeVault(options);
  const answer = (request: IncomingMessage, reply: ServerResponse): void => void vault.answer(request, reply);
  const server: Server = options.tls === undefined ? createServer(answer) : createSecureServer(options.tls, answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  vault.address = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  vault.closing = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
    });
  };
  return vault;
}

class FakeVault implements VaultServer {
  address = '';
  closing: () => Promise<void> = async () => undefined;
  readonly asked: string[] = [];
  seconds = 0;
  failing: number | null = null;
  failingMount: string | null = null;
  saying: string | null = null;
  redirect: string | null = null;
  signIns = 0;
  readonly #options: VaultOptions;
  readonly #tokens = new Map<string, KnownToken>();
  readonly #secrets = new Map<string, { version: number; fields: Readonly<Record<string, unknown>> | null }>();

  constructor(options: VaultOptions) {
    this.#options = options;
  }

  put(path: string, fields: Readonly<Record<string, unknown>> | null): void {
    this.#secrets.set(path, { version: (this.#secrets.get(path)?.version ?? 0) + 1, fields });
  }

  addToken(token: string, ttlSeconds: number, renewable = false): void {
    const endsAt = ttlSeconds === 0 ? null : this.seconds + ttlSeconds;
    const lastsUntil = this.seconds + (this.#options.mostSeconds ?? Number.POSITIVE_INFINITY);
    this.#tokens.set(token, { endsAt, renewable, ttlSeconds, lastsUntil });
  }

  revoke(token: string): void {
    this.#tokens.delete(token);
  }

  stop(): Promise<void> {
    return this.closing();
  }

  async answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const namespace = request.headers['x-vault-namespace'] ?? '';
    this.asked.push([request.method, path, namespace].join(' ').trim());
    const body = await bodyOf(request);
    const say = (status: number, value: unknown): void => {
      reply.writeHead(status, { 'content-type': 'application/json' }).end(this.saying ?? JSON.stringify(value));
    };
    if (this.redirect !== null) return void reply.writeHead(307, { location: this.redirect }).end();
    if (path === '/v1/sys/health') return say(this.failing ?? 200, { initialized: true, sealed: this.failing === 503 });
    if (this.failing !== null) return say(this.failing, { errors: ['Vault is sealed'] });
    if (namespace !== (this.#options.namespace ?? '')) return say(404, { errors: ['no handler for route'] });
    if (request.headers['x-vault-request'] !== 'true') return say(412, { errors: ['missing X-Vault-Request'] });
    if (path.endsWith('/login')) return this.#signIn(path, body, say);
    const token = String(request.headers['x-vault-token'] ?? '');
    const known = this.#tokens.get(token);
    if (known === undefined || (known.endsAt !== null && this.seconds >= known.endsAt))
      return say(403, { errors: [`permission denied for ${token}`] });
    if (path === '/v1/auth/token/lookup-self')
      return say(200, { data: { id: token, ttl: this.#ttl(known), renewable: known.renewable } });
    if (path === '/v1/auth/token/renew-self') return this.#renew(token, known, say);
    this.#read(path.slice('/v1/'.length), say);
  }

  #ttl({ endsAt }: KnownToken): number {
    return endsAt === null ? 0 : endsAt - this.seconds;
  }

  #renew(token: string, known: KnownToken, say: Say): void {
    if (!known.renewable) return say(400, { errors: ['lease is not renewable'] });
    known.endsAt = Math.min(this.seconds + known.ttlSeconds, known.lastsUntil);
    say(200, { auth: { client_token: token, lease_duration: this.#ttl(known), renewable: true } });
  }

  #signIn(path: string, body: Readonly<Record<string, unknown>>, say: Say): void {
    this.signIns++;
    const isRole =
      path === '/v1/auth/approle/login' && body['role_id'] === APPROLE.role && body['secret_id'] === APPROLE.secret;
    const isPod = path === '/v1/auth/k8s/login' && body['role'] === KUBERNETES.role && body['jwt'] === KUBERNETES.jwt;
    if (!isRole && !isPod) return say(400, { errors: [`invalid role or secret ID ${JSON.stringify(body)}`] });
    const token = `hvs.given-${this.signIns}`;
    const ttlSeconds = this.#options.ttlSeconds ?? 3_600;
    this.addToken(token, ttlSeconds, true);
    say(200, { auth: { client_token: token, lease_duration: ttlSeconds, renewable: true, policies: ['gateway'] } });
  }

  #read(path: string, say: Say): void {
    const mount = Object.keys(VERSIONS).find((one) => path.startsWith(`${one}/`));
    if (mount === undefined) return say(403, { errors: ['preflight capability check returned 403'] });
    if (mount === this.failingMount) return say(500, { errors: ['1 error occurred'] });
    const version = VERSIONS[mount] as 1 | 2;
    const rest = path.slice(mount.length + 1);
    if (version === 2 && !rest.startsWith('data/'))
      return say(404, { errors: [], warnings: ['Invalid path for a versioned K/V secrets engine'] });
    const name = version === 2 ? rest.slice('data/'.length) : rest;
    const found = this.#secrets.get(`${mount}/${decodeURIComponent(name)}`);
    if (found === undefined) return say(404, { errors: [] });
    const metadata = { version: found.version, created_time: '2026-01-01T00:00:00Z', destroyed: false };
    if (found.fields === null)
      return version === 1
        ? say(404, { errors: [] })
        : say(404, { data: { data: null, metadata: { ...metadata, deletion_time: '2026-01-02T00:00:00Z' } } });
    say(
      200,
      version === 2
        ? { data: { data: found.fields, metadata: { ...metadata, deletion_time: '' } } }
        : { data: found.fields, lease_duration: 2_764_800 },
    );
  }
}

type Say = (status: number, value: unknown) => void;

async function bodyOf(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  try {
    return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
  } catch {
    return {};
  }
}
