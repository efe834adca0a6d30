import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp1 } from 'node:https';
import { createSecureServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { before, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { ExtendedKeyUsage } from '@peculiar/x509';
import { type Made, make, makeAuthority } from './client-fixture.test.ts';
import { openUpstream } from './open-upstream.ts';
import type { UpstreamIdentity } from './upstream-context.ts';
import type { UpstreamTarget } from './upstream-dialer.ts';
import { Caller, nextClient } from './upstream-peer.test.ts';

const usage = ExtendedKeyUsage.serverAuth;
let ca: Made;
let server: Made;
let ours: Made;
let strange: Made;

before(async () => {
  ca = await makeAuthority('CN=Inside');
  const names = [{ type: 'dns', value: 'orders.internal' } as const, { type: 'ip', value: '127.0.0.1' } as const];
  server = await make({ by: ca, subject: 'CN=server', usage, names });
  ours = await make({ by: ca, subject: 'CN=gateway' });
  strange = await make({ by: await makeAuthority('CN=Outside'), subject: 'CN=gateway' });
});

/** What an upstream heard: names in handshakes, and subjects of those who asked. */
interface Heard {
  readonly port: number;
  readonly names: string[];
  readonly subjects: string[];
}

interface Door {
  readonly asks?: boolean;
  readonly maxVersion?: 'TLSv1.2' | 'TLSv1.3';
  readonly shown?: Made;
  readonly chainPem?: string;
}

async function openDoor(t: TestContext, protocol: 'http1' | 'h2', door: Door = {}): Promise<Heard> {
  const { asks = false, maxVersion = 'TLSv1.3', shown = server } = door;
  const heard = { names: [] as string[], subjects: [] as string[] };
  const options = {
    cert: door.chainPem ?? shown.chainPem,
    key: shown.keyPem,
    ca: ca.certPem,
    requestCert: asks,
    rejectUnauthorized: asks,
    maxVersion,
    SNICallback: (name: string, done: (fault: null) => void) => {
      heard.names.push(name);
      done(null);
    },
  };
  const answer = (socket: TLSSocket): string => {
    heard.subjects.push(socket.getPeerX509Certificate()?.subject ?? 'nobody');
    return 'heard';
  };
  const open =
    protocol === 'http1'
      ? createHttp1(options, (request, reply) => reply.end(answer(request.socket as TLSSocket)))
      : createHttp2(options, (request, reply) => reply.end(answer(request.stream.session?.socket as TLSSocket)));
  open.on('tlsClientError', () => {});
  await once(open.listen(0, '127.0.0.1'), 'listening');
  t.after(() => open.close());
  return { ...heard, port: (open.address() as AddressInfo).port };
}

const BOUNDS = { connectMs: 10_000, responseMs: 10_000, idleMs: 10_000 };
const REQUEST = {
  method: 'GET',
  target: '/',
  authority: 'up',
  fields: null,
  added: [],
  framing: { kind: 'none' },
  upgrade: null,
} as const;

/** The body of the reply, or what the call failed of. */
async function call(
  t: TestContext,
  protocol: 'http1' | 'h2',
  target: Pick<UpstreamTarget, 'port'> & Partial<UpstreamTarget>,
): Promise<string> {
  const whole: UpstreamTarget = { scheme: 'https', host: '127.0.0.1', ca: ca.certPem, bounds: BOUNDS, ...target };
  const upstream = openUpstream(protocol, whole, () => 0);
  t.after(() => upstream.close());
  const caller = new Caller();
  upstream.call(REQUEST, caller, nextClient());
  const { failure, body } = await caller.over();
  return failure === null ? body : `${failure.code} ${failure.detail}`;
}

const identityOf = ({ chainPem, keyPem }: Made): UpstreamIdentity => ({ chainPem, keyPem: Buffer.from(keyPem) });

function pinOf({ certPem }: Made): string {
  const key = new X509Certificate(certPem).publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(key).digest('base64');
}

for (const protocol of ['http1', 'h2'] as const) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`over ${protocol} and ${maxVersion} an upstream that asks sees our certificate, and hears nothing without`, async (t) => {
      const { port, subjects } = await openDoor(t, protocol, { asks: true, maxVersion });
      assert.equal(await call(t, protocol, { port, identity: identityOf(ours) }), 'heard');
      assert.deepEqual(subjects, ['CN=gateway']);
      assert.match(await call(t, protocol, { port }), /^upstream-tls ERR_SSL/);
      const refused = await call(t, protocol, { port, identity: identityOf(strange) });
      // Node's server says nothing to whom it does not know; others do.
      assert.match(refused, /^upstream-(tls|unreachable) /);
      assert.equal(subjects.length, 1);
    });
  }

  test(`over ${protocol} an upstream that does not ask sees nothing of us`, async (t) => {
    const { port, subjects } = await openDoor(t, protocol);
    assert.equal(await call(t, protocol, { port, identity: identityOf(ours) }), 'heard');
    assert.deepEqual(subjects, ['nobody']);
  });

  test(`over ${protocol} the certificate must have the server name, which the upstream hears`, async (t) => {
    const { port, names } = await openDoor(t, protocol);
    assert.equal(await call(t, protocol, { port }), 'heard');
    assert.deepEqual(names, [], 'an address is no server name');
    assert.equal(await call(t, protocol, { port, serverName: 'orders.internal' }), 'heard');
    assert.deepEqual(names, ['orders.internal']);
    const other = await call(t, protocol, { port, serverName: 'other.internal' });
    assert.equal(other, 'upstream-tls ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test(`over ${protocol} a pinned upstream has one of the keys, or hears nothing`, async (t) => {
    const { port, subjects } = await openDoor(t, protocol);
    const own = pinOf(server);
    assert.equal(await call(t, protocol, { port, pins: [pinOf(ours), own] }), 'heard');
    assert.equal(await call(t, protocol, { port, pins: [pinOf(ours)] }), 'upstream-tls PIN_MISMATCH');
    assert.equal(
      await call(t, protocol, { port, pins: [pinOf(ca)] }),
      'upstream-tls PIN_MISMATCH',
      'its CA’s is not its own',
    );
    assert.equal(subjects.length, 1);
  });

  test(`over ${protocol} a pin takes the place of nothing`, async (t) => {
    const { port } = await openDoor(t, protocol);
    const pins = [pinOf(server)];
    assert.match(await call(t, protocol, { port, pins, ca: strange.certPem }), /^upstream-tls /);
    assert.match(await call(t, protocol, { port, pins, serverName: 'other.internal' }), /^upstream-tls ERR_TLS_CERT/);
  });

  test(`over ${protocol} a certificate that is sent along, and vouches for nothing, fits no pin`, async (t) => {
    const { port, subjects } = await openDoor(t, protocol, { chainPem: server.certPem + ours.certPem });
    assert.equal(await call(t, protocol, { port, pins: [pinOf(ours)] }), 'upstream-tls PIN_MISMATCH');
    assert.deepEqual(subjects, []);
  });
}
