import assert from 'node:assert/strict';
import { join } from 'node:path';
import { formatIssue, ok } from '../../src/base/index.ts';
import { type HostPorts, openHostPorts } from '../../src/main/host-ports.ts';
import type { GatewayNode } from '../../src/main/node-options.ts';
import { startNode } from '../../src/main/node.ts';

/**
 * Starts a node in this process with a configuration as if it stood in a folder, and this machine's ports but for those
 * that `changed` gives. Gives the node, or why it did not start, in words.
 */
export async function tryNode(
  folder: string,
  configuration: string,
  changed: (host: HostPorts) => Partial<HostPorts> = () => ({}),
): Promise<GatewayNode | string> {
  const host = openHostPorts({ logFormat: 'json', logLevel: 'error' });
  const node = await startNode({
    host: { ...host, log: { write() {} }, ...changed(host) },
    file: join(folder, 'portcullis.yaml'),
    readText: () => Promise.resolve(ok(Buffer.from(configuration))),
    author: 'test',
    version: '0',
    nodeVersion: process.version,
    passphrase: null,
    lost: (reason) => assert.fail(reason),
  });
  return node.ok ? node.value : node.error.map(formatIssue).join('\n');
}

/** The same where nothing keeps it from starting. */
export async function startedNode(...given: Parameters<typeof tryNode>): Promise<GatewayNode> {
  const node = await tryNode(...given);
  return typeof node === 'string' ? assert.fail(node) : node;
}
