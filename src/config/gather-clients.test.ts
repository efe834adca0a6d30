import 'reflect-metadata';
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { err, formatIssue, type Issue, ok, type Result } from '../base/index.ts';
import type { Egress, Files, Secrets } from '../ports/index.ts';
import { crlPem, makeCa, makeCrl, NOW_MS, type Signer } from './authority-fixture.test.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import type { GatherOptions } from './gather-work.ts';
import { parseConfig } from './parse.ts';
import { endOfLists } from './revocation-lists.ts';

const HOUR_MS = 3_600_000;
let root: Signer;
let middle: Signer;
let other: Signer;

before(async () => {
  root = await makeCa('CN=Root');
  middle = await makeCa('CN=Middle', { by: root });
  other = await makeCa('CN=Other');
});

type Contents = Readonly<Record<string, string | Uint8Array>>;

const unused = (): never => assert.fail('nothing of it is asked');
const NEW_NODE: NonNullable<GatherOptions['machine']> = { now: () => NOW_MS, nodeVersion: 'v26.13.1' };

async function gathered(
  https: string,
  files: Contents,
  more: Partial<GatherOptions> = { machine: NEW_NODE },
  apis = 'a: { routes: [GET /], upstream: http://127.0.0.1:9, auth: public }',
): Promise<Result<Gathered, readonly Issue[]>> {
  const text = `version: 1\nserver: { https: ${https} }\napis: { ${apis} }\n`;
  const parsed = parseConfig(text, { file: '/p.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const read: Files['read'] = (path) => {
    const content = files[path];
    return Promise.resolve(content === undefined ? err({ reason: 'missing', detail: '' }) : ok(Buffer.from(content)));
  };
  const ports = {
    files: { read } as Files,
    secrets: { resolve: unused } as Secrets,
    egress: { call: unused } as Egress,
  };
  return await gather(parsed.value, { ...ports, ...more, revision: 1 });
}

async function refusal(https: string, files: Contents, more?: Partial<GatherOptions>, apis?: string): Promise<string> {
  const result = await gathered(https, files, more, apis);
  assert.ok(!result.ok, 'it was taken');
  return result.error.map(formatIssue).join('\n');
}

const text = (result: Result<Gathered, readonly Issue[]>, file: string): string => {
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return Buffer.from(result.value.files[file] ?? []).toString();
};

test('the CAs of a file are read, each once and nothing around them', async () => {
  const result = await gathered('{ clientCa: /ca.pem }', { '/ca.pem': `words\n${root.pem}${other.pem}${root.pem}` });
  assert.equal(text(result, '/ca.pem'), root.pem + other.pem);
});

test('a CA that is missing, is none, or does not hold now is an issue', async () => {
  const cases: readonly (readonly [content: string | null, words: RegExp])[] = [
    [null, /clientCa: .*\/ca\.pem/],
    ['', /clientCa: holds no certificate in PEM/],
    [(await makeCa('CN=Leaf', { isCa: false })).pem, /holds "CN=Leaf", which is no CA/],
    [(await makeCa('CN=Old', { fromHours: -9, toHours: -1 })).pem, /holds "CN=Old", which ended at 2029-12-31T23/],
    [(await makeCa('CN=New', { fromHours: 1 })).pem, /holds "CN=New", which begins at 2030-01-01T01/],
    [middle.pem, /holds "CN=Middle" without the CA above it/],
    [(await makeCa('CN=Middle', { by: await makeCa('CN=Root') })).pem + root.pem, /"CN=Middle" without the CA above/],
    [root.pem.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), /cannot be read/],
  ];
  for (const [content, words] of cases)
    assert.match(await refusal('{ clientCa: /ca.pem }', content === null ? {} : { '/ca.pem': content }), words);
});

test('a missing CA of one host is an issue, whatever the others have', async () => {
  const https = '{ clientCa: /ca.pem, hosts: { b.test: { clientCa: /b.pem } } }';
  assert.match(await refusal(https, { '/ca.pem': root.pem }), /hosts\["b\.test"\]\.clientCa: /);
});

describe('CAs of one name at two hosts', () => {
  const HOSTS =
    '{ hosts: { a.test: { clientCa: /a.pem }, b.test: { clientCa: /b.pem }, c.test: { clientCa: /c.pem } } }';
  const api = (host: string, auth = '[mtls]'): string =>
    `${host}: { host: ${host}.test, routes: [GET /], upstream: 'http://127.0.0.1:9', auth: ${auth} }`;
  const all = ['a', 'b', 'c'].map((host) => api(host)).join(', ');
  let next: Signer;
  let files: Contents;

  before(async () => {
    next = await makeCa('CN=Root');
    files = { '/a.pem': root.pem, '/b.pem': other.pem, '/c.pem': next.pem };
  });

  test('are refused where both say who calls: the one could sign as a caller of the other', async () => {
    const told = await refusal(HOSTS, files, undefined, all);
    assert.match(
      told,
      /^\S+ server\.https\.hosts\["c\.test"\]\.clientCa: has another CA "CN=Root" than server\.https\.hosts\["a\.test"\]/,
    );
    assert.match(told, /would pass for a caller of the other \(give CAs of different owners different names/);
    const anyHost = "any: { routes: [GET /], upstream: 'http://127.0.0.1:9', auth: [mtls] }";
    const https = '{ clientCa: /a.pem, hosts: { c.test: { clientCa: /c.pem } } }';
    assert.match(await refusal(https, files, undefined, anyHost), /has another CA "CN=Root"/);
    const own = `operations: { 'GET /': { auth: [mtls] } }`;
    const open = `${api('a', `public, ${own}`)}, ${api('c')}`;
    assert.match(await refusal(HOSTS, files, undefined, open), /has another CA "CN=Root"/);
  });

  test('are taken where one of them names no caller', async () => {
    assert.ok((await gathered(HOSTS, files, undefined, `${api('a')}, ${api('c', 'public')}`)).ok);
  });

  test('are taken while a CA gets a new key, as long as all files have one of its keys', async () => {
    const renewed = await makeCa('CN=Root', { keyOf: root });
    const taken = async (c: string, b = other.pem): Promise<boolean> =>
      (await gathered(HOSTS, { ...files, '/b.pem': b, '/c.pem': c }, undefined, all)).ok;
    assert.deepEqual([await taken(renewed.pem), await taken(next.pem + root.pem)], [true, true]);
    // That one file has both does not make the two others' the same.
    assert.equal(await taken(next.pem, root.pem + next.pem), false);
    const first = { ...files, '/a.pem': root.pem + next.pem, '/b.pem': root.pem };
    assert.match(await refusal(HOSTS, first, undefined, all), /has another CA "CN=Root"/);
  });
});

test('more CAs than a client should hear of are an issue', async () => {
  const many = await Promise.all(Array.from({ length: 101 }, (_, at) => makeCa(`CN=Root ${at}`)));
  const files = { '/ca.pem': many.map(({ pem }) => pem).join('') };
  assert.match(await refusal('{ clientCa: /ca.pem }', files), /holds 101 CAs, and at most 100 are read/);
});

test('below the security floor of Node clients are judged only where that is accepted', async () => {
  const machine = { now: () => NOW_MS, nodeVersion: 'v26.10.0' };
  const files = { '/ca.pem': root.pem };
  assert.match(
    await refusal('{ clientCa: /ca.pem }', files, { machine }),
    /clientCa: Node 26\.10\.0 is older than .* \(use a newer Node, or write acceptNodeBelowFloor: true\)/,
  );
  assert.ok((await gathered('{ clientCa: /ca.pem, acceptNodeBelowFloor: true }', files, { machine })).ok);
  assert.ok((await gathered('{}', {}, { machine })).ok);
});

test('where neither time nor version are known no CA is taken', async () => {
  assert.match(await refusal('{ clientCa: /ca.pem }', { '/ca.pem': root.pem }, {}), /can not be judged here/);
  assert.ok((await gathered('{ hosts: { b.test: { clientCa: off } } }', {}, {})).ok);
});

const HTTPS = '{ clientCa: /ca.pem, clientCrl: /ca.crl }';

test('lists are read from PEM or DER, and what is in force is PEM', async () => {
  const list = await makeCrl(root, { revoked: ['0a'] });
  for (const content of [list, crlPem(list), `words\n${crlPem(list)}`]) {
    const result = await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': content });
    assert.equal(text(result, '/ca.crl'), crlPem(list));
    assert.equal(endOfLists(Buffer.from(crlPem(list))), NOW_MS + 48 * HOUR_MS);
  }
});

test('a list of thousands is read whole', async () => {
  const revoked = Array.from({ length: 3_000 }, (_, at) => (0x1000_0000 + at).toString(16));
  const list = crlPem(await makeCrl(root, { revoked }));
  assert.equal(text(await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': list }), '/ca.crl'), list);
});

test('of two lists of one CA the newer counts, in whatever order they stand', async () => {
  const [old, young] = [
    await makeCrl(root, { fromHours: -9 }),
    await makeCrl(root, { fromHours: -2, revoked: ['0a'] }),
  ];
  for (const lists of [crlPem(old, young), crlPem(young, old)]) {
    const result = await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': lists });
    assert.equal(text(result, '/ca.crl'), crlPem(young));
  }
});

test('two CAs of one name have a list each, told apart by who signed it', async () => {
  const twin = await makeCa('CN=Root');
  const [own, others] = [await makeCrl(root), await makeCrl(twin, { fromHours: -5 })];
  const files = { '/ca.pem': root.pem + twin.pem, '/ca.crl': crlPem(own, others) };
  assert.equal(text(await gathered(HTTPS, files), '/ca.crl'), crlPem(own, others));
});

test('a CA that was renewed with its key has one list with the one before', async () => {
  const renewed = await makeCa('CN=Root', { keyOf: root, toHours: 999 });
  const list = crlPem(await makeCrl(root, { revoked: ['0a'] }));
  const result = await gathered(HTTPS, { '/ca.pem': root.pem + renewed.pem, '/ca.crl': list });
  assert.equal(text(result, '/ca.crl'), list);
});

test('a list that is missing, foreign or only a part is an issue', async () => {
  const own = await makeCrl(root);
  const forged = await makeCrl({ ...root, key: other.key });
  const broken = Buffer.from(own);
  broken.writeUInt8(broken.readUInt8(broken.length - 1) ^ 1, broken.length - 1);
  const cases: readonly (readonly [ca: string, crl: string | Buffer | null, words: RegExp])[] = [
    [root.pem, null, /clientCrl: .*\/ca\.crl/],
    [root.pem, '', /clientCrl: holds no revocation list/],
    [root.pem, root.pem, /clientCrl: holds no revocation list/],
    [root.pem, Buffer.from([0x30, 3, 2, 1, 1]), /holds a revocation list that cannot be read/],
    [root.pem, crlPem(own).replace(/\n[A-Za-z0-9+/]{8}/, '\n!!!!!!!!'), /revocation list/],
    [root.pem + middle.pem, own, /holds no list of "CN=Middle"/],
    [root.pem, crlPem(own, await makeCrl(other)), /holds a list of "CN=Other" that no CA of `clientCa` has signed/],
    [root.pem, forged, /holds a list of "CN=Root" that no CA/],
    [root.pem, broken, /holds a list of "CN=Root" that no CA/],
    [root.pem, await makeCrl(root, { toHours: null }), /does not say when it ends/],
    [root.pem, await makeCrl(root, { fromHours: 1 }), /holds a list that begins at 2030-01-01T01/],
    [root.pem, await makeCrl(root, { extension: '2.5.29.27' }), /that is only a part/],
    [root.pem, await makeCrl(root, { extension: '2.5.29.28' }), /that is only a part/],
  ];
  for (const [ca, crl, words] of cases)
    assert.match(await refusal(HTTPS, { '/ca.pem': ca, ...(crl === null ? {} : { '/ca.crl': crl }) }), words);
});

test('an older list that is past its end does no harm beside a newer one', async () => {
  const old = await makeCrl(root, { fromHours: -9, toHours: -1 });
  const young = await makeCrl(root, { fromHours: -1 });
  const result = await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': crlPem(old, young) });
  assert.equal(text(result, '/ca.crl'), crlPem(young));
});

test('a list that is past its end is taken, since it lets nobody in, and warned of', async () => {
  const ended = await makeCrl(root, { fromHours: -9, toHours: -1 });
  const result = await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': ended });
  assert.equal(text(result, '/ca.crl'), crlPem(ended));
  const told = (result.ok ? result.value.warnings : []).map(formatIssue).join('\n');
  assert.match(told, /clientCrl: a list of this file ended at 2029-12-31T23:00:00\.000Z: no client of its CA comes in/);
});

test('one file can not be both', async () => {
  const both = root.pem + crlPem(await makeCrl(root));
  assert.match(
    await refusal('{ clientCa: /x.pem, clientCrl: /x.pem }', { '/x.pem': both }),
    /this file is a `clientCa`/,
  );
});

test('a list that ends within a day is warned of', async () => {
  const files = { '/ca.pem': root.pem, '/ca.crl': await makeCrl(root, { toHours: 20 }) };
  const result = await gathered(HTTPS, files);
  assert.ok(result.ok);
  assert.deepEqual(
    result.value.warnings.map(({ path }) => path),
    ['server.https.clientCrl'],
  );
});

test('another list makes another configuration', async () => {
  const hashOf = async (crl: Buffer): Promise<string> => {
    const result = await gathered(HTTPS, { '/ca.pem': root.pem, '/ca.crl': crl });
    assert.ok(result.ok);
    return result.value.hash;
  };
  assert.notEqual(await hashOf(await makeCrl(root)), await hashOf(await makeCrl(root, { revoked: ['0a'] })));
});
