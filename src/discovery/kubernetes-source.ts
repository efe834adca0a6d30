import { err, ok, type Result } from '../base/index.ts';
import type { EgressReply } from '../ports/index.ts';
import { readSlicePage, readWatchEvent, targetsOf, tooManySlices } from './endpoint-slices.ts';
import { readSmallFile } from './file-source.ts';
import type { JsonObject } from './json-value.ts';
import { LineSplitter } from './line-splitter.ts';
import { lookAgain, type SourceOf, type SourcePorts, type SourceSink, type StopSource } from './source.ts';

/** A watch is begun anew after so long, so that one which has died unnoticed does not hide changes for more. */
const WATCH_S = 60;
const WATCH_TIMEOUT_MS = 75_000;
const LIST_TIMEOUT_MS = 15_000;
const REPLY_LIMIT_BYTES = 16 * 1024 * 1024;
const EVENT_LIMIT_BYTES = 4 * 1024 * 1024;
const PAGE_LIMIT = 20;
const PAGE_SLICES = 250;
/** Between the end of a watch and what follows it. */
const LEAST_GAP_MS = 250;
const GONE = 410;

/** Keeps the EndpointSlices of a service: lists them, and watches what becomes of them. */
export function startKubernetes(source: SourceOf<'kubernetes'>, ports: SourcePorts, sink: SourceSink): StopSource {
  const watcher = new SliceWatch(source, ports, sink);
  const stop = lookAgain(ports, { found: () => undefined, failed: (detail) => sink.failed(detail) }, async () => {
    const done = await watcher.turn();
    return done.ok ? ok({ targets: [], notes: [], againMs: LEAST_GAP_MS }) : done;
  });
  return () => {
    stop();
    watcher.stop();
  };
}

/** What is known of the slices of one service. A turn lists them, where nothing is known, or watches for a while. */
class SliceWatch {
  readonly #source: SourceOf<'kubernetes'>;
  readonly #ports: SourcePorts;
  readonly #sink: SourceSink;
  readonly #ended = new AbortController();
  readonly #slices = new Map<string, JsonObject>();
  /** What the next watch goes on from; null where all must be listed first. */
  #version: string | null = null;

  constructor(source: SourceOf<'kubernetes'>, ports: SourcePorts, sink: SourceSink) {
    this.#source = source;
    this.#ports = ports;
    this.#sink = sink;
  }

  stop(): void {
    this.#ended.abort();
  }

  async turn(): Promise<Result<void, string>> {
    const done = this.#version === null ? await this.#list() : await this.#watch(this.#version);
    // Behind a failure all is listed: only that says at once how things are.
    if (!done.ok) this.#version = null;
    return done;
  }

  async #list(): Promise<Result<void, string>> {
    const found = new Map<string, JsonObject>();
    let next: string | null = null;
    for (let page = 0; page < PAGE_LIMIT; page++) {
      const query: Record<string, string> = { limit: String(PAGE_SLICES) };
      if (next !== null) query['continue'] = next;
      const reply = await this.#call(query, { timeoutMs: LIST_TIMEOUT_MS });
      if (!reply.ok) return reply;
      if (reply.value.status !== 200) return err(this.#statusWords(reply.value.status));
      const read = readSlicePage(Buffer.from(reply.value.body).toString('utf8'));
      if (!read.ok) return read;
      for (const [name, slice] of read.value.slices) found.set(name, slice);
      if (tooManySlices(found)) break;
      next = read.value.next;
      if (next !== null) continue;
      this.#slices.clear();
      for (const [name, slice] of found) this.#slices.set(name, slice);
      this.#version = read.value.version;
      this.#tell();
      return ok(undefined);
    }
    return err(`the service ${this.#source.service} has more EndpointSlices than are read`);
  }

  async #watch(version: string): Promise<Result<void, string>> {
    const query = {
      watch: 'true',
      resourceVersion: version,
      allowWatchBookmarks: 'true',
      timeoutSeconds: String(WATCH_S),
    };
    let fault: string | null = null;
    const lines = new LineSplitter(EVENT_LIMIT_BYTES, (line) => {
      fault = this.#hear(line);
      // Ends the call, which the other side may keep open: what it goes on to say counts for nothing.
      if (this.#version === null) throw new Error('the watch is over');
    });
    const receive = (piece: Uint8Array): void => lines.add(piece);
    const reply = await this.#call(query, { timeoutMs: WATCH_TIMEOUT_MS, receive });
    if (fault !== null) return err(fault);
    if (this.#version === null) return ok(undefined);
    if (!reply.ok) return reply;
    const { status } = reply.value;
    // Nothing has changed for a while: that is news too.
    if (status === 200) this.#tell();
    else if (status === GONE) this.#version = null;
    else return err(this.#statusWords(status));
    return ok(undefined);
  }

  /** A line of the watch; why it can't go on, or null. No version: it is over. That too much has happened meanwhile is no fault. */
  #hear(line: string): string | null {
    const event = readWatchEvent(line);
    switch (event.kind) {
      case 'bookmark':
        this.#version = event.version;
        return null;
      case 'error':
        this.#version = null;
        return event.gone ? null : event.detail;
      case 'put':
        this.#slices.set(event.name, event.slice);
        break;
      case 'deleted':
        this.#slices.delete(event.name);
    }
    if (tooManySlices(this.#slices)) {
      this.#version = null;
      return `the service ${this.#source.service} has more EndpointSlices than are read`;
    }
    this.#version = event.version;
    this.#tell();
    return null;
  }

  /** What was on its way when the source ended is news to nobody. */
  #tell(): void {
    if (this.#ended.signal.aborted) return;
    this.#sink.found(targetsOf(this.#slices.values(), this.#source.port));
  }

  async #call(
    query: Readonly<Record<string, string>>,
    how: { readonly timeoutMs: number; readonly receive?: (piece: Uint8Array) => void },
  ): Promise<Result<EgressReply, string>> {
    const { namespace, service, tokenFile, caFile } = this.#source;
    const api = this.#source.api ?? this.#ports.kubernetesApi;
    if (api === null) return err('this program does not run in Kubernetes, and no `api` says where one is');
    // Read anew for each call: both are replaced while the program runs.
    const token = tokenFile === null ? null : await readSmallFile(tokenFile, this.#ports);
    if (token !== null && !token.ok) return token;
    const ca = caFile === null ? null : await readSmallFile(caFile, this.#ports);
    if (ca !== null && !ca.ok) return ca;
    const selected = new URLSearchParams({ labelSelector: `kubernetes.io/service-name=${service}`, ...query });
    const reply = await this.#ports.egress.call({
      url: `${api}/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?${selected.toString()}`,
      method: 'GET',
      headers: {
        accept: 'application/json',
        ...(token === null ? {} : { authorization: `Bearer ${token.value}` }),
      },
      limitBytes: REPLY_LIMIT_BYTES,
      reach: 'named',
      ...(ca === null ? {} : { ca: ca.value }),
      signal: this.#ended.signal,
      ...how,
    });
    return reply.ok ? reply : err(`${api}: ${reply.error.detail}`);
  }

  #statusWords(status: number): string {
    const hint = status === 401 || status === 403 ? ': may its account list and watch endpointslices?' : '';
    return `the API of Kubernetes answered with status ${status}${hint}`;
  }
}
