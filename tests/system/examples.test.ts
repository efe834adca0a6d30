import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { parse, stringify } from 'yaml';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { RawClient, statusOf } from '../framing/raw-client.ts';
import { ROOT } from '../tidy/repository.ts';
import { adminClient } from './admin.ts';
import { BrowserClient } from './browser-client.ts';
import { run } from './command.ts';
import { createFileIssuer, type FileIssuer } from './file-issuer.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { startOpenIdProvider } from './openid-provider.ts';
import { PROGRAM } from './plain-configuration.ts';

const EXAMPLES = join(ROOT, 'examples');
const CONFIGURATION = 'portcullis.yaml';
const SERVER = 'server.js';
const KEYS = 'issuer-keys.json';
const folders = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** An entry of `expect.yaml`, as examples/README.md describes it. */
interface Expectation {
  readonly request: string;
  readonly host?: string;
  readonly as?: { readonly subject: string; readonly roles?: readonly string[] };
  readonly key?: object;
  readonly signedIn?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly plain?: true;
  readonly egress?: true;
  readonly expect: number;
}

type Target = string | { readonly url: string; readonly weight: number };

interface Upstream {
  targets: Target[];
}

/** What of a configuration is replaced. */
interface Written {
  server: { https: { port: number }; http?: { port: number } };
  admin: { port: number };
  data: string;
  egress?: { port: number };
  issuers?: Record<string, { issuer: string; login?: { clientId: string; clientSecret: string } }>;
  apis: Record<string, { upstream: string | Upstream }>;
}

/** An example that runs. */
interface Example {
  readonly gateway: GatewayProcess;
  /** The names of the issuers at which people sign in. */
  readonly providers: readonly string[];
  /** Of those who have signed in. */
  readonly browsers: Map<string, BrowserClient>;
}

/** What examples ask of the environment. */
const SECRETS = {
  ORDERS_EGRESS_KEY: 'sample-key-of-orders-0001',
  BILLING_EGRESS_KEY: 'sample-key-of-billing-0002',
  PAYMENTS_KEY: 'sample-secret-of-payments',
  SCANNER_BEARER: 'sample-bearer-of-scanners',
  ACME_SECRET: 'sample-secret-of-acme',
  PARTNER_SECRET: 'sample-secret-of-partner',
};

/** As many as an upstream of an example has targets. */
let echoes: readonly LocalServer[];
/** In the place of the issuer of the examples, whose key nobody has. */
let issuer: FileIssuer;

before(async () => {
  issuer = await createFileIssuer();
  echoes = await Promise.all([startEcho(), startEcho(), startEcho()]);
});

after(() => {
  for (const echo of echoes) echo.stop();
});

function startEcho(): Promise<LocalServer> {
  return startLocalServer((request, reply) => {
    request.resume();
    request.on('end', () => reply.end(`${request.method} ${request.url}`));
  });
}

/** The API that lies beside an example, and where it answers; null where there is none. */
async function startApi(folder: string): Promise<{ readonly url: string; readonly process: ChildProcess } | null> {
  const file = join(EXAMPLES, folder, SERVER);
  if (!existsSync(file)) return null;
  const started = spawn(process.execPath, [file], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(started.stdout, 'data')) as [Buffer];
  const { port } = JSON.parse(line.toString()) as { readonly port: number };
  return { url: `http://127.0.0.1:${port}`, process: started };
}

/** In the place of the issuers at which people sign in, by their names in the configuration. */
async function startProviders(
  { issuers = {} }: Written,
  port: number,
  t: Pick<TestContext, 'after'>,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const [name, written] of Object.entries(issuers)) {
    if (written.login === undefined) continue;
    const { clientId, clientSecret } = written.login;
    const provider = await startOpenIdProvider(t, {
      ...{
        client_id: clientId,
        client_secret: SECRETS[clientSecret.slice('${env:'.length, -1) as keyof typeof SECRETS],
      },
      redirect_uris: [`https://localhost:${port}/.portcullis/callback/${name}`],
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
      id_token_signed_response_alg: 'ES256',
    });
    written.issuer = provider.issuer;
    names.push(name);
  }
  return names;
}

/** Starts a gateway with an example's configuration: free ports, and our own server in place of every upstream. */
async function startExample(
  folder: string,
  { url, signsIn }: { readonly url: string | null; readonly signsIn: boolean },
  t: Pick<TestContext, 'after'>,
): Promise<Example> {
  const names = readdirSync(join(EXAMPLES, folder)).filter((name) => name !== CONFIGURATION);
  const beside = Object.fromEntries(names.map((name) => [name, read(folder, name)]));
  if (signsIn) beside[KEYS] = issuer.keys;
  const written = parse(read(folder, CONFIGURATION)) as Written;
  // Providers must know where browsers come from.
  const port = written.issuers === undefined ? 0 : await freePort();
  const providers = await startProviders(written, port, t);
  written.server.https.port = port;
  if (written.server.http !== undefined) written.server.http.port = 0;
  written.admin.port = 0;
  written.data = './data';
  if (written.egress !== undefined) written.egress.port = 0;
  for (const api of Object.values(written.apis)) {
    if (typeof api.upstream === 'string') api.upstream = url ?? ours(api.upstream, 0);
    else api.upstream.targets = api.upstream.targets.map(oursFor);
  }
  const gateway = await startGateway(stringify(written), { beside, environment: SECRETS });
  return { gateway, providers, browsers: new Map() };
}

/** The browser of somebody who has signed in, at the first provider of the example. */
async function browserOf({ gateway, providers, browsers }: Example, person: string): Promise<BrowserClient> {
  const known = browsers.get(person);
  if (known !== undefined) return known;
  const browser = new BrowserClient({ port: gateway.https, ca: gateway.ca });
  await browser.signInAt(providers[0] ?? assert.fail('nobody can sign in'));
  browsers.set(person, browser);
  return browser;
}

/** What a page of the host sends along, in the browser of somebody who has signed in. */
function fieldsOfPage({ origin, session, csrf }: BrowserClient): Readonly<Record<string, string>> {
  const cookie = `__Host-portcullis-session=${session}`;
  return { cookie, origin, 'sec-fetch-site': 'same-origin', 'x-portcullis-csrf': csrf };
}

function oursFor(target: Target, at: number): Target {
  return typeof target === 'string' ? ours(target, at) : { ...target, url: ours(target.url, at) };
}

/** The same path on one of our own servers. */
function ours(upstream: string, at: number): string {
  const url = new URL(upstream);
  const path = url.pathname === '/' ? '' : url.pathname;
  return `${echoes[at]?.url}${path}`;
}

function read(folder: string, name: string): string {
  return readFileSync(join(EXAMPLES, folder, name), 'utf8');
}

/** Sends a request exactly as it is written, and gives the status of its reply. */
async function statusFor(example: Example, { request, ...more }: Expectation): Promise<number> {
  const { gateway } = example;
  const { host, as, key, signedIn, headers = {}, body, egress = false } = more;
  const plain = egress || more.plain === true;
  const port = egress ? gateway.egress : plain ? gateway.http : gateway.https;
  const page = signedIn === undefined ? {} : fieldsOfPage(await browserOf(example, signedIn));
  const fields: Record<string, string> = { host: host ?? `localhost:${port}`, ...page, ...headers };
  if (as !== undefined) fields['authorization'] = `Bearer ${await issuer.tokenOf({ roles: [], ...as })}`;
  if (key !== undefined) fields['authorization'] = `Bearer ${await keyOf(gateway, key)}`;
  if (body !== undefined) fields['content-length'] = String(Buffer.byteLength(body));
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const serverName = plain ? null : (host ?? 'localhost').replace(/:\d+$/, '');
  const client = await RawClient.connect({ port, serverName, ca: gateway.ca });
  try {
    const message = Buffer.from(`${request} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`);
    await client.send(message, 'whole', () => false);
    const methods = [request.slice(0, request.indexOf(' '))];
    const finals = () => client.replies(methods).finals;
    await client.signal.holds(() => finals().length > 0 || client.closed);
    const [reply] = finals();
    assert.ok(reply !== undefined, `no reply to ${request}`);
    return statusOf(reply);
  } finally {
    client.destroy();
  }
}

/** A new API key. */
async function keyOf(gateway: GatewayProcess, wish: object): Promise<string> {
  const { keys } = await adminClient(gateway);
  const made = await keys.create({ name: 'example', ...wish }, 'example');
  assert.ok(made.ok && made.value !== null, JSON.stringify(made));
  return made.value.key;
}

test('there are examples to run', () => {
  assert.ok(folders.length >= 2);
});

for (const folder of folders) {
  test(`every request of the example ${folder} gets the status that it says`, async (t) => {
    const expectations = parse(read(folder, 'expect.yaml')) as Expectation[];
    assert.ok(expectations.length > 5);
    const signsIn = expectations.some(({ as }) => as !== undefined);
    const api = await startApi(folder);
    t.after(() => api?.process.kill());
    const example = await startExample(folder, { url: api?.url ?? null, signsIn }, t);
    t.after(() => example.gateway.stop());
    for (const expectation of expectations) {
      assert.equal(await statusFor(example, expectation), expectation.expect, JSON.stringify(expectation));
    }
  });

  test(`the example ${folder} can be used as it stands, and its own tests pass`, async () => {
    const check = await run(process.execPath, [PROGRAM, 'check', '--config', join(EXAMPLES, folder, CONFIGURATION)], {
      env: { ...process.env, ...SECRETS },
    });
    assert.deepEqual([check.code, check.stderr], [0, ''], check.stdout);
  });
}
