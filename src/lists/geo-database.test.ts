import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress } from '../base/index.ts';
import { GeoDatabase, type GeoQuestion } from './geo-database.ts';
import { bitsOf, writeGeo } from './geo-fixture.test.ts';

function open(bytes: Uint8Array, question: GeoQuestion = 'country'): GeoDatabase {
  const opened = GeoDatabase.open(bytes, question);
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  return opened.value;
}

function find(database: GeoDatabase, address: string): string | number | null {
  const parsed = parseAddress(address);
  assert.ok(parsed.ok);
  return database.find(parsed.value);
}

test('records as MaxMind lays them out are read, with every size of record', () => {
  for (const recordSize of [24, 28, 32] as const) {
    const bytes = writeGeo({
      ...{ ipVersion: 4, recordSize },
      networks: [
        [bitsOf([192, 0, 2, 0], 24), { country: { iso_code: 'DE' }, registered_country: { iso_code: 'US' } }],
        [bitsOf([198, 51, 100, 0], 24), { registered_country: { iso_code: 'FR' } }],
        [bitsOf([203, 0, 113, 0], 24), { continent: { code: 'EU' } }],
        [bitsOf([203, 0, 114, 0], 24), { country_code: 'nl' }],
      ],
    });
    const database = open(bytes);
    assert.equal(find(database, '192.0.2.200'), 'DE');
    assert.equal(find(database, '198.51.100.1'), 'FR');
    assert.equal(find(database, '203.0.113.1'), null);
    // Some plain lists write them small; a country is denied all the same.
    assert.equal(find(database, '203.0.114.1'), 'NL');
    assert.equal(find(database, '192.0.3.1'), null);
    // Its first bits are those of 192.0.2.0/24, and it is another family.
    assert.equal(find(database, 'c000:0201::1'), null);
  }
});

test('numbers of systems are read', () => {
  const networks = [
    [bitsOf([192, 0, 2, 0], 24), { autonomous_system_number: 64_496, autonomous_system_organization: 'Acme' }],
  ] as const;
  assert.equal(find(open(writeGeo({ ipVersion: 4, recordSize: 24, networks }), 'asn'), '192.0.2.1'), 64_496);
});

test('bytes that were changed are refused, or read without end or harm', () => {
  const bytes = writeGeo({
    ...{ ipVersion: 4, recordSize: 24 },
    networks: [[bitsOf([192, 0, 2, 0], 24), { country: { iso_code: 'DE' } }]],
  });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ flip;
      const opened = GeoDatabase.open(changed, 'country');
      if (!opened.ok) return;
      try {
        const found = opened.value.find(Uint8Array.of(192, 0, 2, 1));
        assert.ok(found === null || typeof found === 'string');
      } catch (fault) {
        // What a record holds is read when it is asked for; a gate takes a throw for a match of a list that denies.
        assert.ok(fault instanceof Error);
      }
    }),
    { numRuns: 400 },
  );
});

test('a tree that leads round in circles is walked through to an end', () => {
  for (const [ipVersion, address] of [
    [4, [192, 0, 2, 0]],
    [6, [0x20, 0x01, 0x0d, 0xb8]],
  ] as const) {
    const network = bitsOf(address, 24);
    const bytes = writeGeo({ ipVersion, recordSize: 24, networks: [[network, { country: { iso_code: 'DE' } }]] });
    // As behind a download that was cut off into a file of full length: each record leads to the first node.
    bytes.fill(0, 0, network.length * 6);
    assert.deepEqual(GeoDatabase.open(bytes, 'country'), {
      ok: false,
      error: 'says of no address which country it is of',
    });
  }
});

test('what was taken before is opened again without being looked through, and says the same', () => {
  const bytes = writeGeo({
    ...{ ipVersion: 4, recordSize: 24 },
    networks: [
      [bitsOf([192, 0, 2, 0], 24), { country: { iso_code: 'DE' } }],
      [bitsOf([10, 0, 0, 0], 8), { country: { iso_code: 'FR' } }],
    ],
  });
  assert.equal(find(GeoDatabase.reopen(bytes, 'country'), '192.0.2.1'), 'DE');
  assert.equal(find(GeoDatabase.reopen(bytes, 'country'), '192.0.3.1'), null);
  // A record of the first node that leads out of the file: whoever looks at all of them says so.
  const spoiled = Buffer.from(bytes).fill(0xff, 3, 6);
  assert.equal(GeoDatabase.open(spoiled, 'country').ok, false);
  const reopened = GeoDatabase.reopen(spoiled, 'country');
  assert.equal(find(reopened, '10.0.0.1'), 'FR');
  assert.throws(() => find(reopened, '192.0.2.1'));
});
