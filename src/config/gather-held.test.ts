import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok, Secret } from '../base/index.ts';
import { makeCa, NOW_MS } from './authority-fixture.test.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import type { GatherOptions } from './gather-work.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/p/portcullis.yaml';
const TEXT = `version: 1
server: { https: { certificate: { cert: c.pem, key: k.pem } } }
values: { colours: { file: colours.txt, of: texts } }
apis:
  orders:
    openapi: orders.yaml
    upstream: { targets: [https://one.example], ca: ca.pem }
    auth: public
    deny: { addresses: [{ file: bad.txt }] }
`;
const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders: { get: { operationId: list, security: [{}], responses: { 200: { description: All. } } } }
`;

/** A certificate and its key, PEM. */
async function pair(subject: string): Promise<{ readonly certPem: string; readonly keyPem: string }> {
  const { pem, key } = await makeCa(subject);
  return { certPem: pem, keyPem: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

type Disk = Record<string, string>;

function gatherOf(disk: Disk, held?: Gathered): ReturnType<typeof gather> {
  const parsed = parseConfig(TEXT, { file: FILE, kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const read = (path: string): Uint8Array | null => {
    const text = disk[path.replace('/etc/p/', '')];
    return text === undefined ? null : Buffer.from(text);
  };
  const options = {
    files: {
      read: async (path: string) => {
        const bytes = read(path);
        return bytes === null ? err({ reason: 'missing', detail: 'ENOENT' } as const) : ok(bytes);
      },
    },
    secrets: {
      resolve: async (reference: { readonly path: string }) => {
        const bytes = read(reference.path);
        return bytes === null ? err('it is gone') : ok(new Secret(bytes));
      },
    },
    egress: { call: () => assert.fail('nothing is fetched') },
    machine: { now: () => NOW_MS, nodeVersion: process.version },
    ...{ revision: 1, ...(held === undefined ? {} : { held }) },
  } as unknown as GatherOptions;
  return gather(parsed.value, options);
}

async function gathered(...given: Parameters<typeof gatherOf>): Promise<Gathered> {
  const result = await gatherOf(...given);
  return result.ok ? result.value : assert.fail(result.error.map(formatIssue).join('\n'));
}

test('of a configuration that is held, keys and their certificates are read anew, and nothing else is', async () => {
  const [first, second] = [await pair('CN=First'), await pair('CN=Second')];
  const disk: Disk = {
    ...{ 'c.pem': first.certPem, 'k.pem': first.keyPem, 'ca.pem': first.certPem },
    ...{ 'orders.yaml': DOCUMENT, 'colours.txt': 'red\n', 'bad.txt': '192.0.2.1\n' },
  };
  const held = await gathered(disk);
  // All but the pair is half written, or gone.
  const broken: Disk = { ...disk, 'orders.yaml': 'openapi', 'ca.pem': 'x', 'bad.txt': 'no address\n' };
  delete broken['colours.txt'];
  assert.equal((await gatherOf(broken)).ok, false);
  assert.deepEqual(await gathered(broken, held), held, 'what is held is the same, to the places of its lines');
  const next = await gathered({ ...broken, 'c.pem': second.certPem, 'k.pem': second.keyPem }, held);
  assert.notEqual(next.hash, held.hash);
  const differing = (one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>) =>
    Object.keys(one).filter((name) => one[name] !== other[name]);
  assert.deepEqual(
    differing(held.files, next.files).map((name) => name.replace('/etc/p/', '')),
    ['c.pem'],
  );
  assert.equal(Buffer.from(Object.values(next.files)[0] ?? []).toString(), second.certPem);
  assert.equal(Buffer.from(Object.values(next.secrets)[0] ?? []).toString(), second.keyPem);
  // Read without their documents and files, these are a configuration like any other.
  assert.equal((await gathered({ ...disk, 'c.pem': second.certPem, 'k.pem': second.keyPem })).hash, next.hash);
});

test('a key without its certificate is refused where the rest is held, too', async () => {
  const [first, second] = [await pair('CN=First'), await pair('CN=Second')];
  const disk: Disk = {
    ...{ 'c.pem': first.certPem, 'k.pem': first.keyPem, 'ca.pem': first.certPem },
    ...{ 'orders.yaml': DOCUMENT, 'colours.txt': 'red\n', 'bad.txt': '192.0.2.1\n' },
  };
  const held = await gathered(disk);
  const told = await gatherOf({ ...disk, 'k.pem': second.keyPem }, held);
  assert.match(told.ok ? '' : told.error.map(formatIssue).join(), /does not belong to the certificate/);
});
