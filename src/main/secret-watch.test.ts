import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock } from '../adapters/index.ts';
import { err, ok, Secret } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import type { Alert } from '../ports/index.ts';
import { holdSecrets } from './held-secrets.ts';
import { watchSecrets } from './secret-watch.ts';

const DB = '${vault:secret/db#password}';
const KEY = '${vault:secret/key#key}';
const VAULT = { source: { address: 'https://vault.test' }, intervalMs: 60_000 };

function gatheredWith(secrets: Readonly<Record<string, string>>, vault: unknown = VAULT): Gathered {
  const bytes = Object.entries(secrets).map(([name, text]) => [name, new Uint8Array(Buffer.from(text))]);
  const found: Readonly<Record<string, Uint8Array>> = Object.fromEntries(bytes) as Record<string, Uint8Array>;
  return { config: { secrets: { vault, notSecrets: [] } }, secrets: found } as unknown as Gathered;
}

/** A Vault by the field of a reference, and what is done with it. */
function setting(held: Record<string, string>) {
  const clock = createVirtualClock();
  const alerts: Alert[] = [];
  const reread: (readonly string[])[] = [];
  const outcome = { ok: false };
  let reads = 0;
  const secrets = {
    resolve: async (reference: { scheme: string; field?: string }) => {
      reads++;
      const text = held[reference.field ?? ''];
      return text === undefined ? err(`${reference.field} can not be had`) : ok(new Secret(Buffer.from(text)));
    },
  };
  const watch = watchSecrets({
    ...{ clock, secrets, log: { write() {} } },
    alerts: { raise: (alert) => void alerts.push(alert) },
    reread: async (changed) => {
      reread.push(changed);
      return outcome;
    },
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  return { watch, alerts, reread, pass, secrets, outcome, reads: () => reads };
}

test('what has changed in Vault is put in force once, and what has not is left alone', async () => {
  const held: Record<string, string> = { password: 'one', key: 'k' };
  const { watch, reread, pass, alerts } = setting(held);
  watch.follow(gatheredWith({ [DB]: 'one', [KEY]: 'k', '${env:X}': 'y' }));
  await pass(60_000);
  assert.deepEqual(reread, []);
  held['password'] = 'two';
  await pass(59_999);
  assert.deepEqual(reread, []);
  await pass(1);
  assert.deepEqual(reread, [[DB]]);
  watch.follow(gatheredWith({ [DB]: 'two', [KEY]: 'k' }));
  await pass(120_000);
  assert.equal(reread.length, 1);
  assert.deepEqual(alerts, []);
});

test('a change that was refused is tried again only when there is another, or when it has gone back and come again', async () => {
  const held: Record<string, string> = { password: 'bad' };
  const { watch, reread, pass } = setting(held);
  watch.follow(gatheredWith({ [DB]: 'one' }));
  await pass(300_000);
  assert.equal(reread.length, 1);
  watch.follow(gatheredWith({ [DB]: 'one' }));
  await pass(60_000);
  assert.equal(reread.length, 1);
  held['password'] = 'good';
  await pass(60_000);
  assert.equal(reread.length, 2);
  held['password'] = 'one';
  await pass(60_000);
  held['password'] = 'good';
  await pass(60_000);
  assert.equal(reread.length, 3);
});

test('one that can not be read is an alert without its value, and keeps the others from nothing', async () => {
  const held: Record<string, string> = { key: 'new' };
  const { watch, reread, pass, alerts } = setting(held);
  watch.follow(gatheredWith({ [DB]: 'hunter2', [KEY]: 'k' }));
  await pass(60_000);
  assert.deepEqual(reread, [[KEY]]);
  assert.deepEqual([alerts[0]?.kind, alerts[0]?.key], ['secret.unreadable', DB]);
  assert.ok(!JSON.stringify(alerts).includes('hunter2'));
});

test('nothing is read twice at once, and what was read for another configuration puts nothing in force', async () => {
  const clock = createVirtualClock();
  const waiting: ((text: string) => void)[] = [];
  const reread: (readonly string[])[] = [];
  const watch = watchSecrets({
    clock,
    secrets: {
      resolve: () => {
        const { promise, resolve } = Promise.withResolvers<string>();
        waiting.push(resolve);
        return promise.then((text) => ok(new Secret(Buffer.from(text))));
      },
    },
    ...{ alerts: { raise() {} }, log: { write() {} } },
    reread: async (changed) => {
      reread.push(changed);
      return { ok: true };
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  watch.follow(gatheredWith({ [DB]: 'one' }));
  clock.advance(60_000);
  clock.advance(60_000);
  await settle();
  assert.equal(waiting.length, 1, 'the first reading has not ended');
  watch.follow(gatheredWith({ [DB]: 'two' }));
  waiting.shift()?.('two');
  await settle();
  assert.deepEqual(reread, []);
  clock.advance(60_000);
  await settle();
  waiting.shift()?.('three');
  await settle();
  assert.deepEqual(reread, [[DB]]);
});

test('a change that was found while another configuration came to be is put in force with that one', async () => {
  const held: Record<string, string> = { password: 'two' };
  const { watch, reread, pass, secrets } = setting(held);
  const { resolve } = secrets;
  const older = gatheredWith({ [DB]: 'one' });
  // It was gathered before the secret changed, and follows after that was seen.
  secrets.resolve = async (reference) => {
    const found = await resolve(reference);
    secrets.resolve = resolve;
    watch.follow(older);
    return found;
  };
  watch.follow(gatheredWith({ [DB]: 'one' }));
  await pass(60_000);
  assert.deepEqual(reread, []);
  await pass(60_000);
  assert.deepEqual(reread, [[DB]]);
});

test('a change that was taken, and could not be read again for it, is tried until it is in force', async () => {
  const held: Record<string, string> = { password: 'two' };
  const { watch, reread, pass, outcome } = setting(held);
  outcome.ok = true;
  watch.follow(gatheredWith({ [DB]: 'one' }));
  await pass(60_000);
  await pass(60_000);
  assert.equal(reread.length, 2);
  watch.follow(gatheredWith({ [DB]: 'two' }));
  await pass(300_000);
  assert.equal(reread.length, 2);
});

test('without a secret of Vault nothing is read, and nothing after the end', async () => {
  const { watch, pass, reads } = setting({ password: 'two' });
  watch.follow(gatheredWith({ '${env:X}': 'y' }));
  await pass(3_600_000);
  assert.equal(reads(), 0);
  watch.follow(gatheredWith({ [DB]: 'two' }));
  await pass(60_000);
  assert.equal(reads(), 1);
  watch.follow(gatheredWith({}, null));
  await pass(3_600_000);
  assert.equal(reads(), 1);
  watch.follow(gatheredWith({ [DB]: 'two' }));
  watch.close();
  await pass(3_600_000);
  assert.equal(reads(), 1);
});

test('a secret that can not be read for a new configuration is the one in force, of the same Vault alone', async () => {
  const { secrets } = setting({});
  let current: Gathered | null = gatheredWith({ [DB]: 'one' });
  const holding = holdSecrets(secrets, { current: () => current, log: { write() {} } });
  const db = { scheme: 'vault', path: 'secret/db', field: 'password' } as const;
  const read = async (vault: unknown = VAULT.source): Promise<string> => {
    const found = await holding.resolve(db, vault as never);
    return found.ok ? found.value.revealText() : found.error;
  };
  assert.equal(await read(), 'one');
  assert.equal(await read({ address: 'https://other.test' }), 'password can not be had');
  assert.equal(
    (await holding.resolve({ scheme: 'vault', path: 'secret/x', field: 'y' }, VAULT.source as never)).ok,
    false,
  );
  assert.equal((await holding.resolve({ scheme: 'env', name: 'X' })).ok, false);
  current = null;
  assert.equal(await read(), 'password can not be had');
});
