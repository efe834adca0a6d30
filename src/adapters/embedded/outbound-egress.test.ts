import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { createServer, type TlsOptions } from 'node:tls';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import { ok } from '../../base/index.ts';
import { egressContract } from '../../ports/egress-contract.ts';
import type { EgressRequest, Resolver } from '../../ports/index.ts';
import { createOutboundEgress } from './outbound-egress.ts';
import { createVirtualClock } from './virtual-clock.ts';

const LOOPBACK: Resolver = { resolve: async () => ok([{ address: '127.0.0.1', family: 4 }]) };

egressContract('outbound calls', (resolver) => {
  const clock = createVirtualClock();
  return { egress: createOutboundEgress({ resolver, clock }), advance: (ms) => clock.advance(ms) };
});

async function selfSigned(name: string): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: name }])],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    cert: certificate.toString('pem'),
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
  };
}

async function startTls(t: TestContext, options: TlsOptions): Promise<number> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

function requestTo(url: string): EgressRequest {
  return { url, method: 'GET', headers: {}, timeoutMs: 10_000, limitBytes: 1000, reach: 'named' };
}

test('a trusted certificate for the name is accepted, and the name is what is verified, not the address', async (t) => {
  const { cert, key } = await selfSigned('good.example');
  const port = await startTls(t, { cert, key });
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock: createVirtualClock(), trustedCaPem: [cert] });
  const good = await egress.call(requestTo(`https://good.example:${port}/`));
  assert.ok(good.ok, good.ok ? '' : good.error.detail);
  for (const host of ['bad.example', '127.0.0.1']) {
    const outcome = await egress.call(requestTo(`https://${host}:${port}/`));
    assert.equal(!outcome.ok && outcome.error.reason, 'untrusted', host);
  }
});

test('a certificate that nobody trusts is refused, even where the environment says otherwise', async (t) => {
  const { cert, key } = await selfSigned('good.example');
  const port = await startTls(t, { cert, key });
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  t.after(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock: createVirtualClock() });
  const outcome = await egress.call(requestTo(`https://good.example:${port}/`));
  assert.equal(!outcome.ok && outcome.error.reason, 'untrusted');
});

test('a peer that speaks only TLS 1.1, or no TLS at all, is not trusted', async (t) => {
  const { cert, key } = await selfSigned('good.example');
  const old: TlsOptions = { cert, key, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' };
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock: createVirtualClock(), trustedCaPem: [cert] });
  const outcome = await egress.call(requestTo(`https://good.example:${await startTls(t, old)}/`));
  assert.equal(!outcome.ok && outcome.error.reason, 'untrusted');
});

test('more than 64 calls at once are refused, and later ones pass', async () => {
  const clock = createVirtualClock();
  const egress = createOutboundEgress({ resolver: { resolve: () => new Promise(() => {}) }, clock });
  const stuck = Array.from({ length: 64 }, () => egress.call(requestTo('http://a.example/')));
  const more = await egress.call(requestTo('http://a.example/'));
  assert.match(more.ok ? '' : more.error.detail, /64 calls/);
  clock.advance(10_000);
  await Promise.all(stuck);
  const next = egress.call(requestTo('http://a.example/'));
  clock.advance(10_000);
  const outcome = await next;
  assert.equal(!outcome.ok && outcome.error.reason, 'timeout');
});

test('whoever has many calls that wait says how many there may be', async () => {
  const clock = createVirtualClock();
  const resolver = { resolve: () => new Promise<never>(() => {}) };
  const egress = createOutboundEgress({ resolver, clock, callLimit: 100 });
  const stuck = Array.from({ length: 101 }, () => egress.call(requestTo('http://a.example/')));
  const more = await stuck[100];
  assert.match(more === undefined || more.ok ? '' : more.error.detail, /100 calls/);
  clock.advance(10_000);
  const outcomes = await Promise.all(stuck);
  assert.equal(outcomes.filter((outcome) => !outcome.ok && outcome.error.reason === 'timeout').length, 100);
});

test('a caller’s own CAs take the place of all others', async (t) => {
  const { cert, key } = await selfSigned('good.example');
  const other = await selfSigned('good.example');
  const port = await startTls(t, { cert, key });
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock: createVirtualClock(), trustedCaPem: [cert] });
  const good = await egress.call({ ...requestTo(`https://good.example:${port}/`), ca: cert });
  assert.ok(good.ok, good.ok ? '' : good.error.detail);
  for (const ca of [other.cert, '', 'nothing of the kind']) {
    const outcome = await egress.call({ ...requestTo(`https://good.example:${port}/`), ca });
    assert.equal(!outcome.ok && outcome.error.reason, 'untrusted', ca);
  }
});

test('a call that nobody waits for any more ends at once, its connection with it, and takes no place', async (t) => {
  const clock = createVirtualClock();
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock });
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => void sockets.push(socket.on('error', () => {})));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const cancel = new AbortController();
  const calls = Array.from({ length: 64 }, () =>
    egress.call({ ...requestTo(`http://a.example:${port}/`), signal: cancel.signal }),
  );
  while (sockets.length < 64) await setImmediate();
  cancel.abort();
  for (const outcome of await Promise.all(calls)) assert.equal(!outcome.ok && outcome.error.reason, 'cancelled');
  await Promise.all(sockets.filter(({ closed }) => !closed).map((socket) => once(socket.resume(), 'close')));
  const late = await egress.call({ ...requestTo(`http://a.example:${port}/`), signal: cancel.signal });
  assert.equal(!late.ok && late.error.reason, 'cancelled');
  assert.equal(sockets.length, 64);
});

test('connections are kept apart by the CAs they were verified by, and by what was shown', async (t) => {
  const { cert, key } = await selfSigned('good.example');
  const own = await selfSigned('gateway');
  let connections = 0;
  const server = createServer({ cert, key }, (socket) => {
    connections++;
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock: createVirtualClock(), trustedCaPem: [cert] });
  const { port } = server.address() as AddressInfo;
  const request = { ...requestTo(`https://good.example:${port}/`), keeps: true };
  const call = async (more: Partial<EgressRequest>): Promise<unknown> => {
    const outcome = await egress.call({ ...request, ...more });
    return outcome.ok ? outcome.value.status : outcome.error.reason;
  };
  assert.deepEqual([await call({}), await call({}), connections], [200, 200, 1]);
  assert.deepEqual([await call({ ca: cert }), await call({ ca: cert }), connections], [200, 200, 2]);
  const shows = { certificate: own.cert, key: own.key };
  assert.deepEqual([await call({ shows }), await call({ shows }), connections], [200, 200, 3]);
  assert.equal(await call({ ca: own.cert }), 'untrusted', 'what others have verified counts for nobody else');
});

test('a new connection takes it from none of before who is at the other end', async (t) => {
  const good = await selfSigned('good.example');
  // The keys of its tickets have got away, and are all that somebody else has who stands there later.
  const ticketKeys = Buffer.alloc(48, 7);
  const server = createServer({ ...good, ticketKeys }, (socket) => {
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => server.close());
  const clock = createVirtualClock();
  const egress = createOutboundEgress({ resolver: LOOPBACK, clock, trustedCaPem: [good.cert] });
  const { port } = server.address() as AddressInfo;
  const call = async (): Promise<unknown> => {
    const outcome = await egress.call({ ...requestTo(`https://good.example:${port}/`), keeps: true });
    return outcome.ok ? outcome.value.status : outcome.error.reason;
  };
  assert.equal(await call(), 200);
  clock.advance(6 * 60_000);
  assert.equal(await call(), 200, 'and its connection ends');
  server.setSecureContext({ ...(await selfSigned('good.example')), ticketKeys });
  assert.equal(await call(), 'untrusted');
});
