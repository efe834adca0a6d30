import { type Issue, secretLine } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { GraphGroups, type GraphSource } from '../control/index.ts';
import { GROUPS_SUBJECT, graphSource, type Told } from '../policy/index.ts';
import type { PartOptions } from './credential-part.ts';

/** The groups of callers that a node asks Microsoft Graph for. */
export interface NodeGroups {
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  retain(gathered: Gathered): void;
}

/** Serves the threads; nobody is asked before a thread asks. */
export function openNodeGroups({ host, alerts, desks }: PartOptions): NodeGroups {
  const graph = new GraphGroups({ egress: host.egress, clock: host.clock, alerts });
  let sources: ReadonlyMap<string, GraphSource> = new Map();
  desks.serve(GROUPS_SUBJECT, async (question) => {
    const { source, tenant, object } = question as Readonly<Record<string, Told>>;
    const found = typeof source === 'string' ? sources.get(source) : undefined;
    if (found === undefined || typeof tenant !== 'string' || typeof object !== 'string') return null;
    const answer = await graph.of(found, tenant, object);
    return answer === null ? null : { ...answer };
  });
  return {
    // One that is to be compiled is asked for as soon as it is in force in a thread; the one before still is.
    fill: (gathered) => {
      sources = joined(sources, sourcesOf(gathered));
      graph.forget();
      return Promise.resolve([]);
    },
    retain: (gathered) => {
      sources = sourcesOf(gathered);
      graph.forget();
    },
  };
}

/** By name; where both have one, its application as the later says, and the groups of either. */
function joined(
  earlier: ReadonlyMap<string, GraphSource>,
  later: ReadonlyMap<string, GraphSource>,
): Map<string, GraphSource> {
  const all = new Map(earlier);
  for (const [name, source] of later) {
    const groups = new Set([...(all.get(name)?.groups ?? []), ...source.groups]);
    all.set(name, { ...source, groups });
  }
  return all;
}

/** The groups that stand for roles: no others are kept, or told to threads. */
function sourcesOf({ config, secrets }: Gathered): Map<string, GraphSource> {
  let found = new Map<string, GraphSource>();
  for (const { claims } of config.issuers) {
    const { groups } = claims;
    if (groups === undefined || groups.overage === 'refuse') continue;
    const { clientId, secret, url, authority } = groups.overage;
    const bytes = Object.hasOwn(secrets, secret) ? secrets[secret] : undefined;
    if (bytes === undefined) continue;
    const name = graphSource(groups.overage);
    const client = { clientId, secret: secretLine(bytes), url, authority };
    // Two issuers may ask by one application, each for groups of its own.
    found = joined(found, new Map([[name, { name, client, groups: new Set(Object.keys(groups.map)) }]]));
  }
  return found;
}
