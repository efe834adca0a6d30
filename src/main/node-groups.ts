import { type Issue, secretLine } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { type GraphClient, GraphGroups } from '../control/index.ts';
import { GROUPS_SUBJECT, graphSource, type Told } from '../policy/index.ts';
import type { PartOptions } from './credential-part.ts';

/** The groups of callers that a node asks Microsoft Graph for. */
export interface NodeGroups {
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  retain(gathered: Gathered): void;
}

/** How one application asks, and the groups that stand for roles: no others are told to threads. */
interface Source {
  readonly client: GraphClient;
  readonly groups: ReadonlySet<string>;
}

/** Serves the threads; nobody is asked before a thread asks. */
export function openNodeGroups({ host, alerts, desks }: PartOptions): NodeGroups {
  const graph = new GraphGroups({ egress: host.egress, clock: host.clock, alerts });
  let sources: ReadonlyMap<string, Source> = new Map();
  desks.serve(GROUPS_SUBJECT, async (question) => {
    const { source, tenant, object } = question as Readonly<Record<string, Told>>;
    const found = typeof source === 'string' ? sources.get(source) : undefined;
    if (found === undefined || typeof tenant !== 'string' || typeof object !== 'string') return null;
    const groups = await graph.of(found.client, tenant, object);
    return groups === null ? null : groups.filter((group) => found.groups.has(group));
  });
  return {
    // One that is to be compiled is asked for as soon as it is in force in a thread; the one before still is.
    fill: (gathered) => {
      sources = new Map([...sources, ...sourcesOf(gathered)]);
      return Promise.resolve([]);
    },
    retain: (gathered) => {
      sources = sourcesOf(gathered);
      graph.forget();
    },
  };
}

function sourcesOf({ config, secrets }: Gathered): Map<string, Source> {
  const found = new Map<string, Source>();
  for (const { claims } of config.issuers) {
    const { groups } = claims;
    if (groups === undefined || groups.overage === 'refuse') continue;
    const { clientId, secret, url, authority } = groups.overage;
    const bytes = Object.hasOwn(secrets, secret) ? secrets[secret] : undefined;
    if (bytes === undefined) continue;
    const key = graphSource(groups.overage);
    // Two issuers may ask by one application, each for groups of its own.
    const names = [...Object.keys(groups.map), ...(found.get(key)?.groups ?? [])];
    found.set(key, { client: { clientId, secret: secretLine(bytes), url, authority }, groups: new Set(names) });
  }
  return found;
}
