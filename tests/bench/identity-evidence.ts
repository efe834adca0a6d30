import { relative } from 'node:path';
import { run } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import { VERSIONS } from '../system/possession-scene.ts';
import { BAD_INPUTS } from '../system/credentials/bad-inputs.ts';
import { HELD_ELSEWHERE } from '../system/credentials/held-elsewhere.ts';
import { CredentialScene } from '../system/credentials/scene.ts';
import { ROOT } from '../tidy/repository.ts';
import { CLIENTS, type IdentityPeer, PROVIDERS } from './identity-peers.ts';
import { printTable } from './table.ts';

const SHOWN = 40;
const TIMEOUT_MS = 300_000;
const BESIDE_EACH_OTHER = 2;

/** What became of one test. */
interface Ran {
  readonly file: string;
  readonly name: string;
  readonly ended: 'passed' | 'failed' | 'skipped';
}

/** Something that was tried: an input over one version of HTTP, or a test. */
interface Tried {
  readonly item: number;
  readonly what: string;
  readonly complaint: string | null;
}

/**
 * Sends every bad input over both versions of HTTP through a gateway, runs the tests that hold the others and those with
 * programs that nobody here wrote, and counts. What must be let in, so that a refusal says something, is counted apart.
 */
export async function identityEvidence(): Promise<Record<string, unknown>> {
  const started = performance.now();
  const sent = await sendAll();
  const peers = [...CLIENTS, ...PROVIDERS];
  const ran = await runFiles([...HELD_ELSEWHERE, ...peers.flatMap(({ tests }) => tests)].map(({ file }) => file));
  const tried = [...sent.bad, ...HELD_ELSEWHERE.flatMap((one) => heldBy(one, ran))];
  const broken = [...tried, ...sent.good].filter(({ complaint }) => complaint !== null);
  const items = [...Map.groupBy(tried, ({ item }) => item).values()];
  const clients = judgePeers(CLIENTS, ran);
  const providers = judgePeers(PROVIDERS, ran);
  printTable(
    ['what', 'tried', 'as it must be'],
    [
      ['bad inputs', String(tried.length), String(tried.filter(isHeld).length)],
      ['inputs that are good', String(sent.good.length), String(sent.good.filter(isHeld).length)],
      ['clients', String(clients.total), String(clients.ok)],
      ['providers', String(providers.total), String(providers.ok)],
    ],
  );
  for (const { item, what, complaint } of broken.slice(0, SHOWN))
    console.log(`did not hold: ${item}: ${what}: ${complaint}`);
  if (broken.length > SHOWN) console.log(`and ${broken.length - SHOWN} more`);
  return {
    clients_total: clients.total,
    clients_ok: clients.ok,
    bad_inputs_total: tried.length,
    bad_inputs_refused: tried.filter(isHeld).length,
    bad_inputs_sent: sent.bad.length,
    items_total: items.length,
    items_held: items.filter((of) => of.every(isHeld)).length,
    good_inputs_total: sent.good.length,
    good_inputs_taken: sent.good.filter(isHeld).length,
    foreign_ops_total: providers.total,
    foreign_ops_ok: providers.ok,
    left_out: [...clients.leftOut, ...providers.leftOut],
    seconds: Math.round((performance.now() - started) / 100) / 10,
  };
}

function isHeld({ complaint }: Tried): boolean {
  return complaint === null;
}

/** Everything that is sent here, over each version of HTTP that can bear it. */
async function sendAll(): Promise<{ readonly bad: readonly Tried[]; readonly good: readonly Tried[] }> {
  const bad: Tried[] = [];
  const good: Tried[] = [];
  const scene = await CredentialScene.start();
  try {
    for (const version of VERSIONS) {
      for (const input of BAD_INPUTS.filter(({ over }) => over === null || over === version)) {
        const complaint = await input.attempt(scene, version);
        (input.good ? good : bad).push({ item: input.item, what: `${input.what}, over ${version}`, complaint });
      }
    }
  } finally {
    await scene.stop();
  }
  return { bad, good };
}

async function runFiles(files: readonly string[]): Promise<readonly Ran[]> {
  const ran: Ran[] = [];
  const options = { cwd: ROOT, concurrency: BESIDE_EACH_OTHER, timeout: TIMEOUT_MS };
  for await (const event of run({ files: [...new Set(files)], ...options }) as AsyncIterable<TestEvent>) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    const { file, name, skip } = event.data;
    if (file === undefined) continue;
    const ended = event.type === 'test:fail' ? 'failed' : skip === undefined ? 'passed' : 'skipped';
    ran.push({ file: relative(ROOT, file), name, ended });
  }
  return ran;
}

/** Each test that holds an item; one that did not run is one that did not hold. */
function heldBy(one: (typeof HELD_ELSEWHERE)[number], ran: readonly Ran[]): readonly Tried[] {
  const tests = ran.filter(({ file, name }) => file === one.file && name.includes(one.says));
  if (tests.length === 0) return [{ item: one.item, what: one.says, complaint: `did not run in ${one.file}` }];
  return tests.map(({ name, ended }) => ({
    ...{ item: one.item, what: name },
    complaint: ended === 'passed' ? null : `${ended} in ${one.file}`,
  }));
}

/** A peer that is missing counts nowhere and is named. */
function judgePeers(peers: readonly IdentityPeer[], ran: readonly Ran[]) {
  const leftOut: string[] = [];
  let total = 0;
  let ok = 0;
  for (const { name, from, tests } of peers) {
    const ofPeer = tests.map(({ file, says }) => ran.filter((one) => one.file === file && one.name.includes(says)));
    if (ofPeer.some((of) => of.length > 0 && of.every(({ ended }) => ended === 'skipped'))) {
      console.log(`${name} is left out: it is not installed (${from})`);
      leftOut.push(name);
      continue;
    }
    total++;
    if (ofPeer.every((of) => of.length > 0 && of.every(({ ended }) => ended === 'passed'))) ok++;
    else console.log(`did not hold: ${name}`);
  }
  return { total, ok, leftOut };
}
