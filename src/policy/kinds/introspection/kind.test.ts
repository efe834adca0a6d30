import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEYS_STALE_AFTER_MS } from '../../../credential/index.ts';
import { createSigner, exchangeOf, NOW, roleTable } from '../jwt/fixture.test.ts';
import type { Told } from '../../desk.ts';
import { askedServer } from './asked-issuer.ts';
import { ACTIVE, askedIssuer, AskingThread, bytesOf, introspecting } from './fixture.test.ts';
import { AskingBudget } from './asking-budget.ts';
import { KeptAnswers } from './kept-answers.ts';

const TAKEN = 'identified ada user';
const INACTIVE = 'invalid-token inactive';

test('what was said of a token counts as long as is said, from when it was asked about', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer({ cacheMs: 30_000 })));
  thread.answer = () => {
    thread.nowMs += 10_000;
    return bytesOf(ACTIVE);
  };
  assert.equal(await thread.word(steps, 'a'), TAKEN);
  thread.answer = () => bytesOf({ active: false });
  thread.nowMs += 19_999;
  assert.equal(await thread.word(steps, 'a'), TAKEN);
  assert.equal(thread.asked.length, 1);
  thread.nowMs += 1;
  assert.equal(await thread.word(steps, 'a'), INACTIVE);
  assert.equal(thread.asked.length, 2);
});

test('it counts no longer than the token', async () => {
  const thread = new AskingThread();
  thread.answer = () => bytesOf({ ...ACTIVE, exp: NOW + 5 });
  const steps = thread.steps(introspecting(askedIssuer({ cacheMs: 300_000 })));
  assert.equal(await thread.word(steps, 'a'), TAKEN);
  thread.nowMs += 34_999;
  assert.equal(await thread.word(steps, 'a'), TAKEN);
  thread.nowMs += 1;
  assert.equal(await thread.word(steps, 'a'), 'invalid-token expired');
  assert.equal(thread.asked.length, 2);
});

test('that a token is not taken counts five seconds at most, and that nobody answered not at all', async () => {
  const thread = new AskingThread();
  thread.answer = () => bytesOf({ active: false });
  const steps = thread.steps(introspecting(askedIssuer()));
  assert.equal(await thread.word(steps, 'a'), INACTIVE);
  thread.nowMs += 4_999;
  assert.equal(await thread.word(steps, 'a'), INACTIVE);
  assert.equal(thread.asked.length, 1);
  thread.nowMs += 1;
  thread.answer = () => null;
  assert.equal(await thread.word(steps, 'a'), 'introspection-unavailable unanswered');
  thread.answer = () => bytesOf(ACTIVE);
  assert.equal(await thread.word(steps, 'a'), TAKEN);
});

test('without a cache each request asks, and those of one time ask once', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer({ cacheMs: 0 })));
  const words = await Promise.all(['a', 'a', 'b', 'a'].map(async (token) => await thread.word(steps, token)));
  assert.deepEqual(new Set(words), new Set([TAKEN]));
  assert.equal(thread.asked.length, 2);
  await thread.word(steps, 'a');
  assert.equal(thread.asked.length, 3);
});

test('those who bear different tokens at one time are never taken for each other', async () => {
  const thread = new AskingThread();
  thread.answer = async (token) => {
    await Promise.resolve();
    return bytesOf({ ...ACTIVE, sub: `bearer of ${token}` });
  };
  const steps = thread.steps(introspecting(askedIssuer()));
  const tokens = Array.from({ length: 200 }, (_, at) => `t${at % 50}`);
  const words = await Promise.all(
    tokens.map(async (token, at) => await thread.word(steps, token, `192.0.2.${at % 20}`)),
  );
  assert.deepEqual(
    words,
    tokens.map((token) => `identified bearer of ${token} user`),
  );
  assert.equal(thread.asked.length, 50);
});

test('what one server, entry of the configuration or table of roles said is not what another does', async () => {
  const thread = new AskingThread();
  const [one, other] = [askedIssuer(), askedIssuer({ url: 'https://id.example/ask' })];
  assert.notEqual(askedServer(one), askedServer(other));
  for (const config of [introspecting(one), introspecting(other)]) await thread.word(thread.steps(config), 'a');
  await thread.word(thread.steps(introspecting(one), roleTable()), 'a');
  assert.equal(thread.asked.length, 3);
  await thread.word(thread.steps(introspecting(one)), 'a');
  assert.equal(thread.asked.length, 3, 'the operations of one Snapshot share it');
});

test('a server is called by all that is said of it, so that no other one is ever asked in its place', () => {
  const names = [
    askedIssuer(),
    askedIssuer({ clientId: 'other' }),
    askedIssuer({ client: { kind: 'secret', secret: '${env:OTHER}', place: 'header' } }),
    askedIssuer({ caFile: '/ca.pem' }),
    askedIssuer({ signed: true }),
    askedIssuer({}, { issuer: 'https://other.example' }),
    askedIssuer({}, { name: 'other' }),
  ].map(askedServer);
  assert.equal(new Set(names).size, names.length);
});

test('so many are asked about at a time, so many of one address among them, and others still are', async () => {
  const thread = new AskingThread();
  const { promise, resolve } = Promise.withResolvers<Told>();
  thread.answer = () => promise;
  const steps = thread.steps(introspecting(askedIssuer()));
  const ask = async (count: number, from: string): Promise<readonly string[]> =>
    await Promise.all(Array.from({ length: count }, async (_, at) => await thread.word(steps, `${from}-${at}`, from)));
  const greedy = ask(100, '192.0.2.1');
  const others = Array.from({ length: 8 }, async (_, at) => await ask(32, `198.51.100.${at}`));
  assert.equal(await thread.word(steps, 'one-more', '203.0.113.9'), 'introspection-unavailable busy');
  resolve(bytesOf(ACTIVE));
  assert.equal((await greedy).filter((word) => word === TAKEN).length, 32);
  assert.equal((await greedy).filter((word) => word === 'introspection-unavailable busy').length, 68);
  assert.equal((await Promise.all(others)).flat().filter((word) => word === TAKEN).length, 256 - 32);
  assert.equal(await thread.word(steps, 'later', '192.0.2.1'), TAKEN, 'nothing is held when all is answered');
});

test('who changes addresses within a network is one, and who brings no good tokens is asked about less often', async () => {
  const thread = new AskingThread();
  const { promise, resolve } = Promise.withResolvers<Told>();
  thread.answer = () => promise;
  const steps = thread.steps(introspecting(askedIssuer()));
  const words = Array.from({ length: 64 }, async (_, at) => await thread.word(steps, `g-${at}`, `2001:db8::${at + 1}`));
  assert.equal(await thread.word(steps, 'x', '2001:db8::9:9'), 'introspection-unavailable busy');
  const elsewhere = thread.word(steps, 'y', '2001:db8:0:1::1');
  resolve(bytesOf({ active: false }));
  assert.equal((await Promise.all(words)).filter((word) => word === INACTIVE).length, 32);
  assert.equal(await elsewhere, INACTIVE);
  for (let at = 0; at < 68 + 1; at++)
    assert.equal(await thread.word(steps, `h-${at}`, '2001:db8::1'), INACTIVE, `${at}`);
  const asked = thread.asked.length;
  assert.equal(await thread.word(steps, 'z', '2001:db8::2'), 'introspection-unavailable guesses');
  assert.equal(thread.asked.length, asked);
  assert.equal(await thread.word(steps, 'g-1', '2001:db8::1'), INACTIVE, 'what is known already is said');
  assert.equal(await thread.word(steps, 'z', '198.51.100.1'), INACTIVE, 'others are asked about as before');
  thread.nowMs += 1_000;
  for (let at = 0; at < 20; at++) assert.equal(await thread.word(steps, `i-${at}`, '2001:db8::1'), INACTIVE, `${at}`);
  assert.equal(await thread.word(steps, 'j', '2001:db8::1'), 'introspection-unavailable guesses');
});

test('who brings tokens that the issuer does not read is asked about less often, and nothing of them is kept', async () => {
  const thread = new AskingThread();
  thread.answer = () => 'not-taken';
  const steps = thread.steps(introspecting(askedIssuer()));
  const unread = 'introspection-unavailable not-taken';
  for (let at = 0; at < 100 + 1; at++) assert.equal(await thread.word(steps, `t${at}`, '192.0.2.1'), unread, `${at}`);
  assert.equal(await thread.word(steps, 'x', '192.0.2.1'), 'introspection-unavailable guesses');
  thread.answer = () => bytesOf(ACTIVE);
  assert.equal(await thread.word(steps, 't0', '198.51.100.1'), TAKEN);
});

test('who brings good tokens alone is asked about without end', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer()));
  for (let at = 0; at < 500; at++) assert.equal(await thread.word(steps, `t-${at}`), TAKEN);
});

test('networks that were refused are remembered to a bound', () => {
  const budget = new AskingBudget();
  for (let at = 0; at < 5_000; at++) {
    const asking = budget.begin(`198.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 0);
    assert.ok(typeof asking !== 'string');
    asking.refused(0);
    asking.end();
  }
  assert.equal(budget.size, 1_000);
});

test('an answer is waited for as long as two calls take, and the operator hears of answers that are none', async () => {
  const thread = new AskingThread();
  thread.answer = () => bytesOf('<html>');
  const steps = thread.steps(introspecting(askedIssuer({ timeoutMs: 1_000 })));
  for (const token of ['a', 'b', 'c']) await thread.word(steps, token);
  assert.equal(thread.asked[0]?.limitMs, 2_500);
  assert.equal(thread.alerts.length, 1);
  assert.doesNotMatch(JSON.stringify(thread.alerts), /html|"a"/);
  thread.nowMs += 10_000;
  await thread.word(steps, 'd');
  assert.equal(thread.alerts.length, 2);
});

test('the field is named as used unless credentials pass, and a caller who is known already is not asked about', async () => {
  const thread = new AskingThread();
  const config = introspecting(askedIssuer());
  for (const [credentials, used] of [
    ['remove', 'authorization'],
    ['pass', null],
  ] as const) {
    const exchange = exchangeOf(['Bearer a']);
    Object.assign(exchange, { principal: null });
    await thread.steps({ ...config, credentials }).authenticate?.run(exchange);
    assert.equal(exchange.used.header, used);
  }
  const known = exchangeOf(['Bearer b']);
  Object.assign(known, { principal: {} });
  const asked = thread.asked.length;
  assert.equal((await thread.steps(config).authenticate?.run(known))?.kind, 'abstain');
  assert.equal(thread.asked.length, asked);
});

test('an operation that is public has no step', () => {
  const thread = new AskingThread();
  const config = { ...introspecting(askedIssuer()), operations: { getOrder: [] } };
  assert.deepEqual(thread.steps(config), {});
});

test('what is kept is bounded in number and in bytes, and what nobody uses goes first', () => {
  const kept = new KeptAnswers<number>();
  const answer = (value: number, bytes: number) => ({ value, fromMs: 0, untilMs: 10, bytes });
  for (let at = 0; at < 30_000; at++) {
    kept.add(`h${at}`, answer(at, 1));
    kept.find('h0', 5);
  }
  assert.ok(kept.size <= 10_001, `${kept.size}`);
  assert.equal(kept.find('h0', 5), 0);
  assert.equal(kept.find('h1', 5), null);
  assert.equal(kept.find('h0', 10), null);
  assert.equal(kept.find('h0', -1), null, 'a clock that went back makes nothing younger');
  const large = new KeptAnswers<number>();
  for (let at = 0; at < 1_000; at++) large.add(`h${at}`, answer(at, 65_536));
  assert.ok(large.size <= 260, `${large.size}`);
});

const signer = createSigner('ES256', 'one');
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** An answer in a JWT; `told` is written first in what it says of the token. */
function signed(more: object = {}, extra: object = {}, told = ''): Uint8Array {
  const header = { alg: 'ES256', kid: 'one', typ: 'token-introspection+jwt', ...extra };
  const claims = { iss: ACTIVE.iss, aud: 'gateway', iat: NOW, token_introspection: ACTIVE, ...more };
  // What is written first in the object would be overridden by whoever reads the last.
  const text = JSON.stringify(claims).replace('"token_introspection":{', `"token_introspection":{${told}`);
  const input = `${part(header)}.${Buffer.from(text).toString('base64url')}`;
  return bytesOf(`${input}.${signer.sign(input).toString('base64url')}`);
}

test('a signed answer is read by the issuer’s keys, newer ones are asked for once, and none in plain JSON is believed', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer({ signed: true, cacheMs: 0 })));
  thread.answer = () => signed();
  assert.equal(await thread.word(steps, 'a'), 'introspection-unavailable unknown-key');
  thread.want = async () => {
    await Promise.resolve();
    thread.rows = new Map([[signer.row.thumbprint, signer.row]]);
  };
  assert.equal(await thread.word(steps, 'a'), TAKEN);
  assert.deepEqual(thread.wanted, ['acme', 'acme']);
  for (const [answer, rule] of [
    [signed({ aud: 'another client' }), 'audience'],
    [signed({ iat: NOW - 3_600 }), 'expired'],
    [signed({ token_introspection: { ...ACTIVE, active: 'true' } }), 'malformed'],
    [signed({ exp: NOW - 60 }), 'expired'],
    [signed({}, { typ: 'JWT' }), 'type'],
    [signed({}, { alg: 'none' }), 'algorithm'],
    [signed({}, { crit: ['x'], x: 1 }), 'critical'],
    [signed({}, {}, '"active":false,'), 'json'],
    [bytesOf(ACTIVE), 'encoding'],
    [bytesOf(`${Buffer.from(signed()).toString()}x`), 'encoding'],
  ] as const) {
    thread.answer = () => answer;
    assert.equal(await thread.word(steps, 'a'), `introspection-unavailable ${rule}`);
  }
  thread.answer = () => signed({ token_introspection: { active: false } });
  assert.equal(await thread.word(steps, 'a'), INACTIVE);
});

test('what a token is bound to is what the issuer says, for whoever demands the proof', async () => {
  const thread = new AskingThread();
  const thumbprint = 'A'.repeat(43);
  thread.answer = () => bytesOf({ ...ACTIVE, token_type: 'DPoP', cnf: { jkt: thumbprint } });
  const steps = thread.steps(introspecting(askedIssuer()));
  const verdict = await thread.ask(steps, ['DPoP a']);
  assert.ok(verdict.kind === 'identified', JSON.stringify(verdict));
  assert.deepEqual(verdict.principal.confirmation, { key: thumbprint, certificate: null });
  thread.answer = () => bytesOf({ ...ACTIVE, cnf: { jkt: 'short' } });
  assert.match(await thread.word(steps, 'b'), /^invalid-token /);
});

test('keys that could not be fetched for too long vouch for no answer', async () => {
  const thread = new AskingThread();
  thread.answer = () => signed();
  thread.rows = new Map([[signer.row.thumbprint, signer.row]]);
  const ages = thread.steps(introspecting(askedIssuer({ signed: true, cacheMs: 0 })));
  thread.keysAgeMs = KEYS_STALE_AFTER_MS;
  assert.equal(await thread.word(ages, 'a'), TAKEN);
  thread.keysAgeMs += 1;
  assert.equal(await thread.word(ages, 'a'), 'introspection-unavailable unknown-key');
  assert.deepEqual(thread.wanted, ['acme']);
});

test('a profile for JWTs is not demanded of what is said of a token', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer({}, { typ: 'at+jwt' })));
  thread.answer = () => bytesOf({ ...ACTIVE, client_id: undefined });
  assert.equal(await thread.word(steps, 'a'), TAKEN, 'without `jti` and `client_id`');
});

test('that nobody answers is not the fault of who asks', async () => {
  const thread = new AskingThread();
  const steps = thread.steps(introspecting(askedIssuer()));
  thread.answer = () => null;
  for (let at = 0; at < 150; at++) await thread.word(steps, `t-${at}`);
  thread.answer = () => bytesOf(ACTIVE);
  assert.equal(await thread.word(steps, 'u'), TAKEN);
});
