import { generateKeyPairSync } from 'node:crypto';
import Provider, { type Adapter, errors, type JWK } from 'oidc-provider';

/** A client that gets tokens in its own name; it may send its secret by Basic or in the form (RFC 6749 §2.3.1). */
export interface DemoClient {
  /** Also the subject of its tokens. */
  readonly id: string;
  readonly secret: string;
  /** In the claim `roles` of its tokens (RFC 9068 §2.2.3.1). */
  readonly roles: readonly string[];
}

/** What an authorization server for trying out issues. */
export interface DemoProviderOptions {
  /** The issuer's URL, as tokens and metadata name it (RFC 8414 §2); with a path, and no slash behind it. */
  readonly issuer: string;
  /** The one resource there are tokens for, an absolute URL; it is meant where a request names none (RFC 8707 §2). */
  readonly audience: string;
  readonly clients: readonly DemoClient[];
  /** What clients may ask for to narrow a token; one that was not narrowed has no scope. */
  readonly scopes: readonly string[];
}

const ALGORITHM = 'ES256';
const TOKEN_LIFETIME_S = 60 * 60;

/**
 * An OAuth 2.0 authorization server that knows the client credentials grant alone (RFC 6749 §4.4). Its access tokens are
 * JWTs after RFC 9068, signed with ES256 by a key that lives as long as the server. It keeps nothing.
 */
export function createDemoProvider({ issuer, audience, clients, scopes }: DemoProviderOptions): Provider {
  const roles = new Map(clients.map((client) => [client.id, client.roles]));
  const off = { enabled: false };
  const provider = new Provider(issuer, {
    adapter: Nothing,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
    clientDefaults: { id_token_signed_response_alg: ALGORITHM },
    clients: clients.map(({ id, secret }) => ({
      client_id: id,
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    enabledJWA: { idTokenSigningAlgValues: [ALGORITHM] },
    extraTokenClaims: (_context, { clientId }) => ({ roles: [...(roles.get(clientId ?? '') ?? [])] }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: off,
      dPoP: off,
      pushedAuthorizationRequests: off,
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        getResourceServerInfo: (_context, resource) => {
          if (resource !== audience) throw new errors.InvalidTarget();
          return {
            scope: scopes.join(' '),
            audience,
            accessTokenTTL: TOKEN_LIFETIME_S,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: ALGORITHM } },
          };
        },
      },
      rpInitiatedLogout: off,
      userinfo: off,
    },
    jwks: { keys: [newKey()] },
    renderError: (context, fault) => {
      context.type = 'application/json';
      context.body = fault;
    },
    responseTypes: ['code'],
    scopes: [...scopes],
    ttl: { ClientCredentials: TOKEN_LIFETIME_S },
  });
  // Only the gateway reaches this server, and whoever hands it requests says under which name.
  provider.proxy = true;
  return provider;
}

function newKey(): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: ALGORITHM, use: 'sig' } as JWK;
}

/** Storage that forgets: signed tokens and fixed clients need none, and so nobody can fill it. */
class Nothing implements Adapter {
  upsert(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  find(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  findByUserCode(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  findByUid(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  consume(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  destroy(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  revokeByGrantId(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
}
