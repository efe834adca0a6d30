import { setTimeout as delay } from 'node:timers/promises';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AdminClient } from '../../src/control/client.ts';
import { type GatewayExtras, type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { adminClient } from '../system/admin.ts';
import { KeptConnection } from './reload-evidence-connection.ts';
import type { Variant } from './reload-evidence-upstreams.ts';

/** What makes a running gateway read its configuration again: the admin API that the command calls, a signal, the file. */
export type Way = 'command' | 'signal' | 'file';

/** In turns. */
export const WAYS: readonly Way[] = ['command', 'signal', 'file'];

/**
 * How a gateway that reloads is set up. `more` are lines of its configuration, `apis` those of further APIs; `certificate`
 * is the local one where nothing else is said, and `ca` the PEM of its CA.
 */
export interface ReloadingOptions {
  readonly upstreams: Readonly<Record<Variant, number>>;
  readonly more?: string;
  readonly apis?: string;
  readonly auth?: string;
  readonly certificate?: { readonly setting: string; readonly ca: string };
  readonly extras?: GatewayExtras;
}

const SEEN_MS = 20_000;
/** Each look costs the gateway a handshake. */
const POLL_MS = 150;
/** More connections than threads, so that each thread is asked with some certainty. */
const PROBES = 6;

/** A gateway whose configuration changes between two variants: another upstream, and another route. */
export class ReloadingGateway {
  readonly process: GatewayProcess;
  readonly #options: ReloadingOptions;
  readonly #admin: AdminClient;
  #variant: Variant = 'a';

  private constructor(process: GatewayProcess, options: ReloadingOptions, admin: AdminClient) {
    this.process = process;
    this.#options = options;
    this.#admin = admin;
  }

  static async start(options: ReloadingOptions): Promise<ReloadingGateway> {
    const process = await startGateway(configurationOf('a', options), options.extras);
    return new ReloadingGateway(process, options, await adminClient(process));
  }

  /** What its clients trust. */
  get ca(): string {
    return this.#options.certificate?.ca ?? this.process.ca;
  }

  get configuration(): string {
    return configurationOf(this.#variant, this.#options);
  }

  /**
   * Puts the other variant in force and looks whether all threads judge by it; says what was wrong, or null. `answered`
   * is called when it is said to be in force.
   */
  async reload(way: Way, answered: () => void = () => {}): Promise<string | null> {
    const before = await this.#revision();
    this.#variant = otherThan(this.#variant);
    await writeFile(join(this.process.folder, 'portcullis.yaml'), this.configuration);
    if (way === 'signal') process.kill(this.process.pid, 'SIGHUP');
    if (way === 'command') {
      const reloaded = await this.#admin.reload();
      if (!reloaded.ok) return `the reload was refused: ${JSON.stringify(reloaded.error)}`;
    }
    const deadline = performance.now() + SEEN_MS;
    while ((await this.#revision()) === before) {
      if (performance.now() > deadline) return `no new revision after ${way}`;
      await delay(POLL_MS);
    }
    answered();
    return await this.probe();
  }

  /** Each new connection may land on another thread; all must judge by what is in force. Says what was wrong, or null. */
  async probe(): Promise<string | null> {
    const wrong = await Promise.all(Array.from({ length: PROBES }, () => this.#ask()));
    return wrong.find((each) => each !== null) ?? null;
  }

  async #ask(): Promise<string | null> {
    const [now, old] = [this.#variant, otherThan(this.#variant)];
    const connection = await KeptConnection.open({ port: this.process.https, ca: this.ca });
    if (typeof connection === 'string') return connection;
    try {
      for (const [variant, status] of [
        [now, 200],
        [old, 404],
      ] as const) {
        const head = `GET /only-${variant} HTTP/1.1\r\nhost: localhost:${this.process.https}\r\n\r\n`;
        const reply = await connection.ask(head, Buffer.alloc(0));
        if (typeof reply === 'string') return reply;
        if (reply.status !== status) return `after the reload to ${now}, /only-${variant} got ${reply.status}`;
      }
      return null;
    } finally {
      connection.close();
    }
  }

  async #revision(): Promise<number | null> {
    const status = await this.#admin.status();
    return status.ok ? status.value.revision : null;
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

function otherThan(variant: Variant): Variant {
  return variant === 'a' ? 'b' : 'a';
}

function configurationOf(variant: Variant, options: ReloadingOptions): string {
  const { upstreams, more = '', apis = '', auth = 'public', certificate } = options;
  const setting = certificate?.setting ?? 'local';
  const upstream = `upstream: 'http://127.0.0.1:${upstreams[variant]}'`;
  return `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: ${setting} }, http: { port: 0 }, threads: auto }
admin: { port: 0 }
data: ./data
${more}apis:
  things:
    routes: ['GET /things/{id}', 'POST /posts/{id}', 'POST /slow/{id}', 'GET /data/{bytes}']
    auth: ${auth}
    ${upstream}
  variant: { routes: ['GET /only-${variant}'], auth: public, ${upstream} }
${apis}`;
}
