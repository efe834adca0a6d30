import { relative } from 'node:path';
import { formatIssue, type Issue, ok, type Result, Secret } from '../base/index.ts';
import type { ReadyFacts, ReadyPorts } from '../cli/index.ts';
import type { HostPorts } from './host-ports.ts';
import { startNode } from './node.ts';
import type { GatewayNode, NodeVariant } from './node-options.ts';

const UNUSABLE = 2;
const FAILED = 1;

/** A node to run in this process until it is stopped. */
export interface ServeOptions {
  readonly host: HostPorts;
  readonly file: string;
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  /** Whether the file is watched, SIGHUP reads it again, and `apply` and `rollback` write it. */
  readonly watched: boolean;
  readonly json: boolean;
  readonly banner: (ready: ReadyPorts) => string;
  /** What the line of JSON says besides. */
  readonly facts?: ReadyFacts;
  readonly version: string;
  /** Left out for the product as it is. */
  readonly variant?: NodeVariant;
}

/**
 * Runs a node until SIGTERM or SIGINT; gives the exit code. Standard output gets the banner, or with `json` one line:
 * that it is ready, or why it can't be.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const begun = await begin(options);
  if (begun.ok) return await begun.value();
  complain(begun.error, options.json);
  return UNUSABLE;
}

/** As `serve`, but a port that could not be opened is told by the answer alone, for whoever can choose others. */
export async function serveOrSayPortInUse(options: ServeOptions): Promise<number | 'port-in-use'> {
  const begun = await begin(options);
  if (begun.ok) return await begun.value();
  if (begun.error.every(({ path }) => PORT_KEYS.has(path))) return 'port-in-use';
  complain(begun.error, options.json);
  return UNUSABLE;
}

/** Where a configuration is sound, nothing is said of these keys but that the port could not be opened. */
const PORT_KEYS: ReadonlySet<string> = new Set(['server.https.port', 'server.http.port', 'admin.port', 'egress.port']);

/** Starts the node; what is given then tells that it is ready and waits for its end. */
async function begin(options: ServeOptions): Promise<Result<() => Promise<number>, readonly Issue[]>> {
  const { host } = options;
  let over: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    over = resolve;
  });
  const passphrase = process.env['PORTCULLIS_PASSPHRASE'];
  const started = await startNode({
    host,
    file: options.file,
    readText: options.readText,
    hasFile: options.watched,
    author: 'start',
    version: options.version,
    ...(options.variant === undefined ? {} : { variant: options.variant }),
    nodeVersion: process.version,
    passphrase: passphrase === undefined || passphrase === '' ? null : new Secret(Buffer.from(passphrase)),
    lost: (reason) => {
      host.log.write('error', 'thread.lost', 'the data plane is gone; the gateway ends', { reason });
      over(FAILED);
    },
  });
  if (!started.ok) return started;
  return ok(() => serveUntilEnd(started.value, options, { over, ended }));
}

/** The end of a node: how to bring it about, and the exit code when it has come. */
interface End {
  readonly over: (code: number) => void;
  readonly ended: Promise<number>;
}

async function serveUntilEnd(node: GatewayNode, options: ServeOptions, { over, ended }: End): Promise<number> {
  const { host, json } = options;
  for (const warning of node.warnings) host.log.write('warn', 'configuration.warning', formatIssue(warning));
  const ready: ReadyPorts = { ...node.ports, ca: node.caFile, host: node.config.server.host };
  const shown = { ...ready, ca: fromHere(node.caFile) };
  // Whoever reads that it is ready may stop it at once.
  const stopListening = listenToSignals(node, options, () => over(0));
  process.stdout.write(
    json ? `${JSON.stringify({ event: 'ready', ...ready, ...options.facts })}\n` : options.banner(shown),
  );
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
  return () => {
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
