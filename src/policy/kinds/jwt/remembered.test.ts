import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  askNow,
  configOf,
  createSigner,
  exchangeOf,
  issuerOf,
  NOW,
  roleTable,
  type Signer,
  Thread,
  tokenOf,
  wordOf,
} from './fixture.test.ts';

const ec = createSigner('ES256', 'ec');
const token = tokenOf(ec, { roles: ['customer'] });

function threadWith(...signers: readonly Signer[]): Thread {
  const thread = new Thread();
  thread.fill(
    'acme',
    signers.map((signer) => signer.row),
  );
  return thread;
}

test('a token is verified once, and then the very same verdict is given at once by all operations', () => {
  const thread = threadWith(ec);
  const config = configOf(issuerOf());
  const first = askNow(thread.steps(config, 'getOrder'), `Bearer ${token}`);
  assert.equal(first.kind, 'identified');
  assert.equal(askNow(thread.steps(config, 'getOrder'), `bearer  ${token}`), first);
  assert.equal(askNow(thread.steps(config, 'listOrders'), `Bearer ${token}`), first);
});

test('what is remembered belongs to one entry of the configuration and one table of roles', () => {
  const thread = threadWith(ec);
  const issuer = issuerOf();
  const first = askNow(thread.steps(configOf(issuer)), `Bearer ${token}`);
  const second = askNow(thread.steps(configOf({ ...issuer })), `Bearer ${token}`);
  assert.ok(second.kind === 'identified' && second !== first);
  const next = Object.assign(threadWith(ec), { kind: thread.kind, roles: roleTable() });
  const third = askNow(next.steps(configOf(issuer)), `Bearer ${token}`);
  assert.ok(third.kind === 'identified' && third !== first);
});

test('a token that one operation takes is refused by another with other audiences', () => {
  const thread = threadWith(ec);
  const taker = thread.steps(configOf(issuerOf()), 'taker');
  const other = thread.steps(configOf(issuerOf({ audiences: ['https://other.example'] })), 'other');
  assert.equal(wordOf(askNow(taker, `Bearer ${token}`)), 'identified');
  assert.equal(wordOf(askNow(other, `Bearer ${token}`)), 'audience');
});

test('no change to a remembered token passes', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  assert.equal(wordOf(askNow(steps, `Bearer ${token}`)), 'identified');
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom(...'ABab01-_.= ,', ''), (at, character) => {
      const changed = token.slice(0, at) + character + token.slice(at + 1);
      if (changed !== token && changed.trim() !== token) {
        assert.equal(askNow(steps, `Bearer ${changed}`).kind, 'deny', changed);
      }
    }),
    { numRuns: 500 },
  );
  assert.equal(wordOf(askNow(steps, `Bearer ${token}`, `Bearer ${token}`)), 'several-fields');
});

test('a token that differs from a remembered one in one character, wherever it stands, does not pass for it', () => {
  const steps = threadWith(ec).steps(configOf(issuerOf()));
  assert.equal(wordOf(askNow(steps, `Bearer ${token}`)), 'identified');
  for (let at = 0; at < token.length; at++) {
    for (const bit of [1, 2, 32]) {
      const other = String.fromCharCode(token.charCodeAt(at) ^ bit);
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      assert.equal(askNow(steps, `Bearer ${changed}`).kind, 'deny', `${at}: ${other}`);
    }
  }
  assert.equal(wordOf(askNow(steps, `Bearer ${token}`)), 'identified');
});

test('of tokens that say the same, only those of the right key pass, whichever of them is remembered', () => {
  const stranger = createSigner('ES256', 'ec');
  const beta = createSigner('ES256', 'ec');
  const thread = threadWith(ec);
  thread.fill('beta', [beta.row]);
  const issuers = [issuerOf(), issuerOf({ name: 'beta', issuer: 'https://beta.example' })];
  const steps = thread.steps(configOf(...issuers));
  const first = askNow(steps, `Bearer ${token}`);
  assert.equal(first.kind, 'identified');
  const roles = ['customer'];
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(stranger, { roles })}`)), 'signature');
  assert.equal(wordOf(askNow(steps, `Bearer ${tokenOf(beta, { roles })}`)), 'signature');
  const twin = askNow(steps, `Bearer ${tokenOf(beta, { roles, iss: 'https://beta.example' })}`);
  assert.ok(twin.kind === 'identified' && twin.principal.issuer === 'https://beta.example');
  const swapped = `${token.slice(0, token.lastIndexOf('.'))}${tokenOf(beta, { roles }).slice(token.lastIndexOf('.'))}`;
  assert.equal(wordOf(askNow(steps, `Bearer ${swapped}`)), 'signature');
  assert.equal(askNow(steps, `Bearer ${token}`), first);
});

test('a flood of tokens that are refused leaves what is remembered as it was', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  const first = askNow(steps, `Bearer ${token}`);
  const [header = '', payload = '', signature = ''] = token.split('.');
  const late = tokenOf(ec, { exp: NOW - 60, iat: NOW - 120 });
  for (let number = 0; number < 15_000; number++) {
    const text = Buffer.from(JSON.stringify({ number })).toString('base64url');
    // Each ends as the remembered one does, under which it would be found.
    assert.equal(askNow(steps, `Bearer ${header}.${text}.${signature}`).kind, 'deny');
  }
  assert.equal(wordOf(askNow(steps, `Bearer ${header}.${payload}.${'A'.repeat(86)}`)), 'signature');
  assert.equal(wordOf(askNow(steps, `Bearer ${late}`)), 'expired');
  assert.equal(askNow(steps, `Bearer ${token}`), first, 'the very same verdict: it was still remembered');
});

test('a remembered token runs out with its skew, and the clock going back does not make it older than it is', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  const at = (seconds: number): string => {
    thread.nowMs = seconds * 1_000;
    return wordOf(askNow(steps, `Bearer ${token}`));
  };
  assert.equal(at(NOW), 'identified');
  assert.equal(at(NOW + 629), 'identified');
  assert.equal(at(NOW + 630), 'expired');
  assert.equal(at(NOW), 'identified');
  assert.equal(at(NOW - 90), 'identified');
  assert.equal(at(NOW - 91), 'issued-in-future');
});

test('a key that the issuer takes back takes its remembered tokens along', () => {
  const other = createSigner('ES256', 'other');
  const thread = threadWith(ec, other);
  const steps = thread.steps(configOf(issuerOf()));
  const first = askNow(steps, `Bearer ${token}`);
  thread.fill('acme', [ec.row, other.row]);
  assert.equal(askNow(steps, `Bearer ${token}`), first, 'the same keys again change nothing');
  thread.fill('acme', [other.row]);
  assert.equal(wordOf(askNow(steps, `Bearer ${token}`)), 'unknown-key');
});

test('a remembered token that names no key is refused once there are two', () => {
  const other = createSigner('ES256', 'other');
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  const nameless = `Bearer ${tokenOf(ec, {}, { kid: undefined })}`;
  assert.equal(wordOf(askNow(steps, nameless)), 'identified');
  thread.fill('acme', [ec.row, other.row]);
  assert.equal(wordOf(askNow(steps, nameless)), 'key-choice');
});

test('what is refused is not remembered: a token that was too early is taken in its time', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  const early = `Bearer ${tokenOf(ec, { nbf: NOW + 300 })}`;
  assert.equal(wordOf(askNow(steps, early)), 'not-yet-valid');
  thread.nowMs += 300_000;
  assert.equal(wordOf(askNow(steps, early)), 'identified');
});

test('whether a token is known does not decide whether it has run out: it is judged by when its request came', () => {
  const thread = threadWith(ec);
  const steps = thread.steps(configOf(issuerOf()));
  const said = (cameAt: number): string => {
    const verdict = steps.authenticate?.run(exchangeOf([`Bearer ${token}`], cameAt * 1_000));
    assert.ok(verdict !== undefined && !(verdict instanceof Promise));
    return wordOf(verdict);
  };
  thread.nowMs = (NOW + 640) * 1_000;
  assert.equal(said(NOW + 629), 'identified', 'nobody knows it yet');
  assert.equal(said(NOW + 629), 'identified');
  assert.equal(said(NOW + 630), 'expired');
});
