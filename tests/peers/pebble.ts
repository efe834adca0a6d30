import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { request } from 'node:https';
import { issueAuthority, issueLeaf } from '../../src/certificates/issue.ts';
import { chainPem } from '../../src/certificates/pem.ts';
import { stopChild } from '../framing/stop-child.ts';
import { run } from '../system/command.ts';
import { freePorts } from '../framing/free-port.ts';

const VERSION = 'v2.10.1';
const BUILT = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', `pebble-${VERSION}`);
const READY_MS = 20_000;
const STOP_MS = 5_000;

/** Let's Encrypt's own small ACME server, and the DNS that it asks: every name is 127.0.0.1. */
export interface Pebble {
  readonly directory: string;
  /** PEM of the CA of its own https. */
  readonly caPem: string;
  /** The port of its DNS, for what else needs one. */
  readonly dnsPort: number;
  /** Where its DNS is told of records: POST of `/set-txt` and `/clear-txt`, over plain http. */
  readonly dnsUrl: string;
  /** Says when the certificate with this PEM is to be renewed (RFC 9773); any text. */
  suggest(certificatePem: string, response: string): Promise<void>;
  /** Whether it can: older ones don't. */
  readonly suggests: boolean;
  /** How often it has said this. */
  readonly count: (text: string) => number;
  /** What it said of late. */
  readonly said: () => string;
  stop(): Promise<void>;
}

/** How it is to behave. Ports are those of the gateway, where it looks whether a name is ours. */
export interface PebbleOptions {
  readonly httpPort: number;
  readonly tlsPort: number;
  /** By key id: the HMAC key, base64url; accounts must be bound to one of them. */
  readonly externalKeys?: Readonly<Record<string, string>>;
  /** Of a hundred nonces so many are refused; 5 if left out. */
  readonly nonceRejections?: number;
}

/** The programs, built by Go where there is a new one, else those on the PATH; null where there are none. */
export async function findPebble(): Promise<{ readonly folder: string; readonly suggests: boolean } | null> {
  if (await hasBoth(BUILT)) return { folder: BUILT, suggests: true };
  if (await goIsNew()) {
    await mkdir(BUILT, { recursive: true });
    const module = 'github.com/letsencrypt/pebble/v2/cmd';
    const programs = ['pebble', 'pebble-challtestsrv'].map((name) => `${module}/${name}@${VERSION}`);
    for (const program of programs) await run('env', [`GOBIN=${BUILT}`, 'go', 'install', program]);
    if (await hasBoth(BUILT)) return { folder: BUILT, suggests: true };
  }
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && (await hasBoth(folder))) return { folder, suggests: false };
  }
  return null;
}

async function hasBoth(folder: string): Promise<boolean> {
  const paths = ['pebble', 'pebble-challtestsrv'].map((name) => join(folder, name));
  return (await Promise.allSettled(paths.map((path) => access(path)))).every(({ status }) => status === 'fulfilled');
}

async function goIsNew(): Promise<boolean> {
  try {
    const { stdout } = await run('go', ['version']);
    const [, major, minor] = /go([0-9]+)\.([0-9]+)/.exec(stdout) ?? [];
    return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 24);
  } catch {
    return false;
  }
}

/** Starts both programs, and resolves when they answer. */
export async function startPebble(
  { folder: programs, suggests }: { readonly folder: string; readonly suggests: boolean },
  options: PebbleOptions,
): Promise<Pebble> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-pebble-'));
  const [port, managementPort, dnsPort, challengePort] = await freePorts(4);
  const caPem = await writeOwnCertificate(folder);
  const external = options.externalKeys ?? {};
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${port}`,
      managementListenAddress: `127.0.0.1:${managementPort}`,
      certificate: join(folder, 'own.pem'),
      privateKey: join(folder, 'own.key'),
      httpPort: options.httpPort,
      tlsPort: options.tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: Object.keys(external).length > 0,
      externalAccountMACKeys: external,
      retryAfter: { authz: 1, order: 1 },
      profiles: {
        default: { description: 'as ever', validityPeriod: 7_776_000 },
        shortlived: { description: 'six days', validityPeriod: 518_400 },
      },
    },
  };
  const file = join(folder, 'config.json');
  await writeFile(file, JSON.stringify(config));
  const lines: string[] = [];
  const dns = start(
    join(programs, 'pebble-challtestsrv'),
    [
      ...['-defaultIPv4', '127.0.0.1', '-defaultIPv6', '', '-http01', '', '-https01', '', '-tlsalpn01', '', '-doh', ''],
      ...['-dnsserver', `127.0.0.1:${dnsPort}`, '-management', `127.0.0.1:${challengePort}`],
    ],
    lines,
  );
  const pebble = start(
    join(programs, 'pebble'),
    ['-config', file, '-strict', '-dnsserver', `127.0.0.1:${dnsPort}`],
    lines,
    { PEBBLE_VA_NOSLEEP: '1', PEBBLE_WFE_NONCEREJECT: String(options.nonceRejections ?? 5) },
  );
  const stop = async (): Promise<void> => {
    await Promise.all([stopChild(pebble, STOP_MS), stopChild(dns, STOP_MS)]);
    await rm(folder, { recursive: true, force: true });
  };
  const management = `https://127.0.0.1:${managementPort}`;
  const deadlineMs = performance.now() + READY_MS;
  while (!(await ask(`${management}/roots/0`, caPem).catch(() => null))) {
    if (performance.now() > deadlineMs) {
      await stop();
      throw new Error(`Pebble was not ready\n${lines.join('')}`);
    }
  }
  return {
    directory: `https://127.0.0.1:${port}/dir`,
    caPem,
    dnsPort: dnsPort as number,
    dnsUrl: `http://127.0.0.1:${challengePort}`,
    suggests,
    suggest: async (certificate, response) => {
      await ask(`${management}/set-renewal-info/`, caPem, JSON.stringify({ certificate, ariResponse: response }));
    },
    count: (text) => lines.join('').split(text).length - 1,
    said: () => lines.join('').slice(-8_000),
    stop,
  };
}

function start(program: string, args: readonly string[], lines: string[], environment = {}): ChildProcess {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...environment } });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => lines.push(data.toString()));
  return child;
}

async function writeOwnCertificate(folder: string): Promise<string> {
  const random = { fill: (bytes: Uint8Array) => bytes.set(randomBytes(bytes.length)) };
  const validity = { notBeforeMs: Date.now() - 3_600_000, notAfterMs: Date.now() + 86_400_000 };
  const authority = await issueAuthority('Pebble', validity, random);
  const leaf = await issueLeaf(authority, ['127.0.0.1'], validity, random);
  await writeFile(join(folder, 'own.pem'), chainPem(leaf.chain));
  await writeFile(join(folder, 'own.key'), leaf.key.export({ type: 'pkcs8', format: 'pem' }));
  return chainPem(authority.chain);
}

function ask(url: string, ca: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'portcullis' };
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request(url, { ca, method, headers, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        if (reply.statusCode === 200) resolve(text);
        else reject(new Error(`${reply.statusCode}: ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
