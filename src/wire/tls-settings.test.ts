import assert from 'node:assert/strict';
import { duplexPair } from 'node:stream';
import { before, test } from 'node:test';
import { connect, type ConnectionOptions, TLSSocket } from 'node:tls';
import { selfSigned, until } from './peers.test.ts';
import { checkAuthorities, createServerContext, replaceTicketKeys, type ServerContext } from './tls-settings.ts';

let context: ServerContext;
let certPem: string;
let keyPem: Buffer;

before(async () => {
  ({ certPem, keyPem } = await selfSigned('a.test'));
  context = createServerContext({ chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
});

interface Handshake {
  readonly protocol: string | null;
  readonly cipher: string;
  readonly group: string | undefined;
  readonly reused: boolean;
  readonly session: Buffer | undefined;
  readonly error: string | null;
}

/** Shakes hands over a pair of streams. */
async function shakeHands(options: ConnectionOptions, { secure: secureContext } = context): Promise<Handshake> {
  const [near, far] = duplexPair();
  const server = new TLSSocket(near, { isServer: true, secureContext });
  const client = connect({ socket: far, servername: 'a.test', ca: certPem, ...options });
  let error: string | null = null;
  let session: Buffer | undefined;
  let greeted = false;
  server.on('error', () => {});
  server.on('secure', () => server.write('hello'));
  client.on('error', (fault: NodeJS.ErrnoException) => (error = fault.code ?? fault.message));
  client.on('session', (given) => (session = given));
  client.on('data', () => (greeted = true));
  await until(() => greeted || error !== null || client.destroyed);
  const key = client.getEphemeralKeyInfo() as { name?: string } | null;
  const result = {
    protocol: client.getProtocol(),
    cipher: client.getCipher()?.name ?? '',
    group: key?.name,
    reused: client.isSessionReused(),
    session,
    error,
  };
  client.destroy();
  server.destroy();
  return result;
}

test('TLS 1.3 is preferred and TLS 1.2 taken', async () => {
  assert.equal((await shakeHands({})).protocol, 'TLSv1.3');
  assert.equal((await shakeHands({ maxVersion: 'TLSv1.2' })).protocol, 'TLSv1.2');
});

test('older protocols are refused', async () => {
  for (const version of ['TLSv1', 'TLSv1.1'] as const) {
    const { error } = await shakeHands({ minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' });
    assert.match(error ?? '', /PROTOCOL_VERSION/, version);
  }
});

test('suites without forward secrecy or authenticated encryption are refused', async () => {
  for (const ciphers of [
    'ECDHE-ECDSA-AES128-SHA',
    'ECDHE-ECDSA-AES256-SHA384',
    'AES128-GCM-SHA256',
    'AES256-SHA',
    'ECDHE-ECDSA-AES128-SHA256',
  ]) {
    const { error, cipher } = await shakeHands({ maxVersion: 'TLSv1.2', ciphers });
    assert.notEqual(error, null, `${ciphers} agreed on ${cipher}`);
  }
  assert.equal(
    (
      await shakeHands({
        maxVersion: 'TLSv1.2',
        ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384',
      })
    ).cipher,
    'ECDHE-ECDSA-AES256-GCM-SHA384',
  );
});

test('the post-quantum group is agreed on where the client has it, and the classical ones serve the others', async () => {
  assert.equal((await shakeHands({ ecdhCurve: 'X25519MLKEM768:X25519' })).group?.toUpperCase(), 'X25519MLKEM768');
  // One that guesses another is asked for it.
  assert.equal((await shakeHands({ ecdhCurve: 'X25519:X25519MLKEM768' })).group?.toUpperCase(), 'X25519MLKEM768');
  assert.equal((await shakeHands({ ecdhCurve: 'X25519' })).error, null);
  assert.equal((await shakeHands({ ecdhCurve: 'P-256' })).error, null);
  assert.equal((await shakeHands({ ecdhCurve: 'P-384' })).error, null);
  assert.notEqual((await shakeHands({ ecdhCurve: 'P-521' })).error, null);
});

test('a client can’t renegotiate', async () => {
  const [near, far] = duplexPair();
  const server = new TLSSocket(near, { isServer: true, secureContext: context.secure });
  const client = connect({ socket: far, servername: 'a.test', ca: certPem, maxVersion: 'TLSv1.2' });
  const faults: string[] = [];
  server.on('error', () => {});
  client.on('error', (fault: Error) => faults.push(fault.message));
  client.on('secureConnect', () => {
    client.renegotiate({}, () => {});
    client.write('what follows takes the request for it along');
  });
  await until(() => client.destroyed);
  assert.match(faults.join(), /no renegotiation/i);
  server.destroy();
});

test('a session is resumed under its own certificate, also by another thread with the same ticket key', async () => {
  const twin = createServerContext({ chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await shakeHands({ maxVersion });
    assert.ok(session !== undefined);
    assert.equal((await shakeHands({ maxVersion, session }, twin)).reused, true, maxVersion);
  }
});

test('a session is never resumed under another certificate, nor with another ticket key', async () => {
  const other = await selfSigned('b.test', 'a.test');
  const stranger = createServerContext({
    chainPem: other.certPem,
    keyPem: other.keyPem,
    ticketKeys: Buffer.alloc(48, 1),
  });
  const rotated = createServerContext({ chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48, 2) });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { session } = await shakeHands({ maxVersion });
    assert.ok(session !== undefined);
    assert.equal(
      (await shakeHands({ maxVersion, session, ca: [certPem, other.certPem] }, stranger)).reused,
      false,
      maxVersion,
    );
    assert.equal((await shakeHands({ maxVersion, session }, rotated)).reused, false, maxVersion);
  }
});

test('a context changes its ticket key in place, and takes no session of before', async () => {
  const changing = createServerContext({ chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48, 1) });
  const twin = createServerContext({ chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48, 3) });
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    replaceTicketKeys(changing, Buffer.alloc(48, 1));
    const before = (await shakeHands({ maxVersion }, changing)).session;
    assert.ok(before !== undefined);
    assert.equal(replaceTicketKeys(changing, Buffer.alloc(48, 3)), true);
    assert.equal((await shakeHands({ maxVersion, session: before }, changing)).reused, false, maxVersion);
    const after = (await shakeHands({ maxVersion }, changing)).session;
    assert.ok(after !== undefined);
    assert.equal((await shakeHands({ maxVersion, session: after }, twin)).reused, true, maxVersion);
  }
});

test('a context that can’t change its ticket key says so', () => {
  assert.equal(replaceTicketKeys({ secure: { context: {} }, trust: null }, Buffer.alloc(48)), false);
});

test('a key that does not belong to the certificate makes no context', async () => {
  const other = await selfSigned('a.test');
  assert.throws(() => createServerContext({ chainPem: certPem, keyPem: other.keyPem, ticketKeys: Buffer.alloc(48) }));
});

test('CAs and lists that can’t be read make no context', () => {
  const material = { chainPem: certPem, keyPem, ticketKeys: Buffer.alloc(48) };
  const broken = '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n';
  for (const crlPem of ['', 'no list', broken, certPem]) {
    const authorities = { id: 'x', caPem: certPem, crlPem };
    assert.throws(() => createServerContext(material, authorities), crlPem);
    assert.throws(() => checkAuthorities(authorities), crlPem);
  }
  for (const caPem of ['', 'no CA'])
    assert.throws(() => checkAuthorities({ id: 'x', caPem, crlPem: null }), /^Error: no CA$/);
  const sound = { id: 'x', caPem: certPem, crlPem: null };
  assert.equal(createServerContext(material, sound).trust?.id, 'x');
  assert.equal(createServerContext(material).trust, null);
  checkAuthorities(sound);
});
