import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../base/index.ts';
import { GeoDatabase } from './geo-database.ts';
import { bitsOf, type Written, writeGeo } from './geo-fixture.test.ts';
import { type ListFacts, ListGate } from './list-gate.ts';
import { readListFile } from './list-file.ts';
import { ListMaterial } from './list-material.ts';
import { packNames } from './name-table.ts';
import { type ListEntries, listKey, type ListRules } from './list-rules.ts';

const NONE: Omit<ListRules, 'path'> = {
  addresses: null,
  except: null,
  countries: null,
  asns: null,
  reverseNames: null,
  hosts: null,
  origins: null,
  mailDomains: null,
  methods: null,
};
const GEO = { country: '/geo/country.mmdb', asn: null };
const FILE = '/lists/bad.txt';
const KEY = listKey({ kind: 'addresses', file: FILE });

const entries = (...texts: readonly string[]): ListEntries => ({ entries: texts, files: [] });
const fromFile: ListEntries = { entries: [], files: [FILE] };
const facts = (address: string, more: Partial<ListFacts> = {}): ListFacts => ({
  ...{ address, method: 'GET', host: 'api.example', origins: null },
  ...more,
});

function packed(text: string): Uint8Array {
  const list = readListFile(Buffer.from(text), 'addresses');
  assert.ok(list.ok);
  return list.value.packed;
}

const plain = new ListMaterial({ files: {}, live: null, names: null });

test('a list that changes is asked anew, also for an address that was asked for before', () => {
  let rows = new Map<string, Uint8Array>();
  const material = new ListMaterial({ files: { [KEY]: packed('192.0.2.1\n') }, live: () => rows, names: null });
  const gate = new ListGate({ deny: { ...NONE, addresses: fromFile, path: 'deny' }, allow: null }, GEO, material);
  assert.equal(gate.refusal(facts('192.0.2.1')), 'deny.addresses');
  assert.equal(gate.refusal(facts('192.0.2.2')), null);
  const before = material.version;
  rows = new Map([[KEY, packed('192.0.2.2\n')]]);
  assert.notEqual(material.version, before);
  assert.equal(gate.refusal(facts('192.0.2.1')), null);
  assert.equal(gate.refusal(facts('192.0.2.2')), 'deny.addresses');
});

test('HEAD is denied where GET is', () => {
  const gate = new ListGate({ deny: { ...NONE, methods: ['GET'], path: 'deny' }, allow: null }, GEO, plain);
  const methods = ['GET', 'HEAD', 'POST'].map((method) => gate.refusal(facts('192.0.2.1', { method })));
  assert.deepEqual(methods, ['deny.methods', 'deny.methods', null]);
});

test('a list of mail domains that changes is asked anew', () => {
  const key = listKey({ kind: 'names', file: '/lists/mail.txt' });
  let rows = new Map([[key, packNames(['acme.example'])]]);
  const material = new ListMaterial({ files: {}, live: () => rows, names: null });
  const deny = { ...NONE, mailDomains: { entries: [], files: ['/lists/mail.txt'] }, path: 'deny' };
  const gate = new ListGate({ deny, allow: null }, GEO, material);
  const mail = { email: 'ada@acme.example', verified: true };
  assert.equal(gate.mailRefusal(mail), 'deny.mailDomains');
  rows = new Map([[key, packNames([])]]);
  assert.equal(gate.mailRefusal(mail), null);
});

test('a list that nobody has read is a fault, and lets nobody in', () => {
  const gate = new ListGate({ deny: { ...NONE, addresses: fromFile, path: 'deny' }, allow: null }, GEO, plain);
  assert.throws(() => gate.refusal(facts('192.0.2.1')), /was not read/);
});

test('of the lists of allow that say who the client is one is enough, and all others must hold', () => {
  const country = writeGeo({
    ...{ ipVersion: 4, recordSize: 24 },
    networks: [[bitsOf([198, 51, 100, 0], 24), { country: { iso_code: 'DE' } }]],
  });
  const files = { [listKey({ kind: 'country', file: GEO.country })]: country };
  const names = { of: (address: string) => (address === '203.0.113.1' ? ['a.partner.example'] : null) };
  const allow: ListRules = {
    ...NONE,
    addresses: entries('192.0.2.0/24'),
    countries: ['DE'],
    reverseNames: entries('*.partner.example'),
    hosts: entries('api.example'),
    methods: ['GET'],
    path: 'allow',
  };
  const gate = new ListGate({ deny: null, allow }, GEO, new ListMaterial({ files, live: null, names }));
  for (const address of ['192.0.2.1', '198.51.100.1', '203.0.113.1']) {
    assert.equal(gate.refusal(facts(address)), null, address);
    assert.equal(gate.refusal(facts(address, { host: 'other.example' })), 'allow.hosts');
    assert.equal(gate.refusal(facts(address, { host: null })), 'allow.hosts');
    assert.equal(gate.refusal(facts(address, { method: 'POST' })), 'allow.methods');
  }
  assert.equal(gate.refusal(facts('203.0.113.2')), 'allow.addresses');
  assert.equal(gate.refusal(facts('nowhere')), 'allow.addresses');
});

test('a database that can not be read at an address keeps out, by deny and by allow', () => {
  const sound = writeGeo({
    ...{ ipVersion: 4, recordSize: 24 },
    networks: [
      [bitsOf([192, 0, 2, 0], 24), { country: { iso_code: 'DE' } }],
      [bitsOf([203, 0, 113, 0], 24), { country: { iso_code: 'FR' } }],
    ],
  });
  // The second record says that a text goes on behind the end.
  const at = sound.indexOf('FR');
  sound[at - 1] = 0x5d;
  sound[at] = 0xff;
  const files = { [listKey({ kind: 'country', file: GEO.country })]: sound };
  const material = new ListMaterial({ files, live: null, names: null });
  const rules = { ...NONE, countries: ['DE'] };
  const deny = new ListGate({ deny: { ...rules, path: 'deny' }, allow: null }, GEO, material);
  const allow = new ListGate({ deny: null, allow: { ...rules, path: 'allow' } }, GEO, material);
  assert.equal(deny.refusal(facts('192.0.2.1')), 'deny.countries');
  assert.equal(deny.refusal(facts('198.51.100.1')), null, 'unknown');
  assert.equal(allow.refusal(facts('198.51.100.1')), 'allow.countries', 'unknown');
  assert.equal(allow.refusal(facts('203.0.113.1')), 'allow.countries');
});

test('systems deny and allow by the database of systems, and countries by that of countries', () => {
  const written = (address: readonly number[], value: Written['networks'][number][1]): Buffer =>
    writeGeo({ ipVersion: 4, recordSize: 24, networks: [[bitsOf(address, 24), value]] });
  const system = written([192, 0, 2, 0], { autonomous_system_number: 64_496, autonomous_system_organization: 'Acme' });
  const country = written([198, 51, 100, 0], { country: { iso_code: 'DE' } });
  const geo = { country: '/geo/country.mmdb', asn: '/geo/asn.mmdb' };
  const gateOf = (rules: Pick<ListRules, 'asns' | 'countries'>, files: Readonly<Record<string, Uint8Array>>) => {
    const material = new ListMaterial({ files, live: null, names: null });
    const deny = new ListGate({ deny: { ...NONE, ...rules, path: 'deny' }, allow: null }, geo, material);
    const allow = new ListGate({ deny: null, allow: { ...NONE, ...rules, path: 'allow' } }, geo, material);
    return (address: string) => [deny.refusal(facts(address)), allow.refusal(facts(address))];
  };
  const right = {
    [listKey({ kind: 'country', file: geo.country })]: country,
    [listKey({ kind: 'asn', file: geo.asn })]: system,
  };
  const bySystem = gateOf({ asns: [64_496], countries: null }, right);
  assert.deepEqual(bySystem('192.0.2.1'), ['deny.asns', null]);
  assert.deepEqual(bySystem('::ffff:192.0.2.1'), ['deny.asns', null]);
  assert.deepEqual(bySystem('198.51.100.1'), [null, 'allow.asns'], 'no system is known');
  assert.deepEqual(bySystem('nowhere'), ['deny.asns', 'allow.asns']);
  const byOther = gateOf({ asns: [64_497], countries: null }, right);
  assert.deepEqual(byOther('192.0.2.1'), [null, 'allow.asns']);
  const byEither = gateOf({ asns: [64_496], countries: ['DE'] }, right);
  assert.deepEqual(byEither('192.0.2.1'), ['deny.asns', null]);
  assert.deepEqual(byEither('198.51.100.1'), ['deny.countries', null]);
  assert.deepEqual(byEither('203.0.113.1'), [null, 'allow.countries']);
  // Each in the place of the other is refused when it is read; a gate over them would know nobody.
  for (const [bytes, kind, words] of [
    [country, 'asn', /which autonomous system/],
    [system, 'country', /which country/],
  ] as const) {
    const opened = GeoDatabase.open(bytes, kind);
    assert.ok(!opened.ok);
    assert.match(opened.error, words);
  }
});

test('reverse names deny once they are known, but for addresses that are excepted', () => {
  let known: readonly string[] | null = null;
  const material = new ListMaterial({ files: {}, live: null, names: { of: () => known } });
  const deny = { ...NONE, reverseNames: entries('*.scanner.example'), except: entries('192.0.2.9'), path: 'deny' };
  const gate = new ListGate({ deny, allow: null }, GEO, material);
  assert.equal(gate.refusal(facts('192.0.2.1')), null);
  known = ['a.scanner.example'];
  assert.equal(gate.refusal(facts('192.0.2.1')), 'deny.reverseNames');
  assert.equal(gate.refusal(facts('192.0.2.9')), null);
  assert.equal(gate.refusal(facts('::ffff:192.0.2.9')), null);
  known = [];
  assert.equal(gate.refusal(facts('192.0.2.1')), null);
});

test('an allow list of origins keeps out other pages, and not who says nothing', () => {
  const allow = { ...NONE, origins: entries('https://*.app.example', 'plain.example'), path: 'allow' };
  const gate = new ListGate({ deny: null, allow }, GEO, plain);
  const of = (...origins: readonly string[]): string | null => gate.refusal(facts('192.0.2.1', { origins }));
  for (const origin of ['https://a.app.example', 'https://a.b.APP.example:443', 'http://plain.example:8080'])
    assert.equal(of(origin), null, origin);
  for (const origin of ['https://app.example', 'http://a.app.example', 'https://a.app.example:8443', 'null', 'x', ''])
    assert.equal(of(origin), 'allow.origins', origin);
  assert.equal(of('https://a.app.example', 'https://evil.example'), 'allow.origins');
  assert.equal(gate.refusal(facts('192.0.2.1')), null);
});

test('an address is read as it is everywhere else, in whatever spelling it comes', () => {
  const octet = fc.oneof(fc.nat(300).map(String), fc.constantFrom('', '0', '00', '07', '1e1', ' 1', '-1'));
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(octet, { minLength: 3, maxLength: 5 }).map((all) => all.join('.')),
  );
  fc.assert(
    fc.property(text, fc.ipV4(), (address, listed) => {
      const allow = { ...NONE, addresses: entries(listed), path: 'allow' };
      const gate = new ListGate({ deny: null, allow }, GEO, plain);
      const [read, wanted] = [parseAddress(address), parseAddress(listed)];
      const same = read.ok && wanted.ok && Buffer.compare(read.value, wanted.value) === 0;
      assert.equal(gate.refusal(facts(address)), same ? null : 'allow.addresses', address);
      assert.equal(gate.refusal(facts(listed)), null, listed);
    }),
  );
});

test('many gates together remember no more than one configuration may', () => {
  const material = new ListMaterial({ files: {}, live: null, names: null });
  const deny = { ...NONE, addresses: entries('10.0.0.0/9'), path: 'deny' };
  const gates = Array.from({ length: 40 }, () => new ListGate({ deny, allow: null }, GEO, material));
  for (const gate of gates)
    for (let number = 0; number < 3_000; number++) {
      assert.equal(gate.refusal(facts(`10.0.${number >> 8}.${number & 255}`)), 'deny.addresses');
      assert.ok(material.remembered <= 65_536 + gates.length);
    }
});

test('more addresses than are remembered are judged right', () => {
  const material = new ListMaterial({ files: {}, live: null, names: null });
  const deny = { ...NONE, addresses: entries('10.0.0.0/9'), path: 'deny' };
  const gate = new ListGate({ deny, allow: null }, GEO, material);
  for (let turn = 0; turn < 2; turn++)
    for (let number = 0; number < 10_000; number++) {
      const address = `10.${(number & 1) * 128}.${number >> 8}.${number & 255}`;
      assert.equal(gate.refusal(facts(address)), (number & 1) === 0 ? 'deny.addresses' : null);
      assert.ok(material.remembered <= 4_096);
    }
});
