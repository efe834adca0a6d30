import { err, errorIssue, type Issue, type Result } from '../base/index.ts';
import { parseConfig } from '../config/index.ts';
import { type CompileWorker, createCompileWorker } from './compile-host.ts';
import { gatherFirst } from './first-gathering.ts';
import { ioOf } from './host-ports.ts';
import { createOfflineKinds, listKinds } from './kinds.ts';
import { hasLastGood } from './last-good.ts';
import type { GatewayNode, NodeOptions } from './node-options.ts';

/**
 * Starts a node: configuration, data folder, certificates, gateway thread, admin API, and then the ports for clients,
 * https last. Nothing is open to them before the Snapshot is ready.
 */
export async function startNode(options: NodeOptions): Promise<Result<GatewayNode, readonly Issue[]>> {
  const verifier = createCompileWorker(options.host.clock, options.variant?.compileEntry);
  const node = await startNodeWith(options, verifier);
  if (!node.ok) verifier.close();
  return node;
}

async function startNodeWith(
  options: NodeOptions,
  verifier: CompileWorker,
): Promise<Result<GatewayNode, readonly Issue[]>> {
  const { host, file } = options;
  const text = await options.readText();
  if (!text.ok) return err([errorIssue('', text.error)]);
  const kinds = listKinds(options.variant?.kinds ?? createOfflineKinds());
  const parsed = parseConfig(text.value, { file, kinds });
  if (!parsed.ok) return parsed;
  verifier.warm();
  const first = await gatherFirst(parsed.value, ioOf(host));
  const mayHelp = first.lacking.length > 0 && (await hasLastGood(host, parsed.value.config.dataFolder));
  if (!first.gathered.ok && !mayHelp) return first.gathered;
  // All of it is built while the rest of the node is loaded and put together.
  if (first.gathered.ok) verifier.begin(first.gathered.value);
  const { startGathered } = await import('./starting.ts');
  return await startGathered(options, { parsed: parsed.value, first, verifier });
}
