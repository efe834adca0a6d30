import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DIRECT, type Peer } from '../wire/index.ts';
import { TrustedProxies } from './client-address.ts';
import { enter } from './entrance.ts';
import { fieldsOf } from './fixture.test.ts';
import { RehearsedStream } from './rehearsed-stream.ts';

type Line = readonly [name: string, value: string];

const NEAR = ['10.0.0.0/8', '2001:db8:ffff::/48'];
const FOR = new TrustedProxies({ addresses: NEAR, field: 'x-forwarded-for' });
const FORWARDED = new TrustedProxies({ addresses: NEAR, field: 'forwarded' });

const peerAt = (address: string): Peer => ({ address, port: 7, tls: null, via: DIRECT });

function requestOf(peer: Peer, lines: readonly Line[]) {
  return { method: 'GET', host: 'x', port: null, path: '/', query: null, headers: fieldsOf(...lines), peer };
}

/** Who sent a request: `client port < nearest proxy < next …`, or null where it is malformed. */
function clientOf(trusted: TrustedProxies, from: string, ...lines: readonly Line[]): string | null {
  const client = trusted.clientOf(requestOf(peerAt(from), lines));
  return client === null ? null : [`${client.address} ${client.port}`, ...client.via].join(' < ');
}

test('the first address from the right that is not trusted is the client', () => {
  for (const [said, client] of [
    ['203.0.113.9', '203.0.113.9 0 < 10.0.0.1'],
    ['203.0.113.9:4711', '203.0.113.9 4711 < 10.0.0.1'],
    ['203.0.113.9, 10.0.0.2', '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2'],
    ['198.51.100.1, 203.0.113.9, 10.0.0.3, 10.0.0.2', '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2 < 10.0.0.3'],
    ['10.0.0.9, 203.0.113.9, 10.0.0.2', '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2'],
    ['junk, 203.0.113.9', '203.0.113.9 0 < 10.0.0.1'],
    ['203.0.113.9, ::ffff:10.0.0.2', '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2'],
    ['2001:db8::9, 2001:db8:ffff::2', '2001:db8::9 0 < 10.0.0.1 < 2001:db8:ffff::2'],
  ] as const)
    assert.equal(clientOf(FOR, '10.0.0.1', ['X-Forwarded-For', said]), client, said);
});

test('where all are trusted the leftmost is the client, and where none is named the proxy itself', () => {
  assert.equal(clientOf(FOR, '10.0.0.1', ['x-forwarded-for', '10.0.0.9']), '10.0.0.9 0 < 10.0.0.1');
  assert.equal(
    clientOf(FOR, '10.0.0.1', ['x-forwarded-for', '10.0.0.9, 10.0.0.8']),
    '10.0.0.9 0 < 10.0.0.1 < 10.0.0.8',
  );
  assert.equal(clientOf(FOR, '10.0.0.1'), '10.0.0.1 7');
});

test('all lines of the field count, the last ones first', () => {
  const lines = [
    ['x-forwarded-for', '198.51.100.1'],
    ['accept', '*/*'],
    ['X-Forwarded-For', '203.0.113.9'],
    ['x-forwarded-for', '10.0.0.2'],
  ] as const;
  assert.equal(clientOf(FOR, '10.0.0.1', ...lines), '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2');
});

test('an entry that is no address before the client is found refuses the request', () => {
  for (const said of [
    'junk',
    'unknown',
    '_hidden',
    '',
    '203.0.113.9, unknown',
    '203.0.113.9, , 10.0.0.2',
    '10.0.0.2, x',
  ])
    assert.equal(clientOf(FOR, '10.0.0.1', ['x-forwarded-for', said]), null, said);
  assert.equal(clientOf(FOR, '10.0.0.1', ['x-forwarded-for', 'unknown, 10.0.0.2']), null);
  assert.equal(clientOf(FOR, '10.0.0.1', ['x-forwarded-for', '1.2.3.4, '.repeat(32) + '10.0.0.2']), null);
});

test('only the one field is looked at, whatever stands in the other', () => {
  const lines: readonly Line[] = [
    ['x-forwarded-for', '198.51.100.1'],
    ['forwarded', 'for=203.0.113.9;proto=https, for="[2001:db8:ffff::2]:1"'],
  ];
  assert.equal(clientOf(FOR, '10.0.0.1', ...lines), '198.51.100.1 0 < 10.0.0.1');
  assert.equal(clientOf(FORWARDED, '10.0.0.1', ...lines), '203.0.113.9 0 < 10.0.0.1 < 2001:db8:ffff::2');
  assert.equal(clientOf(FORWARDED, '10.0.0.1', ['x-forwarded-for', 'junk']), '10.0.0.1 7');
  assert.equal(clientOf(FORWARDED, '10.0.0.1', ['forwarded', 'for=junk']), null);
  assert.equal(clientOf(FORWARDED, '10.0.0.1', ['forwarded', 'junk']), null);
});

test('no input of a peer that is not trusted changes who it is', () => {
  const peer = peerAt('192.0.2.1');
  const value = fc.string({ unit: fc.constantFrom('1', '.', ':', ',', ' ', 'for=', '"', '10.0.0.1', '203.0.113.9') });
  const line = fc.tuple(fc.constantFrom('x-forwarded-for', 'forwarded', 'x-real-ip'), value);
  fc.assert(
    fc.property(fc.array(line, { maxLength: 4 }), fc.boolean(), (lines, field) => {
      const request = requestOf(
        peer,
        lines.map(([name, text]) => [name, text.trim()] as const),
      );
      const trusted = field ? FOR : FORWARDED;
      assert.equal(trusted.clientOf(request), peer);
      assert.equal(enter(streamOf(request), { trusted }), request);
    }),
  );
});

test('whatever a client writes, a trusted proxy’s own entry decides', () => {
  const value = fc.string({ unit: fc.constantFrom('1', '.', ':', ',', ' ', 'x', '10.0.0.7', '203.0.113.7') });
  fc.assert(
    fc.property(value, (text) => {
      const client = clientOf(FOR, '10.0.0.1', ['x-forwarded-for', `${text}, 203.0.113.9, 10.0.0.2`.trim()]);
      assert.ok(client === null || client === '203.0.113.9 0 < 10.0.0.1 < 10.0.0.2', client ?? '');
    }),
  );
});

test('the same client of the same connection is the same object, another one another', () => {
  const peer = peerAt('10.0.0.1');
  const ask = (said: string) => FOR.clientOf(requestOf(peer, [['x-forwarded-for', said]]));
  const first = ask('203.0.113.9');
  assert.equal(ask('203.0.113.9'), first);
  assert.equal(ask('203.0.113.10')?.address, '203.0.113.10');
  assert.equal(ask('junk'), null);
  assert.equal(ask('junk'), null);
  assert.deepEqual(ask('203.0.113.9'), first);
  assert.equal(FOR.clientOf(requestOf(peer, [])), peer);
  // Two lines and one of both are told apart.
  assert.equal(ask('203.0.113.9, 10.0.0.2')?.address, '203.0.113.9');
});

test('an id of a trusted peer is kept where it is plain, and of nobody else', () => {
  const idOf = (from: string, id: string) => FOR.requestIdOf(requestOf(peerAt(from), [['x-request-id', id]]));
  for (const id of ['019aa8f0-6c3e-7b54-9d3f-2f1a4f0f6a11', 'a', 'A.b_c-9', 'x'.repeat(64)])
    assert.deepEqual([idOf('10.0.0.1', id), idOf('192.0.2.1', id)], [id, null]);
  for (const id of ['', '.', '..', 'x'.repeat(65), 'a b', 'a,b', 'a"b', 'a:b', 'a/b', '<a>'])
    assert.equal(idOf('10.0.0.1', id), null);
  const twice = requestOf(peerAt('10.0.0.1'), [
    ['x-request-id', 'a'],
    ['x-request-id', 'b'],
  ]);
  assert.equal(FOR.requestIdOf(twice), null);
});

const streamOf = (request: ReturnType<typeof requestOf>): RehearsedStream =>
  new RehearsedStream(request, { kind: 'none' }, { body: Buffer.alloc(0), answered() {} });

test('what comes in is the request itself where nobody is trusted, else one with its client', () => {
  const request = requestOf(peerAt('10.0.0.1'), [['x-forwarded-for', '203.0.113.9']]);
  assert.equal(enter(streamOf(request), { trusted: null }), request);
  const entered = enter(streamOf(request), { trusted: FOR });
  assert.ok(!('code' in entered));
  assert.deepEqual({ ...entered, peer: null }, { ...request, peer: null });
  assert.equal(entered.peer.address, '203.0.113.9');
  const broken = requestOf(peerAt('10.0.0.1'), [['x-forwarded-for', 'junk']]);
  assert.deepEqual(enter(streamOf(broken), { trusted: FOR }), { code: 'malformed-forwarded' });
});

test('however many clients come, each is told from the others, and from those of other connections', () => {
  const ask = (from: string, at: number) =>
    clientOf(FOR, from, ['x-forwarded-for', `203.0.${at >> 8}.${at & 255}, 10.0.0.2`]);
  for (let round = 0; round < 2; round++)
    for (let at = 0; at < 5_000; at++)
      assert.equal(ask(`10.0.1.${at % 7}`, at), `203.0.${at >> 8}.${at & 255} 0 < 10.0.1.${at % 7} < 10.0.0.2`);
});
