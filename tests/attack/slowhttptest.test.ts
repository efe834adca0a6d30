import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';
import { ALL_DESCRIPTORS, Scene, serveMeanwhile, until } from './scene.ts';

const CLIENTS = 1_000;
const LENGTH_S = 36;
/** For a thousand connections with requests under way, each of which may have 64 KiB on its way on either side. */
const MOST_MB = 350;

/** Slow heads, slow bodies, ranges without end, slow readers. */
const MODES = {
  'slow heads': ['-H', '-i', '10', '-x', '24', '-p', '5'],
  'slow bodies': ['-B', '-i', '10', '-s', '8192', '-x', '24', '-p', '5'],
  'overlapping ranges': ['-R', '-a', '5', '-b', '3000', '-p', '5'],
  'slow readers': ['-X', '-w', '512', '-y', '1024', '-n', '5', '-z', '32', '-k', '3', '-p', '5'],
} as const;

/** Runs one attack to its end and gives what the program said. */
async function attack(port: number, mode: readonly string[]): Promise<string> {
  const common = ['-c', String(CLIENTS), '-r', '100', '-l', String(LENGTH_S), '-u', `https://127.0.0.1:${port}/big`];
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

/** Those that go together cost little. */
const ATTACKS: readonly (readonly (keyof typeof MODES)[])[] = [
  ['slow heads', 'overlapping ranges'],
  ['slow bodies'],
  ['slow readers'],
];

for (const names of ATTACKS) {
  test(`${names.join(' and ')} of ${CLIENTS} clients deny nobody service, and all of them are gone`, async (t) => {
    if (findProgram('slowhttptest') === null) return skipOrFail(t, 'slowhttptest is not installed (Debian package)');
    const scene = await Scene.start('connectionsPerAddress: 10000');
    t.after(() => scene.stop());
    const before = scene.rssMb();
    let peak = before;
    const service = await serveMeanwhile(scene, '127.0.0.2', async () => {
      const watch = setInterval(() => (peak = Math.max(peak, scene.rssMb())), 1_000);
      const said = await Promise.all(names.map((name) => attack(scene.gateway.https, MODES[name])));
      clearInterval(watch);
      for (const text of said) assert.match(text, /service available:.*YES/);
    });
    assert.deepEqual(service.failed, []);
    assert.ok(service.asked > 50, `${service.asked}`);
    await until('all attackers are gone', async () => (await scene.connections()) === 0);
    const moreMb = peak - before;
    t.diagnostic(`${service.asked} asked, ${service.slowestMs.toFixed(0)} ms at most, ${moreMb.toFixed(0)} MB more`);
    assert.ok(moreMb < MOST_MB, `${moreMb} MB`);
  });
}
