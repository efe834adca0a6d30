import assert from 'node:assert/strict';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { BrowserClient, locationOf } from './browser-client.ts';
import type { Reply } from './https-client.ts';
import { startLocalServer } from './local-server.ts';
import { followSignIn } from './openid-provider.ts';
import { type Claims, startWrongProviders, type Wrong, type WrongProvider } from './wrong-provider.ts';

/** The secret that the gateway shows providers. */
export const SECRET = 'a-secret-of-more-than-sixteen-characters';

/** How an ID token or a logout token is wrong: the end of the module's name, words for the test, and how it is made. */
export type BadToken = readonly [
  module: string,
  what: string,
  make: (provider: WrongProvider, claims: Claims) => string,
];

/** Somebody who is signed in, and what the API was told of them. */
export interface SignedIn {
  readonly browser: BrowserClient;
  readonly told: Claims;
}

/** Providers, some of them wrong from the first, and the gateway at which people sign in with them. */
export interface RelyingParty<Name extends string> {
  readonly gateway: GatewayProcess;
  readonly providers: Readonly<Record<Name, WrongProvider>>;
  /** A browser of somebody new, in a network of their own: pages are paced by network. */
  browser(): BrowserClient;
  /** They are signed in. */
  signedIn(name: Name): Promise<SignedIn>;
  /** They are not, and no session came of it. */
  refused(name: Name): Promise<void>;
  /** They are not while this is wrong; the same provider lets them in once it is right again. */
  refusedWhile(name: Name, wrong: Wrong): Promise<void>;
  stop(): Promise<void>;
}

/** `settings`: more keys of an issuer, or of its `login`, as they stand in the configuration; `auth`: how callers sign in. */
export interface RelyingPartyOptions<Name extends string> {
  readonly names: readonly Name[];
  readonly auth?: string;
  readonly settings: (name: Name, provider: WrongProvider) => { readonly issuer?: string; readonly login?: string };
  /** Makes them wrong before the gateway asks them for anything. */
  readonly prepare: (providers: Readonly<Record<Name, WrongProvider>>) => void;
}

/** Starts all of it. */
export async function startRelyingParty<Name extends string>({
  names,
  auth = '[session]',
  settings,
  prepare,
}: RelyingPartyOptions<Name>): Promise<RelyingParty<Name>> {
  const { providers, server } = await startWrongProviders(names, SECRET);
  const upstream = await startLocalServer((request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(request.headers));
  });
  prepare(providers);
  const issuerOf = (name: Name): string => {
    const { issuer = '', login = '' } = settings(name, providers[name]);
    const keys = `clientId: gateway, clientSecret: '\${env:CLIENT_SECRET}', ${login}`;
    return `  ${name}: { issuer: '${providers[name].issuer}', audience: api, ${issuer} login: { ${keys} } }\n`;
  };
  const gateway = await startGateway(
    `version: 1
server: { https: { port: ${await freePort()} }, http: off, threads: 1 }
admin: { port: 0 }
data: ./data
trustedProxies: [127.0.0.1]
issuers:
${names.map(issuerOf).join('')}roles: { customer: { can: ['orders:read'] }, admin: { can: ['admin:all'] } }
apis:
  shop:
    routes: ['GET /orders', 'GET /admin']
    upstream: '${upstream.url}'
    auth: ${auth}
    operations: { GET /orders: { needs: orders:read }, GET /admin: { needs: admin:all } }
`,
    { environment: { CLIENT_SECRET: SECRET } },
  );
  const stop = async (): Promise<void> => {
    server.stop();
    upstream.stop();
    await gateway.stop();
  };
  return { gateway, providers, stop, ...signingIn(gateway, providers) };
}

function signingIn<Name extends string>(
  gateway: GatewayProcess,
  providers: Readonly<Record<Name, WrongProvider>>,
): Pick<RelyingParty<Name>, 'browser' | 'signedIn' | 'refused' | 'refusedWhile'> {
  let people = 0;
  const browser = (): BrowserClient => {
    people++;
    const address = `10.${people >> 8}.${people & 255}.1`;
    return new BrowserClient({ port: gateway.https, ca: gateway.ca }, { 'x-forwarded-for': address });
  };
  const wholeWay = async (name: Name): Promise<{ readonly browser: BrowserClient; readonly reply: Reply }> => {
    const client = browser();
    const login = await client.navigate(`/.portcullis/login?provider=${name}&return_to=%2Forders`);
    assert.equal(login.status, 303, login.body);
    const came = await followSignIn(locationOf(login), `${client.origin}/.portcullis/callback/${name}`);
    return { browser: client, reply: await client.navigate(`${came.pathname}${came.search}`) };
  };
  const signedIn = async (name: Name): Promise<SignedIn> => {
    const { browser: client, reply } = await wholeWay(name);
    assert.equal(reply.status, 303, `${reply.body} ${gateway.said()}`);
    const opened = await client.navigate('/orders');
    assert.equal(opened.status, 200, opened.body);
    await client.readSession();
    return { browser: client, told: JSON.parse(opened.body) as Claims };
  };
  const refused = async (name: Name): Promise<void> => {
    const { browser: client, reply } = await wholeWay(name);
    assert.equal(reply.status, 403, reply.body);
    assert.match(reply.body, /could not be signed in/);
    assert.equal(client.session, null);
    assert.equal((await client.call('/orders')).status, 401);
  };
  const refusedWhile = async (name: Name, wrong: Wrong): Promise<void> => {
    const provider: WrongProvider = providers[name];
    const usual = provider.wrong;
    provider.wrong = { ...usual, ...wrong };
    try {
      await refused(name);
    } finally {
      provider.wrong = usual;
    }
    await signedIn(name);
  };
  return { browser, signedIn, refused, refusedWhile };
}
