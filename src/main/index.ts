import { userInfo } from 'node:os';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLedgerSegments } from '../adapters/index.ts';
import { err, ok, type Result } from '../base/index.ts';
import { type CommandContext, type CommandServices, type ReadyPorts, runCli } from '../cli/index.ts';
import { CONFIG_LIMIT_BYTES } from '../config/index.ts';
import { descriptorLimit } from './descriptors.ts';
import { freePort } from './free-port.ts';
import { type HostPorts, openHostPorts } from './host-ports.ts';
import { createOfflineKinds } from './kinds.ts';
import { ledgerFolder } from './ledger-changes.ts';
import type { LogLevel } from '../ports/index.ts';
import { VERSION } from './version.ts';

/** The program: puts the parts together and runs the command that was asked for. */
async function main(): Promise<void> {
  // Whoever read the output or the log may go: that is no reason for a gateway to stop serving, or for a command to say more.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  const host = openHostPorts({ logFormat: process.stderr.isTTY ? 'text' : 'json', logLevel: logLevel() });
  const context: CommandContext = {
    write: (text) => process.stdout.write(text),
    complain: (text) => process.stderr.write(text),
    readInput,
    color: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
    workingFolder: process.cwd(),
    program: programWords(),
    user: userName(),
    version: VERSION,
    runtime: { node: process.version, platform: process.platform, architecture: process.arch },
    ports: host,
    services: createServices(host),
    kinds: createOfflineKinds(),
  };
  process.exitCode = await runCli(process.argv.slice(2), context);
}

/** The user of the operating system; one without a name is known by its number. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user ${process.getuid?.() ?? 'unknown'}`;
  }
}

async function readInput(limitBytes: number): Promise<Result<Uint8Array, string>> {
  const pieces: Uint8Array[] = [];
  let used = 0;
  try {
    for await (const piece of process.stdin as AsyncIterable<Uint8Array>) {
      used += piece.length;
      if (used > limitBytes) return err(`standard input has more than ${limitBytes} bytes`);
      pieces.push(piece);
    }
  } catch {
    return err('standard input can not be read');
  }
  return ok(new Uint8Array(Buffer.concat(pieces)));
}

const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** `PORTCULLIS_LOG_LEVEL`, or info where it names no level. */
function logLevel(): LogLevel {
  return LOG_LEVELS.find((level) => level === process.env['PORTCULLIS_LOG_LEVEL']) ?? 'info';
}

/** What most commands don't need is loaded only when it is: they are done sooner. */
function createServices(host: HostPorts): CommandServices {
  return {
    start: async ({ configFile, json }) => {
      const file = resolve(configFile);
      const { serve } = await import('./serve.ts');
      return await serve({
        host,
        file,
        readText: () => readText(host, file),
        watched: true,
        json,
        banner: startBanner,
        version: VERSION,
      });
    },
    startText: async ({ text, file, json, banner, facts, canChooseAnew }) => {
      const { serve, serveOrSayPortInUse } = await import('./serve.ts');
      return await (canChooseAnew ? serveOrSayPortInUse : serve)({
        host,
        file: resolve(file),
        readText: () => Promise.resolve(ok(Buffer.from(text))),
        watched: false,
        json,
        banner,
        ...(facts === undefined ? {} : { facts }),
        version: VERSION,
      });
    },
    demoApi: async () => await (await import('./demo/index.ts')).startDemoApi(),
    localIssuer: async (options) => await (await import('./local-issuer.ts')).startLocalIssuer(host, options),
    freePort,
    ledger: (dataFolder) => createLedgerSegments(ledgerFolder(dataFolder)),
    revisions: (dataFolder) => ({
      find: async (revision) =>
        await (await import('./kept-revisions.ts')).keptRevisions(host.files, dataFolder).find(revision),
    }),
    admin: async (dataFolder) => await (await import('./running-file.ts')).findAdmin(host.files, dataFolder),
    openFilesLimit: descriptorLimit,
    probeTls: async (target) => await (await import('./tls-probe.ts')).probeTls(target),
    tryIssuers: async (gathered, names) => await (await import('./issuer-trials.ts')).tryIssuers(host, gathered, names),
    issuerKeys: async (issuer) => await (await import('./issuer-check.ts')).findIssuerKeys(host, issuer),
  };
}

async function readText(host: HostPorts, file: string): Promise<Result<Uint8Array, string>> {
  const read = await host.files.read(file, CONFIG_LIMIT_BYTES + 1);
  return read.ok ? read : err(`the configuration can not be read: ${read.error.detail}`);
}

function startBanner(ready: ReadyPorts): string {
  const host = ready.host === '127.0.0.1' ? 'localhost' : ready.host;
  const lines = [`https  https://${host}:${ready.https}`];
  if (ready.http !== null) lines.push(`http   http://${host}:${ready.http}`);
  lines.push(`admin  https://localhost:${ready.admin}`);
  if (ready.egress !== undefined) lines.push(`egress port ${ready.egress}, for your own APIs`);
  if (ready.ca !== null) lines.push(`CA     ${ready.ca}`);
  return `Portcullis ${VERSION} is ready.\n\n${lines.map((line) => `  ${line}\n`).join('')}\n`;
}

/** In the repository the launcher itself, since `npx` may look for a package of this name elsewhere. */
function programWords(): readonly string[] {
  if (!import.meta.url.endsWith('.ts')) return ['npx', 'portcullis'];
  const launcher = fileURLToPath(new URL('../../bin/portcullis', import.meta.url));
  const near = relative(process.cwd(), launcher);
  if (near.startsWith('..')) return [launcher];
  return [near.includes('/') ? near : `./${near}`];
}

await main();
