import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Certificates } from '../../ports/index.ts';
import { chooseCertificate } from '../choose.ts';
import { rest, valueOf } from '../fake-ports.test.ts';
import { openAcmeCertificates } from './acme-certificates.ts';
import { acmeFixture, passUntil } from './fake-authority.test.ts';

const fallback: Certificates = { current: () => [], localCaPem: () => 'CA', onChange: () => () => {} };

/** A keeper that has begun, by dns-01. */
async function begin(fixture: ReturnType<typeof acmeFixture>, names: readonly string[], settleMs = 0) {
  const authorities = [{ directory: fixture.ca.directory, externalAccount: null, caPem: null }];
  const settings = {
    email: 'ops@acme.example',
    authorities,
    profile: null,
    challenges: ['dns-01'],
    settleMs,
    names,
  } as const;
  const options = { settings, names, fallback, ports: fixture.ports, changed: () => {} };
  const keeper = valueOf(await openAcmeCertificates(options));
  keeper.begin();
  const served = (host: string) => chooseCertificate(keeper.current(), host)?.names;
  return { keeper, served };
}

test('a host and a wildcard are certified by records in the DNS, which are taken away afterwards', async () => {
  const fixture = acmeFixture();
  const { keeper, served } = await begin(fixture, ['*.acme.example', 'acme.example']);
  await passUntil(fixture.clock, () => fixture.ordered.length === 2);
  await rest();
  assert.deepEqual(fixture.ordered, ['ca.test issued', 'ca.test issued']);
  assert.deepEqual(served('one.acme.example'), ['*.acme.example']);
  assert.deepEqual(served('acme.example'), ['acme.example']);
  assert.equal(served('one.two.acme.example'), served('unknown.example'));
  // Both are asked for under one name, with a value each.
  const name = '_acme-challenge.acme.example';
  assert.deepEqual(fixture.hooked.toSorted(), [
    `cleanup ${name}`,
    `cleanup ${name}`,
    `present ${name}`,
    `present ${name}`,
  ]);
  assert.equal(fixture.ca.dns.size, 0);
  assert.deepEqual(fixture.published, []);
  keeper.close();
});

test('the CA is told to look when the record has had its time to settle, and not before', async () => {
  const fixture = acmeFixture();
  const { keeper } = await begin(fixture, ['a.acme.example'], 60_000);
  await passUntil(fixture.clock, () => fixture.hooked.length === 1, 0);
  const told = (): boolean => fixture.ca.requests.some(({ url }) => url.includes('/challenge/'));
  await fixture.clock.pass(59_000);
  assert.equal(told(), false);
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  assert.equal(told(), true);
  keeper.close();
});

test('a hook that fails ends the order without a look of the CA, and is asked to clean up', async () => {
  const fixture = acmeFixture();
  fixture.trouble.hook = true;
  const { keeper } = await begin(fixture, ['a.acme.example']);
  await passUntil(fixture.clock, () => fixture.alerts.length > 0);
  assert.match(fixture.alerts[0]?.message ?? '', /hookFailed: the hook for DNS exited with 3/);
  assert.deepEqual(
    fixture.hooked.map((one) => one.split(' ')[0]),
    ['present', 'cleanup'],
  );
  assert.equal(
    fixture.ca.requests.some(({ url }) => url.includes('/challenge/')),
    false,
  );
  keeper.close();
});

test('a record that the CA does not find is taken away too', async () => {
  const fixture = acmeFixture();
  const { run } = fixture.ports.hook ?? assert.fail('there is a hook');
  const hook = {
    run: (action: 'present' | 'cleanup', record: { name: string; value: string }) =>
      run(action, { ...record, value: `${record.value}x` }),
  };
  const { keeper } = await begin({ ...fixture, ports: { ...fixture.ports, hook } }, ['a.acme.example']);
  await passUntil(fixture.clock, () => fixture.ordered.length === 1);
  assert.deepEqual([fixture.ordered, fixture.ca.dns.size], [['ca.test failed'], 0]);
  keeper.close();
});

test('the hook runs once at a time, however many hosts there are', async () => {
  const fixture = acmeFixture();
  const { run } = fixture.ports.hook ?? assert.fail('there is a hook');
  let [running, most] = [0, 0];
  const hook: typeof fixture.ports.hook = {
    run: async (action, record) => {
      most = Math.max(most, ++running);
      return await run(action, record).finally(() => running--);
    },
  };
  const names = Array.from({ length: 8 }, (_, at) => `h${at}.acme.example`);
  const { keeper } = await begin({ ...fixture, ports: { ...fixture.ports, hook } }, names);
  await passUntil(fixture.clock, () => fixture.ordered.length === 8);
  assert.equal(most, 1);
  keeper.close();
});

test('a host that is taken out while its record settles gives up its order, and the record goes', async () => {
  const fixture = acmeFixture();
  const authorities = [{ directory: fixture.ca.directory, externalAccount: null, caPem: null }];
  const settings = {
    email: 'o@a.example',
    authorities,
    profile: null,
    challenges: ['dns-01'],
    settleMs: 300_000,
    names: null,
  } as const;
  const options = { settings, names: ['a.acme.example'], fallback, ports: fixture.ports, changed: () => {} };
  const keeper = valueOf(await openAcmeCertificates(options));
  keeper.begin();
  await passUntil(fixture.clock, () => fixture.ca.dns.size === 1, 0);
  valueOf(await keeper.setNames([]));
  await passUntil(fixture.clock, () => fixture.ca.dns.size === 0, 0);
  assert.equal(
    fixture.ca.requests.some(({ url }) => url.includes('/challenge/')),
    false,
  );
  keeper.close();
});
