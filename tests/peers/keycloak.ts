import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../framing/free-port.ts';
import { stopChild } from '../framing/stop-child.ts';
import { run } from '../system/command.ts';

const VERSION = '26.5.6';
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache');
/** Several test files want it at once, each in a process of its own: whoever comes second finds it in place. */
const HOME = join(CACHE, `keycloak-${VERSION}`);
const ARCHIVE = `https://repo1.maven.org/maven2/org/keycloak/keycloak-quarkus-dist/${VERSION}/keycloak-quarkus-dist-${VERSION}.zip`;
const ARCHIVE_SHA512 =
  'c99ce49dc0a8072dae359471bf510fe8594b906297ffd3a9cfdd70226af321557269b7794f1a913495715db63c4fe29004c551e69952beefa7d8f9b2de0e86c5';
/** It compiles itself when it is started for the first time. */
const READY_MS = 240_000;
const STOP_MS = 20_000;
const REALM = 'acme';
/** How often it is fetched before it is given up. */
const FETCHES = 3;

/** Keycloak, an OpenID provider in Java, with one realm, one client and one user, who has the role `customer`. */
export interface Keycloak {
  readonly issuer: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly user: { readonly name: string; readonly password: string };
  /** Ends all sessions of its user, as an administrator does. */
  endSessions(): Promise<void>;
  /** Asks its token endpoint as its client; the fields of a proof of possession may be among `headers`. */
  token(form: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** What is to be known of us beforehand. */
export interface KeycloakOptions {
  /** What the `aud` of its access tokens says. */
  readonly audience: string;
  readonly redirectUri: string;
  /** Where it tells that a session has ended (OpenID Connect Back-Channel Logout 1.0); null for nowhere. */
  readonly logoutUri: string | null;
  /** Where it may send browsers that have signed out there. */
  readonly afterLogoutUri?: string;
  /** PEM of who signs the certificate of `logoutUri`. */
  readonly trusted?: string;
  /** Where it is to answer. */
  readonly port?: number;
  /** The secret of its client. */
  readonly secret?: string;
}

const ADMINISTRATOR = { name: 'root', password: randomBytes(16).toString('hex') };

/** Its folder, fetched from Maven Central where it is not there yet; else why it can't be had, for whoever skips. */
export async function findKeycloak(): Promise<{ readonly home: string } | { readonly missing: string }> {
  if (!(await javaIsNew())) return { missing: 'Java 17 is not installed' };
  let missing = '';
  for (let attempt = 0; attempt < FETCHES; attempt += 1) {
    if (await isThere(HOME)) return { home: HOME };
    try {
      await fetchKeycloak();
    } catch (fault) {
      missing = `Keycloak can not be had from Maven Central: ${String(fault)}`;
    }
  }
  // Who fetched it at the same time may have been first to put it there.
  return (await isThere(HOME)) ? { home: HOME } : { missing };
}

async function javaIsNew(): Promise<boolean> {
  try {
    const { stdout, stderr } = await run('java', ['-version']);
    return Number(/version "([0-9]+)/.exec(stdout + stderr)?.[1]) >= 17;
  } catch {
    return false;
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

/** Taken apart beside its place and moved there whole, so that what is there is all of it. */
async function fetchKeycloak(): Promise<void> {
  const reply = await fetch(ARCHIVE);
  if (!reply.ok) throw new Error(`${ARCHIVE} gave ${reply.status}`);
  const archive = Buffer.from(await reply.arrayBuffer());
  const hash = createHash('sha512').update(archive).digest('hex');
  if (hash !== ARCHIVE_SHA512) throw new Error(`${ARCHIVE} is not what it was`);
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'keycloak-'));
  try {
    const file = join(folder, 'archive.zip');
    await writeFile(file, archive);
    await run('unzip', ['-q', file, '-d', folder]);
    await rename(join(folder, `keycloak-${VERSION}`), HOME);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts it with a database in memory, and resolves when its realm is there. */
export async function startKeycloak(home: string, options: KeycloakOptions): Promise<Keycloak> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-keycloak-'));
  const [free = 0, managementPort = 0] = await freePorts(2);
  const { port = free, trusted } = options;
  const client = { id: 'shop', secret: options.secret ?? randomBytes(16).toString('hex') };
  const user = { name: 'ada', password: randomBytes(16).toString('hex') };
  await lend(home, folder);
  await mkdir(join(folder, 'data', 'import'), { recursive: true });
  await writeFile(join(folder, 'data', 'import', 'realm.json'), JSON.stringify(realm(options, client, user)));
  const lines: string[] = [];
  const flags = [`--http-port=${port}`, `--http-management-port=${managementPort}`, '--http-host=127.0.0.1'];
  if (trusted !== undefined) {
    await writeFile(join(folder, 'trusted.pem'), trusted);
    flags.push(`--truststore-paths=${join(folder, 'trusted.pem')}`);
  }
  const child = spawn('bash', [join(folder, 'bin', 'kc.sh'), 'start-dev', ...flags, '--db=dev-mem', '--import-realm'], {
    ...{ cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    env: { ...process.env, ...environment() },
  });
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => void lines.splice(0, lines.length - 200, piece.toString()));
  const stop = async (): Promise<void> => {
    await stopChild(child, STOP_MS);
    await rm(folder, { recursive: true, force: true });
  };
  const issuer = `http://127.0.0.1:${port}/realms/${REALM}`;
  try {
    await answers(`${issuer}/.well-known/openid-configuration`, child);
  } catch (fault) {
    await stop();
    throw new Error(`keycloak: ${lines.join('').slice(-2_000)}`, { cause: fault });
  }
  const endSessions = (): Promise<void> => endSessionsOf(`http://127.0.0.1:${port}`, user.name);
  return { ...{ issuer, client, user, stop, endSessions }, token: tokenSource(issuer, client) };
}

function environment(): Readonly<Record<string, string>> {
  const { name, password } = ADMINISTRATOR;
  const administrator = { KC_BOOTSTRAP_ADMIN_USERNAME: name, KC_BOOTSTRAP_ADMIN_PASSWORD: password };
  return { ...administrator, JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1', KC_LOG_LEVEL: 'warn' };
}

/** By its admin REST API. */
async function endSessionsOf(url: string, name: string): Promise<void> {
  const form = { grant_type: 'password', client_id: 'admin-cli', username: ADMINISTRATOR.name };
  const body = new URLSearchParams({ ...form, password: ADMINISTRATOR.password });
  const given = await fetch(`${url}/realms/master/protocol/openid-connect/token`, { method: 'POST', body });
  const { access_token: token } = (await given.json()) as { readonly access_token: string };
  const headers = { authorization: `Bearer ${token}` };
  const users = `${url}/admin/realms/${REALM}/users`;
  const found = (await (await fetch(`${users}?username=${name}`, { headers })).json()) as { readonly id: string }[];
  const ended = await fetch(`${users}/${found[0]?.id}/logout`, { method: 'POST', headers });
  if (!ended.ok) throw new Error(`sessions of keycloak: ${ended.status} ${await ended.text()}`);
}

/** It writes beside its programs, so that each run has a folder of its own with those of the first. */
async function lend(home: string, folder: string): Promise<void> {
  for (const name of ['providers', 'themes', 'data', 'conf']) await mkdir(join(folder, name), { recursive: true });
  await run('cp', ['-r', join(home, 'bin'), join(home, 'lib'), folder]);
  await run('cp', ['-r', join(home, 'conf'), folder]);
}

async function answers(url: string, child: ChildProcess): Promise<void> {
  const end = Date.now() + READY_MS;
  for (;;) {
    const reply = await fetch(url).catch(() => null);
    await reply?.arrayBuffer();
    if (reply?.ok === true) return;
    if (Date.now() > end || child.exitCode !== null) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => {
      setTimeout(resolve, 200);
    });
  }
}

function tokenSource(issuer: string, { id, secret }: Keycloak['client']): Keycloak['token'] {
  return async (form, headers = {}) => {
    const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    const request = { method: 'POST', headers: { authorization, ...headers }, body: new URLSearchParams(form) };
    const reply = await fetch(`${issuer}/protocol/openid-connect/token`, request);
    const text = await reply.text();
    if (!reply.ok) throw new Error(`token of keycloak: ${reply.status} ${text}`);
    return (JSON.parse(text) as { readonly access_token: string }).access_token;
  };
}

function realm(
  { audience, redirectUri, logoutUri, afterLogoutUri = '+' }: KeycloakOptions,
  client: Keycloak['client'],
  user: Keycloak['user'],
): object {
  const mapper = {
    ...{ name: 'audience', protocol: 'openid-connect', protocolMapper: 'oidc-audience-mapper' },
    config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
  };
  const roles = {
    ...{ name: 'roles', protocol: 'openid-connect', protocolMapper: 'oidc-usermodel-realm-role-mapper' },
    config: { 'claim.name': 'roles', 'jsonType.label': 'String', multivalued: 'true', 'id.token.claim': 'true' },
  };
  const logout = logoutUri === null ? {} : { 'backchannel.logout.url': logoutUri };
  return {
    ...{ realm: REALM, enabled: true, sslRequired: 'none' },
    roles: { realm: [{ name: 'customer' }] },
    clients: [
      {
        ...{ clientId: client.id, secret: client.secret, enabled: true, redirectUris: [redirectUri] },
        ...{ directAccessGrantsEnabled: true, serviceAccountsEnabled: true, standardFlowEnabled: true },
        attributes: {
          'backchannel.logout.session.required': 'true',
          'post.logout.redirect.uris': afterLogoutUri,
          ...logout,
        },
        protocolMappers: [mapper, roles],
      },
    ],
    users: [
      {
        ...{ username: user.name, enabled: true, emailVerified: true, email: 'ada@acme.example' },
        ...{ firstName: 'Ada', lastName: 'Lovelace', realmRoles: ['customer'] },
        credentials: [{ type: 'password', value: user.password }],
      },
    ],
  };
}
