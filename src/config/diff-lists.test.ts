import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { listKey, readListFile } from '../lists/index.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function read(top: string, api = '', operation = ''): Comparable {
  const text = `version: 1
${top}
apis:
  orders:
    routes: ['GET /orders']
    upstream: http://127.0.0.1:3001
    auth: public
    ${api}
    operations: { GET /orders: { ${operation} } }
`;
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

function changes(before: Comparable, after: Comparable): readonly string[] {
  return diffConfigurations(before, after).map(
    ({ effect, api, operation, message }) =>
      `${effect} ${[api, operation].filter((part) => part !== null).join(' ') || 'gateway'}: ${message}`,
  );
}

test('whoever is denied newly tightens, and whoever is not any more loosens', () => {
  const was = read('deny: { addresses: [192.0.2.0/24], except: [192.0.2.1], methods: [TRACE] }');
  const is = read('deny: { addresses: [198.51.100.0/24], except: [192.0.2.2] }');
  assert.deepEqual(changes(was, is), [
    'loosens gateway: deny.addresses: 192.0.2.0/24: is no longer kept out',
    'loosens gateway: deny.methods: TRACE: is no longer kept out',
    'loosens gateway: deny.except: 192.0.2.2: is excepted',
    'tightens gateway: deny.addresses: 198.51.100.0/24: is kept out',
    'tightens gateway: deny.except: 192.0.2.1: is no longer excepted',
  ]);
});

test('a first list of those allowed tightens, more of them loosen, and to take it away loosens', () => {
  const none = read('');
  const one = read('', 'allow: { addresses: [192.0.2.0/24] }');
  const two = read('', 'allow: { addresses: [192.0.2.0/24, { file: ./more.txt }], hosts: [a.example] }');
  assert.deepEqual(changes(none, one), ['tightens orders: allow.addresses: only those on it are let in']);
  assert.deepEqual(changes(one, two), [
    'loosens orders: allow.addresses: the file /etc/more.txt: is let in too',
    'tightens orders: allow.hosts: only those on it are let in',
  ]);
  assert.deepEqual(changes(one, none), ['loosens orders: allow.addresses: it no longer matters who is on it']);
});

test('a second list that says who clients are lets in more', () => {
  const geo = 'geo: { country: ./c.mmdb }';
  const one = read(geo, '', 'allow: { addresses: [192.0.2.0/24] }');
  const two = read(geo, '', 'allow: { addresses: [192.0.2.0/24], countries: [DE] }');
  assert.deepEqual(changes(one, two), ['loosens orders GET /orders: allow.countries: DE: is let in too']);
  assert.deepEqual(changes(two, one), ['tightens orders GET /orders: allow.countries: DE: is no longer let in']);
});

test('long lists are told by their number, and another database is told', () => {
  const many = Array.from({ length: 20 }, (_, at) => `10.0.${at}.0/24`).join(', ');
  assert.deepEqual(changes(read(''), read(`deny: { addresses: [${many}] }`)), [
    'tightens gateway: deny.addresses: 20 entries: is kept out',
  ]);
  const was = read('geo: { country: ./a.mmdb }\ndeny: { countries: [KP] }');
  const is = read('geo: { country: ./b.mmdb }\ndeny: { countries: [KP] }');
  assert.deepEqual(changes(was, is), ['changes gateway: another database says of which countries addresses are']);
});

test('a file with other entries is told by how many it has', () => {
  const packed = (text: string): Uint8Array => {
    const list = readListFile(Buffer.from(text), 'addresses');
    assert.ok(list.ok);
    return list.value.packed;
  };
  const named = read('deny: { addresses: [{ file: ./bad.txt }] }');
  const key = listKey({ kind: 'addresses', file: '/etc/bad.txt' });
  const was = { ...named, files: { [key]: packed('192.0.2.1\n') } };
  const is = { ...named, files: { [key]: packed('192.0.2.1\n192.0.2.9\n') } };
  assert.deepEqual(changes(was, is), ['changes gateway: the list /etc/bad.txt holds 2 entries instead of 1']);
  const other = { ...named, files: { [key]: packed('192.0.2.3\n') } };
  assert.deepEqual(changes(was, other), ['changes gateway: the list /etc/bad.txt has changed']);
  assert.deepEqual(changes(was, was), []);
});

test('a file with fewer who are kept out, or more who are let in, loosens', () => {
  const packed = (text: string): Uint8Array => {
    const list = readListFile(Buffer.from(text), 'addresses');
    assert.ok(list.ok);
    return list.value.packed;
  };
  const [few, many] = [packed('192.0.2.1\n'), packed('192.0.2.1\n192.0.2.9\n')];
  const effects = (lists: string): readonly string[] => {
    const named = read('', lists);
    const key = listKey({ kind: 'addresses', file: '/etc/some.txt' });
    const [less, more] = [few, many].map((bytes) => ({ ...named, files: { [key]: bytes } })) as [
      Comparable,
      Comparable,
    ];
    return [...diffConfigurations(less, more), ...diffConfigurations(more, less)].map(({ effect }) => effect);
  };
  assert.deepEqual(effects('deny: { addresses: [{ file: ./some.txt }] }'), ['changes', 'loosens']);
  assert.deepEqual(effects('allow: { addresses: [{ file: ./some.txt }] }'), ['loosens', 'changes']);
  const both = 'deny: { addresses: [0.0.0.0/0], except: [{ file: ./some.txt }] }';
  assert.deepEqual(effects(both), ['loosens', 'changes']);
});
