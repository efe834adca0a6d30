import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom, openFileKeyring } from '../adapters/index.ts';
import { err, ok } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { HeldKeys } from '../credential/index.ts';
import { type Alert, type Files, type Keyring, UPSTREAM_TARGETS } from '../ports/index.ts';
import { LastGood } from './last-good.ts';

/** Files in memory: what a keyring and the last good data need. */
function memoryFiles() {
  const held = new Map<string, { bytes: Uint8Array; mode: number }>();
  const missing = err({ reason: 'missing', detail: 'missing' } as const);
  const files = {
    read: (path: string) => Promise.resolve(held.has(path) ? ok(held.get(path)?.bytes as Uint8Array) : missing),
    replace: (path: string, bytes: Uint8Array, mode: number) =>
      Promise.resolve(ok(void held.set(path, { bytes, mode }))),
    create: (path: string, bytes: Uint8Array, mode: number) =>
      Promise.resolve(ok(void held.set(path, { bytes, mode }))),
    makeFolder: () => Promise.resolve(ok(undefined)),
    facts: (path: string) =>
      Promise.resolve(held.has(path) ? ok({ mode: held.get(path)?.mode, directory: false }) : missing),
  } as unknown as Files;
  return { files, held };
}

async function keyringOf(seed: number): Promise<Keyring> {
  const { files } = memoryFiles();
  const opened = await openFileKeyring({ path: '/k', files, random: createSeededRandom(seed), passphrase: null });
  assert.ok(opened.ok);
  return opened.value;
}

const TEXT = 'version: 1\n';
const GATHERED = {
  hash: 'ab',
  text: TEXT,
  file: '/etc/portcullis.yaml',
  config: {
    apis: [
      { name: 'far', source: { kind: 'openapi', location: 'https://a.example/o.json' } },
      { name: 'near', source: { kind: 'openapi', location: '/etc/o.json' } },
      { name: 'none', source: { kind: 'routes', routes: [] } },
    ],
  },
  documents: { far: shared('{"far":1}'), near: shared('{"near":1}') },
  secrets: { '${env:KEY}': Buffer.from('hush'), '${file:key.pem}': Buffer.from('pem') },
} as unknown as Gathered;

function shared(text: string): SharedArrayBuffer {
  const bytes = new SharedArrayBuffer(text.length);
  Buffer.from(bytes).write(text);
  return bytes;
}

const KEYS: readonly HeldKeys[] = [
  {
    table: 'keys:acme#1',
    url: 'https://id.acme.example/jwks',
    atMs: 5,
    rows: [{ thumbprint: 't', kid: null, algorithms: ['ES256'], jwk: { kty: 'EC' } }],
  },
];

async function opened(more: { keyring?: Keyring; files?: ReturnType<typeof memoryFiles> } = {}) {
  const { files, held } = more.files ?? memoryFiles();
  const alerts: Alert[] = [];
  const keyring = more.keyring ?? (await keyringOf(1));
  const lastGood = new LastGood({
    folder: '/data',
    files,
    keyring,
    alerts: { raise: (alert) => void alerts.push(alert) },
    log: { write() {} },
  });
  return { lastGood, held, alerts, keyring, files: { files, held } };
}

test('what came from outside is found again for the very same text, and files of this machine are not kept', async () => {
  const { lastGood, held, alerts } = await opened();
  await lastGood.keep(GATHERED);
  assert.equal(held.get('/data/last-good')?.mode, 0o600);
  assert.ok(!Buffer.from(held.get('/data/last-good')?.bytes ?? []).includes('hush'));
  const found = await lastGood.find(TEXT);
  const texts = (map: ReadonlyMap<string, Uint8Array> | undefined) =>
    [...(map ?? [])].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
  assert.deepEqual(texts(found?.documents), [['https://a.example/o.json', '{"far":1}']]);
  assert.deepEqual(texts(found?.secrets), [
    ['env:KEY', 'hush'],
    ['file:/etc/key.pem', 'pem'],
  ]);
  assert.deepEqual([await lastGood.find(`${TEXT} `), await lastGood.find(''), alerts], [null, null, []]);
});

test('nothing is found where nothing was kept, and that is no alert', async () => {
  const { lastGood, alerts } = await opened();
  assert.deepEqual([await lastGood.find(TEXT), await lastGood.findKeys(), alerts], [null, [], []]);
});

test('every flipped bit and every truncation is refused with an alert that tells nothing of the content', async () => {
  const { lastGood, held, alerts } = await opened();
  await lastGood.keep(GATHERED);
  await lastGood.keepKeys(KEYS);
  for (const name of ['last-good', 'last-good-keys']) {
    const path = `/data/${name}`;
    const sound = held.get(path) as { bytes: Uint8Array; mode: number };
    const look = async () => (name === 'last-good' ? await lastGood.find(TEXT) : await lastGood.findKeys());
    const nothing = name === 'last-good' ? null : [];
    for (let at = 0; at < sound.bytes.length; at++) {
      const flipped = Uint8Array.from(sound.bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      for (const bytes of [flipped, sound.bytes.slice(0, at)]) {
        held.set(path, { ...sound, bytes });
        assert.deepEqual(await look(), nothing, `${name} ${at}`);
      }
    }
    assert.equal(alerts.splice(0).length, sound.bytes.length * 2);
    held.set(path, { ...sound, bytes: Buffer.concat([sound.bytes, Buffer.from([0])]) });
    assert.deepEqual(await look(), nothing);
    assert.ok(!JSON.stringify(alerts.splice(0)).includes('hush'));
  }
});

test('what another keyring has sealed, or one file in the place of the other, does not open', async () => {
  const first = await opened();
  await first.lastGood.keep(GATHERED);
  await first.lastGood.keepKeys(KEYS);
  const foreign = await opened({ keyring: await keyringOf(2), files: first.files });
  assert.deepEqual([await foreign.lastGood.find(TEXT), await foreign.lastGood.findKeys()], [null, []]);
  const [outside, keys] = ['/data/last-good', '/data/last-good-keys'].map((path) => first.held.get(path));
  assert.ok(outside !== undefined && keys !== undefined);
  first.held.set('/data/last-good', keys).set('/data/last-good-keys', outside);
  assert.deepEqual([await first.lastGood.find(TEXT), await first.lastGood.findKeys()], [null, []]);
  assert.equal(first.alerts.length + foreign.alerts.length, 4);
});

test('keys are found again as they were, and keys of another shape are refused whole', async () => {
  const { lastGood, held, keyring, alerts } = await opened();
  await lastGood.keepKeys(KEYS);
  assert.deepEqual(await lastGood.findKeys(), KEYS);
  for (const odd of ['{', '{}', '[{}]', JSON.stringify([{ ...KEYS[0], more: 1 }]), '[{"table":1}]']) {
    held.set('/data/last-good-keys', { mode: 0o600, bytes: keyring.seal('last-good', Buffer.from(odd), 'keys 1') });
    assert.deepEqual(await lastGood.findKeys(), [], odd);
  }
  assert.equal(alerts.length, 5);
});

test('targets are found again as they were, and targets of another shape are refused whole', async () => {
  const { lastGood, held, keyring, alerts } = await opened();
  assert.deepEqual(await lastGood.findTargets(), []);
  const targets = [{ key: 'k', atMs: 7, targets: [{ host: '10.0.0.1', port: 80, weight: 1 }] }];
  await lastGood.keepTargets(targets);
  assert.deepEqual(await lastGood.findTargets(), targets);
  const [target] = targets[0]?.targets ?? [];
  for (const odd of ['{', '{}', '[{}]', JSON.stringify([{ key: 'k', atMs: 7, targets: [{ ...target, port: 0 }] }])]) {
    held.set('/data/last-good-targets', {
      mode: 0o600,
      bytes: keyring.seal('last-good', Buffer.from(odd), 'targets 1'),
    });
    assert.deepEqual(await lastGood.findTargets(), [], odd);
  }
  assert.equal(alerts.length, 4);
  // As many as there can be: those of two configurations, while one takes the place of the other.
  const many = Array.from({ length: UPSTREAM_TARGETS.rowLimit }, (_, at) => ({ key: `k${at}`, atMs: 7, targets: [] }));
  await lastGood.keepTargets(many);
  assert.deepEqual(await lastGood.findTargets(), many);
});

test('the same configuration is written once, and a disk that takes nothing is an alert and no failure', async () => {
  const around = memoryFiles();
  let writes = 0;
  const files = {
    ...around.files,
    replace: () => Promise.resolve((writes++, err({ reason: 'full', detail: 'full' } as const))),
  };
  const failing = await opened({ files: { files, held: around.held } });
  await failing.lastGood.keep(GATHERED);
  await failing.lastGood.keep(GATHERED);
  assert.deepEqual([writes, failing.alerts.map(({ kind }) => kind)], [2, ['data-folder.fault', 'data-folder.fault']]);
  const working = await opened();
  await working.lastGood.keep(GATHERED);
  const written = working.held.get('/data/last-good');
  await working.lastGood.keep(GATHERED);
  assert.equal(working.held.get('/data/last-good'), written);
});
