import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { COLLECTED_LIMIT_BYTES } from '../../src/gateway/body-budget.ts';
import { stopChild } from '../framing/stop-child.ts';
import { Scene, serveMeanwhile, until } from './scene.ts';

const ATTACKER = join(import.meta.dirname, '..', 'bench', 'abuse', 'attacker.ts');
const STOP_MS = 2_000;
const DEADLINE_MS = 60_000;
/** In each of three rounds an attack goes on until this much has come of it. */
const TIMES = 3;
/** So much must have come of one whose bodies are kept, until all that one client may have kept has been taken. */
const FILLING_TIMES = 60;
/** Two heaps' worth of what is garbage soon: attacks end at any moment between two collections. */
const MORE_MB = 100;
/** What leaks does so in every round; a collection that is due falls into one of them. */
const AGAIN_MB = 50;
/** So much garbage outside of its heap V8 lets lie before it collects. */
const UNCOLLECTED_MB = 64;

const DESCRIPTION = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'abused', version: '1' },
  paths: {
    '/notes': {
      post: {
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        responses: { 200: { description: 'taken' } },
      },
    },
  },
});
const APIS = `  notes: { openapi: ./abused.json, upstream: 'UPSTREAM', auth: public }
  chat:
    routes: ['GET /chat']
    upstream: 'UPSTREAM'
    auth: public
    operations: { 'GET /chat': { websocket: { origins: any } } }
`;

/** How an attack is told of: the series that counts it, and a line of the log, or a row of the ledger, with the reason. */
interface Trace {
  readonly series: string;
  readonly log?: RegExp;
  readonly ledger?: string;
  /** What the gateway may keep of it at once, by design. It takes that before the rounds, which show what comes on top. */
  readonly keptMb?: number;
}

const turnedAway = (reason: string): Trace => ({
  series: `portcullis_connections_turned_away_total{reason="${reason}"}`,
  log: new RegExp(`"event":"connection.refused"[^\\n]*"reason":"${reason}"`),
});
const fault = (reason: string): Trace => ({
  series: `portcullis_http2_faults_total{reason="${reason}"}`,
  log: new RegExp(`"event":"http2.fault"[^\\n]*"reason":"${reason}"`),
});
const refused = (method: string, code: string): Trace => ({
  series: `portcullis_refusals_total{code="${code}"`,
  ledger: `${method} ${code}`,
});

/** Those of the slow kinds are slowhttptest's, floods of connections from one address in floods.test.ts. */
const TRACES: Readonly<Record<string, Trace>> = {
  'connect-flood': turnedAway('pace'),
  'handshake-flood': turnedAway('handshake'),
  'header-bomb': refused('', 'header-too-large'),
  // One client alone may have half of all bodies that are being collected.
  'body-bomb': { ...refused('POST', 'body-too-large'), keptMb: COLLECTED_LIMIT_BYTES / 2 / 2 ** 20 },
  'zip-bomb': refused('POST', 'body-too-large'),
  'ws-fragments': refused('GET', 'rate-limited'),
  'ws-deflate': refused('GET', 'malformed-message'),
  'rapid-reset': fault('reset-flood'),
  continuation: fault('header-block'),
  'hpack-bomb': fault('header-flood'),
  'hpack-windows': fault('memory'),
};

let scene: Scene;

before(async () => {
  scene = await Scene.start('threads: 1', { apis: APIS, beside: { 'abused.json': DESCRIPTION } });
  await scene.warmUp();
});

after(() => scene.stop());

/** One round of an attack: until its series has gone on, and the log has said so where it is to. */
async function attack(name: string, { series, log }: Trace, times = TIMES): Promise<void> {
  const before = await scene.count(series);
  const attacker = spawn(process.execPath, [ATTACKER, name, String(scene.gateway.https)], { stdio: 'ignore' });
  try {
    await until(`${name} is counted`, async () => (await scene.count(series)) >= before + times, DEADLINE_MS);
    if (log === undefined) return;
    await until(`${name} is in the log`, () => log.test(scene.gateway.said()), DEADLINE_MS);
  } finally {
    await stopChild(attacker, STOP_MS);
  }
}

for (const [name, trace] of Object.entries(TRACES)) {
  test(`${name}: others are served, memory is bounded, and it is counted and told of with its reason`, async (t) => {
    const { ledger, keptMb = 0 } = trace;
    const beganMs = Date.now();
    const empty = scene.rssMb();
    let before = empty;
    const rounds: number[] = [];
    const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
      if (keptMb > 0) await attack(name, trace, FILLING_TIMES);
      before = scene.rssMb();
      for (let round = 0; round < 3; round++) {
        await attack(name, trace);
        rounds.push(scene.rssMb());
      }
    });
    const [once = 0, twice = 0, thrice = 0] = rounds;
    const again = Math.min(twice - once, thrice - twice);
    const told = `${empty.toFixed(0)} MB at first, ${before.toFixed(0)} MB before, ${rounds.map((mb) => mb.toFixed(0)).join(', ')} MB behind its rounds`;
    t.diagnostic(`${told}; ${service.asked} asked, ${service.slowestMs.toFixed(0)} ms at most`);
    assert.deepEqual(service.failed, []);
    assert.ok(service.asked > 0, 'others have asked');
    assert.ok(before - empty < (keptMb > 0 ? keptMb + UNCOLLECTED_MB : 0) + MORE_MB, told);
    assert.ok(once - before < MORE_MB && again < AGAIN_MB && thrice - before < MORE_MB + AGAIN_MB, told);
    // What stood open is recorded as it ends.
    if (ledger !== undefined) await until(ledger, async () => (await scene.recorded(beganMs)).includes(ledger));
  });
}
