import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { freePorts } from '../framing/free-port.ts';
import { stopChild } from '../framing/stop-child.ts';

const PROGRAM = '/usr/bin/glewlwyd';
const FIRST_TABLES = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz';
const MODULES = '/usr/lib/glewlwyd';
/** The name of its OpenID Connect plugin here, which is part of the issuer. */
const PLUGIN = 'oidc';
const READY_MS = 20_000;
const STOP_MS = 5_000;

/** Glewlwyd, an OpenID provider in C, with one client and one user. */
export interface Glewlwyd {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly user: { readonly name: string; readonly password: string };
  /** Asks its token endpoint as its client; the fields of a proof of possession may be among `headers`. */
  token(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** Whether it holds a token to be good (RFC 7662). */
  introspect(token: string): Promise<Readonly<Record<string, unknown>>>;
  /** Takes a token back (RFC 7009). */
  revoke(token: string): Promise<void>;
  /** What it said of late. */
  readonly said: () => string;
  stop(): Promise<void>;
}

/** Whether it is installed, with the tables that it begins with. */
export async function hasGlewlwyd(): Promise<boolean> {
  const found = await Promise.allSettled([PROGRAM, FIRST_TABLES].map((path) => access(path)));
  return found.every(({ status }) => status === 'fulfilled');
}

/** Starts it, and resolves when it signs tokens for `audience` under the scope `orders`. */
export async function startGlewlwyd(audience: string, redirectUri: string): Promise<Glewlwyd> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-glewlwyd-'));
  const [port = 0] = await freePorts(1);
  const database = new DatabaseSync(join(folder, 'glewlwyd.db'));
  database.exec(gunzipSync(await readFile(FIRST_TABLES)).toString());
  database.close();
  await writeFile(join(folder, 'glewlwyd.conf'), configuration(folder, port));
  const lines: string[] = [];
  const child = spawn(PROGRAM, ['--config-file=glewlwyd.conf'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => void lines.splice(0, lines.length - 200, piece.toString()));
  const stop = async (): Promise<void> => {
    await stopChild(child, STOP_MS);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const api = `http://localhost:${port}/api`;
    await answers(`${api}/`, child);
    return { ...(await furnish(api, { audience, redirectUri })), said: () => lines.join(''), stop };
  } catch (fault) {
    await stop();
    throw new Error(`glewlwyd: ${lines.join('').slice(-2_000)}`, { cause: fault });
  }
}

function configuration(folder: string, port: number): string {
  const paths = ['user', 'user_middleware', 'client', 'plugin'].map(
    (name) => `${name}_module_path="${MODULES}/${name}"`,
  );
  return [
    ...[`port=${port}`, 'bind_address="127.0.0.1"', `external_url="http://localhost:${port}"`],
    ...['login_url="login.html"', 'api_prefix="api"', 'log_mode="console"', 'log_level="INFO"'],
    ...['cookie_domain="localhost"', 'cookie_secure=0', 'admin_scope="g_admin"', 'profile_scope="g_profile"'],
    ...[...paths, `user_auth_scheme_module_path="${MODULES}/scheme"`],
    // It looks whether there are names even where it is told to need none.
    ...['use_secure_connection=false', 'secure_connection_key_file="/none"', 'secure_connection_pem_file="/none"'],
    ...['secure_connection_ca_file="/none"', 'hash_algorithm="SHA512"', 'login_api_enabled=true'],
    `database = { type = "sqlite3" path = "${folder}/glewlwyd.db" };`,
  ].join('\n');
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    try {
      await (await fetch(url)).arrayBuffer();
      return;
    } catch (fault) {
      if (Date.now() > end || child.exitCode !== null) throw fault;
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}

/** By its own administration: a plugin, a scope, a client and a user. */
async function furnish(
  api: string,
  { audience, redirectUri }: { readonly audience: string; readonly redirectUri: string },
): Promise<Omit<Glewlwyd, 'said' | 'stop'>> {
  const issuer = `${api}/${PLUGIN}`;
  const client = { id: 'shop', secret: randomBytes(16).toString('hex') };
  const user = { name: 'ada', password: randomBytes(16).toString('hex') };
  const administer = await administrator(api);
  await administer('/mod/plugin/', {
    module: 'oidc',
    name: PLUGIN,
    display_name: PLUGIN,
    parameters: plugin(issuer, audience),
  });
  await administer('/scope/', {
    name: 'orders',
    display_name: 'orders',
    description: 'orders',
    password_required: false,
    scheme: {},
  });
  await administer('/client/?source=database', {
    ...{
      client_id: client.id,
      name: client.id,
      confidential: true,
      password: client.secret,
      client_secret: client.secret,
    },
    ...{ token_endpoint_auth_method: ['client_secret_basic'], redirect_uri: [redirectUri], scope: ['orders'] },
    authorization_type: ['client_credentials', 'password', 'code', 'refresh_token'],
    enabled: true,
  });
  await administer('/user/?source=database', {
    ...{ username: user.name, name: 'Ada', password: user.password, scope: ['orders', 'openid'], enabled: true },
  });
  const post = async (path: string, form: Readonly<Record<string, string>>, headers = {}): Promise<string> => {
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
    const body = new URLSearchParams(form);
    const reply = await fetch(`${issuer}/${path}`, { method: 'POST', headers: { authorization, ...headers }, body });
    const text = await reply.text();
    if (!reply.ok) throw new Error(`${path} of glewlwyd: ${reply.status} ${text}`);
    return text;
  };
  return {
    ...{ issuer, client, user },
    token: async (form, headers) =>
      (JSON.parse(await post('token', form, headers)) as { access_token: string }).access_token,
    introspect: async (token) => JSON.parse(await post('introspect', { token })) as Record<string, unknown>,
    revoke: async (token) => void (await post('revoke', { token })),
  };
}

/** Signs in as its first administrator, whose name and password stand in its tables. */
async function administrator(api: string): Promise<(path: string, body: object) => Promise<void>> {
  const json = { 'content-type': 'application/json' };
  const first = JSON.stringify({ username: 'admin', password: 'password' });
  const signedIn = await fetch(`${api}/auth/`, { method: 'POST', headers: json, body: first });
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ');
  return async (path, body) => {
    const reply = await fetch(api + path, { method: 'POST', headers: { ...json, cookie }, body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${path} of glewlwyd: ${reply.status} ${await reply.text()}`);
  };
}

function plugin(issuer: string, audience: string): object {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' };
  return {
    iss: issuer,
    ...{ 'jwks-private': JSON.stringify({ keys: [key] }), 'default-kid': 'one', 'jwks-show': true },
    ...{ 'jwt-type': 'ecdsa', 'jwt-key-size': '256', 'subject-type': 'public' },
    ...{
      'access-token-duration': 600,
      'refresh-token-duration': 3_600,
      'code-duration': 60,
      'refresh-token-rolling': true,
    },
    ...{ 'allow-non-oidc': true, 'auth-type-code-enabled': true, 'auth-type-token-enabled': false },
    ...{ 'auth-type-implicit-enabled': false, 'auth-type-password-enabled': true, 'auth-type-client-enabled': true },
    ...{ 'auth-type-refresh-enabled': true, 'pkce-allowed': true, 'pkce-method-plain-allowed': false },
    ...{ 'introspection-revocation-allowed': true, 'introspection-revocation-allow-target-client': true },
    ...{
      'introspection-revocation-auth-scope': [],
      'resource-allowed': true,
      'resource-scope': { orders: [audience] },
    },
    ...{ 'resource-scope-and-client-property': false, 'resource-client-property': '', 'oauth-as-iss-id': true },
    ...{ 'oauth-dpop-allowed': true, 'oauth-dpop-iat-duration': 60, 'oauth-par-allowed': true },
    ...{ 'oauth-par-request_uri-prefix': 'urn:ietf:params:oauth:request_uri:', 'oauth-par-duration': 60 },
    ...{ 'name-claim': 'no', 'name-claim-scope': [], 'email-claim': 'no', 'email-claim-scope': [] },
    ...{ 'scope-claim': 'no', 'scope-claim-scope': [] },
  };
}
