import type { Issue } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { Desks } from '../control/index.ts';
import type { CredentialPart, NodeCredentialsOptions, PartOptions } from './credential-part.ts';
import { type NodeApiKeys, openNodeApiKeys } from './node-api-keys.ts';
import { type NodeRevocations, openNodeRevocations } from './node-revocations.ts';
import { type NodeSessions, openNodeSessions } from './node-sessions.ts';
import { type NodeGroups, openNodeGroups } from './node-groups.ts';
import { type NodeOverlay, openNodeOverlay } from './node-overlay.ts';
import { type NodeIntrospection, openNodeIntrospection } from './node-introspection.ts';
import { type NodeOwners, openNodeOwners } from './node-owners.ts';
import { soon } from './soon.ts';
import type { TableSpread } from './table-spread.ts';

/** What the control side knows of callers, which gateway threads ask it for or are told by live tables. */
export interface NodeCredentials {
  readonly desks: Desks;
  /** What the admin API works with. */
  readonly parts: CredentialParts;
  /** Who says whether a version of a table is in force in all threads. */
  spreadOver(threads: Spread): void;
  /** Makes ready what a configuration needs, beside the one in force. What stands against it. */
  fill(gathered: Gathered): Promise<readonly Issue[]>;
  /** From now on only what this configuration needs is kept. */
  retain(gathered: Gathered): void;
  /** Nothing is fetched or told after this. */
  close(): Promise<void>;
}

/** Whoever spreads tables over threads. */
type Spread = Pick<TableSpread, 'inForce'>;

/** The parts, by name; each in a file of its own. */
export interface CredentialParts {
  readonly apiKeys: NodeApiKeys;
  readonly revocations: NodeRevocations;
  readonly sessions: NodeSessions;
  readonly overlay: NodeOverlay;
  readonly introspection: NodeIntrospection;
  readonly groups: NodeGroups;
  readonly owners: NodeOwners;
}

/** So long a thread may take for a new version before nobody waits for it any longer. */
const TAKEN_WITHIN_MS = 2_000;

/** Opens it; nothing is fetched or told before the first filling. */
export function openNodeCredentials(options: NodeCredentialsOptions): NodeCredentials {
  const desks = new Desks(options.host.log);
  let spread: Spread | null = null;
  const inForce = async (table: string): Promise<boolean> => {
    if (spread === null) return true;
    const taken = spread.inForce(table, options.tables.read(table).version);
    return await soon(taken, options.host.clock, TAKEN_WITHIN_MS);
  };
  const named = openParts({ ...options, desks, inForce });
  const parts: readonly CredentialPart[] = Object.values(named);
  return {
    desks,
    parts: named,
    spreadOver: (threads) => {
      spread = threads;
    },
    fill: async (gathered) => {
      const lacking = parts.map(async (part) => (await part.fill?.(gathered)) ?? []);
      return (await Promise.all(lacking)).flat();
    },
    retain: (gathered) => {
      for (const part of parts) part.retain?.(gathered);
    },
    close: async () => {
      for (const part of parts) await part.close?.();
    },
  };
}

function openParts(options: PartOptions): CredentialParts {
  const revocations = openNodeRevocations(options);
  return {
    apiKeys: openNodeApiKeys(options),
    revocations,
    sessions: openNodeSessions(options, revocations.kept),
    introspection: openNodeIntrospection(options),
    overlay: openNodeOverlay(options),
    groups: openNodeGroups(options),
    owners: openNodeOwners(options),
  };
}
