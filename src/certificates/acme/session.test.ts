import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EgressReply, EgressRequest } from '../../ports/index.ts';
import { ok } from '../../base/index.ts';
import { FakeClock, valueOf } from '../fake-ports.test.ts';
import { acmeFixture } from './fake-authority.test.ts';
import { newAccountKey } from './jws.ts';
import { AcmeSession } from './session.ts';

const signer = { key: newAccountKey(), account: null };
const NEVER = new AbortController().signal;
const account = { termsOfServiceAgreed: true, contact: [] };

function open(caPem: string | null = null) {
  const fixture = acmeFixture(['ca.test'], caPem);
  const { ports, clock, ca } = fixture;
  const session = new AcmeSession({ directory: ca.directory, caPem, egress: ports.egress, clock, signal: NEVER });
  return { ...fixture, session };
}

/** A session with a CA that always answers so, and what it was asked. */
function answering(
  reply: Partial<Omit<EgressReply, 'body' | 'headers'>> & { body?: string; headers?: [string, string][] },
) {
  const requests: EgressRequest[] = [];
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const session = new AcmeSession({
    directory: 'https://ca.test/dir',
    caPem: null,
    clock,
    signal: NEVER,
    egress: {
      call: (request) => {
        requests.push(request);
        const { status = 200, body = '', headers = [] } = reply;
        return Promise.resolve(ok({ status, body: Buffer.from(body), headers: new Map(headers) }));
      },
    },
  });
  return { session, requests };
}

test('the directory is asked for once a day', async () => {
  const { session, ca, clock } = open();
  for (let times = 0; times < 3; times++) assert.equal((await session.directory()).ok, true);
  assert.equal(ca.requests.length, 1);
  await clock.pass(86_400_001);
  await session.directory();
  assert.equal(ca.requests.length, 2);
});

test('a nonce that comes with a reply serves the next request', async () => {
  const { session, ca } = open();
  for (let times = 0; times < 3; times++) valueOf(await session.post(`${ca.base}/new-account`, account, signer));
  const paths = ca.requests.map(({ url }) => url.slice(ca.base.length));
  // That of the directory serves too.
  assert.deepEqual(paths.filter((path) => path === '/new-account').length, 3);
  assert.ok(paths.filter((path) => path === '/nonce').length <= 1, String(paths));
});

test('a refused nonce is answered with another, five times and no more', async () => {
  const { session, ca } = open();
  ca.badNonces = 4;
  valueOf(await session.post(`${ca.base}/new-account`, account, signer));
  ca.badNonces = 100;
  ca.requests.splice(0);
  const given = await session.post(`${ca.base}/new-account`, account, signer);
  assert.equal(!given.ok && given.error.type, 'badNonce');
  assert.equal(ca.requests.filter(({ method }) => method === 'POST').length, 5);
});

test('an error of the CA is its type, its words made printable and bounded, and when to come again', async () => {
  const problem = (document: object, headers: [string, string][] = []) =>
    answering({ status: 429, body: JSON.stringify(document), headers }).session.get('https://ca.test/x');
  const faultOf = async (document: object, headers: [string, string][] = []) => {
    const given = await problem(document, headers);
    assert.ok(!given.ok);
    return given.error;
  };
  const type = 'urn:ietf:params:acme:error:rateLimited';
  assert.deepEqual(await faultOf({ type, detail: 'too\nmany\u202e' }, [['retry-after', '120']]), {
    type: 'rateLimited',
    detail: 'too?many?',
    retryAfterMs: 120_000,
    counted: 0,
  });
  assert.equal((await faultOf({ type: `${type}\n`, detail: 'x'.repeat(9_999) })).type, 'unknown');
  assert.equal((await faultOf({ type, detail: 'x'.repeat(9_999) })).detail.length, 300);
  assert.match((await faultOf({ type, detail: 7 })).detail, /429/);
  assert.equal((await faultOf({ type, detail: 'a', subproblems: [{ detail: 'b' }] })).detail, 'a: b');
  assert.match((await faultOf([])).detail, /without saying why/);
});

test('a time to come again is read as seconds or as a date, up to a day', async () => {
  const waitOf = async (value: string): Promise<number | null> => {
    const given = await answering({ status: 503, headers: [['retry-after', value]] }).session.get('https://ca.test/x');
    return given.ok ? null : given.error.retryAfterMs;
  };
  assert.equal(await waitOf('7'), 7_000);
  assert.equal(await waitOf('Thu, 01 Jan 2026 00:01:00 GMT'), 60_000);
  assert.equal(await waitOf('Thu, 01 Jan 2020 00:01:00 GMT'), 0);
  assert.equal(await waitOf('99999999'), 86_400_000);
  assert.equal(await waitOf('soon'), null);
});

test('what is no directory with https URLs is a fault', async () => {
  const whole = { newNonce: 'https://a/1', newAccount: 'https://a/2', newOrder: 'https://a/3' };
  const bad: unknown[] = ['', 'not json', '[]', 'null', '{}'];
  for (const name of Object.keys(whole)) {
    for (const value of ['http://a/1', 'ftp://a', 7, null, `https://a/${'x'.repeat(3_000)}`, 'https://u:p@a/'])
      bad.push(JSON.stringify({ ...whole, [name]: value }));
  }
  for (const body of bad) {
    const given = await answering({ body: String(body) }).session.directory();
    assert.equal(!given.ok && given.error.type, 'malformedReply', String(body));
  }
  const good = await answering({
    body: JSON.stringify({ ...whole, renewalInfo: 'http://a', meta: 7 }),
  }).session.directory();
  assert.deepEqual(good.ok && [good.value.renewalInfo, good.value.needsExternalAccount, good.value.profiles], [
    null,
    false,
    [],
  ]);
});

test('a CA leads nobody to plain http, and to other hosts only on the open internet', async () => {
  const { session, requests } = answering({});
  for (const url of ['http://ca.test/x', 'file:///etc/passwd', 'https://u:p@ca.test/', 'gopher://x']) {
    const given = await session.get(url);
    assert.equal(!given.ok && given.error.type, 'malformedReply', url);
  }
  assert.equal(requests.length, 0);
  await session.get('https://ca.test/a');
  await session.get('https://ca.test:444/a');
  await session.get('https://169.254.169.254/a');
  assert.deepEqual(
    requests.map(({ reach }) => reach),
    ['named', 'public', 'public'],
  );
});

test('the CA of the operator’s choice verifies each connection', async () => {
  const { session, ca } = open('PEM');
  valueOf(await session.directory());
  assert.equal(ca.requests[0]?.ca, 'PEM');
});

test('a CA that can not be reached is a fault that says so', async () => {
  const { session, ca } = open();
  ca.down = true;
  const given = await session.post(`${ca.base}/new-account`, account, signer);
  assert.deepEqual(!given.ok && given.error, {
    type: 'unreachable',
    detail: 'ca.test: connection refused',
    retryAfterMs: null,
    counted: 0,
  });
});

test('nonces that are none are not used', async () => {
  const { session } = answering({ headers: [['replay-nonce', 'a b\r\nc']], body: '{}' });
  const given = await session.post('https://ca.test/x', {}, signer);
  assert.equal(given.ok, false);
});

test('many who want the directory at once share one question, also where it fails', async () => {
  const { session, ca } = open();
  const together = async (): Promise<boolean[]> =>
    (await Promise.all(Array.from({ length: 500 }, () => session.directory()))).map(({ ok }) => ok);
  ca.down = true;
  assert.deepEqual(new Set(await together()), new Set([false]));
  assert.equal(ca.requests.length, 1);
  ca.down = false;
  assert.deepEqual(new Set(await together()), new Set([true]));
  assert.equal(ca.requests.length, 2);
});
