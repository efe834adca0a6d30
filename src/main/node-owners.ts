import { secretLine } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { OwnerPlaces, OwnerService, type OwnerTold } from '../control/index.ts';
import { KeptAnswers, type OwnerLookup, OWNERS, ownerService, type Told } from '../policy/index.ts';
import type { PartOptions } from './credential-part.ts';
import { gatheredBytes, gatheredText } from './gathered-text.ts';
import { OWNER_CALLS } from './host-ports.ts';

/** Who asks services whose objects are, for all gateway threads. */
export interface NodeOwners {
  /** Makes ready to ask the services of a configuration, beside those of the one in force. */
  fill(gathered: Gathered): Promise<readonly []>;
  /** From now on only the services of this configuration are asked. */
  retain(gathered: Gathered): void;
}

/** Opens it; nobody is asked before a thread asks. */
export function openNodeOwners({ host, alerts, metrics, desks }: PartOptions): NodeOwners {
  let kept = new KeptAnswers<OwnerTold>();
  const places = new OwnerPlaces(OWNER_CALLS, host.clock);
  const ports = {
    ...{ egress: host.egress, clock: host.clock, alerts },
    kept: () => kept,
    places,
    asked: metrics.ownerAsked,
  };
  const services = new Map<string, OwnerService>();
  desks.serve(OWNERS, async (question) => {
    const { service, url, source } = question as Readonly<Record<string, Told>>;
    const isWhole = typeof service === 'string' && typeof url === 'string' && typeof source === 'string';
    const found = isWhole ? services.get(service) : undefined;
    if (!isWhole || found === undefined) return null;
    const told = await found.ask(url, source);
    return told === null ? null : { ...told };
  });
  return {
    fill: (gathered) => {
      // What stands for a secret may be another one now.
      kept = new KeptAnswers();
      for (const lookup of lookupsOf(gathered)) {
        const name = ownerService(lookup);
        services.set(name, new OwnerService(saidOf(name, lookup, gathered), ports));
      }
      return Promise.resolve([]);
    },
    retain: (gathered) => {
      const wanted = new Set(lookupsOf(gathered).map(ownerService));
      for (const name of services.keys()) if (!wanted.has(name)) services.delete(name);
      places.keepHosts(new Set([...services.values()].map((service) => service.host)));
    },
  };
}

function lookupsOf({ config }: Gathered): readonly OwnerLookup[] {
  return config.apis.flatMap(({ operations }) =>
    Object.values(operations).flatMap(({ access: { object } }) => object?.lookup ?? []),
  );
}

function saidOf(name: string, lookup: OwnerLookup, { files, secrets }: Gathered) {
  const { pieces, secret, caFile, cacheMs, timeoutMs } = lookup;
  const [start] = pieces;
  const headers =
    secret === null
      ? {}
      : { [secret.field]: `${secret.before}${secretLine(gatheredBytes(secrets, secret.reference))}${secret.after}` };
  const ca = caFile === null ? null : gatheredText(files, caFile);
  return { name, start: typeof start === 'string' ? start : '', headers, ca, cacheMs, timeoutMs };
}
