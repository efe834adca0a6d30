/**
 * What a gateway thread holds of a configuration with one feature, all plans of its operations built: `memory-of.ts NAME`
 * prints one line of JSON, megabytes after a whole garbage collection, and the most that the process has taken until then.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { createMemoryTables } from '../../src/adapters/index.ts';
import { err, ok } from '../../src/base/index.ts';
import { gather, packGathered, parseConfig } from '../../src/config/index.ts';
import { compileInSlices } from '../../src/gateway/index.ts';
import { listKinds } from '../../src/main/kinds.ts';
import type { Egress, Files, Secrets } from '../../src/ports/index.ts';
import { countingKinds } from '../system/counting-kinds.ts';
import { valueOf } from '../system/value-of.ts';
import { type Feature, FEATURES } from './memory-features.ts';

const FOLDER = '/memory/';
const LOADED_MS = 500;
const MEGABYTE = 2 ** 20;

function configurationOf({ api, more = '' }: Feature): string {
  return `version: 1
server: { https: { port: 0, certificate: local } }
apis:
  bench:
    ${api}
    upstream: http://127.0.0.1:9
    auth: public
${more}`;
}

/** All that is needed later, and nothing of what it was made from. */
async function build(feature: Feature): Promise<readonly unknown[]> {
  const kinds = countingKinds();
  const { file = async () => '' } = feature;
  const read = async () => ok(Buffer.from(await file()));
  const outside = {
    files: { read } as Partial<Files> as Files,
    secrets: {} as Secrets,
    egress: { call: async () => err({ reason: 'unreachable', detail: 'nothing is fetched' }) } as Egress,
  };
  const text = Buffer.from(configurationOf(feature));
  const parsed = valueOf(parseConfig(text, { file: `${FOLDER}portcullis.yaml`, kinds: listKinds(kinds) }));
  const parcel = packGathered(valueOf(await gather(parsed, { ...outside, revision: 1 })));
  const tables = createMemoryTables({ log: { write() {} } });
  const snapshot = valueOf(await compileInSlices(parcel, { kinds, tables }, async () => {}));
  const plans = snapshot.operations.map((operation) => valueOf(operation.tryPlan()));
  return [snapshot, plans];
}

const name = process.argv[2] ?? '';
const feature = Object.hasOwn(FEATURES, name) ? FEATURES[name] : undefined;
if (feature === undefined || globalThis.gc === undefined) throw new Error('a feature and --expose-gc are needed');
const built = await build(feature);
// Libraries that a kind asks for come in meanwhile.
await delay(LOADED_MS);
for (let times = 0; times < 3; times++) globalThis.gc();
const { heapUsed, external } = process.memoryUsage();
const held = (heapUsed + external) / MEGABYTE;
const peak = process.resourceUsage().maxRSS / 1024;
// Until here all of it is needed.
if (built.length === 0) throw new Error('nothing was built');
process.stdout.write(`${JSON.stringify({ held, peak })}\n`);
