import { createHash } from 'node:crypto';
import { createPseudonyms } from '../audit/index.ts';
import { bearerKey, createIdSource } from '../base/index.ts';
import { type Gathered, packGathered } from '../config/index.ts';
import { type Conductor, createDecisions, type DecisionScene } from '../control/index.ts';
import { compileInSlices, judgedTables, type TableReader } from '../gateway/index.ts';
import { OVERLAY_TABLE, type OverlayRow } from '../policy/index.ts';
import type { Keyring } from '../ports/index.ts';
import type { DecisionRecords } from './decision-records.ts';
import { keepScene } from './decision-scenes.ts';
import type { HostPorts } from './host-ports.ts';
import { createOfflineKinds } from './kinds.ts';
import { pseudonymKey } from './ledger-changes.ts';
import type { NodeLists } from './node-lists.ts';
import { createPacer } from './pacer.ts';

/** What decisions of a node are made of. */
export interface NodeDecisionsOptions {
  readonly conductor: Pick<Conductor, 'current'>;
  readonly host: Pick<HostPorts, 'clock' | 'random' | 'log'>;
  readonly tables: TableReader;
  readonly lists: Pick<NodeLists, 'rows'>;
  readonly keyring: Keyring;
  /** Null where requests are not recorded. */
  readonly records: DecisionRecords | null;
}

/** The decision point of a node: it asks what is in force, with the live tables that traffic is judged by. */
export function openNodeDecisions(options: NodeDecisionsOptions): ReturnType<typeof createDecisions> {
  const { host, keyring, records } = options;
  const { clock, random, log } = host;
  return createDecisions({
    scene: keepScene({
      current: () => options.conductor.current,
      build: (gathered) => sceneOf(gathered, options),
      ...{ clock, log },
    }),
    record: records === null ? null : (change) => records.record(change),
    pseudonym: createPseudonyms(pseudonymKey(keyring)),
    nextId: createIdSource(
      (bytes) => random.fill(bytes),
      () => clock.now(),
    ),
    log,
    pause: createPacer(),
  });
}

/** The hash of the key for decisions as it is in force, hexadecimal; null where there is none. */
export function decisionKeyHash({ current }: Pick<Conductor, 'current'>): string | null {
  const reference = current?.config.admin.decisions?.key ?? null;
  if (current === null || reference === null || !Object.hasOwn(current.secrets, reference)) return null;
  const key = bearerKey(current.secrets[reference] ?? new Uint8Array());
  return key.ok ? createHash('sha256').update(key.value).digest('hex') : null;
}

/** Limits are not spent, and nobody is asked: the caller is told. */
async function sceneOf(
  gathered: Gathered,
  { tables, lists, host: { clock, log } }: NodeDecisionsOptions,
): Promise<DecisionScene | null> {
  const context = {
    kinds: createOfflineKinds(),
    tables: judgedTables(tables, () => clock.now()),
    lists: { live: () => lists.rows(), names: null },
  };
  const snapshot = await compileInSlices(packGathered(gathered), context, nextTurn);
  if (!snapshot.ok) {
    log.write('error', 'decision.unbuilt', 'what is in force could not be built for decisions', {
      issues: snapshot.error.length,
    });
    return null;
  }
  const overlay = () => tables.read<OverlayRow>(OVERLAY_TABLE.name).rows;
  const { config, places } = gathered;
  const place = (path: string) => (Object.hasOwn(places, path) ? (places[path] ?? null) : null);
  return { config, snapshot: snapshot.value, place, overlay, clock };
}

/** Whoever else uses the control side is served first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
