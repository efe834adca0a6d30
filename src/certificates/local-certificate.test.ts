import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { errorOf, fakePorts, memoryKeyring, rest, until, valueOf } from './fake-ports.test.ts';
import { openLocalCa } from './local-ca.ts';
import { openLocalCertificate } from './local-certificate.ts';

const FOLDER = '/data/certificates';
const LEAF = `${FOLDER}/local-leaf.key`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function opened(names: readonly string[] = [], fake = fakePorts()) {
  const changes: string[] = [];
  const changed = (): void => void changes.push('changed');
  const keeper = valueOf(await openLocalCertificate({ folder: FOLDER, names, ports: fake.ports, changed }));
  const serial = (): string => new X509Certificate(keeper.current()[0]?.chainPem ?? '').serialNumber;
  return { ...fake, keeper, changes, serial, material: () => keeper.current()[0]! };
}

test('the first start makes a certificate of 30 days for the own machine and the given hosts', async () => {
  const { keeper, material, clock, files } = await opened(['API.acme.example', '*.acme.example']);
  const { names, origin, notAfterMs } = material();
  assert.deepEqual(names, ['localhost', '127.0.0.1', '::1', 'api.acme.example', '*.acme.example']);
  assert.equal(origin, 'local');
  assert.equal(notAfterMs, clock.now() + 30 * DAY_MS);
  const leaf = new X509Certificate(material().chainPem);
  assert.equal(leaf.validFromDate.getTime(), clock.now() - HOUR_MS);
  assert.ok(leaf.verify(new X509Certificate(keeper.localCaPem() ?? '').publicKey));
  assert.equal(files.held.get(LEAF)?.mode, 0o600);
  assert.ok(!Buffer.from(files.held.get(LEAF)?.bytes ?? []).includes('PRIVATE'));
  assert.match(new TextDecoder().decode(material().keyPem), /^-----BEGIN PRIVATE KEY-----/);
});

test('a start goes on with the stored certificate while names and life allow', async () => {
  const first = await opened(['a.example']);
  first.keeper.close();
  const again = await opened(['A.example.'], first);
  assert.equal(again.serial(), first.serial());
  again.keeper.close();
  const other = await opened(['b.example'], first);
  assert.notEqual(other.serial(), first.serial());
  other.keeper.close();
  await first.clock.pass(21 * DAY_MS);
  const late = await opened(['b.example'], first);
  assert.notEqual(late.serial(), other.serial());
});

test('a stored certificate that is damaged or of another CA is made anew, and the log says so', async () => {
  const first = await opened();
  first.files.write(LEAF, 'damaged');
  const again = await opened([], first);
  assert.notEqual(again.serial(), first.serial());
  assert.deepEqual(
    again.lines.filter(({ level }) => level === 'warn').map(({ event }) => event),
    ['certificate.leaf-discarded'],
  );
  for (const name of ['local-ca.pem', 'local-ca.key']) first.files.held.delete(`${FOLDER}/${name}`);
  const anew = await opened([], first);
  assert.ok(
    new X509Certificate(anew.material().chainPem).verify(new X509Certificate(anew.keeper.localCaPem()!).publicKey),
  );
  assert.match(anew.lines.at(-2)?.message ?? '', /another CA/);
});

test('it is renewed at two thirds of its life, a little earlier by chance, without an alert', async () => {
  const { keeper, clock, changes, serial, alerts, material } = await opened();
  const first = serial();
  await clock.pass(18 * DAY_MS);
  assert.equal(serial(), first);
  await clock.pass(2 * DAY_MS);
  await until(() => changes.length === 1);
  assert.notEqual(serial(), first);
  assert.ok(material().notAfterMs > clock.now() + 28 * DAY_MS);
  for (let renewals = 2; renewals < 6; renewals++) {
    await clock.pass(20 * DAY_MS);
    await until(() => changes.length === renewals);
  }
  assert.deepEqual(alerts, []);
  keeper.close();
});

test('new names bring a new certificate at once, the same names none', async () => {
  const { keeper, changes, material, serial } = await opened(['a.example']);
  const first = serial();
  valueOf(await keeper.setNames(['A.EXAMPLE']));
  assert.equal(serial(), first);
  valueOf(await keeper.setNames(['b.example', 'c.example']));
  assert.deepEqual(material().names.slice(3), ['b.example', 'c.example']);
  assert.equal(changes.length, 1);
  assert.match(errorOf(await keeper.setNames(['not a name'])), /not a name/);
  assert.deepEqual(material().names.slice(3), ['b.example', 'c.example']);
});

test('of names set at once the last ones hold', async () => {
  const { keeper, material } = await opened();
  await Promise.all([keeper.setNames(['a.example']), keeper.setNames(['b.example']), keeper.setNames(['c.example'])]);
  assert.deepEqual(material().names.slice(3), ['c.example']);
});

test('a renewal that fails keeps the old certificate, alerts, and is tried again', async () => {
  const { clock, files, changes, serial, alerts, lines } = await opened();
  const first = serial();
  files.fault = { reason: 'full', detail: 'no space left on the disk' };
  await clock.pass(20 * DAY_MS);
  await until(() => alerts.length > 0);
  assert.equal(serial(), first);
  assert.equal(alerts[0]?.kind, 'certificate.expiring');
  assert.match(alerts[0]?.message ?? '', /could not be renewed.*local-leaf\.key: no space left/);
  assert.ok(lines.some(({ level, event }) => level === 'error' && event === 'certificate.renewal-failed'));
  await clock.pass(6 * DAY_MS);
  await until(() => alerts.some(({ key }) => key.endsWith(':sixth')));
  files.fault = null;
  await clock.pass(HOUR_MS);
  await until(() => changes.length === 1);
  assert.notEqual(serial(), first);
});

test('a failure to serve new names is told, and made good later', async () => {
  const { keeper, clock, files, material } = await opened();
  files.fault = { reason: 'full', detail: 'no space left on the disk' };
  assert.match(errorOf(await keeper.setNames(['a.example'])), /no space/);
  assert.equal(material().names.length, 3);
  files.fault = null;
  await clock.pass(60_000);
  await until(() => material().names.includes('a.example'));
});

test('a CA that is removed or exchanged while in use is never taken over silently', async () => {
  const { keeper, ports, files, serial } = await opened();
  const first = serial();
  for (const name of ['local-ca.pem', 'local-ca.key']) files.held.delete(`${FOLDER}/${name}`);
  assert.match(errorOf(await keeper.setNames(['a.example'])), /removed while it was in use/);
  valueOf(await openLocalCa(FOLDER, ports));
  assert.match(errorOf(await keeper.setNames(['a.example'])), /another local CA has taken the place/);
  assert.equal(serial(), first);
});

test('no certificate outlives the CA, and its coming end is told three months ahead', async () => {
  const fake = fakePorts();
  const first = await opened([], fake);
  first.keeper.close();
  await fake.clock.pass(3652 * DAY_MS - 10 * DAY_MS);
  const last = await opened([], fake);
  assert.equal(last.material().notAfterMs, new X509Certificate(last.keeper.localCaPem()!).validToDate.getTime());
  const told = fake.alerts.find(({ key }) => key === 'local-ca:sixth');
  assert.match(told?.message ?? '', /the local CA expires at .*every client has to trust/);
});

test('a clock that was set back brings a certificate that holds by that clock', async () => {
  const fake = fakePorts();
  const first = await opened([], fake);
  first.keeper.close();
  await fake.clock.pass(10 * DAY_MS);
  const second = await opened(['a.example'], fake);
  second.keeper.close();
  const nowMs = fake.clock.now() - 5 * DAY_MS;
  const clock = Object.assign(Object.create(fake.clock) as typeof fake.clock, {
    now: () => nowMs,
    after: () => ({ cancel: () => undefined }),
  });
  const third = await opened(['a.example'], { ...fake, ports: { ...fake.ports, clock } });
  assert.equal(third.material().notAfterMs, nowMs + 30 * DAY_MS);
});

test('a wrong name, a folder without room and a wrong keyring fail the start', async () => {
  const start = (fake: ReturnType<typeof fakePorts>, names: readonly string[] = []) =>
    openLocalCertificate({ folder: FOLDER, names, ports: fake.ports, changed: () => undefined });
  assert.match(errorOf(await start(fakePorts(), ['a b'])), /"a b"/);
  const full = fakePorts();
  full.files.fault = { reason: 'full', detail: 'no space left on the disk' };
  assert.match(errorOf(await start(full)), /no space/);
  assert.deepEqual(full.alerts, []);
  full.files.fault = null;
  valueOf(await start(full));
  const wrong = { ...full, ports: { ...full.ports, keyring: memoryKeyring('wrong') } };
  assert.match(errorOf(await start(wrong)), /keyring/);
});

test('after closing nothing is renewed and nobody is called', async () => {
  const { keeper, clock, changes, serial } = await opened();
  const first = serial();
  keeper.close();
  await clock.pass(30 * DAY_MS);
  assert.equal(errorOf(await keeper.setNames(['a.example'])), 'closed');
  await rest();
  assert.equal(serial(), first);
  assert.equal(changes.length, 0);
  assert.equal(clock.untilNextMs(), null);
});
