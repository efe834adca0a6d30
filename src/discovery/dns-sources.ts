import { err, ok, type Result } from '../base/index.ts';
import type { AddressFamily, FoundTarget } from '../ports/index.ts';
import { DnsClient } from './dns-client.ts';
import type { ServiceRecord } from './dns-message.ts';
import { type NameAddresses, NameLookup } from './name-lookup.ts';
import { readResolverFile, type ResolverSettings, singleResolver } from './resolver-file.ts';
import { type Look, lookAgain, type SourceOf, type SourcePorts, type SourceSink, type StopSource } from './source.ts';
import { scaleWeight } from './target-list.ts';

/** An answer holds for at least so long, whatever it says: nobody is asked more than once a second. */
const TTL_FLOOR_MS = 1_000;
/** No answer is taken for longer: a name that has moved is followed within minutes, and a forged one not for days. */
const TTL_CEILING_MS = 300_000;
/** How soon is asked again where there is nothing, or part of it could not be had. */
const DOUBT_MS = 10_000;
const RESOLVER_FILE_BYTES = 64 * 1_024;
/** Hosts of one service whose addresses are asked for; so many at once. */
const HOST_LIMIT = 256;
const HOSTS_AT_ONCE = 8;
/** Faults of hosts that are told of at once. */
const TOLD_LIMIT = 3;

/** Keeps looking up all addresses of a name. */
export function startDns(source: SourceOf<'dns'>, ports: SourcePorts, sink: SourceSink): StopSource {
  return lookUpAgain(source, ports, sink, async (lookup, settings) => {
    const found = await lookup.addressesOf(source.name, source.family, settings);
    if (!found.ok) return found;
    const { addresses, isFresh, ttlSeconds, faults } = found.value;
    if (!isFresh) return err(faults.join('; '));
    const targets = addresses.map((host) => ({ host, port: source.port, weight: 1 }));
    return ok({ targets, notes: faults, againMs: waitOf(ttlSeconds, faults.length > 0 || targets.length === 0) });
  });
}

/** Keeps looking up the hosts of a service, and the addresses of those that come first. */
export function startSrv(source: SourceOf<'srv'>, ports: SourcePorts, sink: SourceSink): StopSource {
  return lookUpAgain(source, ports, sink, async (lookup, settings) => {
    const found = await lookup.servicesOf(source.name, settings);
    if (!found.ok) return found;
    const { ttlSeconds } = found.value;
    const services = found.value.services.toSorted((one, other) => one.priority - other.priority);
    const hosts = await addressesOfHosts(lookup, hostsOf(services), { family: source.family, settings });
    return lookOfServices(services, { hosts, ttlSeconds });
  });
}

/** Each look remembers the one before, and asks as this machine is set up at that time. */
function lookUpAgain(
  { resolver }: SourceOf<'dns' | 'srv'>,
  ports: SourcePorts,
  sink: SourceSink,
  look: (lookup: NameLookup, settings: ResolverSettings) => Promise<Result<Look, string>>,
): StopSource {
  const lookup = new NameLookup(new DnsClient(ports.dns, ports.random), ports.clock);
  return lookAgain(ports, sink, async () => {
    lookup.begin();
    return await look(lookup, await settingsOf(resolver, ports));
  });
}

interface Hosts {
  readonly hosts: ReadonlyMap<string, Result<NameAddresses, string>>;
  readonly ttlSeconds: number;
}

/**
 * The targets of the lowest priority that has any; `services` are in that order. The others are for when those can not be
 * reached, and which can is not known here. All failing is a failure of the whole.
 */
function lookOfServices(services: readonly ServiceRecord[], { hosts, ttlSeconds }: Hosts): Result<Look, string> {
  const faults = [...hosts.values()].flatMap((found) => (found.ok ? found.value.faults : [found.error]));
  if (faults.length > 0 && [...hosts.values()].every((found) => !found.ok || !found.value.isFresh)) {
    return err(faults.slice(0, TOLD_LIMIT).join('; '));
  }
  let targets: readonly FoundTarget[] = [];
  for (const group of Map.groupBy(services, ({ priority }) => priority).values()) {
    targets = targetsOf(group, hosts);
    if (targets.length > 0) break;
    // A host of which nobody can say anything is not known to have no addresses.
    const unknown = group.some(({ host }) => hosts.get(host)?.ok === false);
    if (unknown) return err(faults.slice(0, TOLD_LIMIT).join('; '));
  }
  const left = new Set(services.map(({ host }) => host)).size - hosts.size;
  const notes = left > 0 ? [...faults, `${left} more hosts than the ${HOST_LIMIT} that are looked up`] : faults;
  const times = [...hosts.values()].flatMap((found) => (found.ok ? [found.value.ttlSeconds] : []));
  const againMs = waitOf(Math.min(ttlSeconds, ...times), faults.length > 0 || targets.length === 0);
  return ok({ targets, notes, againMs });
}

function targetsOf(group: readonly ServiceRecord[], hosts: Hosts['hosts']): readonly FoundTarget[] {
  const largest = Math.max(...group.map(({ weight }) => weight));
  return group.flatMap(({ host, port, weight }) => {
    const found = hosts.get(host);
    if (found === undefined || !found.ok || port === 0) return [];
    return found.value.addresses.map((address) => ({ host: address, port, weight: scaleWeight(weight, largest) }));
  });
}

function hostsOf(services: readonly ServiceRecord[]): readonly string[] {
  return [...new Set(services.map(({ host }) => host))].slice(0, HOST_LIMIT);
}

async function addressesOfHosts(
  lookup: NameLookup,
  names: readonly string[],
  { family, settings }: { readonly family: AddressFamily; readonly settings: ResolverSettings },
): Promise<ReadonlyMap<string, Result<NameAddresses, string>>> {
  const found = new Map<string, Result<NameAddresses, string>>();
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      // The hosts of a service are whole names (RFC 2782): no endings are searched.
      found.set(name, await lookup.addressesOf(name, family, { ...settings, search: [] }));
    }
  };
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, work));
  return found;
}

/** Read anew each time: networks come and go, and the file changes with them. */
async function settingsOf(resolver: string | null, ports: SourcePorts): Promise<ResolverSettings> {
  if (resolver !== null) return singleResolver(resolver);
  const read = await ports.files.read(ports.resolverFile, RESOLVER_FILE_BYTES);
  return readResolverFile(read.ok ? Buffer.from(read.value).toString('utf8') : '');
}

/** How long an answer holds, in milliseconds; for shorter where it is in doubt. */
function waitOf(ttlSeconds: number, inDoubt: boolean): number {
  const heldMs = Math.min(Math.max(ttlSeconds * 1_000, TTL_FLOOR_MS), TTL_CEILING_MS);
  return inDoubt ? Math.min(heldMs, DOUBT_MS) : heldMs;
}
