import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ClientMetadata, Configuration } from 'oidc-provider';
import { freePort } from '../framing/free-port.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { BrowserClient } from './browser-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { type OpenIdProvider, startOpenIdProvider } from './openid-provider.ts';

/** The secret that the gateway shows the provider. */
export const CLIENT_SECRET = 'a-secret-of-more-than-sixteen-characters';

/** A provider, an API, and the gateway with two threads between browsers and them. */
export interface SessionScene {
  readonly provider: OpenIdProvider;
  readonly upstream: LocalServer;
  readonly gateway: GatewayProcess;
  /** Where browsers find it. */
  readonly origin: string;
  /** A browser of somebody new, which knows the gateway as `localhost`. */
  browser(): BrowserClient;
  stop(): Promise<void>;
}

/** How it differs from the usual one. */
export interface SessionSceneOptions {
  /** What the API does with a request. */
  readonly answer: (request: IncomingMessage, reply: ServerResponse) => void;
  /** What stands below `apis` in the configuration, by the URL of the API; `keys` are further keys of it. */
  readonly apis: (upstream: string) => string;
  readonly keys?: string;
  /** `localhost`, if nothing is said. */
  readonly host?: string;
  /** What the provider knows of the gateway besides. */
  readonly client?: (origin: string) => Partial<ClientMetadata>;
  /** How the provider is another. */
  readonly configuration?: Configuration;
}

/** Starts all of it; people sign in at the issuer `acme`. */
export async function startSessionScene(options: SessionSceneOptions): Promise<SessionScene> {
  const { answer, apis, keys = '', host = 'localhost', client = () => ({}), configuration = {} } = options;
  const port = await freePort();
  const origin = `https://${host}:${port}`;
  const provider = await startOpenIdProvider(
    { after: () => undefined },
    {
      ...{ client_id: 'gateway', client_secret: CLIENT_SECRET },
      redirect_uris: [`${origin}/.portcullis/callback/acme`],
      post_logout_redirect_uris: [`${origin}/.portcullis/logout`],
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
      id_token_signed_response_alg: 'ES256',
      ...client(origin),
    },
    { configuration },
  );
  const upstream = await startLocalServer(answer);
  const stopPeers = (): void => {
    provider.stop();
    upstream.stop();
  };
  const text = `version: 1
server: { https: { port: ${port} }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
issuers:
  acme:
    issuer: '${provider.issuer}'
    audience: 'https://api.acme.example'
    login: { clientId: gateway, clientSecret: '\${env:CLIENT_SECRET}', label: Acme, scopes: [openid, offline_access] }
${keys}apis:
${apis(upstream.url)}`;
  try {
    const gateway = await startGateway(text, { environment: { CLIENT_SECRET } });
    const stop = async (): Promise<void> => {
      stopPeers();
      await gateway.stop();
    };
    const browser = (): BrowserClient => new BrowserClient({ port: gateway.https, ca: gateway.ca });
    return { provider, upstream, gateway, origin, browser, stop };
  } catch (fault) {
    stopPeers();
    throw fault;
  }
}
