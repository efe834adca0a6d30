import { relative } from 'node:path';
import { formatIssue, type Issue, type Result, Secret } from '../base/index.ts';
import type { ReadyFacts, ReadyPorts } from '../cli/index.ts';
import type { HostPorts } from './host-ports.ts';
import { type GatewayNode, startNode } from './node.ts';

const UNUSABLE = 2;
const FAILED = 1;

/** A node to run in this process until it is stopped. */
export interface ServeOptions {
  readonly host: HostPorts;
  readonly file: string;
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  /** Whether the file is watched and SIGHUP reads it again. */
  readonly watched: boolean;
  readonly json: boolean;
  readonly banner: (ready: ReadyPorts) => string;
  /** What the line of JSON says besides. */
  readonly facts?: ReadyFacts;
  readonly version: string;
}

/**
 * Runs a node until SIGTERM or SIGINT; gives the exit code. Standard output gets the banner, or with `json` one line:
 * that it is ready, or why it can't be.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { host, json } = options;
  let over: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    over = resolve;
  });
  const passphrase = process.env['PORTCULLIS_PASSPHRASE'];
  const started = await startNode({
    host,
    file: options.file,
    readText: options.readText,
    author: 'start',
    version: options.version,
    nodeVersion: process.version,
    passphrase: passphrase === undefined || passphrase === '' ? null : new Secret(Buffer.from(passphrase)),
    lost: (reason) => {
      host.log.write('error', 'thread.lost', 'the data plane is gone; the gateway ends', { reason });
      over(FAILED);
    },
  });
  if (!started.ok) {
    complain(started.error, json);
    return UNUSABLE;
  }
  const node = started.value;
  for (const warning of node.warnings) host.log.write('warn', 'configuration.warning', formatIssue(warning));
  const ready: ReadyPorts = { ...node.ports, ca: node.caFile, host: node.config.server.host };
  const shown = { ...ready, ca: fromHere(node.caFile) };
  process.stdout.write(
    json ? `${JSON.stringify({ event: 'ready', ...ready, ...options.facts })}\n` : options.banner(shown),
  );
  const stopListening = listenToSignals(node, options, () => over(0));
  const code = await ended;
  stopListening();
  await node.stop();
  return code;
}

/** SIGTERM and SIGINT drain, SIGHUP reads the configuration again. */
function listenToSignals(node: GatewayNode, options: ServeOptions, stop: () => void): () => void {
  const reload = (author: string): void => {
    node.reload(author).catch((fault: unknown) => {
      options.host.log.write('error', 'configuration.fault', fault instanceof Error ? fault.message : 'unknown fault');
    });
  };
  const onHangup = (): void => reload('SIGHUP');
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  if (options.watched) process.on('SIGHUP', onHangup);
  const unwatch = options.watched ? options.host.files.watch(options.file, () => reload('file')) : () => {};
  return () => {
    unwatch();
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
    process.off('SIGHUP', onHangup);
  };
}

function complain(issues: readonly Issue[], json: boolean): void {
  for (const issue of issues) process.stderr.write(`portcullis: ${formatIssue(issue)}\n`);
  if (json) process.stdout.write(`${JSON.stringify({ event: 'failed', issues })}\n`);
}

/** A path as a person in this working folder would write it: relative where it lies below, else as it is. */
function fromHere(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}
