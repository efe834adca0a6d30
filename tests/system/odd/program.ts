import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ok } from '../../../src/base/index.ts';
import { openHostPorts } from '../../../src/main/host-ports.ts';
import { serve } from '../../../src/main/serve.ts';
import { createOfflineOddKinds } from './kinds.ts';

/** The gateway with the odd kind, as `start --json --config FILE` runs the product. */
const file = resolve(process.argv.at(-1) ?? '');
process.exitCode = await serve({
  host: openHostPorts({ logFormat: 'json', logLevel: 'info' }),
  file,
  readText: async () => ok(await readFile(file)),
  watched: true,
  json: true,
  banner: () => '',
  version: '0.0.0',
  variant: {
    kinds: createOfflineOddKinds(),
    gatewayEntry: new URL('gateway-thread.ts', import.meta.url),
    compileEntry: new URL('compile-thread.ts', import.meta.url),
    heapLimitMb: 160,
  },
});
