import { descriptorSet } from '../system/grpc-fixture.ts';
import { BODY_FILES, bodyApis, startMixedParty } from './body-apis.ts';
import { startGrpcOrigin } from './grpc-origin.ts';
import { MixedOrigin } from './origin.ts';

/** The upstreams of mixed traffic, and how a configuration names them. */
export interface MixedApis {
  /** Files beside the configuration, by name. */
  readonly beside: Readonly<Record<string, string | Uint8Array>>;
  /** Variables that it names. */
  readonly environment: Readonly<Record<string, string>>;
  /** Lines of `apis`, and `egress` behind them. `more` are further routes and keys of the first. */
  lines(more?: { readonly route?: string; readonly keys?: string }): string;
  stop(): Promise<void>;
}

/** Starts them. */
export async function startMixedApis(): Promise<MixedApis> {
  const origin = await MixedOrigin.start();
  const calls = await startGrpcOrigin();
  const party = await startMixedParty();
  return {
    beside: { 'echo.binpb': descriptorSet(), ...BODY_FILES, ...party.beside },
    environment: party.environment,
    lines: ({ route = '', keys = '' } = {}) => `  mixed:
    routes: ['POST /echo', 'GET /events', 'GET /chat'${route === '' ? '' : `, '${route}'`}]
    upstream: 'http://127.0.0.1:${origin.port}'
    auth: public
${keys}    operations: { 'GET /chat': { websocket: on } }
  calls: { descriptors: ./echo.binpb, upstream: 'http://127.0.0.1:${calls.port}', auth: public, validate: strict }
${bodyApis(origin.port)}${party.lines}`,
    async stop() {
      calls.stop();
      await party.stop();
      await origin.stop();
    },
  };
}
