import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok, Secret } from '../base/index.ts';
import type { Egress, Files, Secrets } from '../ports/index.ts';
import { makeCa, type Signer } from './authority-fixture.test.ts';
import { clientChanges, fixedServer } from './client-changes.ts';
import type { Config } from './config.ts';
import { gather } from './gather.ts';
import { hostWarnings } from './https-hosts.ts';
import { hasOwnCertificate } from './own-certificate.ts';
import { parseConfig } from './parse.ts';

const OWN = 'certificate: { cert: ./a.pem, key: ./a.key }';

const parse = (https: string, hosts: readonly string[] = ['a.test']) =>
  parseConfig(
    `version: 1\nserver: { https: ${https} }\napis:\n${hosts
      .map(
        (host, at) => `  a${at}: { host: ${host}, routes: ['GET /x'], upstream: http://127.0.0.1:3001, auth: public }`,
      )
      .join('\n')}\n`,
    { file: '/etc/portcullis.yaml', kinds: [] },
  );

function configOf(https: string, hosts?: readonly string[]): Config {
  const parsed = parse(https, hosts);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

function refusalOf(https: string, hosts?: readonly string[]): string {
  const parsed = parse(https, hosts);
  assert.ok(!parsed.ok, 'it was taken');
  return parsed.error.map(formatIssue).join('\n');
}

test('a host has a certificate of its own, with paths from where the configuration lies and the key as a reference', () => {
  const { https } = configOf(`{ hosts: { a.test: { ${OWN} }, "*.b.test": { ${OWN} }, c.test: {} } }`).server;
  const certificate = { kind: 'files', certificate: '/etc/a.pem', key: '${file:/etc/a.key}' };
  assert.deepEqual(
    https.hosts.map((host) => [host.name, host.certificate, host.path]),
    [
      ['a.test', certificate, 'server.https.hosts["a.test"]'],
      ['*.b.test', certificate, 'server.https.hosts["*.b.test"]'],
      ['c.test', null, 'server.https.hosts["c.test"]'],
    ],
  );
  const own = (name: string): boolean => hasOwnCertificate(https, name);
  assert.deepEqual(['a.test', 'x.b.test', '*.b.test', 'c.test', 'b.test', 'x.y.b.test', 'x.a.test'].map(own), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a pattern stands for one label and says nothing of clients; half a certificate, or a key in clear, is refused', () => {
  const refused = [
    [
      '{ hosts: { "*.a.test": { clientCa: a.pem } } }',
      /\["\*\.a\.test"\]\.clientCa: what clients must show is said of one/,
    ],
    ['{ clientCa: a.pem, hosts: { "*.a.test": { clientCa: off } } }', /said of one full name/],
    ['{ hosts: { "a.*.test": {} } }', /patterns are not read/],
    ['{ hosts: { "*.*.test": {} } }', /patterns are not read/],
    ['{ hosts: { "*.test": {} } }', /patterns are not read/],
    ['{ hosts: { "*": {} } }', /patterns are not read/],
    ['{ hosts: { "*.A.test": {} } }', /canonical/],
    ['{ hosts: { "*.10.0.0.1": {} } }', /no address/],
    ['{ hosts: { a.test: { certificate: { cert: a.pem } } } }', /certificate\.key/],
    ['{ hosts: { a.test: { certificate: local } } }', /certificate/],
    ['{ hosts: { a.test: { certificate: { acme: { email: a@b.test } } } } }', /certificate/],
    ['{ hosts: { a.test: { certificate: { cert: a.pem, key: "-----BEGIN PRIVATE KEY-----" } } } }', /never written/],
  ] as const;
  for (const [https, words] of refused) assert.match(refusalOf(https), words, https);
});

test('a host that no API names, by itself or by a pattern, is warned of', () => {
  const config = configOf(`{ hosts: { "*.a.test": { ${OWN} }, "*.b.test": { ${OWN} } } }`, ['x.a.test']);
  assert.deepEqual(
    hostWarnings(config, {}).map(({ path }) => path),
    ['server.https.hosts["*.b.test"]'],
  );
});

test('hosts with a certificate of their own are nothing that a CA is asked for', () => {
  const acme = 'certificate: { acme: { email: a@b.test } }';
  assert.ok(parse(`{ ${acme}, hosts: { internal: { ${OWN} } } }`, ['internal', 'api.acme.example']).ok);
  assert.match(refusalOf(`{ ${acme} }`, ['internal']), /no public CA gives a certificate for this host/);
  const named = 'certificate: { acme: { email: a@b.test, names: [a.acme.example, b.acme.example] } }';
  for (const name of ['a.acme.example', '"*.acme.example"'])
    assert.match(
      refusalOf(`{ ${named}, hosts: { ${name}: { ${OWN} } } }`, ['a.acme.example']),
      /names\[0\]: a\.acme\.example has a certificate of its own/,
    );
});

test('certificates of hosts change while the gateway runs, and are told as changes', () => {
  const [none, one, other] = [
    '{}',
    `{ hosts: { a.test: { ${OWN} } } }`,
    '{ hosts: { a.test: { certificate: { cert: b, key: c } } } }',
  ];
  const fixed = (https: string): string => JSON.stringify(fixedServer(configOf(https).server));
  assert.equal(fixed(one), fixed(none));
  const told = (before: string, after: string): readonly string[] =>
    clientChanges(configOf(before).server.https, configOf(after).server.https).map(
      ({ effect, about, message }) => `${effect} ${about} ${message}`,
    );
  assert.deepEqual(told(one, one), []);
  assert.deepEqual(told(none, one), ['changes server a.test: clients see a certificate of its own']);
  assert.deepEqual(told(one, other), ['changes server a.test: clients see another certificate']);
  assert.deepEqual(told(one, none), ['changes server a.test: clients see the certificate of the https port again']);
});

async function gathered(https: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const parsed = parse(https);
  assert.ok(parsed.ok);
  const read: Files['read'] = (path) => {
    const text = files[path];
    return Promise.resolve(text === undefined ? err({ reason: 'missing', detail: '' }) : ok(Buffer.from(text)));
  };
  const resolve: Secrets['resolve'] = (reference) => {
    const text = reference.scheme === 'file' ? files[reference.path] : undefined;
    return Promise.resolve(text === undefined ? err('is not there') : ok(new Secret(Buffer.from(text))));
  };
  const ports = { files: { read } as Files, secrets: { resolve }, egress: {} as Egress, revision: 1 };
  const result = await gather(parsed.value, ports);
  return result.ok ? Object.keys(result.value.files) : result.error.map(formatIssue);
}

const keyOf = ({ key }: Signer): string => key.export({ type: 'pkcs8', format: 'pem' }).toString();

test('the files of each host are gathered, so that they are watched, and must be for the host', async () => {
  const https = `{ hosts: { a.test: { ${OWN} } } }`;
  const at = 'server.https.hosts["a.test"].certificate';
  const fit = await makeCa('CN=Leaf', { isCa: false, names: ['b.test', 'a.test'] });
  assert.deepEqual(await gathered(https, { '/etc/a.pem': fit.pem, '/etc/a.key': keyOf(fit) }), ['/etc/a.pem']);
  const other = await makeCa('CN=a.test', { isCa: false, names: ['b.test', '*.a.test'] });
  const cases = [
    [
      { '/etc/a.pem': other.pem, '/etc/a.key': keyOf(other) },
      `${at}.cert: holds a certificate that does not name a.test`,
    ],
    [{ '/etc/a.pem': fit.pem, '/etc/a.key': keyOf(other) }, `${at}.key: holds a key that does not belong`],
    [{ '/etc/a.pem': 'nothing', '/etc/a.key': keyOf(other) }, `${at}.cert: holds no certificate in PEM`],
    [{ '/etc/a.key': keyOf(other) }, `${at}.cert`],
    [{ '/etc/a.pem': fit.pem }, `${at}.key: is not there`],
  ] as const;
  for (const [files, words] of cases) {
    const told = (await gathered(https, files)).join('\n');
    assert.ok(told.includes(words), `${words}: ${told}`);
  }
});

test('a pattern needs a certificate with that pattern: one of its names, or a part of a label, is not enough', async () => {
  const https = `{ hosts: { "*.b.test": { ${OWN} } } }`;
  const told = async (names: readonly string[]): Promise<string> => {
    const made = await makeCa('CN=Leaf', { isCa: false, names });
    return (await gathered(https, { '/etc/a.pem': made.pem, '/etc/a.key': keyOf(made) })).join('\n');
  };
  assert.equal(await told(['*.b.test']), '/etc/a.pem');
  for (const names of [['a.b.test'], ['x*.b.test'], ['*.c.b.test'], ['b.test']])
    assert.match(await told(names), /does not name \*\.b\.test/, names.join());
});
