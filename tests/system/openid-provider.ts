import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import Provider, { type ClientMetadata, type Configuration, type JWK } from 'oidc-provider';

/** An OpenID provider on a port of loopback: `oidc-provider`, where whoever comes is signed in as `ada` unless said otherwise. */
export interface OpenIdProvider {
  readonly issuer: string;
  readonly provider: Provider;
  /** Who signs in next, and how; `null` refuses to. */
  account: string | null;
  /** What its ID tokens say of how they signed in. */
  acr: string;
  /** Each request to it, as `POST /token`. */
  readonly calls: string[];
  /** While it is set every request is answered so. */
  broken: { readonly status: number } | null;
  /** Anything, signed with its key as it would be. */
  signed(claims: object, header?: object): string;
  /** Takes all refresh tokens back, as an administrator would. */
  withdraw(): Promise<void>;
  stop(): void;
}

/** How it differs from the usual one. */
export interface OpenIdProviderOptions {
  readonly port?: number;
  readonly configuration?: Configuration;
}

const PRIVATE_KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const KEY = PRIVATE_KEY.export({ format: 'jwk' });

function signed(claims: object, header: object = {}): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'ES256', kid: 'one', ...header })}.${part(claims)}`;
  return `${input}.${sign('sha256', Buffer.from(input), { key: PRIVATE_KEY, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Starts it with one client. */
export async function startOpenIdProvider(
  t: Pick<TestContext, 'after'>,
  client: ClientMetadata,
  { port = 0, configuration = {} }: OpenIdProviderOptions = {},
): Promise<OpenIdProvider> {
  const server = createServer();
  await once(server.listen(port, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, { ...usual(client), ...configuration });
  const given = new Set<{ destroy(): Promise<void> }>();
  provider.on('refresh_token.saved', (token) => given.add(token));
  const peer: OpenIdProvider = {
    ...{ issuer, provider, account: 'ada', acr: 'usual', calls: [], broken: null, signed },
    withdraw: async () => {
      for (const token of given) await token.destroy();
    },
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
  const answer = provider.callback();
  server.on('request', (request, response) => {
    peer.calls.push(`${request.method} ${(request.url ?? '').split('?')[0]}`);
    if (peer.broken !== null) {
      response.writeHead(peer.broken.status, { 'content-type': 'text/html' }).end('<h1>not now</h1>');
    } else if (request.url?.startsWith('/interaction/')) void interact(peer, request, response);
    else void answer(request, response);
  });
  t.after(() => peer.stop());
  return peer;
}

function usual(client: ClientMetadata): Configuration {
  return {
    clients: [client],
    // Its own way out refuses to call this machine, where the gateway of the test is.
    fetch: (url, options) => fetch(url, withoutDispatcher(options ?? {})),
    jwks: { keys: [{ ...KEY, kid: 'one', alg: 'ES256', use: 'sig' } as JWK] },
    cookies: { keys: ['keys of cookies of the provider'] },
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access', 'profile'],
    claims: { openid: ['sub', 'roles'], profile: ['name'] },
    // Claims of scopes stand in the ID token itself.
    conformIdTokenClaims: false,
    acrValues: ['usual', 'strong'],
    ttl: { AccessToken: 60, IdToken: 600, Session: 3_600, Grant: 3_600, RefreshToken: 3_600, Interaction: 600 },
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    findAccount: (_context, accountId) => ({
      accountId,
      claims: () => ({ sub: accountId, roles: ['customer'], name: `${accountId} of the provider` }),
    }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
    },
  };
}

function withoutDispatcher({ method = 'GET', headers, body }: RequestInit): RequestInit {
  return {
    method,
    ...(headers === undefined ? {} : { headers }),
    ...(body === undefined || body === null ? {} : { body }),
  };
}

type Handled = Parameters<Provider['interactionDetails']>;

/** What was granted, by person and client. */
const GRANTS = new WeakMap<Provider, Map<string, InstanceType<Provider['Grant']>>>();

/** Signs in whoever comes, and grants what is asked. */
async function interact(peer: OpenIdProvider, request: Handled[0], response: Handled[1]): Promise<void> {
  const { provider, account, acr } = peer;
  const details = await provider.interactionDetails(request, response);
  if (account === null) {
    const refused = { error: 'access_denied', error_description: '<script>alert(1)</script>' };
    await provider.interactionFinished(request, response, refused, { mergeWithLastSubmission: false });
    return;
  }
  const clientId = String(details.params['client_id']);
  // Of two tabs that sign in at once the second would take back what the first was granted, were it another grant.
  const name = `${account} ${clientId}`;
  const granted = GRANTS.get(provider) ?? new Map<string, InstanceType<Provider['Grant']>>();
  GRANTS.set(provider, granted);
  const grant = granted.get(name) ?? new provider.Grant({ accountId: account, clientId });
  granted.set(name, grant);
  grant.addOIDCScope(String(details.params['scope']));
  const grantId = await grant.save();
  const result = { login: { accountId: account, acr, amr: ['pwd'], remember: true }, consent: { grantId } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/**
 * Goes where a browser would, with its cookies, until it is sent to `until`; gives that URL. The `jar` is what it keeps
 * of cookies: who gives the same again is signed in there already.
 */
export async function followSignIn(url: string, until: string, jar = new Map<string, string>()): Promise<URL> {
  let next = url;
  for (let step = 0; step < 10; step++) {
    if (next.startsWith(until)) return new URL(next);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const reply = await fetch(next, { redirect: 'manual', headers: cookie === '' ? {} : { cookie } });
    for (const line of reply.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      const at = pair.indexOf('=');
      jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = reply.headers.get('location');
    const body = await reply.text();
    if (location === null) throw new Error(`the provider leads nowhere: ${reply.status} ${body.slice(0, 2_000)}`);
    next = new URL(location, next).href;
  }
  throw new Error('the provider leads in circles');
}
