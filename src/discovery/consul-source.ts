import { err, ok, type Result } from '../base/index.ts';
import type { EgressReply, FoundTarget } from '../ports/index.ts';
import { readSmallFile } from './file-source.ts';
import { objectOf, portOf, readJson, textOf } from './json-value.ts';
import {
  type Finding,
  type Look,
  lookAgain,
  type SourceOf,
  type SourcePorts,
  type SourceSink,
  type StopSource,
} from './source.ts';
import { scaleWeight } from './target-list.ts';

/** How long the agent may wait for a change before it answers; it adds up to a sixteenth. */
const WAIT_S = 55;
const TIMEOUT_MS = 75_000;
const REPLY_LIMIT_BYTES = 8 * 1024 * 1024;
/** A service that changes all the time is asked for no more than four times a second. */
const LEAST_GAP_MS = 250;
/** So often is asked where changes can't be waited for. */
const BLIND_GAP_MS = 10_000;
const INDEX = /^[0-9]{1,20}$/;

/**
 * Keeps asking an agent of Consul for the instances of a service whose checks pass, by blocking queries: each waits at the
 * agent until its index has gone beyond the one known. `token` is sent with each, or null.
 */
export function startConsul(
  source: SourceOf<'consul'>,
  ports: SourcePorts,
  sink: SourceSink,
  token: string | null,
): StopSource {
  const ended = new AbortController();
  let index = '0';
  const stop = lookAgain(ports, sink, async () => {
    const asked = index;
    // Behind a failure the whole is asked for: what has changed meanwhile would else be waited for.
    index = '0';
    const reply = await ask({ source, ports, token, index: asked, signal: ended.signal });
    if (!reply.ok) return reply;
    const found = readInstances(Buffer.from(reply.value.body).toString('utf8'));
    if (!found.ok) return found;
    const told = reply.value.headers.get('x-consul-index') ?? '';
    index = nextIndex(asked, told);
    // Without an index there is nothing to wait for, and each look is a whole one.
    return ok<Look>({ ...found.value, againMs: isIndex(told) ? LEAST_GAP_MS : BLIND_GAP_MS });
  });
  return () => {
    stop();
    ended.abort();
  };
}

/** The index to wait beyond: 0, which waits for nothing, where it has gone back, as Consul's documentation asks for. */
export function nextIndex(known: string, told: string): string {
  return isIndex(told) && BigInt(told) >= BigInt(known) ? told : '0';
}

/** An index is greater than none, or it can not be waited beyond. */
function isIndex(told: string): boolean {
  return INDEX.test(told) && BigInt(told) > 0n;
}

interface Asked {
  readonly source: SourceOf<'consul'>;
  readonly ports: SourcePorts;
  readonly token: string | null;
  readonly index: string;
  readonly signal: AbortSignal;
}

async function ask({ source, ports, token, index, signal }: Asked): Promise<Result<EgressReply, string>> {
  const ca = source.caFile === null ? null : await readSmallFile(source.caFile, ports);
  if (ca !== null && !ca.ok) return ca;
  const query = new URLSearchParams({ passing: 'true', index, wait: `${WAIT_S}s` });
  if (source.datacenter !== null) query.set('dc', source.datacenter);
  if (source.tag !== null) query.set('tag', source.tag);
  const reply = await ports.egress.call({
    url: `${source.url}/v1/health/service/${encodeURIComponent(source.service)}?${query.toString()}`,
    method: 'GET',
    headers: { accept: 'application/json', ...(token === null ? {} : { 'x-consul-token': token }) },
    timeoutMs: TIMEOUT_MS,
    limitBytes: REPLY_LIMIT_BYTES,
    reach: 'named',
    ...(ca === null ? {} : { ca: ca.value }),
    signal,
  });
  if (!reply.ok) return err(`${source.url}: ${reply.error.detail}`);
  if (reply.value.status === 200) return reply;
  const hint = reply.value.status === 403 ? ': the token may not read this service' : '';
  return err(`${source.url} answered with status ${reply.value.status}${hint}`);
}

/** Reads the reply of `/v1/health/service`: an instance without an address of its own has that of its node. */
export function readInstances(text: string): Result<Finding, string> {
  const json = readJson(text);
  if (!json.ok) return json;
  if (!Array.isArray(json.value)) return err('the reply is no list of instances');
  const instances = json.value.map((entry) => {
    const { Node, Service } = objectOf(entry);
    const service = objectOf(Service);
    const { Passing } = objectOf(service['Weights']);
    return {
      host: textOf(service['Address']) ?? textOf(objectOf(Node)['Address']),
      port: portOf(service['Port']),
      weight: typeof Passing === 'number' && Passing >= 0 && Passing <= 65_535 ? Passing : 1,
    };
  });
  const largest = instances.reduce((most, { weight }) => Math.max(most, weight), 0);
  const targets = instances.flatMap(({ host, port, weight }): readonly FoundTarget[] =>
    host === null || port === null ? [] : [{ host, port, weight: scaleWeight(weight, largest) }],
  );
  const left = instances.length - targets.length;
  return ok({ targets, notes: left === 0 ? [] : [`${left} instances without an address and a port`] });
}
