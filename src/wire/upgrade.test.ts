import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newAuthorityMemory, readRequestHead } from './request-head.ts';
import { acceptOf, readUpgrade, switchFault, upgradeLines, type UpgradeFault, type UpgradeOffer } from './upgrade.ts';
import { readReplyHead } from './reply-head.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

function read(text: string): UpgradeOffer | UpgradeFault | null {
  const bytes = Buffer.from(text, 'latin1');
  const head = readRequestHead(bytes, bytes.length - 2, newAuthorityMemory());
  assert.ok(head.fault === null, head.fault ?? '');
  return readUpgrade(head);
}

function request(fields: Readonly<Record<string, string>>, line = 'GET /chat HTTP/1.1'): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  return [line, 'Host: a.test', ...lines, '', ''].join('\r\n');
}

const WHOLE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': KEY,
  'Sec-WebSocket-Version': '13',
};

test('an upgrade as browsers ask for it is an offer', () => {
  const offer = { protocol: 'websocket', key: KEY, subprotocols: [] };
  assert.deepEqual(read(request(WHOLE)), offer);
  assert.deepEqual(read(request({ ...WHOLE, Connection: 'keep-alive, UPGRADE', Upgrade: 'WebSocket' })), offer);
  const named = { ...WHOLE, 'Sec-WebSocket-Protocol': 'chat.v1,chat.v2 ,\tchat.v3' };
  assert.deepEqual(read(request(named)), { ...offer, subprotocols: ['chat.v1', 'chat.v2', 'chat.v3'] });
});

test('what asks for nothing that is offered is no upgrade', () => {
  assert.equal(read(request({})), null);
  assert.equal(read(request({ Connection: 'Upgrade', Upgrade: 'h2c' })), null);
  assert.equal(read(request(WHOLE, 'GET /chat HTTP/1.0')), null);
  const { Connection: _, ...alone } = WHOLE;
  assert.equal(read(request(alone)), null);
});

test('what asks for WebSocket by another method or with a body is no sound upgrade', () => {
  assert.equal(read(request(WHOLE, 'POST /chat HTTP/1.1')), 'invalid-upgrade');
  assert.equal(read(request(WHOLE, 'HEAD /chat HTTP/1.1')), 'invalid-upgrade');
  assert.equal(read(request({ ...WHOLE, 'Content-Length': '5' })), 'invalid-upgrade');
  assert.equal(read(request({ ...WHOLE, 'Transfer-Encoding': 'chunked' })), 'invalid-upgrade');
});

test('blanks inside a subprotocol are no work', () => {
  const blanks = ' '.repeat(15_000);
  const offered = { ...WHOLE, 'Sec-WebSocket-Protocol': `a${blanks}b, ${'\t'.repeat(500)}c` };
  // Looked at from each of the blanks, this would take many minutes.
  for (let times = 0; times < 2_000; times++) assert.equal(read(request(offered)), 'invalid-upgrade');
});

test('more subprotocols than anybody chooses from are refused', () => {
  const names = (count: number): string => Array.from({ length: count }, (_, at) => `p${at}`).join(', ');
  assert.equal(typeof read(request({ ...WHOLE, 'Sec-WebSocket-Protocol': names(32) })), 'object');
  assert.equal(read(request({ ...WHOLE, 'Sec-WebSocket-Protocol': names(33) })), 'invalid-upgrade');
  assert.equal(read(request({ ...WHOLE, 'Sec-WebSocket-Protocol': '' })), 'invalid-upgrade');
  assert.equal(read(request({ ...WHOLE, 'Sec-WebSocket-Protocol': 'a,' })), 'invalid-upgrade');
});

test('a key is 16 octets in the one spelling that base64 has for them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 32 }), (octets) => {
      const key = Buffer.from(octets).toString('base64');
      const reading = read(request({ ...WHOLE, 'Sec-WebSocket-Key': key }));
      assert.equal(typeof reading === 'object', octets.length === 16);
    }),
  );
});

test('an accept is what RFC 6455 §1.3 says it is', () => {
  assert.equal(acceptOf(KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('what an upstream is asked for is an upgrade that we would take ourselves, whatever a client named', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.stringMatching(/^[a-z0-9.]{1,8}$/), { maxLength: 5 }), (subprotocols) => {
      const offer: UpgradeOffer = { protocol: 'websocket', key: KEY, subprotocols };
      assert.deepEqual(read(`GET / HTTP/1.1\r\nhost: a.test\r\n${upgradeLines(offer)}\r\n`), offer);
    }),
  );
});

test('a 101 that answers the upgrade has no fault, and one to another key has', () => {
  const bytes = Buffer.from(
    `HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${acceptOf(KEY)}\r\n\r\n`,
  );
  const head = readReplyHead(bytes, bytes.length - 2, 'GET');
  assert.ok(head.fault === null);
  const offer: UpgradeOffer = { protocol: 'websocket', key: KEY, subprotocols: [] };
  assert.equal(switchFault(offer, head), null);
  const other = { ...offer, key: 'AAAAAAAAAAAAAAAAAAAAAA==' };
  assert.equal(switchFault(other, head), '101 with another Sec-WebSocket-Accept');
});
