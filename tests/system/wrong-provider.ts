import { createHash, createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type LocalServer, startLocalServer } from './local-server.ts';

export type Claims = Record<string, unknown>;

/** A key that a provider signs with. */
export interface ProviderKey {
  readonly kid: string;
  readonly alg: 'RS256' | 'ES256';
  readonly key: KeyObject;
  /** What stands in its key set. */
  readonly published: Claims;
}

/** What a provider does in a wrong way, or in one that few do; what is not said it does right. */
export interface Wrong {
  readonly metadata?: Claims;
  readonly idToken?: (claims: Claims) => string;
  /** That of a refresh. */
  readonly renewed?: (claims: Claims) => string;
  readonly userinfo?: (claims: Claims) => { readonly type: string; readonly body: string };
  readonly logoutToken?: (claims: Claims) => string;
  /** Changes what it sends browsers back with. */
  readonly answered?: (answer: URLSearchParams) => void;
  /** Changes where it sends browsers after they have signed out. */
  readonly signedOut?: (url: URL) => void;
  /** Is done before it answers for a code. */
  readonly beforeTokens?: () => void;
}

/** A request that it got: `POST /token`, and what of it matters. */
export interface ProviderCall {
  readonly what: string;
  readonly authorization: string;
  readonly parameters: URLSearchParams;
}

const SCOPED: Readonly<Record<string, Claims>> = {
  profile: { name: 'Ada', roles: ['customer'] },
  email: { email: 'ada@acme.example', email_verified: true },
  phone: { phone_number: '+49 30 1' },
  address: { address: { country: 'DE' } },
};
const EVENTS = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const CLIENT_ID = 'gateway';
const LIFE_SECONDS = 300;

interface Code {
  readonly nonce: string;
  readonly challenge: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly subject: string;
}

/** Another key; of RSA unless said otherwise. */
export function providerKey(kid: string, alg: ProviderKey['alg'] = 'RS256'): ProviderKey {
  const pair =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const published = { ...pair.publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
  return { kid, alg, key: pair.privateKey, published };
}

/** Signs with this key, under a header that says so or something else. */
export function signedWith({ kid, alg, key }: ProviderKey, claims: Claims, header: Claims = {}): string {
  const input = inputOf({ alg, kid, ...header }, claims);
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Signs with a secret that both sides know. */
export function signedWithSecret(secret: string, claims: Claims): string {
  const input = inputOf({ alg: 'HS256' }, claims);
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** Signs a text in the place of claims, such as JSON that can be read in two ways. */
export function signedText({ kid, alg, key }: ProviderKey, body: string): string {
  const parts = [JSON.stringify({ alg, kid }), body].map((part) => Buffer.from(part).toString('base64url'));
  const input = parts.join('.');
  return `${input}.${sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** Says that nobody signed it. */
export function unsigned(claims: Claims): string {
  return `${inputOf({ alg: 'none' }, claims)}.`;
}

/** The same with one bit of the signature changed. */
export function spoilt(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  const signature = Buffer.from(token.slice(at), 'base64url');
  signature[signature.length >> 1] = (signature[signature.length >> 1] ?? 0) ^ 1;
  return token.slice(0, at) + signature.toString('base64url');
}

function inputOf(header: Claims, claims: Claims): string {
  return [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
}

/** The half of the hash of a value that stands in `at_hash` (OpenID Connect Core §3.1.3.6). */
export function halfHash(value: string): string {
  return createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url');
}

/**
 * An OpenID provider that signs in whoever comes and is strict with its client, but says what it is told to say. It is
 * one of several at one server, each under a path of its own.
 */
export class WrongProvider {
  readonly issuer: string;
  readonly calls: ProviderCall[] = [];
  wrong: Wrong = {};
  /** Those that it publishes; it signs with the first. */
  keys: ProviderKey[] = [providerKey('one'), providerKey('two', 'ES256')];
  subject = 'ada';
  /** How long its access tokens last. */
  expiresIn = LIFE_SECONDS;
  /** Brings a logout token to its client; the status that comes of it. */
  deliver: (token: string) => Promise<number> = () => Promise.resolve(0);
  /** What came of those that were brought. */
  readonly delivered: number[] = [];
  readonly #secret: string;
  readonly #codes = new Map<string, Code>();
  readonly #tokens = new Map<string, Code>();

  constructor(issuer: string, secret: string) {
    this.issuer = issuer;
    this.#secret = secret;
  }

  /** Signs as it does when it does it right. */
  signed(claims: Claims, header: Claims = {}): string {
    return signedWith(this.keys[0] as ProviderKey, claims, header);
  }

  /** Answers a request for `path`, which is what follows its issuer. */
  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URL(request.url ?? '', this.issuer).searchParams;
    const parameters = request.method === 'POST' ? new URLSearchParams(await text(request)) : query;
    const call = { what: `${request.method} ${path}`, authorization: request.headers.authorization ?? '', parameters };
    this.calls.push(call);
    switch (call.what) {
      case 'GET /.well-known/openid-configuration':
        return json(response, 200, this.#metadata());
      case 'GET /jwks':
        return json(response, 200, { keys: this.keys.map(({ published }) => published) });
      case 'GET /authorize':
        return this.#authorize(parameters, response);
      case 'POST /token':
        return this.#token(call, response);
      case 'GET /userinfo':
        return this.#userinfo(call, response);
      case 'GET /end':
        return await this.#end(parameters, response);
      default:
        return json(response, 404, {});
    }
  }

  #metadata(): Claims {
    const at = (path: string): string => this.issuer + path;
    return {
      issuer: this.issuer,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      userinfo_endpoint: at('/userinfo'),
      jwks_uri: at('/jwks'),
      end_session_endpoint: at('/end'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      ...this.wrong.metadata,
    };
  }

  #authorize(asked: URLSearchParams, response: ServerResponse): void {
    const of = (name: string): string => asked.get(name) ?? '';
    const isAsked =
      of('client_id') === CLIENT_ID && of('response_type') === 'code' && of('code_challenge_method') === 'S256';
    if (!isAsked || of('nonce') === '' || of('state') === '' || !of('scope').split(' ').includes('openid')) {
      return json(response, 400, { error: 'invalid_request' });
    }
    const code = randomBytes(16).toString('base64url');
    const redirectUri = of('redirect_uri');
    const { subject } = this;
    this.#codes.set(code, {
      ...{ nonce: of('nonce'), challenge: of('code_challenge'), redirectUri, scope: of('scope'), subject },
    });
    const answer = new URLSearchParams({ code, state: of('state') });
    this.wrong.answered?.(answer);
    redirect(response, `${redirectUri}?${answer.toString()}`);
  }

  #token({ authorization, parameters }: ProviderCall, response: ServerResponse): void {
    const known = `${CLIENT_ID}:${this.#secret}`;
    const shown = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
    if (decodeURIComponent(shown) !== known || parameters.has('client_secret')) {
      return json(response, 401, { error: 'invalid_client' });
    }
    const isRefresh = parameters.get('grant_type') === 'refresh_token';
    const code = isRefresh ? this.#refreshed(parameters) : this.#exchanged(parameters);
    if (code === null) return json(response, 400, { error: 'invalid_grant' });
    this.wrong.beforeTokens?.();
    const [accessToken, refreshToken] = [randomBytes(16).toString('base64url'), randomBytes(16).toString('base64url')];
    this.#tokens.set(accessToken, code).set(refreshToken, code);
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      ...{ iss: this.issuer, sub: code.subject, aud: CLIENT_ID, iat: now, exp: now + LIFE_SECONDS },
      ...{ nonce: code.nonce, at_hash: halfHash(accessToken), roles: ['customer'] },
    };
    const make = (isRefresh ? this.wrong.renewed : this.wrong.idToken) ?? ((right: Claims) => this.signed(right));
    json(response, 200, {
      ...{ access_token: accessToken, token_type: 'Bearer', expires_in: this.expiresIn },
      ...{ refresh_token: refreshToken, id_token: make(claims) },
    });
  }

  /** A code is taken once, of whoever has the verifier (RFC 7636 §4.6). */
  #exchanged(parameters: URLSearchParams): Code | null {
    const name = parameters.get('code') ?? '';
    const code = this.#codes.get(name);
    this.#codes.delete(name);
    const challenge = createHash('sha256')
      .update(parameters.get('code_verifier') ?? '')
      .digest('base64url');
    const isOurs = code?.challenge === challenge && code.redirectUri === parameters.get('redirect_uri');
    return parameters.get('grant_type') === 'authorization_code' && isOurs ? code : null;
  }

  #refreshed(parameters: URLSearchParams): Code | null {
    const name = parameters.get('refresh_token') ?? '';
    const code = this.#tokens.get(name) ?? null;
    this.#tokens.delete(name);
    return code;
  }

  #userinfo({ authorization }: ProviderCall, response: ServerResponse): void {
    const code = this.#tokens.get(authorization.replace(/^Bearer /, ''));
    if (code === undefined) return json(response, 401, {});
    const scoped = code.scope.split(' ').map((scope) => SCOPED[scope] ?? {});
    const claims = scoped.reduce<Claims>((all, more) => ({ ...all, ...more }), { sub: code.subject });
    const said = this.wrong.userinfo?.(claims) ?? { type: 'application/json', body: JSON.stringify(claims) };
    response.writeHead(200, { 'content-type': said.type }).end(said.body);
  }

  /** Tells its client that they signed out, and sends the browser back (RP-Initiated Logout 1.0 §2, §3). */
  async #end(asked: URLSearchParams, response: ServerResponse): Promise<void> {
    const [, payload = ''] = (asked.get('id_token_hint') ?? '').split('.');
    const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    const now = Math.floor(Date.now() / 1_000);
    const jti = randomBytes(16).toString('base64url');
    const claims = { iss: this.issuer, aud: CLIENT_ID, sub, iat: now, exp: now + 120, jti, events: EVENTS };
    const make = this.wrong.logoutToken ?? ((right: Claims) => this.signed(right, { typ: 'logout+jwt' }));
    this.delivered.push(await this.deliver(make(claims)));
    const next = new URL(asked.get('post_logout_redirect_uri') ?? 'x:');
    const state = asked.get('state');
    if (state !== null) next.searchParams.set('state', state);
    this.wrong.signedOut?.(next);
    redirect(response, next.href);
  }
}

/** Several of them at one server, by their names. */
export async function startWrongProviders<Name extends string>(
  names: readonly Name[],
  secret: string,
): Promise<{ readonly providers: Readonly<Record<Name, WrongProvider>>; readonly server: LocalServer }> {
  const byName = new Map<string, WrongProvider>();
  const server = await startLocalServer((request, response) => {
    const [, name = '', path = ''] = /^\/([a-z]+)(\/[^?]*)/.exec(request.url ?? '') ?? [];
    const provider = byName.get(name);
    if (provider === undefined) return json(response, 404, {});
    provider.answer(path, request, response).catch((fault: unknown) => json(response, 500, { fault: String(fault) }));
  });
  for (const name of names) byName.set(name, new WrongProvider(`${server.url}/${name}`, secret));
  return { providers: Object.fromEntries(byName) as Record<Name, WrongProvider>, server };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(302, { location }).end();
}
