import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BY_URL, DOWN, JWKS_URL, publicJwk, reply, subject } from './issuer-keys-fixture.test.ts';

const [FIRST, SECOND] = [publicJwk('first'), publicJwk('second')];

async function filledSubject() {
  const around = subject();
  around.egress.answers.set(JWKS_URL, reply({ keys: [FIRST] }));
  await around.keys.fill([BY_URL]);
  around.egress.taken();
  return around;
}

test('a request with an unknown key gets the keys that the issuer has now', async () => {
  const { keys, egress, table } = await filledSubject();
  egress.answers.set(JWKS_URL, reply({ keys: [FIRST, SECOND] }));
  await keys.want('acme', '192.0.2.1');
  assert.deepEqual([table()?.kids, egress.taken()], [['first', 'second'], [JWKS_URL]]);
  keys.close();
});

test('requests that come while a fetch is under way wait for that one', async () => {
  const { keys, egress, table } = await filledSubject();
  egress.answers.set(JWKS_URL, reply({ keys: [SECOND] }));
  const waits = Array.from({ length: 50 }, (_, at) => keys.want('acme', `192.0.2.${at}`));
  assert.ok(waits.every((wait) => wait !== null));
  await Promise.all(waits);
  assert.deepEqual([table()?.kids, egress.taken()], [['second'], [JWKS_URL]]);
  keys.close();
});

test('ten thousand unknown keys in ten seconds from one source cost one fetch', async () => {
  const { keys, egress, clock } = await filledSubject();
  for (let at = 0; at < 10_000; at++) {
    void keys.want('acme', '192.0.2.1');
    if (at % 100 === 99) await clock.pass(100);
  }
  assert.deepEqual(egress.taken(), [JWKS_URL]);
  keys.close();
});

test('a source that asks all the time cannot keep another from a fetch after the cool-down', async () => {
  const { keys, egress, clock, table } = await filledSubject();
  const ask = async (seconds: number): Promise<void> => {
    for (let at = 0; at < seconds * 4; at++) {
      void keys.want('acme', '192.0.2.1');
      await clock.pass(250);
    }
  };
  await ask(29);
  assert.equal(keys.want('acme', '198.51.100.7'), null, 'the budget of the issuer is spent');
  await ask(2);
  egress.answers.set(JWKS_URL, reply({ keys: [SECOND] }));
  const wait = keys.want('acme', '198.51.100.7');
  assert.ok(wait !== null);
  await wait;
  assert.deepEqual([table()?.kids, egress.taken().length], [['second'], 2]);
  await ask(88);
  assert.equal(egress.taken().length, 0, 'the first source has one in two minutes');
  await ask(2);
  assert.equal(egress.taken().length, 1);
  keys.close();
});

test('many sources together cost one fetch in each cool-down', async () => {
  const { keys, egress, clock } = await filledSubject();
  for (let at = 0; at < 2_000; at++) {
    void keys.want('acme', `10.0.${at % 256}.${Math.floor(at / 256)}`);
    await clock.pass(60);
  }
  assert.equal(egress.taken().length, 4, 'in two minutes');
  keys.close();
});

test('the addresses of one IPv6 network are one source', async () => {
  const { keys, clock } = await filledSubject();
  await keys.want('acme', '2001:db8::1');
  await clock.pass(31_000);
  assert.equal(keys.want('acme', '2001:db8:0:0:ffff::2'), null);
  assert.notEqual(keys.want('acme', '2001:db8:0:1::2'), null);
  keys.close();
});

test('no request waits longer than two seconds, and too many do not wait at all', async () => {
  const { keys, egress, clock } = await filledSubject();
  egress.answers.set(JWKS_URL, null);
  const waits = Array.from({ length: 1_100 }, () => keys.want('acme', '192.0.2.1'));
  assert.equal(waits.filter((wait) => wait === null).length, 100);
  let done = 0;
  for (const wait of waits) void wait?.then(() => done++);
  await clock.pass(1_999);
  assert.equal(done, 0);
  await clock.pass(1);
  assert.equal(done, 1_000);
  assert.notEqual(keys.want('acme', '192.0.2.1'), null, 'those have left');
  await clock.pass(2_000);
  keys.close();
});

test('asking while the issuer is down costs no more, and ends in no error', async () => {
  const { keys, egress, table, alerts } = await filledSubject();
  egress.answers.set(JWKS_URL, DOWN);
  await keys.want('acme', '192.0.2.1');
  assert.equal(keys.want('acme', '192.0.2.2'), null);
  assert.deepEqual([table()?.kids, alerts.length, egress.taken().length], [['first'], 1, 1]);
  keys.close();
});

test('an issuer that nobody named, and all of them after the end, have nothing to give', async () => {
  const { keys, egress } = await filledSubject();
  for (const name of ['', 'ACME', '__proto__', 'keys:acme']) assert.equal(keys.want(name, '192.0.2.1'), null);
  keys.close();
  assert.equal(keys.want('acme', '192.0.2.1'), null);
  assert.deepEqual(egress.taken(), []);
});
