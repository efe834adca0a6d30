import { type LocalServer, startLocalServer } from './local-server.ts';
import { type Claims, providerKey, type ProviderKey, type Wrong, WrongProvider } from './wrong-provider.ts';

/** An issuer as Microsoft Entra is one: metadata for all tenants, in which the issuer has a place for theirs. */
export interface TenantProvider {
  readonly provider: WrongProvider;
  readonly server: LocalServer;
  /** What it does in a wrong way, besides. */
  wrong: Wrong;
  issuerOf(tenant: string): string;
  /** ID tokens of somebody of this tenant; `more` on top of what it says, or instead. */
  idToken(tenant: string, more?: Claims): NonNullable<Wrong['idToken']>;
}

/** Starts it; it has two keys, of which the second signs for `tenant` alone. */
export async function startTenantProvider(secret: string, tenant: string): Promise<TenantProvider> {
  const server = await startLocalServer((request, response) => {
    const [, asked = '', path = ''] = /^\/(common|organizations)\/v2\.0(\/[^?]*)/.exec(request.url ?? '') ?? [];
    const at = (name: string): string => `${server.url}/${asked}/v2.0/${name}`;
    const endpoints = { authorization_endpoint: at('authorize'), token_endpoint: at('token'), jwks_uri: at('jwks') };
    provider.wrong = { ...made.wrong, metadata: { ...endpoints, ...made.wrong.metadata } };
    if (asked === '') response.writeHead(404).end();
    else void provider.answer(path, request, response);
  });
  const provider = new WrongProvider(`${server.url}/{tenantid}/v2.0`, secret);
  const issuerOf = (one: string): string => `${server.url}/${one}/v2.0`;
  provider.keys = [ofIssuer(providerKey('all'), provider.issuer), ofIssuer(providerKey('one'), issuerOf(tenant))];
  const made: TenantProvider = {
    ...{ provider, server, issuerOf, wrong: {} },
    idToken:
      (one, more = {}) =>
      (claims) =>
        provider.signed({ ...claims, iss: issuerOf(one), tid: one, ...more }),
  };
  return made;
}

/** A key of which the set says whose tokens it signs. */
function ofIssuer(key: ProviderKey, issuer: string): ProviderKey {
  return { ...key, published: { ...key.published, issuer } };
}
