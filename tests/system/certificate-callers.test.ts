import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { type Made, make, makeAuthority, makeList } from '../../src/wire/client-fixture.test.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { run } from './command.ts';
import { adminClient, askAdmin } from './admin.ts';
import { createFileIssuer, FILE_AUDIENCE, FILE_ISSUER, type FileIssuer } from './file-issuer.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';
import { PROGRAM } from './plain-configuration.ts';

let ca: Made;
let other: Made;
let upstream: LocalServer;
let gateway: GatewayProcess;
let issuer: FileIssuer;
const made = new Map<string, Made>();

const configuration = (port: number): string => `version: 1
server:
  host: 127.0.0.1
  threads: 2
  http: off
  https: { port: 0, clientCa: ./ca.pem, clientCrl: ./ca.crl, acceptNodeBelowFloor: true, hosts: { other.test: { clientCa: ./other.pem } } }
admin: { port: 0 }
data: ./data
issuers: { acme: { issuer: '${FILE_ISSUER}', audience: '${FILE_AUDIENCE}', jwks: ./keys.json } }
roles: { biller: { can: [bills:write, bills:read] }, reader: { can: [bills:read] } }
clients:
  subject: uri
  certificates:
    - { match: 'uri:spiffe://acme/billing', issuer: CN=Partners, roles: [biller], tenant: acme }
    - { match: 'dns:*.partner.test', subject: partner, roles: [reader] }
apis:
  bills:
    routes: ['GET /bills', 'POST /bills', 'PUT /bills']
    upstream: 'http://127.0.0.1:${port}'
    auth: [mtls]
    operations: { 'PUT /bills': { auth: [acme, mtls] }, 'GET /bills': { needs: bills:read }, 'POST /bills': { needs: bills:write } }
`;

before(async () => {
  upstream = await startLocalServer((asked, reply) => reply.end(JSON.stringify(asked.headers)));
  ca = await makeAuthority('CN=Partners');
  other = await makeAuthority('CN=Others');
  const uri = (value: string) => [{ type: 'url', value } as const];
  const clients = {
    billing: { by: ca, subject: 'CN=billing', names: uri('spiffe://acme/billing') },
    partner: { by: ca, subject: 'CN=p', names: [{ type: 'dns', value: 'a.partner.test' } as const] },
    stranger: { by: ca, subject: 'CN=s', names: uri('spiffe://acme/stranger') },
    imitated: { by: other, subject: 'CN=billing', names: uri('spiffe://acme/billing') },
    expired: { by: ca, subject: 'CN=e', names: uri('spiffe://acme/billing'), fromHours: -3, toHours: -1 },
    ofServer: { by: ca, subject: 'CN=e', names: uri('spiffe://acme/billing'), usage: ExtendedKeyUsage.serverAuth },
    ownSigned: { by: null, subject: 'CN=Partners', names: uri('spiffe://acme/billing') },
    revoked: { by: ca, subject: 'CN=r', names: uri('spiffe://acme/billing') },
  };
  for (const [name, wanted] of Object.entries(clients)) made.set(name, await make(wanted));
  // Whoever has a CA can make another below it, by any name.
  const namesake = await make({ by: other, subject: 'CN=Partners', isCa: true });
  made.set('below', await make({ by: namesake, subject: 'CN=billing', names: uri('spiffe://acme/billing') }));
  const revoked = made.get('revoked') as Made;
  const lists = await makeList(ca, [revoked]);
  issuer = await createFileIssuer();
  const beside = { 'ca.pem': ca.certPem, 'other.pem': other.certPem, 'ca.crl': lists, 'keys.json': issuer.keys };

  gateway = await startGateway(configuration(upstream.port), { beside });
});

after(async () => {
  upstream.stop();
  await gateway.stop();
});

interface Asked {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status and code of a refusal, or what the upstream heard of the caller. */
function outcome(status: number, body: string): string {
  const said = JSON.parse(body) as Readonly<Record<string, string>>;
  if (status !== 200) return `${status} ${said['code']}`;
  const [subject, roles, tenant] = ['subject', 'roles', 'tenant'].map((name) => said[`x-portcullis-${name}`]);
  return [decodeURIComponent(subject ?? ''), roles, tenant].join(' ');
}

function shownBy(name: string): { cert?: string; key?: string } {
  const shown = made.get(name);
  return shown === undefined ? {} : { cert: shown.chainPem, key: shown.keyPem };
}

function overHttp1(name: string, { method = 'GET', host = 'api.test', headers = {} }: Asked = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const tls = { host: '127.0.0.1', port: gateway.https, servername: host, rejectUnauthorized: false, agent: false };
    const sent = request(
      { ...tls, ...shownBy(name), method, path: '/bills', headers: { host, ...headers } },
      (reply) => {
        let body = '';
        reply.on('data', (piece: Buffer) => (body += piece.toString()));
        reply.on('end', () => resolve(outcome(reply.statusCode ?? 0, body)));
      },
    );
    sent.on('error', reject).end();
  });
}

async function overHttp2(
  name: string,
  { method = 'GET', host = 'api.test', headers = {} }: Asked = {},
): Promise<string> {
  const options = { servername: host, rejectUnauthorized: false, ...shownBy(name) };
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, options);
  try {
    return await new Promise<string>((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':method': method, ':path': '/bills', ':authority': host, ...headers });
      let status = 0;
      let body = '';
      stream.on('response', (fields) => (status = Number(fields[':status'])));
      stream.on('data', (piece: Buffer) => (body += piece.toString()));
      stream.on('end', () => resolve(outcome(status, body))).on('error', reject);
      stream.end();
    });
  } finally {
    session.destroy();
  }
}

for (const [protocol, ask] of [
  ['HTTP/1.1', overHttp1],
  ['HTTP/2', overHttp2],
] as const) {
  test(`over ${protocol} a certificate says who calls, and its entry what that one may do`, async () => {
    assert.equal(await ask('billing'), 'spiffe://acme/billing biller acme');
    assert.equal(await ask('billing', { method: 'POST' }), 'spiffe://acme/billing biller acme');
    assert.equal(await ask('partner'), 'partner reader ');
    assert.equal(await ask('partner', { method: 'POST' }), '403 forbidden');
  });

  test(`over ${protocol} nobody is let in by a certificate that is unlisted, bad, or of a CA that another host trusts`, async () => {
    for (const [name, code] of [
      ['stranger', 'client-certificate-refused'],
      ['imitated', 'client-certificate-refused'],
      ['expired', 'client-certificate-refused'],
      ['ofServer', 'client-certificate-refused'],
      ['ownSigned', 'client-certificate-refused'],
      ['revoked', 'client-certificate-refused'],
      ['nobody', 'client-certificate-required'],
    ] as const)
      assert.equal(await ask(name), `403 ${code}`, name);
    // The other host believes its own CA, which vouches for the same name.
    for (const name of ['imitated', 'below'])
      assert.equal(await ask(name, { host: 'other.test' }), '403 client-certificate-refused', name);
  });

  test(`over ${protocol} what a client says of certificates itself counts for nothing, and goes nowhere`, async () => {
    const headers = {
      'x-client-cert': 'MII',
      'x-forwarded-client-cert': 'URI=spiffe://acme/billing',
      'client-cert': ':MII:',
      'x-ssl-client-verify': 'SUCCESS',
      'x-portcullis-subject': 'root',
    };
    assert.equal(await ask('partner', { headers }), 'partner reader ');
    assert.equal(await ask('stranger', { headers }), '403 client-certificate-refused');
  });
}

test('a token beside the certificate must be bound to it, and is no way around it', async () => {
  const fingerprint = new X509Certificate((made.get('billing') as Made).certPem).fingerprint256.replaceAll(':', '');
  const bound = { 'x5t#S256': Buffer.from(fingerprint, 'hex').toString('base64url') };
  const borne = async (cnf?: Readonly<Record<string, string>>) => {
    const token = await issuer.tokenOf({ subject: 'ada', roles: ['reader'], ...(cnf === undefined ? {} : { cnf }) });
    return { method: 'PUT', headers: { authorization: `Bearer ${token}` } } as const;
  };
  for (const ask of [overHttp1, overHttp2]) {
    assert.equal(await ask('billing', { method: 'PUT' }), 'spiffe://acme/billing biller acme');
    assert.equal(await ask('billing', await borne(bound)), 'ada reader ');
    assert.equal(await ask('partner', await borne(bound)), '401 invalid-token');
    assert.equal(await ask('billing', await borne()), '400 several-credentials');
    assert.equal(await ask('billing', { method: 'PUT', headers: { authorization: 'Bearer x' } }), '401 invalid-token');
  }
});

test('callers by certificate are denied and granted by hand, by the CA that signed theirs', async () => {
  const client = await adminClient(gateway);
  const say = async (issuer: string, more: object): Promise<string> => {
    const draft = { effect: 'deny', kind: 'subject', roles: [], permissions: [], all: true, forMs: null } as const;
    const said = await client.addGrant({ ...draft, issuer, name: 'partner', reason: 'left', ...more }, 'kim');
    return said.ok ? said.value.id : assert.fail(said.error);
  };
  const takeBack = async (id: string): Promise<void> => assert.ok((await client.removeGrant(id, 'kim')).ok);
  for (const ask of [overHttp1, overHttp2]) {
    // A CA of another host has callers of its own.
    const elsewhere = await say('CN=Others', {});
    assert.equal(await ask('partner'), 'partner reader ');
    const grant = await say('CN=Partners', { effect: 'add', roles: ['biller'], all: false });
    assert.equal(await ask('partner', { method: 'POST' }), 'partner reader,biller ');
    const out = await say('CN=Partners', {});
    assert.equal(await ask('partner'), '403 access-denied');
    assert.equal(await ask('billing'), 'spiffe://acme/billing biller acme');
    for (const id of [out, grant, elsewhere]) await takeBack(id);
    const tenant = await say('CN=Partners', { kind: 'tenant', name: 'acme' });
    assert.equal(await ask('billing'), '403 access-denied');
    await takeBack(tenant);
    assert.equal(await ask('billing'), 'spiffe://acme/billing biller acme');
  }
});

test('a session for one host is no way to another, whatever its certificate', async () => {
  const tls = {
    host: '127.0.0.1',
    port: gateway.https,
    servername: 'api.test',
    rejectUnauthorized: false,
    agent: false,
  };
  const said = await new Promise<string>((resolve, reject) => {
    const options = { ...tls, ...shownBy('billing'), path: '/bills', headers: { host: 'other.test' } };
    const sent = request(options, (reply) => {
      let body = '';
      reply.on('data', (piece: Buffer) => (body += piece.toString()));
      reply.on('end', () => resolve(outcome(reply.statusCode ?? 0, body)));
    });
    sent.on('error', reject).end();
  });
  assert.equal(said, '421 misdirected-request');
});

test('a certificate that loses its entry is refused behind the next reload', async () => {
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = configuration(upstream.port);
  await writeFile(file, text.replace('dns:*.partner.test', 'dns:*.elsewhere.test'));
  const { status } = await askAdmin(gateway, '/v1/reload', { method: 'POST' });
  assert.equal(status, 200);
  assert.equal(await overHttp1('partner'), '403 client-certificate-refused');
  assert.equal(await overHttp1('billing'), 'spiffe://acme/billing biller acme');
  await writeFile(file, text);
  await askAdmin(gateway, '/v1/reload', { method: 'POST' });
  assert.equal(await overHttp2('partner'), 'partner reader ');
});

test('`check` refuses what could not be kept', async () => {
  const text = configuration(upstream.port);
  const file = join(gateway.folder, 'changed.yaml');
  const told = async (changed: string): Promise<string> => {
    await writeFile(file, changed);
    const { stdout, stderr } = await run('node', [PROGRAM, 'check', '--config', file]);
    return stdout + stderr;
  };
  assert.match(
    await told(
      text.replace('hosts: { other.test: { clientCa: ./other.pem } }', 'hosts: { open.test: { clientCa: off } }'),
    ),
    /apis\.bills\.auth[^]*asked for no certificate/,
  );
  assert.match(await told(text.replace('clientCa: ./ca.pem', 'clientCa: ./gone.pem')), /gone\.pem/);
  assert.match(await told(text.replace('roles: [reader] }', 'roles: [raeder] }')), /there is no role "raeder"/);
  assert.match(
    await told(text.replace('dns:*.partner.test', 'uri:spiffe://acme/billing')),
    /clients\.certificates\[1\]\.match[^]*fits clients\.certificates\[0\] too/,
  );
  assert.match(await told(text), /mtls/);
});
