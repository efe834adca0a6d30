import 'reflect-metadata';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { type Made, make, makeAuthority, makeList } from '../../src/wire/client-fixture.test.ts';
import { findProgram, startServer } from '../bench/child.ts';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { ask } from '../system/https-client.ts';
import { run } from '../system/command.ts';
import { startLocalServer } from '../system/local-server.ts';
import { skipOrFail } from '../system/skip.ts';
import { startNginx } from './nginx.ts';
import { freePort } from '../framing/free-port.ts';

const HOST = 'api.test';
let folder: string;
let ca: Made;
let gateway: GatewayProcess;
let closeUpstream: () => void;
const clients: Record<string, Made> = {};

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-mtls-'));
  ca = await makeAuthority('CN=Partners');
  const middle = await make({ by: ca, subject: 'CN=Middle', isCa: true });
  const stranger = await makeAuthority('CN=Partners');
  Object.assign(clients, {
    good: await make({ by: ca, subject: 'CN=good' }),
    below: await make({ by: middle, subject: 'CN=below' }),
    revoked: await make({ by: ca, subject: 'CN=revoked' }),
    expired: await make({ by: ca, subject: 'CN=expired', fromHours: -3, toHours: -1 }),
    server: await make({ by: ca, subject: 'CN=server', usage: ExtendedKeyUsage.serverAuth }),
    forged: await make({ by: stranger, subject: 'CN=good' }),
    self: await make({ by: null, subject: 'CN=self' }),
  });
  for (const [name, { chainPem, keyPem }] of Object.entries(clients)) {
    await writeFile(join(folder, `${name}.pem`), chainPem);
    await writeFile(join(folder, `${name}.key`), keyPem);
    await writeFile(join(folder, `${name}-both.pem`), chainPem + keyPem);
  }
  const lists = (await makeList(ca, [clients['revoked'] as Made])) + (await makeList(middle, []));
  const beside = { 'ca.pem': ca.certPem + middle.certPem, 'ca.crl': lists };
  const upstream = await startLocalServer((_, reply) => reply.end('reached'));
  closeUpstream = upstream.stop;
  gateway = await startGateway(configuration(upstream.port), { beside });
  await writeFile(join(folder, 'gateway-ca.pem'), gateway.ca);
});

after(async () => {
  closeUpstream();
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

function configuration(port: number): string {
  return `version: 1
server:
  host: 127.0.0.1
  http: off
  threads: 1
  https: { port: 0, clientCa: ./ca.pem, clientCrl: ./ca.crl, acceptNodeBelowFloor: true }
admin: { port: 0 }
data: ./data
apis:
  a: { host: ${HOST}, routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:${port}', auth: public }
`;
}

function lacks(t: TestContext, program: string): boolean {
  if (findProgram(program) !== null) return false;
  skipOrFail(t, `${program} is not installed (Debian package ${program})`);
  return true;
}

const REACHED = 'reached';
const WANTED: readonly (readonly [client: string | null, wanted: string])[] = [
  ['good', REACHED],
  ['below', REACHED],
  [null, 'client-certificate-required'],
  ['revoked', 'client-certificate-refused'],
  ['expired', 'client-certificate-refused'],
  ['server', 'client-certificate-refused'],
  ['forged', 'client-certificate-refused'],
  ['self', 'client-certificate-refused'],
];

/** Of a reply's text: that it came from the upstream, or why not. */
function gist(text: string): string {
  return text.includes(REACHED) ? REACHED : (/"code":"([a-z-]+)"/.exec(text)?.[1] ?? text);
}

for (const version of ['1.2', '1.3'] as const) {
  for (const protocol of ['--http1.1', '--http2'] as const) {
    test(`curl over TLS ${version} with ${protocol} comes in with a good certificate, and reads why not with any other`, async (t) => {
      if (lacks(t, 'curl')) return;
      for (const [client, wanted] of WANTED) {
        const shown =
          client === null ? [] : ['--cert', join(folder, `${client}.pem`), '--key', join(folder, `${client}.key`)];
        const where = ['--resolve', `${HOST}:${gateway.https}:127.0.0.1`, `https://${HOST}:${gateway.https}/x`];
        const trust = ['--cacert', join(folder, 'gateway-ca.pem'), protocol];
        const { code, stdout, stderr } = await run('curl', [
          ...['-sS', '--max-time', '20', `--tlsv${version}`, '--tls-max', version],
          ...[...trust, ...shown, ...where],
        ]);
        assert.equal(code, 0, `${client}: ${stderr}`);
        assert.equal(gist(stdout), wanted, `${client}`);
      }
    });
  }
}

/** What openssl s_client says when it asks once; it ends when the gateway closes. */
function askByOpenssl(client: string | null, more: readonly string[] = []): Promise<string> {
  const shown = client === null ? [] : ['-cert', join(folder, `${client}.pem`), '-key', join(folder, `${client}.key`)];
  const chain = client === null ? [] : ['-cert_chain', join(folder, `${client}.pem`)];
  const where = ['-connect', `127.0.0.1:${gateway.https}`, '-servername', HOST];
  const child = spawn(findProgram('openssl') ?? '', ['s_client', '-ign_eof', ...where, ...shown, ...chain, ...more]);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stderr.resume();
  child.stdin.on('error', () => {});
  child.stdin.write(`GET /x HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`);
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', () => resolve(said));
  });
}

for (const version of ['-tls1_2', '-tls1_3'] as const) {
  test(`openssl s_client with ${version} is told whose certificates are asked for, and judged as curl is`, async (t) => {
    if (lacks(t, 'openssl')) return;
    for (const [client, wanted] of WANTED) {
      const said = await askByOpenssl(client, [version]);
      assert.match(said, /Acceptable client certificate CA names\s+CN = Partners/, `${client}`);
      assert.equal(gist(said), wanted, `${client}`);
    }
  });

  test(`openssl s_client with ${version} can not resume what it began`, async (t) => {
    if (lacks(t, 'openssl')) return;
    const file = join(folder, `session${version}.pem`);
    assert.equal(gist(await askByOpenssl('good', [version, '-sess_out', file])), REACHED);
    for (const name of [HOST, 'other.test']) {
      const said = await askByOpenssl(null, [version, '-sess_in', file, '-servername', name]);
      assert.match(said, /^New, TLSv1/m);
      assert.doesNotMatch(said, /^Reused/m);
      assert.equal(gist(said), 'client-certificate-required');
    }
  });
}

test('HAProxy as a client shows its certificate on each of its connections', async (t) => {
  if (lacks(t, 'haproxy')) return;
  for (const [client, wanted] of [
    ['good', REACHED],
    ['revoked', 'client-certificate-refused'],
  ] as const) {
    const port = await freePort();
    const shown = `ssl verify required ca-file ${folder}/gateway-ca.pem crt ${folder}/${client}-both.pem sni str(${HOST})`;
    await writeFile(
      join(folder, 'haproxy.cfg'),
      `global
  nbthread 1
defaults
  mode http
  timeout connect 3s
  timeout client 10s
  timeout server 10s
listen all
  bind 127.0.0.1:${port}
  http-request set-header Host ${HOST}
  server gateway 127.0.0.1:${gateway.https} ${shown} verifyhost ${HOST}
`,
    );
    const haproxy = await startServer([findProgram('haproxy') ?? '', '-db', '-f', join(folder, 'haproxy.cfg')], port, {
      core: 'any',
    });
    t.after(() => haproxy.stop());
    for (let count = 0; count < 5; count++) assert.equal(gist(await plainText(port)), wanted, client);
  }
});

function plainText(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path: '/x', agent: false }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (some: string) => (text += some));
      reply.on('end', () => resolve(text)).on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** nginx that demands certificates of a CA of its own, over HTTP/1.1, and says whom it saw. */
async function startVerifier(t: TestContext, inside: Made, server: Made): Promise<number> {
  const port = await freePort();
  const own = join(folder, 'nginx');
  await mkdir(own);
  const files = { 'inside.pem': inside.certPem, 'server.pem': server.chainPem, 'server.key': server.keyPem };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const http = `server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${folder}/server.pem; ssl_certificate_key ${folder}/server.key;
    ssl_client_certificate ${folder}/inside.pem; ssl_verify_client on;
    location / { return 200 "$ssl_client_verify $ssl_client_s_dn $ssl_server_name"; }
  }`;
  const nginx = await startNginx({ folder: own, port, http });
  t.after(() => nginx.stop());
  return port;
}

test('nginx with ssl_verify_client as an upstream sees our certificate and the name that we ask for', async (t) => {
  if (lacks(t, 'nginx') || lacks(t, 'openssl')) return;
  const inside = await makeAuthority('CN=Inside');
  const names = [{ type: 'dns', value: 'orders.internal' } as const];
  const server = await make({ by: inside, subject: 'CN=nginx', usage: ExtendedKeyUsage.serverAuth, names });
  const ours = await make({ by: inside, subject: 'O=Portcullis,CN=gateway' });
  const port = await startVerifier(t, inside, server);
  const words =
    'openssl x509 -noout -pubkey | openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64';
  const pin = (await run('sh', ['-c', words.replace('x509', `x509 -in ${folder}/server.pem`)])).stdout.trim();
  const beside = { 'inside.pem': inside.certPem, 'us.pem': ours.chainPem, 'us.key': ours.keyPem };
  const upstreamWith = (more: string): string =>
    `{ targets: ['https://127.0.0.1:${port}'], ca: ./inside.pem, serverName: orders.internal${more} }`;
  const api = (name: string, more: string): string =>
    `  ${name}: { basePath: /${name}, routes: ['GET /x'], auth: public, upstream: ${upstreamWith(more)} }\n`;
  const shown = ', cert: ./us.pem, key: ./us.key';
  const other = 'A'.repeat(43);
  const through = await startGateway(
    `version: 1
server: { host: 127.0.0.1, http: off, threads: 1, https: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
${api('shown', shown)}${api('silent', '')}${api('pinned', `${shown}, pins: ['sha256/${pin}']`)}${api('strange', `${shown}, pins: ['sha256/${other}=']`)}`,
    { beside },
  );
  t.after(() => through.stop());
  const said = async (name: string): Promise<string> => {
    const { status, body } = await ask({ port: through.https, ca: through.ca, path: `/${name}/x` });
    return `${status} ${/"code":"([a-z-]+)"/.exec(body)?.[1] ?? body}`;
  };
  const seen = '200 SUCCESS CN=gateway,O=Portcullis orders.internal';
  assert.equal(await said('shown'), seen);
  assert.equal(await said('pinned'), seen);
  assert.match(await said('silent'), /^400 /, 'nginx says by HTTP what it wants');
  assert.equal(await said('strange'), '502 upstream-tls');
});
