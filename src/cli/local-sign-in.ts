import { ok, type Result } from '../base/index.ts';
import { LOCAL_ROLE, type StarterPermissions, type StarterSignIn } from '../config/index.ts';
import type { CommandServices, ReadyFacts } from './context.ts';

/** The path below which clients find the authorization server that `protect` brings; unlikely to be one of the API's. */
const PATH = '/portcullis-id';
const CLIENT_ID = 'dev';

/** A client of the authorization server for trying out, and where it gets its token. */
export interface LocalClient {
  readonly id: string;
  readonly secret: string;
  readonly tokenPath: string;
}

/** The authorization server for trying out, running beside the gateway. */
export interface LocalSignIn {
  readonly kind: 'local';
  readonly signIn: Extract<StarterSignIn, { kind: 'local' }>;
  readonly client: LocalClient;
  readonly facts: ReadyFacts;
  close(): Promise<void>;
}

/**
 * Starts it, for a gateway on this https port; its one client may do all that the API's document names. The error says
 * why it did not come up.
 */
export async function startLocalSignIn(
  services: Pick<CommandServices, 'localIssuer'>,
  { https, permissions }: { readonly https: number; readonly permissions: StarterPermissions },
): Promise<Result<LocalSignIn, string>> {
  const origin = `https://localhost:${https}`;
  const identity = { issuer: `${origin}${PATH}`, audience: origin };
  const scopes = [...permissions.read, ...permissions.write];
  const clients = [{ id: CLIENT_ID, roles: [LOCAL_ROLE] }];
  const started = await services.localIssuer({ ...identity, scopes, clients });
  if (!started.ok) return started;
  const server = started.value;
  const [made] = server.clients;
  if (made === undefined) throw new Error('the local authorization server made no client');
  const tokenPath = `${PATH}/token`;
  return ok({
    kind: 'local',
    signIn: { kind: 'local', ...identity, jwksUrl: server.jwksUrl, upstreamUrl: server.url },
    client: { ...made, tokenPath },
    facts: { tokenUrl: `${origin}${tokenPath}`, clients: [made] },
    close: () => server.close(),
  });
}
