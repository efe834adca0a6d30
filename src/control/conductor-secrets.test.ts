import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, type Issue, ok, Secret } from '../base/index.ts';
import { gather, type Gathered, parseConfig } from '../config/index.ts';
import type { Alert, Clock, Egress, Files } from '../ports/index.ts';
import { Conductor } from './conductor.ts';
import type { RecordedChange } from './conductor-options.ts';
import { memoryCollection } from './memory-collection.test.ts';

const FILE = '/etc/portcullis.yaml';
const DOCUMENT = '/etc/orders.json';
const REFERENCE = '${file:/run/secrets/webhook}';
const OPENAPI = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 'Orders', version: '1' },
  paths: { '/orders': { get: { operationId: 'list', responses: { '200': { description: 'all' } } } } },
});
const TEXT = `version: 1
alerts: { webhook: { url: https://alerts.acme.example, secret: '${REFERENCE}' } }

apis:
  orders: { openapi: ./orders.json, upstream: http://127.0.0.1:9, auth: public }
`;
const OLD = 'the first secret of the webhook';
const NEW = 'another secret of the webhook';

/** A conductor over a disk that a test writes, with a configuration in force that has a secret and a document. */
async function orchestra() {
  const disk = { text: TEXT, secret: OLD as string | null, document: OPENAPI };
  const said = {
    alerts: [] as Alert[],
    changes: [] as RecordedChange[],
    wrong: [] as Issue[],
    tests: [] as number[],
    recording: true,
  };
  const node = { lacking: [] as Issue[], goesBy: '' };
  const secretOf = ({ secrets }: Gathered): string => Buffer.from(secrets[REFERENCE] ?? []).toString();
  const io = {
    files: {
      read: (path: string) =>
        Promise.resolve(
          path === DOCUMENT
            ? ok(new Uint8Array(Buffer.from(disk.document)))
            : err({ reason: 'missing', detail: 'gone' } as const),
        ),
    } as unknown as Files,
    secrets: {
      resolve: () =>
        Promise.resolve(disk.secret === null ? err('it is gone') : ok(new Secret(Buffer.from(disk.secret)))),
    },
    egress: { call: () => assert.fail('nothing is fetched') } as Egress,
  };
  const conductor = new Conductor({
    ...{ file: FILE, store: null, kinds: [], io },
    readText: () => Promise.resolve(ok(Buffer.from(disk.text))),
    threads: { prepare: () => Promise.resolve([]), install: () => Promise.resolve(true) },
    verifier: {
      verify: ({ config }) => {
        said.tests.push(config.tests.length);
        return Promise.resolve(said.wrong);
      },
    },
    revisions: memoryCollection(new Map()),
    clock: { now: () => 1_000 } as Clock,
    log: { write() {} },
    alerts: { raise: (alert) => void said.alerts.push(alert), list: () => Promise.resolve([]) },
    record: (change) => said.recording && said.changes.push(change) > 0,
    adapt: (gathered) => {
      node.goesBy = secretOf(gathered);
      return Promise.resolve(node.lacking);
    },
    follow: (gathered) => {
      node.goesBy = secretOf(gathered);
      return Promise.resolve();
    },
  });
  const parsed = parseConfig(TEXT, { file: FILE, kinds: [] });
  assert.ok(parsed.ok);
  const first = await gather(parsed.value, { ...io, revision: await conductor.nextRevision() });
  assert.ok(first.ok);
  assert.ok((await conductor.begin(first.value, 'start')).ok);
  said.changes.length = 0;
  return { conductor, disk, said, node };
}

function inForce({ current }: Conductor): Gathered & { readonly secret: string } {
  assert.ok(current !== null);
  return { ...current, secret: Buffer.from(current.secrets[REFERENCE] ?? []).toString() };
}

const actionsOf = (changes: readonly RecordedChange[]): readonly string[] => changes.map(({ action }) => action);

test('a secret that has changed is in force though the text on the disk is refused, which is said as ever', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.text = 'version: 1\napis:\n  ord';
  disk.secret = NEW;
  assert.equal((await conductor.reload('file')).ok, false);
  assert.deepEqual([inForce(conductor).secret, inForce(conductor).text], [NEW, TEXT]);
  assert.equal(said.alerts.length, 1);
  assert.ok(conductor.refusedReload !== null);
  assert.deepEqual(actionsOf(said.changes), ['configuration.refuse', 'secret.change', 'configuration.install']);
  assert.equal(said.changes[1]?.target, REFERENCE);
  assert.ok(!JSON.stringify(said.changes).includes(NEW));
});

test('nor does a document that is half written keep it back, which stays as it was', async () => {
  const { conductor, disk, said } = await orchestra();
  const { hash } = inForce(conductor);
  disk.document = OPENAPI.slice(0, 40);
  disk.secret = NEW;
  assert.equal((await conductor.reload('file')).ok, false);
  const now = inForce(conductor);
  assert.equal(now.secret, NEW);
  assert.equal(Buffer.from(now.documents['orders'] as SharedArrayBuffer).toString(), OPENAPI);
  assert.equal(now.descriptions['orders']?.operations.length, 1);
  assert.equal(now.documentFiles['orders'], DOCUMENT);
  disk.document = OPENAPI;
  assert.ok((await conductor.reload('file')).ok);
  assert.deepEqual(inForce(conductor).revision, now.revision, 'what was read anew is the very same');
  disk.secret = OLD;
  assert.ok((await conductor.reload('file')).ok);
  assert.equal(inForce(conductor).hash, hash);
  assert.equal(said.alerts.length, 1);
});

test('where no secret has changed, a refused reload puts nothing in force', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.text = 'version: 1\n';
  assert.equal((await conductor.reload('file')).ok, false);
  assert.equal(inForce(conductor).revision, 1);
  assert.deepEqual(actionsOf(said.changes), ['configuration.refuse']);
});

test('a secret that can not be used is refused once, and one that is gone leaves what was there', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.secret = 'short';
  assert.equal((await conductor.reload('file')).ok, false);
  assert.deepEqual([said.alerts.length, actionsOf(said.changes)], [1, ['configuration.refuse']]);
  disk.secret = NEW;
  said.wrong = [errorIssue('apis.orders', 'can not be built')];
  assert.equal((await conductor.reload('file')).ok, false);
  assert.equal(said.alerts.length, 2);
  said.wrong = [];
  disk.secret = null;
  assert.equal((await conductor.reload('file')).ok, false);
  assert.equal(inForce(conductor).secret, OLD);
});

test('what is refused twice for the same is told once, and the node goes by what is in force', async () => {
  const { conductor, disk, said, node } = await orchestra();
  disk.secret = NEW;
  node.lacking = [errorIssue('server', 'a certificate can not be had')];
  assert.equal((await conductor.reload('file')).ok, false);
  assert.deepEqual([said.alerts.length, actionsOf(said.changes)], [1, ['configuration.refuse']]);
  assert.deepEqual([inForce(conductor).secret, node.goesBy], [OLD, OLD]);
});

test('a change that the ledger does not take is not made', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.text = 'version: 1\n';
  disk.secret = NEW;
  said.recording = false;
  assert.equal((await conductor.reload('file')).ok, false);
  assert.equal(inForce(conductor).secret, OLD);
});

test('secrets are read anew by themselves: neither the text nor the documents are', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.text = 'nonsense';
  disk.document = 'nonsense';
  disk.secret = NEW;
  assert.deepEqual(await conductor.reread('vault'), ok({ revision: 2 }));
  assert.equal(inForce(conductor).secret, NEW);
  assert.deepEqual(
    said.changes.map(({ action, author }) => `${action} ${author}`),
    ['secret.change vault', 'configuration.install vault'],
  );
  assert.deepEqual([await conductor.reread('vault'), said.changes.length], [ok({ revision: 2 }), 2]);
});

test('a reload that is taken records each secret that it changes', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.secret = NEW;
  assert.ok((await conductor.reload('file')).ok);
  assert.deepEqual(actionsOf(said.changes), ['secret.change', 'configuration.install']);
  disk.text = TEXT.replace('127.0.0.1:9', '127.0.0.1:8');
  assert.ok((await conductor.reload('file')).ok);
  assert.deepEqual(actionsOf(said.changes.slice(2)), ['configuration.install'], 'none has changed');
});

test('what was lacking at the start is lacking still where only secrets are read', async () => {
  const { conductor, disk } = await orchestra();
  const { current } = conductor;
  assert.ok(current !== null && (await conductor.begin(current, 'start', ['the document x'])).ok);
  conductor.opened();
  await conductor.settled();
  assert.ok((await conductor.reread('vault')).ok);
  assert.equal(conductor.readiness.state, 'last-good');
  disk.secret = NEW;
  assert.ok((await conductor.reread('vault')).ok);
  assert.equal(conductor.readiness.state, 'last-good');
  assert.ok((await conductor.reload('file')).ok);
  assert.equal(conductor.readiness.state, 'ready');
});

test('with new secrets alone the tests are not run again, for the text that they stand in is in force', async () => {
  const { conductor, disk, said } = await orchestra();
  disk.text = `${TEXT}tests: [{ do: GET /orders, expect: pass }]\n`;
  assert.ok((await conductor.reload('ada')).ok);
  disk.secret = NEW;
  assert.ok((await conductor.reread('vault')).ok);
  assert.deepEqual([said.tests, inForce(conductor).secret], [[1, 0], NEW]);
  assert.equal(inForce(conductor).config.tests.length, 1);
});
