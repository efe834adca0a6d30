import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSlicePage, readWatchEvent, targetsOf } from './endpoint-slices.ts';
import { LineSplitter } from './line-splitter.ts';

const endpoint = (address: string, ready?: boolean | null): object => ({ addresses: [address], conditions: { ready } });
const slice = (more: object): Record<string, unknown> => ({
  metadata: { name: 'a', resourceVersion: '7' },
  addressType: 'IPv4',
  endpoints: [endpoint('10.0.0.1')],
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  ...more,
});

test('endpoints that are ready are targets, and those of which it is not known', () => {
  const endpoints = [
    endpoint('10.0.0.1', true),
    endpoint('10.0.0.2', false),
    endpoint('10.0.0.3', null),
    { addresses: ['10.0.0.4', '10.0.0.5'] },
    { addresses: [] },
  ];
  const hosts = targetsOf([slice({ endpoints })], 'http').targets.map(({ host }) => host);
  assert.deepEqual(hosts, ['10.0.0.1', '10.0.0.3', '10.0.0.4']);
});

test('ports are found by number or by name, of TCP alone; a slice of all ports takes a number as it is', () => {
  const ports = [
    { name: 'http', port: 8080 },
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'tls', port: 8443, protocol: null },
  ];
  const port = (wanted: number | string, more: object = { ports }): number | undefined =>
    targetsOf([slice(more)], wanted).targets[0]?.port;
  assert.deepEqual(
    [port('http'), port(8443), port('tls'), port('dns'), port(9)],
    [8080, 8443, 8443, undefined, undefined],
  );
  assert.deepEqual([port(9, { ports: null }), port('http', { ports: [] })], [9, undefined]);
  assert.deepEqual(targetsOf([slice({ ports })], 'grpc').notes, ['an EndpointSlice that has no port grpc']);
});

test('slices of IPv6 are fine, and those of names are told of', () => {
  const six = slice({ addressType: 'IPv6', endpoints: [endpoint('fd00::1')] });
  const names = slice({ addressType: 'FQDN', endpoints: [endpoint('a.internal')] });
  const found = targetsOf([six, names], 'http');
  assert.deepEqual(
    found.targets.map(({ host }) => host),
    ['fd00::1'],
  );
  assert.equal(found.notes.length, 1);
});

test('a page has its slices by name, its version, and what asks for the next', () => {
  const text = JSON.stringify({ metadata: { resourceVersion: '9', continue: 'x' }, items: [slice({})] });
  const page = readSlicePage(text);
  assert.ok(page.ok);
  assert.deepEqual([[...page.value.slices.keys()], page.value.version, page.value.next], [['a'], '9', 'x']);
  const last = readSlicePage(JSON.stringify({ metadata: { resourceVersion: '9', continue: '' }, items: null }));
  assert.deepEqual(last.ok && [last.value.slices.size, last.value.next], [0, null]);
  for (const text of [
    '',
    '[]',
    '{}',
    '{"metadata":{"resourceVersion":"1"},"items":{}}',
    '{"metadata":{"resourceVersion":"1"},"items":[{}]}',
  ]) {
    assert.equal(readSlicePage(text).ok, false, text);
  }
});

test('events of a watch are told apart', () => {
  const event = (type: string, object: object): ReturnType<typeof readWatchEvent> =>
    readWatchEvent(JSON.stringify({ type, object }));
  const common = { name: 'a', version: '7' };
  const plain = slice({ endpoints: [endpoint('10.0.0.1', true)] });
  assert.deepEqual(event('ADDED', plain), { kind: 'put', slice: structuredClone(plain), ...common });
  assert.equal(event('MODIFIED', slice({})).kind, 'put');
  assert.equal(event('DELETED', slice({})).kind, 'deleted');
  assert.deepEqual(event('BOOKMARK', { metadata: { resourceVersion: '9' } }), { kind: 'bookmark', version: '9' });
  assert.deepEqual(event('ERROR', { code: 410, message: 'too old' }), { kind: 'error', gone: true, detail: 'too old' });
  assert.deepEqual(event('ERROR', { code: 500 }), {
    kind: 'error',
    gone: false,
    detail: 'the watch ended with code 500',
  });
  for (const [type, object] of [
    ['ADDED', {}],
    ['OTHER', slice({})],
    ['BOOKMARK', {}],
  ] as const) {
    assert.equal(event(type, object).kind, 'error', type);
  }
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => readWatchEvent(line).kind.length > 0));
});

test('lines are the same however the text is cut, in the middle of a character too', () => {
  const text = Buffer.from('{"a":"ä"}\n\n  {"b":2}\r\nrest');
  fc.assert(
    fc.property(fc.array(fc.nat(text.length), { maxLength: 12 }), (cuts) => {
      const lines: string[] = [];
      const splitter = new LineSplitter(100, (line) => void lines.push(line));
      const ends = [...cuts, text.length].toSorted((one, other) => one - other);
      let from = 0;
      for (const end of ends) {
        splitter.add(text.subarray(from, end));
        from = end;
      }
      assert.deepEqual(lines, ['{"a":"ä"}', '{"b":2}']);
    }),
  );
});

test('a line without end is given up', () => {
  const splitter = new LineSplitter(10, () => undefined);
  splitter.add(Buffer.alloc(10, 65));
  assert.throws(() => splitter.add(Buffer.alloc(1, 65)), RangeError);
});
