import { join } from 'node:path';
import { run } from '../system/command.ts';

/** The programs of grpc-go, as paths. */
export interface GrpcGo {
  /** Its interop client as it is. */
  readonly client: string;
  /** Its interop service on a port of 127.0.0.1, which it prints. */
  readonly server: string;
}

const BUILD_MS = 280_000;

// Go's own switch to a newer toolchain would be a download that nobody pinned.
const BUILD_ENVIRONMENT = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off' };

/**
 * Builds both with this Go into the folder, from the versions and hashes that stand in `interop-go/go.sum`. Throws with
 * what Go said where it can't, as without a network.
 */
export async function buildGrpcGo(go: string, folder: string): Promise<GrpcGo> {
  const packages = ['./server', 'google.golang.org/grpc/interop/client'];
  const { code, stderr } = await run(go, ['build', '-mod=readonly', '-o', `${folder}/`, ...packages], {
    cwd: join(import.meta.dirname, 'interop-go'),
    env: BUILD_ENVIRONMENT,
    timeout: BUILD_MS,
  });
  if (code !== 0) throw new Error(`grpc-go can't be built: ${stderr.slice(-2_000)}`);
  return { client: join(folder, 'client'), server: join(folder, 'server') };
}

/**
 * The cases of its client, all but those that need Google's cloud, several servers behind one name
 * (`pick_first_unary`), or reports of load besides the calls, whose service its server has only with its own insides
 * (`orca_oob`).
 */
export const GRPC_GO_CASES: readonly string[] = [
  'empty_unary',
  'large_unary',
  'client_streaming',
  'server_streaming',
  'ping_pong',
  'empty_stream',
  'timeout_on_sleeping_server',
  'cancel_after_begin',
  'cancel_after_first_response',
  'status_code_and_message',
  'special_status_message',
  'custom_metadata',
  'unimplemented_method',
  'unimplemented_service',
  'rpc_soak',
  'channel_soak',
];

/** A case that only its own server can pass, and its client only with a balancer that looks at what the server reports. */
export const GRPC_GO_OWN_CASE = [
  'orca_per_rpc',
  '-service_config_json',
  '{"loadBalancingConfig":[{"test_backend_metrics_load_balancer":{}}]}',
] as const;
