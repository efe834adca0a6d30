import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';
import { ALL_DESCRIPTORS, Scene, serveMeanwhile, until } from './scene.ts';

const CLIENTS = 1_000;
/** A TLS session and what Node keeps of a connection take some 60 KiB. */
const CONNECTION_MB = CLIENTS * (60 / 1_024);
/** Three times 64 KiB of a reply that nobody takes: encrypted, as it is being sent, and as it was read ahead of the upstream. */
const REPLY_MB = CLIENTS * (192 / 1_024);
/** What is garbage between two collections of one thread, and what the system keeps for it. */
const SLACK_MB = 60;
/** The same again finds its memory there. A busy machine lets more of one wave in than of another, hence this part of what one may take. */
const AGAIN_PART = 1 / 3;

/** Slow heads, slow bodies, ranges without end, slow readers. */
const MODES = {
  'slow heads': ['-H', '-i', '10', '-x', '24', '-p', '5'],
  'slow bodies': ['-B', '-i', '10', '-s', '8192', '-x', '24', '-p', '5'],
  'overlapping ranges': ['-R', '-a', '5', '-b', '3000', '-p', '5'],
  'slow readers': ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3', '-p', '5'],
} as const;

type Mode = keyof typeof MODES;

/** Those that go together cost little. `mostMb`: how much memory one wave may take; `series` counts what was ended. */
interface Wave {
  readonly modes: readonly Mode[];
  readonly path: string;
  /** Longer than the bound that ends it. */
  readonly lengthS: number;
  readonly mostMb: number;
  readonly series: string;
}

const TOO_SLOW = 'portcullis_refusals_total{code="request-timeout"';
const WAVES: readonly Wave[] = [
  {
    modes: ['slow heads', 'overlapping ranges'],
    path: '/big',
    lengthS: 24,
    mostMb: 2 * CONNECTION_MB + SLACK_MB,
    series: TOO_SLOW,
  },
  { modes: ['slow bodies'], path: '/upload', lengthS: 24, mostMb: CONNECTION_MB + SLACK_MB, series: TOO_SLOW },
  {
    modes: ['slow readers'],
    path: '/big',
    lengthS: 36,
    mostMb: CONNECTION_MB + REPLY_MB + SLACK_MB,
    series: 'portcullis_connections_turned_away_total{reason="stalled"}',
  },
];

/** Runs one attack to its end and gives what the program said. */
async function attack(url: string, lengthS: number, mode: readonly string[]): Promise<string> {
  const common = ['-c', String(CLIENTS), '-r', '100', '-l', String(lengthS), '-u', url];
  const [shell = '', ...words] = [...ALL_DESCRIPTORS, 'slowhttptest', ...mode, ...common];
  const child = spawn(shell, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
  }
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('close', resolve);
  assert.equal(await promise, 0, said);
  return said;
}

/** One wave, until all of its clients are gone; gives the most memory that was taken meanwhile, and what is left. */
async function run(
  scene: Scene,
  { modes, path, lengthS }: Wave,
): Promise<{ readonly peakMb: number; readonly leftMb: number }> {
  let peakMb = scene.rssMb();
  const watch = setInterval(() => (peakMb = Math.max(peakMb, scene.rssMb())), 1_000);
  const url = `https://127.0.0.1:${scene.gateway.https}${path}`;
  const said = await Promise.all(modes.map((mode) => attack(url, lengthS, MODES[mode])));
  await until('all attackers are gone', async () => (await scene.connections()) === 0);
  clearInterval(watch);
  for (const text of said) assert.match(text, /service available:.*YES/);
  return { peakMb, leftMb: scene.rssMb() };
}

for (const wave of WAVES) {
  const { modes, mostMb, series } = wave;
  test(`${modes.join(' and ')} of ${CLIENTS} clients deny nobody service, are counted, and a second wave takes no more memory`, async (t) => {
    if (findProgram('slowhttptest') === null) return skipOrFail(t, 'slowhttptest is not installed (Debian package)');
    const scene = await Scene.start('threads: 1, connectionsPerAddress: 10000');
    t.after(() => scene.stop());
    await scene.warmUp();
    const before = scene.rssMb();
    const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
      const first = await run(scene, wave);
      const second = await run(scene, wave);
      const steps = [first.peakMb, first.leftMb, second.peakMb, second.leftMb].map((mb) => (mb - before).toFixed(0));
      const told = `MB more than ${before.toFixed(0)}, at most and behind each wave: ${steps.join(', ')}`;
      t.diagnostic(told);
      assert.ok(first.peakMb - before < mostMb, told);
      assert.ok(second.peakMb - before < mostMb, told);
      assert.ok(second.peakMb - first.peakMb < mostMb * AGAIN_PART, told);
      assert.ok(second.leftMb - first.leftMb < mostMb * AGAIN_PART, told);
    });
    t.diagnostic(`${service.asked} asked, ${service.slowestMs.toFixed(0)} ms at most`);
    assert.deepEqual(service.failed, []);
    assert.ok(service.asked > 50, `${service.asked}`);
    assert.ok((await scene.count(series)) > 0, series);
  });
}
