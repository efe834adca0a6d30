import { mkdtemp, realpath, rm } from 'node:fs/promises';
import type { RequestListener, Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { COMMAND } from './odd/gateway.ts';

/** An issuer `acme` whose keys lie in a file, an upstream, and the gateway between it and who shows tokens. */
export interface TokenScene {
  /** As it runs now; its folder is the one with its data. */
  readonly gateway: GatewayProcess;
  readonly issuer: FileIssuer;
  readonly upstream: LocalServer;
  /** Ends the gateway, by force where that is said, and starts it anew over the same data. */
  restart(how: 'stopped' | 'killed'): Promise<void>;
  stop(): Promise<void>;
}

/**
 * `rest` is the configuration behind `issuers`, given where the upstream is; `issuers` are further ones, and `beside` files
 * beside it. Each reply of the kind `odd` names its thread.
 */
export interface TokenSceneOptions {
  readonly issuers?: (url: string) => string;
  readonly beside?: Readonly<Record<string, string>>;
  readonly threads: number;
  readonly upstream: RequestListener | Server;
  readonly rest: (url: string) => string;
}

/** Starts it. */
export async function startTokenScene({
  threads,
  upstream: made,
  issuers = () => '',
  beside = {},
  rest,
}: TokenSceneOptions): Promise<TokenScene> {
  const issuer = await createFileIssuer();
  const home = await realpath(await mkdtemp(join(tmpdir(), 'portcullis-tokens-')));
  const upstream: LocalServer = await startLocalServer(made);
  const text = `version: 1
server: { https: { port: 0, certificate: local }, http: { port: 0 }, threads: ${threads} }
admin: { port: 0 }
data: ${home}/data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json } ${issuers(upstream.url)} }
${rest(upstream.url)}`;
  const started = (): Promise<GatewayProcess> =>
    startGateway(text, { command: COMMAND, beside: { ...beside, 'keys.json': issuer.keys } });
  const ended = async (): Promise<void> => {
    upstream.stop();
    await rm(home, { recursive: true, force: true });
  };
  let running = await started().catch(async (error: unknown) => {
    await ended();
    throw error;
  });
  return {
    issuer,
    upstream,
    get gateway() {
      return { ...running, folder: home };
    },
    restart: async (how) => {
      if (how === 'killed') process.kill(running.pid, 'SIGKILL');
      await running.stop();
      running = await started();
    },
    stop: async () => {
      await running.stop();
      await ended();
    },
  };
}
