import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import * as x509 from '@peculiar/x509';
import { z } from 'zod';
import { err, formatIssue, ok, Secret } from '../base/index.ts';
import type { PolicyKind } from '../policy/index.ts';
import type { Egress, EgressReply, EgressRequest, Files, Secrets } from '../ports/index.ts';
import { configuredOf } from './configured.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import type { GatherOptions } from './gather-work.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/p/portcullis.yaml';

const DOCUMENT = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders/{id}:
    get:
      operationId: getOrder
      parameters:
        - { name: id, in: path, required: true, schema: { type: string } }
      responses:
        200: { description: An order. }
`;

const CONFIG = `version: 1
apis:
  orders:
    openapi: orders.yaml
    upstream: http://127.0.0.1:3001
    auth: public
`;

type Table = Readonly<Record<string, string | Uint8Array>>;

/** Ports over tables: files by absolute path, variables by name, replies by URL. */
function portsOver(files: Table, more: { env?: Table; web?: Readonly<Record<string, Partial<EgressReply>>> } = {}) {
  const calls: EgressRequest[] = [];
  const bytesOf = (content: string | Uint8Array): Uint8Array =>
    typeof content === 'string' ? Buffer.from(content) : content;
  const find = (table: Table | undefined, name: string): Uint8Array | null => {
    const content = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
    return content === undefined ? null : bytesOf(content);
  };
  const reader: Pick<Files, 'read'> = {
    read: async (path, limitBytes) => {
      const bytes = find(files, path);
      if (bytes === null) return err({ reason: 'missing', detail: 'ENOENT' });
      return bytes.byteLength > limitBytes ? err({ reason: 'too-large', detail: '' }) : ok(bytes);
    },
  };
  const secrets: Secrets = {
    resolve: async (reference) => {
      const bytes = reference.scheme === 'env' ? find(more.env, reference.name) : find(files, reference.path);
      const name = reference.scheme === 'env' ? reference.name : reference.path;
      return bytes === null ? err(`nothing is behind ${reference.scheme}:${name}`) : ok(new Secret(bytes));
    },
  };
  const egress: Egress = {
    call: async (request) => {
      calls.push(request);
      const reply = more.web?.[request.url];
      if (reply === undefined) return err({ reason: 'unreachable', detail: 'ECONNREFUSED' });
      return ok({ status: 200, headers: new Map(), body: new Uint8Array(), ...reply });
    },
  };
  const options: GatherOptions = { files: reader as Files, secrets, egress, revision: 7 };
  return { options, calls };
}

async function gathered(text: string, ports: GatherOptions, kinds: readonly PolicyKind<unknown>[] = []) {
  const parsed = parseConfig(text, { file: FILE, kinds });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return gather(parsed.value, ports);
}

async function value(text: string, ports: GatherOptions, kinds?: readonly PolicyKind<unknown>[]): Promise<Gathered> {
  const result = await gathered(text, ports, kinds);
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value;
}

async function words(text: string, ports: GatherOptions, kinds?: readonly PolicyKind<unknown>[]): Promise<string[]> {
  const result = await gathered(text, ports, kinds);
  return result.ok ? [] : result.error.map(formatIssue);
}

function read(bytes: SharedArrayBuffer | undefined): unknown {
  return JSON.parse(Buffer.from(new Uint8Array(bytes ?? new SharedArrayBuffer(0))).toString()) as unknown;
}

test('a description is read from YAML or JSON and kept as the bytes of JSON', async () => {
  const { options } = portsOver({ '/etc/p/orders.yaml': DOCUMENT });
  const fromYaml = await value(CONFIG, options);
  assert.equal(fromYaml.revision, 7);
  assert.deepEqual(
    fromYaml.descriptions.orders?.operations.map(({ id }) => id),
    ['getOrder'],
  );
  const json = JSON.stringify(read(fromYaml.documents.orders), null, 2);
  const fromJson = await value(CONFIG, portsOver({ '/etc/p/orders.yaml': `\ufeff${json}` }).options);
  assert.deepEqual(read(fromJson.documents.orders), read(fromYaml.documents.orders));
  assert.deepEqual(Object.keys((read(fromJson.documents.orders) as { paths: object }).paths), ['/orders/{id}']);
});

test('what was gathered can be sent to a thread, and documents are shared rather than copied', async () => {
  const gatheredData = await value(CONFIG, portsOver({ '/etc/p/orders.yaml': DOCUMENT }).options);
  assert.deepEqual(structuredClone(gatheredData), gatheredData);
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(gatheredData);
  const { message } = receiveMessageOnPort(port2) as { message: Gathered };
  port1.close();
  assert.deepEqual(message.descriptions, gatheredData.descriptions);
  new Uint8Array(gatheredData.documents.orders as SharedArrayBuffer)[0] = 0x5b;
  assert.equal(new Uint8Array(message.documents.orders as SharedArrayBuffer)[0], 0x5b);
});

test('bytes are copied out of pools, so that sending them sends nothing else', async () => {
  const { options } = portsOver({ '/etc/p/list': Buffer.from('one') }, { env: { TOKEN: Buffer.from('hunter2') } });
  const text = CONFIG.replace('openapi: orders.yaml', 'routes: [GET /x]').concat(
    '    policies: { list: { file: ./list } }\n',
  );
  const { files, secrets } = await value(text, options, [list]);
  assert.equal(files['./list']?.buffer.byteLength, 3);
  assert.equal(secrets['${env:TOKEN}']?.buffer.byteLength, 7);
});

test('the hash follows every byte of text, documents, files and secrets, and nothing else', async () => {
  const text = `${CONFIG}    policies: { list: { file: list } }\n`;
  const files = { '/etc/p/orders.yaml': DOCUMENT, '/etc/p/list': 'one' };
  const hashOf = async (changed: string, table: Table, token = 'a'): Promise<string> =>
    (await value(changed, portsOver(table, { env: { TOKEN: token } }).options, [list])).hash;
  const hash = await hashOf(text, files);
  assert.match(hash, /^[0-9a-f]{64}$/);
  assert.equal(await hashOf(text, { ...files, '/etc/p/other': 'x' }), hash);
  const others = [
    await hashOf(`${text}# a comment\n`, files),
    await hashOf(text, { ...files, '/etc/p/list': 'two' }),
    await hashOf(text, { ...files, '/etc/p/orders.yaml': DOCUMENT.replace('An order', 'The order') }),
    await hashOf(text, files, 'b'),
  ];
  assert.equal(new Set([hash, ...others]).size, 5);
});

test('a description comes from a URL, with bounds, and addresses that the operator named are allowed', async () => {
  const url = 'https://ada.internal/openapi?key=hunter2';
  const { options, calls } = portsOver({}, { web: { [url]: { body: Buffer.from(DOCUMENT) } } });
  const { descriptions } = await value(CONFIG.replace('orders.yaml', url), options);
  assert.equal(descriptions.orders?.title, 'Orders');
  const [call] = calls;
  assert.equal(call?.reach, 'named');
  assert.equal(call?.limitBytes, 32 * 1024 * 1024);
  assert.ok((call?.timeoutMs ?? 0) > 0);
});

test('a URL that gives no description is told without its query', async () => {
  const url = 'https://ada.internal/openapi?key=hunter2';
  const text = CONFIG.replace('orders.yaml', url);
  assert.deepEqual(await words(text, portsOver({}).options), [
    `${FILE}:4:5 apis.orders.openapi: https://ada.internal/openapi cannot be reached`,
  ]);
  assert.deepEqual(await words(text, portsOver({}, { web: { [url]: { status: 302 } } }).options), [
    `${FILE}:4:5 apis.orders.openapi: https://ada.internal/openapi answered with status 302 (redirects are not followed: write the URL it leads to)`,
  ]);
  const html = { web: { [url]: { body: Buffer.from('<html>a: b: c</html>') } } };
  const told = (await words(text, portsOver({}, html).options)).join('\n');
  assert.match(told, /^https:\/\/ada\.internal\/openapi:1:/);
  assert.ok(!told.includes('hunter2'));
});

test('a description over plain http is a warning, unless it comes from this machine', async () => {
  const warningsFor = async (url: string): Promise<string[]> => {
    const { options } = portsOver({}, { web: { [url]: { body: Buffer.from(DOCUMENT) } } });
    return (await value(CONFIG.replace('orders.yaml', url), options)).warnings.map(formatIssue);
  };
  assert.match(
    (await warningsFor('http://ada.internal/a')).join(),
    /apis\.orders\.openapi: this description comes over plain http/,
  );
  assert.equal((await warningsFor('http://127.ada.internal/a')).length, 1);
  assert.deepEqual(await warningsFor('http://127.0.0.1:3000/a'), []);
  assert.deepEqual(await warningsFor('https://ada.internal/a'), []);
});

test('files of values are gathered as lists in JSON, each as one thing only', async () => {
  const files = { '/etc/p/orders.yaml': DOCUMENT, '/etc/p/a.txt': 'A1\nB2\n', '/etc/p/n.txt': '1\n2.5\n' };
  const numbers = 'n: { file: n.txt, of: numbers }';
  const { options } = portsOver(files);
  const { files: gathered } = await value(`${CONFIG}values: { a: a.txt, b: a.txt, ${numbers} }\n`, options);
  const texts = Object.entries(gathered).map(([name, bytes]) => [name, Buffer.from(bytes).toString()]);
  assert.deepEqual(texts, [
    ['/etc/p/a.txt', '["A1","B2"]'],
    ['/etc/p/n.txt', '[1,2.5]'],
  ]);
  const twice = await words(`${CONFIG}    values: { m: n.txt }\nvalues: { ${numbers} }\n`, options);
  assert.match(twice.join(), /apis\.orders\.values\.m: the values of this file are numbers elsewhere/);
  const ca = CONFIG.replace('http://127.0.0.1:3001', '{ targets: [https://127.0.0.1:3001], ca: a.txt }');
  assert.match(
    (await words(`${ca}values: { a: a.txt }\n`, options)).join(),
    /values\.a: this file is read for something else/,
  );
});

test('what of rules, and of pages that may call, is hardly meant is a warning', async () => {
  const described = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    post:
      operationId: addOrder
      requestBody:
        content:
          application/json: { schema: { type: object, properties: { currency: { type: string } } } }
      responses: { '200': { description: fine } }
`;
  const more = `    cors: { origins: ['http://a.example'], credentials: true }
    operations: { addOrder: { validate: observe, rules: [request.body.currncy == 'EUR'] } }
`;
  const { options } = portsOver({ '/etc/p/orders.yaml': described });
  const { warnings } = await value(CONFIG + more, options);
  assert.deepEqual(
    warnings.map(({ severity, path }) => [severity, path]),
    ['cors.origins[0]', 'operations.addOrder.rules[0]', 'operations.addOrder.rules[0]'].map((path) => [
      'warning',
      `apis.orders.${path}`,
    ]),
  );
  assert.match(warnings.map(formatIssue).join(), /is not encrypted.*only observed.*has a property "currncy"/s);
});

test('what a description makes the gateway refuse or wave through is a warning at its line', async () => {
  const described = `openapi: 3.1.0
info: { title: Orders, version: '1' }
paths:
  /orders:
    post:
      operationId: addOrder
      parameters:
        - { name: any, in: query, schema: { type: object } }
      requestBody:
        content:
          application/xml: { schema: { type: object } }
      responses: { '200': { description: fine } }
`;
  const { options } = portsOver({ '/etc/p/orders.yaml': described });
  const { warnings, descriptions } = await value(CONFIG, options);
  assert.deepEqual(
    warnings.map(({ severity, place }) => [severity, place?.file, place?.line]),
    [
      ['warning', '/etc/p/orders.yaml', 8],
      ['warning', '/etc/p/orders.yaml', 11],
    ],
  );
  assert.match(warnings.map(formatIssue).join(), /`any` takes every name.*`application\/xml` can't be held/s);
  assert.deepEqual(descriptions['orders']?.warnings, warnings);
});

test('every problem of all files is told at once, each with a line', async () => {
  const text = `version: 1
server: { https: { certificate: { cert: cert.pem, key: "\${env:KEY}" } } }
apis:
  one: { openapi: missing.yaml, upstream: { targets: [https://a], ca: ca.pem }, auth: public }
  two: { openapi: broken.json, upstream: http://b, auth: public }
  three: { openapi: orders.yaml, upstream: http://c, auth: public, operations: { getOrdr: {} } }
  four: { openapi: twice.yaml, upstream: http://d, auth: public }
`;
  const files = {
    '/etc/p/broken.json': '{"openapi": "3.1.0",\n "info" }',
    '/etc/p/orders.yaml': DOCUMENT,
    '/etc/p/twice.yaml': DOCUMENT.replace('paths:', 'paths: {}\npaths:'),
    '/etc/p/ca.pem': 'nothing of the kind',
  };
  assert.deepEqual(
    (await words(text, portsOver(files).options)).toSorted(),
    [
      '/etc/p/broken.json:2:9 is not JSON from here on',
      `${FILE}:2:35 server.https.certificate.cert: there is no file /etc/p/cert.pem (relative paths start at the configuration file)`,
      `${FILE}:2:51 server.https.certificate.key: nothing is behind env:KEY`,
      `${FILE}:4:10 apis.one.openapi: there is no file /etc/p/missing.yaml (relative paths start at the configuration file)`,
      `${FILE}:4:67 apis.one.upstream.ca: holds no certificate in PEM (it begins with -----BEGIN CERTIFICATE-----)`,
      `${FILE}:6:82 apis.three.operations.getOrdr: the API has no operation of this name (did you mean "getOrder"?)`,
      '/etc/p/twice.yaml:4:1 paths: this key stands in line 3 already (keep one of them)',
    ].toSorted(),
  );
});

test('what a description has wrong is told with the line of the description', async () => {
  const broken = DOCUMENT.replace('in: path', 'in: paths');
  for (const [name, text, line] of [
    ['orders.yaml', broken, 8],
    ['orders.json', '{"openapi": "3.1.0", "info": {"title": "a", "version": "1"},\n"paths": {\n"x": {}}}', 3],
  ] as const) {
    const result = await gathered(CONFIG.replace('orders.yaml', name), portsOver({ [`/etc/p/${name}`]: text }).options);
    assert.ok(!result.ok);
    assert.deepEqual([result.error[0]?.place?.file, result.error[0]?.place?.line], [`/etc/p/${name}`, line]);
  }
});

test('a document that two APIs share is read once and described for both', async () => {
  const text = `${CONFIG}${CONFIG.slice(CONFIG.indexOf('  orders')).replace('orders:', 'second:')}`;
  let reads = 0;
  const { options } = portsOver({ '/etc/p/orders.yaml': DOCUMENT });
  const files = { ...options.files, read: (path: string, limit: number) => (reads++, options.files.read(path, limit)) };
  const { descriptions, documents } = await value(text, { ...options, files: files as Files });
  assert.equal(reads, 1);
  assert.equal(descriptions.second, descriptions.orders);
  assert.equal(documents.second, documents.orders);
});

test('documents that are no UTF-8, or YAML beyond the bound, are refused', async () => {
  const latin = Buffer.concat([Buffer.from(DOCUMENT), Buffer.from([0x23, 0xe9])]);
  assert.match(
    (await words(CONFIG, portsOver({ '/etc/p/orders.yaml': latin }).options)).join(),
    /orders\.yaml:1:1 is not UTF-8/,
  );
  const large = Buffer.alloc(16 * 1024 * 1024 + 1, 0x20);
  assert.match(
    (await words(CONFIG, portsOver({ '/etc/p/orders.yaml': large }).options)).join(),
    /too large for YAML \(turn it into JSON\)/,
  );
  const larger = Buffer.alloc(32 * 1024 * 1024 + 1, 0x20);
  assert.match(
    (await words(CONFIG, portsOver({ '/etc/p/orders.yaml': larger }).options)).join(),
    /is larger than 32768 KiB/,
  );
});

/** A kind that asks for a file and a secret. */
const list: PolicyKind<unknown> = {
  kind: 'list',
  summary: 'Looks into a list.',
  schema: z.strictObject({ file: z.string(), token: z.string().optional() }),
  sources: (config) => {
    const { file, token } = config as { file: string; token?: string };
    return [
      { kind: 'file', path: file, limitBytes: 100 },
      { kind: 'secret', reference: token ?? '${env:TOKEN}' },
      { kind: 'table', declaration: { name: 'blocks', rowLimit: 1, staleAfterMs: 1, whenStale: 'deny' } },
    ];
  },
  compile: () => ok(new Map()),
};

test('what policies ask for is gathered by the names they asked with', async () => {
  const text = CONFIG.concat('    policies: { list: { file: lists/a.txt, token: "${file:token}" } }\n');
  const { options } = portsOver({
    '/etc/p/orders.yaml': DOCUMENT,
    '/etc/p/lists/a.txt': 'one',
    '/etc/p/token': 'hunter2',
  });
  const { files, secrets } = await value(text, options, [list]);
  assert.deepEqual(Object.keys(files), ['lists/a.txt']);
  assert.equal(Buffer.from(secrets['${file:token}'] ?? []).toString(), 'hunter2');
});

test('a literal where a policy wants a secret is an issue that does not repeat it', async () => {
  const text = CONFIG.concat('    policies: { list: { file: "a\\0b", token: hunter2 } }\n');
  const told = await words(text, portsOver({ '/etc/p/orders.yaml': DOCUMENT }).options, [list]);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /apis\.orders\.policies\.list: a path here holds a control character/);
  assert.match(told[1] ?? '', /must be a reference, \$\{env:NAME\}, \$\{file:PATH\} or/);
  assert.ok(!told.join().includes('hunter2'));
});

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

async function makePair(): Promise<Pair> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    name: 'CN=a',
    signingAlgorithm: algorithm,
  });
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    certificate: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}

test('a certificate and its key are taken, and told apart where they do not belong together', async () => {
  const [first, second] = [await makePair(), await makePair()];
  const text = CONFIG.replace(
    'version: 1',
    'version: 1\nserver: { https: { certificate: { cert: c.pem, key: k.pem } } }',
  ).replace('openapi: orders.yaml', 'routes: [GET /x]');
  const told = (certificate: string, key: string): Promise<string[]> =>
    words(text, portsOver({ '/etc/p/c.pem': certificate, '/etc/p/k.pem': key }).options);
  const { options } = portsOver({
    '/etc/p/c.pem': `${first.certificate}\n${second.certificate}`,
    '/etc/p/k.pem': first.key,
  });
  const { files, secrets } = await value(text, options);
  assert.deepEqual(Object.keys(files), ['/etc/p/c.pem']);
  assert.deepEqual(Object.keys(secrets), ['${file:/etc/p/k.pem}']);
  assert.match(
    (await told(first.certificate, second.key)).join(),
    /\.key: holds a key that does not belong to the certificate/,
  );
  assert.match(
    (await told(first.key, first.certificate)).join(),
    /\.cert: holds a private key.*\.key: holds no private key/,
  );
  assert.match(
    (await told(first.certificate.replace(/M/g, 'N'), first.key)).join(),
    /\.cert: holds a certificate that cannot be read/,
  );
});

test('where an operation has its security is told of JSON by its text and of YAML by a place, for each API that names it', async () => {
  const document = {
    openapi: '3.1.0',
    info: { title: 'é', version: '1' },
    paths: {
      '/a': { get: { operationId: 'getA', security: [{ o: [] }], responses: { default: { description: 'x' } } } },
    },
    components: { securitySchemes: { o: { type: 'http', scheme: 'bearer' } } },
  };
  const text = JSON.stringify(document, null, 1);
  const line = text.split('\n').findIndex((each) => each.includes('"security"')) + 1;
  const api = (name: string, file: string): string =>
    `  ${name}: { openapi: ${file}, basePath: /${name}, upstream: 'http://127.0.0.1:3001', auth: public }\n`;
  const config = `version: 1\napis:\n${api('one', 'a.json')}${api('two', 'a.json')}${api('three', 'a.yaml')}`;
  const { options } = portsOver({ '/etc/p/a.json': text, '/etc/p/a.yaml': text });
  const result = await gathered(config, options);
  assert.ok(result.ok, JSON.stringify(result));
  assert.deepEqual(result.value.documentFiles, { one: '/etc/p/a.json', two: '/etc/p/a.json' });
  const configured = configuredOf(result.value);
  const found = ['one', 'two', 'three'].map((name) => {
    const place = [...configured.operations(name)].map(({ described }) =>
      configured.securityPlace(name, described()),
    )[0];
    return `${place?.file}:${place?.line}`;
  });
  assert.deepEqual(found, [`/etc/p/a.json:${line}`, `/etc/p/a.json:${line}`, `/etc/p/a.yaml:${line}`]);
});

test('what ACME needs is read: the CAs of a directory and the key of an account, each told at its place', async () => {
  const acme = `{ email: a@b.example, directory: 'https://ca.internal/', ca: ca.pem, eab: { id: kid, key: "\${env:KEY}" } }`;
  const text = `version: 1
server: { https: { certificate: { acme: ${acme} } } }
apis:
  one: { host: a.example.org, routes: ['GET /'], upstream: http://b, auth: public }
`;
  const told = await words(text, portsOver({ '/etc/p/ca.pem': 'nothing of the kind' }).options);
  assert.equal(told.length, 2);
  assert.match(told[0] ?? '', /:2:\d+ server\.https\.certificate\.acme\.ca: holds no certificate/);
  assert.match(told[1] ?? '', /:2:\d+ server\.https\.certificate\.acme\.eab\.key: nothing is behind env:KEY/);
});
