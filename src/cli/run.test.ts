import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

const VERBS = ['demo', 'protect', 'start', 'check', 'explain', 'status', 'reload', 'doctor'];

test('without arguments there is a short help with every verb', async () => {
  const { code, out, complaints } = await runIn(surroundings());
  assert.deepEqual([code, complaints], [0, '']);
  for (const verb of VERBS) assert.match(out, new RegExp(`^  ${verb}\\b`, 'm'));
});

test('--version prints the version and nothing else', async () => {
  const { code, out } = await runIn(surroundings(), '--version');
  assert.deepEqual([code, out], [0, '1.2.3\n']);
});

test('every verb has a help of its own that names its options, and doing nothing else', async () => {
  for (const verb of VERBS) {
    const around = surroundings();
    const { code, out } = await runIn(around, verb, '--help');
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^portcullis ${verb}\\b`));
    assert.equal(out, (await runIn(around, 'help', verb)).out);
    assert.deepEqual(around.calls, []);
  }
});

test('an unknown verb is told with the nearest one, and exits 2', async () => {
  const { code, out, complaints } = await runIn(surroundings(), 'chekc');
  assert.deepEqual([code, out], [2, '']);
  assert.match(complaints, /no verb "chekc"\. Did you mean check\?/);
  assert.match((await runIn(surroundings(), 'xyzzy')).complaints, /There are demo, protect, init, start/);
});

test('what was typed can’t reach the terminal as it is', async () => {
  const { complaints } = await runIn(surroundings(), '\x1b]0;owned\x07\u202e');
  assert.doesNotMatch(complaints, /[\x00-\x09\x0b-\x1f\u202e]/);
});

const REFUSED = [
  [['check', '--confg', 'x'], /no option --confg; perhaps --config is meant/],
  [['check', '--frobnicate'], /it takes --config, --open-inputs, --strict-inputs, --json, --help/],
  [['check', '--config'], /--config needs a value: --config FILE/],
  [['check', '--config', '--json'], /--config needs a value/],
  [['check', '--config='], /--config needs a value/],
  [['check', '--json=yes'], /--json takes no value/],
  [['check', '--json', '--json'], /--json is given twice/],
  [['check', 'portcullis.yaml'], /takes no argument "portcullis.yaml"/],
  [['check', '--', '--json'], /takes no argument "--json"/],
  [['explain', 'GET'], /needs METHOD URL; URL is missing/],
  [['start', '--constructor'], /no option --constructor/],
] as const;

for (const [argv, words] of REFUSED) {
  test(`\`${argv.join(' ')}\` is refused in clear words`, async () => {
    const { code, out, complaints } = await runIn(surroundings(), ...argv);
    assert.deepEqual([code, out], [2, '']);
    assert.match(complaints, words);
  });
}

test('start runs ./portcullis.yaml, or the file that --config names', async () => {
  const around = surroundings();
  assert.equal((await runIn(around, 'start')).code, 0);
  await runIn(around, 'start', '--config', '../other.yaml', '--json');
  await runIn(around, 'start', '--config=/etc/p.yaml');
  assert.deepEqual(around.calls, [`start ${FOLDER}/portcullis.yaml`, 'start /other.yaml json', 'start /etc/p.yaml']);
});
