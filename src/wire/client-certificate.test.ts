import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { ExtendedKeyUsage, type JsonGeneralNames } from '@peculiar/x509';
import fc from 'fast-check';
import { judgeClient, readAlternativeNames } from './client-certificate.ts';
import { type Made, make, makeAuthority, makeList } from './client-fixture.test.ts';
import { HandshakeGate } from './handshake-gate.ts';
import type { TlsPeer } from './message.ts';
import { selfSigned, until } from './peers.test.ts';
import { TlsGreeting, type TurnedAway } from './tls-greeting.ts';
import { type ClientAuthorities, createServerContext, type ServerContext } from './tls-settings.ts';
import { VouchingAuthorities } from './vouching-authorities.ts';

const HOSTS = ['open.test', 'asks.test', 'lists.test', 'other.test'];
const ticketKeys = Buffer.alloc(48, 7);
let server: { readonly certPem: string; readonly keyPem: Buffer };
const made: Record<string, Made> = {};
const trusts: Record<string, ClientAuthorities> = {};

before(async () => {
  server = await selfSigned(...HOSTS);
  const ca = await makeAuthority('CN=Partners');
  const other = await makeAuthority('CN=Others');
  const middle = await make({ by: ca, subject: 'CN=Middle', isCa: true });
  const names: JsonGeneralNames = [
    { type: 'dns', value: 'A.partner.test' },
    { type: 'url', value: 'spiffe://partner/a' },
    { type: 'ip', value: '2001:db8::1' },
  ];
  const imposter = await makeAuthority('CN=Partners');
  Object.assign(made, {
    ...{ ca, other, middle },
    good: await make({ by: ca, subject: 'O=Partner,CN=good', names }),
    foreign: await make({ by: other, subject: 'CN=foreign' }),
    forged: await make({ by: imposter, subject: 'CN=good' }),
    expired: await make({ by: ca, subject: 'CN=expired', fromHours: -3, toHours: -1 }),
    early: await make({ by: ca, subject: 'CN=early', fromHours: 1 }),
    revoked: await make({ by: ca, subject: 'CN=revoked' }),
    server: await make({ by: ca, subject: 'CN=server', usage: ExtendedKeyUsage.serverAuth }),
    self: await make({ by: null, subject: 'CN=self' }),
    below: await make({ by: middle, subject: 'CN=below' }),
  });
  const below = await make({ by: made['good'] as Made, subject: 'CN=below a client' });
  const lists = (await makeList(ca, [made['revoked'] as Made])) + (await makeList(other, []));
  Object.assign(made, { 'below a client': below });
  const both = ca.certPem + other.certPem;
  Object.assign(trusts, {
    'asks.test': { id: 'asks', caPem: ca.certPem, crlPem: null },
    'lists.test': { id: 'lists', caPem: both, crlPem: lists },
    'other.test': { id: 'other', caPem: other.certPem, crlPem: null },
  });
});

interface Door {
  readonly port: number;
  readonly sessions: TlsPeer[];
  readonly turnedAway: TurnedAway[];
}

/** A port where each host judges its clients as `trusts` says; sessions say a word, so that tickets have come. */
async function openDoor(t: TestContext): Promise<Door> {
  const { certPem: chainPem, keyPem } = server;
  const contextOf = (trust: ClientAuthorities | null): ServerContext =>
    createServerContext({ chainPem, keyPem, ticketKeys }, trust);
  const contexts = new Map(HOSTS.map((host) => [host, contextOf(trusts[host] ?? null)]));
  const door = { sessions: [] as TlsPeer[], turnedAway: [] as TurnedAway[] };
  const open = createServer({ allowHalfOpen: true }, (raw) => {
    new TlsGreeting(raw, {
      context: (name) => contexts.get(name ?? '') ?? assert.fail(`no host ${name}`),
      deadlineMs: 1e12,
      http2: false,
      handshakes: new HandshakeGate(() => 0, setImmediate),
      turnedAway: (reason) => door.turnedAway.push(reason),
      greeted: ({ socket, tls, reset }) => {
        t.after(reset);
        socket.on('error', () => {});
        door.sessions.push(tls);
        socket.write('heard');
      },
      closed: () => {},
    });
  });
  await once(open.listen(0, '127.0.0.1'), 'listening');
  t.after(() => open.close());
  return { ...door, port: (open.address() as AddressInfo).port };
}

interface Attempt {
  /** Null where there was no session. */
  readonly tls: TlsPeer | null;
  readonly session: Buffer | undefined;
}

async function attempt(t: TestContext, door: Door, options: ConnectionOptions): Promise<Attempt> {
  const count = door.sessions.length;
  const client: TLSSocket = connect({ host: '127.0.0.1', port: door.port, ca: server.certPem, ...options });
  t.after(() => client.destroy());
  let [over, heard] = [false, false];
  let session: Buffer | undefined;
  client.on('error', () => (over = true)).on('close', () => (over = true));
  client.on('session', (given: Buffer) => (session = given));
  client.on('data', () => (heard = true));
  await until(() => over || heard);
  return { tls: door.sessions[count] ?? null, session };
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;

function shown(name: string | null): ConnectionOptions {
  const one = name === null ? undefined : made[name];
  return one === undefined ? {} : { cert: one.chainPem, key: one.keyPem };
}

/** What a client shows, and OpenSSL's code against it where the CA is the right one; null for none. */
const SHOWN: readonly (readonly [name: string | null, fault: string | null])[] = [
  [null, null],
  ['good', null],
  ['below', null],
  ['foreign', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['forged', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['expired', 'CERT_HAS_EXPIRED'],
  ['early', 'CERT_NOT_YET_VALID'],
  ['server', 'INVALID_PURPOSE'],
  ['self', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['below a client', 'INVALID_CA'],
];

for (const version of VERSIONS) {
  test(`over ${version} a certificate counts only where everything about it is good`, async (t) => {
    const door = await openDoor(t);
    for (const [name, fault] of SHOWN) {
      const options = { servername: 'asks.test', maxVersion: version, minVersion: version, ...shown(name) };
      const { tls } = await attempt(t, door, options);
      assert.ok(tls !== null, `${name} has no session: ${door.turnedAway.join()}`);
      assert.equal(tls.trust, 'asks');
      const isGood = name !== null && fault === null;
      assert.equal(tls.client !== null, isGood, `${name}`);
      if (fault === null) assert.equal(tls.clientFault, null, `${name}`);
      else assert.ok(tls.clientFault !== null, `${name}`);
      if (name === 'expired' || name === 'server' || name === 'self') assert.equal(tls.clientFault, fault);
    }
    assert.deepEqual(door.turnedAway, []);
  });

  test(`over ${version} a host that asks for nothing hears of no certificate`, async (t) => {
    const door = await openDoor(t);
    const { tls } = await attempt(t, door, { servername: 'open.test', maxVersion: version, ...shown('good') });
    assert.deepEqual([tls?.trust, tls?.client, tls?.clientFault], [null, null, null]);
  });

  test(`over ${version} what a CA has revoked is refused, of whichever list it is`, async (t) => {
    const door = await openDoor(t);
    const fault = async (name: string): Promise<string | null | undefined> =>
      (await attempt(t, door, { servername: 'lists.test', maxVersion: version, ...shown(name) })).tls?.clientFault;
    assert.equal(await fault('revoked'), 'CERT_REVOKED');
    assert.equal(await fault('good'), null);
    assert.equal(await fault('foreign'), null, 'the second CA and its list count too');
    assert.equal(await fault('below'), 'UNABLE_TO_GET_CRL', 'a CA in between has no list');
  });

  test(`over ${version} no session of a host that judges its clients is resumed, there or elsewhere`, async (t) => {
    const door = await openDoor(t);
    const limits = { maxVersion: version, minVersion: version };
    for (const first of HOSTS) {
      for (const name of ['good', null]) {
        const begun = await attempt(t, door, { ...limits, servername: first, ...shown(name) });
        // OpenSSL's client keeps to the name of a session; a hostile one need not.
        for (const then of HOSTS) {
          const options = { ...limits, servername: then, ...(begun.session ? { session: begun.session } : {}) };
          const { tls } = await attempt(t, door, options);
          assert.ok(tls !== null);
          assert.equal(tls.trust, trusts[then]?.id ?? null);
          assert.equal(tls.client, null, `${first} then ${then}: nothing was shown this time`);
          assert.equal(tls.clientFault, null, `${first} then ${then}: the session began anew`);
        }
      }
    }
  });
}

test('a session that is resumed proves nothing, nor does one of which nobody can say what is wrong', () => {
  const certificate = new X509Certificate((made['good'] as Made).certPem);
  const socketWith = (reused: boolean, ssl: unknown): TLSSocket =>
    ({ isSessionReused: () => reused, getPeerX509Certificate: () => certificate, ssl }) as never;
  const silent = { verifyError: () => null };
  const ours = new VouchingAuthorities((made['ca'] as Made).certPem);
  assert.notEqual(judgeClient(socketWith(false, silent), ours).client, null);
  assert.deepEqual(judgeClient(socketWith(true, silent), ours), { client: null, clientFault: 'SESSION_REUSED' });
  for (const ssl of [undefined, {}, { verifyError: () => new Error('no code') }])
    assert.deepEqual(judgeClient(socketWith(false, ssl), ours), { client: null, clientFault: 'UNKNOWN' });
});

test('the client that counts is told of with all of its names', async (t) => {
  const door = await openDoor(t);
  const { tls } = await attempt(t, door, { servername: 'asks.test', ...shown('good') });
  const { fingerprint256, notAfterMs, ...rest } = tls?.client ?? assert.fail();
  assert.deepEqual(rest, {
    subject: 'O=Partner,CN=good',
    issuer: 'CN=Partners',
    names: ['dns:a.partner.test', 'uri:spiffe://partner/a', 'ip:2001:db8::1'],
  });
  assert.match(fingerprint256, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.ok(notAfterMs > Date.now());
});

test('a name in other letters, or with a dot behind it, is the same host', async (t) => {
  const door = await openDoor(t);
  for (const servername of ['ASKS.Test', 'asks.test.']) {
    const { tls } = await attempt(t, door, { servername, rejectUnauthorized: false, ...shown('good') });
    assert.equal(tls?.trust, 'asks', servername);
    assert.ok(tls?.client, servername);
  }
});

test('a hello in pieces is judged as a whole one, also where the server asks for another', async (t) => {
  const door = await openDoor(t);
  const pieces = createServer((socket) => {
    const onward = connectTcp(door.port, '127.0.0.1');
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
    onward.on('data', (bytes: Buffer) => socket.write(bytes));
    socket.on('data', (bytes: Buffer) => {
      for (const octet of bytes) onward.write(Buffer.of(octet));
    });
    socket.on('close', () => onward.destroy());
  });
  await once(pieces.listen(0, '127.0.0.1'), 'listening');
  t.after(() => pieces.close());
  const { port } = pieces.address() as AddressInfo;
  for (const ecdhCurve of ['X25519MLKEM768:X25519', 'P-521:P-256']) {
    const { tls } = await attempt(t, { ...door, port }, { servername: 'asks.test', ecdhCurve, ...shown('good') });
    assert.ok(tls?.client, ecdhCurve);
  }
});

test('a client that names another host when it is asked for another hello has no session', async (t) => {
  const door = await openDoor(t);
  const changes: string[] = [];
  for (const [first, then] of [
    ['open.test', 'asks.test'],
    ['asks.test', 'open.test'],
    ['open.test', 'open.test'],
  ] as const) {
    let hellos = 0;
    const rewriter = createServer((socket) => {
      const onward = connectTcp(door.port, '127.0.0.1');
      onward.on('error', () => socket.destroy()).on('data', (bytes: Buffer) => socket.write(bytes));
      onward.on('close', () => socket.destroy());
      socket.on('error', () => onward.destroy()).on('close', () => onward.destroy());
      socket.on('data', (bytes: Buffer) => {
        const at = bytes.indexOf(first);
        if (at >= 0 && ++hellos === 2) bytes.write(then, at);
        onward.write(bytes);
      });
    });
    await once(rewriter.listen(0, '127.0.0.1'), 'listening');
    t.after(() => rewriter.close());
    const { port } = rewriter.address() as AddressInfo;
    // We speak no P-521, so the server asks for another hello.
    const options = { servername: first, ecdhCurve: 'P-521:P-256', ...shown('good') };
    const { tls } = await attempt(t, { ...door, port }, options);
    changes.push(`${hellos} ${tls === null ? 'none' : 'a session'}`);
  }
  assert.deepEqual(changes, ['2 none', '2 none', '2 a session']);
});

test('a subject is given as OpenSSL prints it for comparing, whatever is in its values', async (t) => {
  const door = await openDoor(t);
  const subject = [{ O: ['Söhne, A+B'] }, { OU: ['a'], E: ['b + c'] }, { CN: ['batch'] }];
  const { chainPem, keyPem } = await make({ by: made['ca'] as Made, subject, names: [] });
  const { tls } = await attempt(t, door, { servername: 'asks.test', cert: chainPem, key: keyPem });
  assert.equal(tls?.client?.subject, 'O=Söhne\\, A\\+B,OU=a+emailAddress=b \\+ c,CN=batch');
});

test('names come of a certificate as they stand in it, and of nothing that only looks like one', async () => {
  const given: JsonGeneralNames = [
    { type: 'dns', value: 'a.test, DNS:evil.test' },
    { type: 'url', value: 'spiffe://a/b, URI:spiffe://evil' },
    { type: 'email', value: 'a"b@c.test' },
    { type: 'dn', value: 'CN=DNS:evil.test,O=\\, DNS:evil.test' },
    { type: 'upn', value: 'x, DNS:evil.test' },
    { type: 'id', value: '1.2.3.4' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'dns', value: 'OK.test' },
  ];
  const { certPem } = await make({ by: null, subject: 'CN=x', names: given });
  const names = readAlternativeNames(new X509Certificate(certPem).subjectAltName ?? '');
  assert.deepEqual(names, [
    'dns:a.test, dns:evil.test',
    'uri:spiffe://a/b, URI:spiffe://evil',
    'email:a"b@c.test',
    'ip:192.0.2.1',
    'dns:ok.test',
  ]);
});

test('a name of a certificate never becomes several, or one of another kind', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '.', ',', ' ', '"', '\\', ':', 'D', 'N', 'S', "'", '\n') });
  const kind = fc.constantFrom('dns' as const, 'url' as const, 'email' as const);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ type: kind, value: text }), { minLength: 1, maxLength: 4 }),
      async (given) => {
        const { certPem } = await make({ by: null, subject: 'CN=x', names: given });
        const names = readAlternativeNames(new X509Certificate(certPem).subjectAltName ?? '');
        const written = { dns: 'dns', url: 'uri', email: 'email' } as const;
        const fold = (name: string): string => name.toLowerCase();
        const wanted = given.map(({ type, value }) => fold(`${written[type]}:${value}`));
        assert.deepEqual(names.map(fold), wanted);
      },
    ),
    { numRuns: 60 },
  );
});

test('what is no list of names, or has too many, gives none', () => {
  for (const text of ['', 'DNS', 'DNS:a"b', 'DNS:"a', 'DNS:a,b', 'DNS:"\\x"', 'DNS:a.test, ?:x']) {
    assert.deepEqual(readAlternativeNames(text), [], text);
  }
  const many = Array.from({ length: 1_001 }, (_, at) => `DNS:a${at}.test`).join(', ');
  assert.deepEqual(readAlternativeNames(many), []);
});

describe('who vouches for a client', () => {
  const both = (): string => [made['ca'], made['other']].map((one) => (one as Made).certPem).join('');

  async function judged(t: TestContext, leaf: Made, sent: readonly Made[], caPem = both()) {
    Object.assign(trusts, { 'asks.test': { id: 'asks', caPem, crlPem: null } });
    const door = await openDoor(t);
    const cert = [leaf, ...sent].map(({ certPem }) => certPem).join('');
    const { tls } = await attempt(t, door, { servername: 'asks.test', cert, key: leaf.keyPem });
    return tls?.client?.issuer ?? tls?.clientFault;
  }

  test('a CA that was sent is known by that which the operator named above it, whatever it calls itself', async (t) => {
    const { ca, other, middle } = made as Readonly<Record<string, Made>>;
    assert.ok(ca && other && middle);
    assert.equal(await judged(t, made['good'] as Made, []), 'CN=Partners');
    assert.equal(await judged(t, made['good'] as Made, [ca]), 'CN=Partners');
    assert.equal(await judged(t, made['below'] as Made, [middle]), 'CN=Partners');
    // Where the one between is named too, it is the nearest, also if it is sent besides.
    const renewed = await make({ by: ca, subject: 'CN=Middle', isCa: true, key: middle });
    for (const sent of [[], [middle], [middle, ca], [renewed], [renewed, ca]])
      assert.equal(await judged(t, made['below'] as Made, sent, both() + middle.certPem), subjectOf(middle));
    const namesake = await make({ by: other, subject: 'CN=Partners', isCa: true });
    const forged = await make({ by: namesake, subject: 'CN=good' });
    const deeper = await make({ by: namesake, subject: 'CN=deeper', isCa: true });
    const below = await make({ by: deeper, subject: 'CN=good' });
    assert.equal(await judged(t, forged, [namesake], other.certPem), 'CN=Others');
    assert.equal(await judged(t, forged, [namesake]), 'CERT_SIGNATURE_FAILURE');
    assert.equal(await judged(t, below, [namesake, deeper], other.certPem), 'CN=Others');
  });

  test('a CA is told of by the name in the operator’s file, in whichever letters it writes that below itself', async (t) => {
    const ca = made['ca'] as Made;
    // OpenSSL compares names without regard to letters and blanks: this CA may sign as a namesake of another.
    const loud = await makeAuthority('CN=PARTNERS');
    const quiet = await make({ by: null, subject: 'CN=Partners', isCa: true, key: loud });
    const leaf = await make({ by: quiet, subject: 'CN=good' });
    for (const sent of [[], [quiet]]) {
      assert.equal(await judged(t, leaf, sent, loud.certPem), 'CN=PARTNERS');
      assert.equal(await judged(t, leaf, sent, loud.certPem + (made['other'] as Made).certPem), 'CN=PARTNERS');
    }
    assert.equal(await judged(t, made['good'] as Made, [], ca.certPem), 'CN=Partners');
  });

  test('where two of them vouch for one that was sent, or too many were sent, nobody does', async (t) => {
    const { ca, other } = made as Readonly<Record<string, Made>>;
    assert.ok(ca && other);
    const one = await make({ by: ca, subject: 'CN=crossed', isCa: true });
    const crossed = await make({ by: other, subject: 'CN=crossed', isCa: true, key: one });
    const leaf = await make({ by: one, subject: 'CN=good' });
    assert.equal(await judged(t, leaf, [one]), 'CN=Partners');
    for (const sent of [
      [one, crossed],
      [crossed, one],
    ])
      assert.equal(await judged(t, leaf, sent), 'CHAIN_UNCLEAR');
    const namesake = await make({ by: other, subject: 'CN=crossed', isCa: true });
    assert.equal(await judged(t, leaf, [one, namesake]), 'CN=Partners');
    // A client is no CA, whatever it has signed.
    const client = await make({ by: ca, subject: 'CN=crossed', key: one });
    assert.equal(await judged(t, leaf, [crossed, client]), 'CN=Others');
    const filling = await Promise.all(Array.from({ length: 8 }, (_, n) => make({ by: ca, subject: `CN=${n}` })));
    assert.equal(await judged(t, leaf, [one, ...filling.slice(1)]), 'CN=Partners');
    assert.equal(await judged(t, leaf, [one, ...filling]), 'CHAIN_TOO_LONG');
  });
});

const subjectOf = ({ certPem }: Made): string => new X509Certificate(certPem).subject ?? '';
