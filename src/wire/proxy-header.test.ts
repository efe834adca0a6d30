import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { binary, checked, OVER_IPV4, OVER_IPV6, setting, SIGNATURE } from './proxy-fixture.test.ts';
import { PROXY_HEADER_LIMIT_BYTES, type ProxyHeaderReading, readProxyHeader } from './proxy-header.ts';

/** What is read of some bytes: `address port length`, with `own` for the proxy itself; or the kind. */
function read(bytes: Buffer | string): string {
  const reading: ProxyHeaderReading = readProxyHeader(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  if (reading.kind !== 'header') return reading.kind;
  const { source } = reading;
  return `${source === null ? 'own' : `${source.address} ${source.port}`} ${reading.bytes}`;
}

const over = (...more: readonly Buffer[]): Buffer => Buffer.concat([OVER_IPV4, ...more]);
const TEN_BYTES = Buffer.alloc(10, 0x41);

/** Lines without their end, and what is read of them. */
const LINES: readonly (readonly [line: string, source: string | null])[] = [
  ['PROXY TCP4 203.0.113.9 192.0.2.1 4711 443', '203.0.113.9 4711'],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 0 65535', '203.0.113.9 0'],
  ['PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535', '255.255.255.255 65535'],
  ['PROXY TCP6 2001:db8::9 2001:db8::1 4711 443', '2001:db8::9 4711'],
  ['PROXY TCP6 2001:DB8:0::9 ::1 4711 443', '2001:db8::9 4711'],
  ['PROXY TCP6 ::ffff:203.0.113.9 ::ffff:192.0.2.1 4711 443', '203.0.113.9 4711'],
  ['PROXY UNKNOWN', 'own'],
  ['PROXY UNKNOWN whatever 1 2 3 4 5', 'own'],
  ['PROXY UNKNOWN ffff:f:ffff::ffff ffff:f:ffff::ffff 65535 65535', 'own'],
  ['PROXY UNKNOWNX', null],
  ['PROXY  TCP4 203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY TCP4  203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 ', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 4711 443 7', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 4711', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1', null],
  ['PROXY TCP4', null],
  ['PROXY ', null],
  ['PROXY TCP5 203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY tcp4 203.0.113.9 192.0.2.1 4711 443', null],
  ['proxy TCP4 203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY TCP4 2001:db8::9 2001:db8::1 4711 443', null],
  ['PROXY TCP6 203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113.9 2001:db8::1 4711 443', null],
  ['PROXY TCP6 2001:db8::9 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113.09 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113.256 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113 192.0.2.1 4711 443', null],
  ['PROXY TCP4 0x7f.0.0.1 192.0.2.1 4711 443', null],
  ['PROXY TCP4 localhost 192.0.2.1 4711 443', null],
  ['PROXY TCP6 [2001:db8::9] ::1 4711 443', null],
  ['PROXY TCP6 fe80::1%eth0 ::1 4711 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 04711 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 65536 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 4711 65536', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 -1 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 +1 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1 0x1 443', null],
  ['PROXY TCP4 203.0.113.9 192.0.2.1  443', null],
  ['PROXY\tTCP4 203.0.113.9 192.0.2.1 4711 443', null],
  ['PROXY TCP4 203.0.113.9\n192.0.2.1 4711 443', null],
  [`PROXY UNKNOWN ${'x'.repeat(91)}`, 'own'],
  [`PROXY UNKNOWN ${'x'.repeat(92)}`, null],
];

for (const [line, source] of LINES) {
  test(`the line ${JSON.stringify(line.slice(0, 70))} is ${source ?? 'refused'}`, () => {
    const expected = source === null ? 'broken' : `${source} ${line.length + 2}`;
    for (const behind of ['', '\x16\x03\x01', '\r\nPROXY UNKNOWN\r\n'])
      assert.equal(read(`${line}\r\n${behind}`), expected);
  });
}

const BINARIES: readonly (readonly [what: string, bytes: Buffer, reading: string])[] = [
  ['IPv4', binary(0x21, 0x11, OVER_IPV4), '203.0.113.9 4711 28'],
  ['IPv6', binary(0x21, 0x21, OVER_IPV6), '2001:db8::9 4711 52'],
  ['settings', binary(0x21, 0x11, over(setting(0x01, TEN_BYTES), setting(0xe0, TEN_BYTES))), '203.0.113.9 4711 54'],
  ['an empty setting', binary(0x21, 0x11, over(setting(0x04, Buffer.alloc(0)))), '203.0.113.9 4711 31'],
  ['a checksum', checked(0x11, OVER_IPV4), '203.0.113.9 4711 35'],
  ['a checksum over IPv6', checked(0x21, OVER_IPV6), '2001:db8::9 4711 59'],
  ['LOCAL without anything', binary(0x20, 0x00, Buffer.alloc(0)), 'own 16'],
  ['LOCAL with addresses', binary(0x20, 0x11, OVER_IPV4), 'own 28'],
  ['LOCAL with anything', binary(0x20, 0xff, TEN_BYTES), 'own 26'],
  ['the longest', binary(0x21, 0x11, over(setting(0x04, Buffer.alloc(2_048 - 12 - 3)))), '203.0.113.9 4711 2064'],
  ['one byte more', binary(0x21, 0x11, over(setting(0x04, Buffer.alloc(2_048 - 12 - 2)))), 'broken'],
  ['a length of 65,535', binary(0x21, 0x11, OVER_IPV4, 65_535), 'broken'],
  ['version 1 in binary', binary(0x11, 0x11, OVER_IPV4), 'broken'],
  ['version 3', binary(0x31, 0x11, OVER_IPV4), 'broken'],
  ['an unknown command', binary(0x22, 0x11, OVER_IPV4), 'broken'],
  ['no family', binary(0x21, 0x00, Buffer.alloc(0)), 'broken'],
  ['UDP over IPv4', binary(0x21, 0x12, OVER_IPV4), 'broken'],
  ['UDP over IPv6', binary(0x21, 0x22, OVER_IPV6), 'broken'],
  ['a unix socket', binary(0x21, 0x31, Buffer.alloc(216)), 'broken'],
  ['an unknown family', binary(0x21, 0x41, OVER_IPV6), 'broken'],
  ['addresses cut short', binary(0x21, 0x11, OVER_IPV4.subarray(0, 11)), 'broken'],
  ['IPv6 in the length of IPv4', binary(0x21, 0x21, OVER_IPV4), 'broken'],
  ['a setting cut short', binary(0x21, 0x11, over(setting(0x01, TEN_BYTES).subarray(0, 12))), 'broken'],
  ['half a setting’s head', binary(0x21, 0x11, over(Buffer.from([1, 0]))), 'broken'],
  ['one byte left over', binary(0x21, 0x11, over(setting(0x01, TEN_BYTES), Buffer.alloc(1))), 'broken'],
  ['a wrong checksum', binary(0x21, 0x11, over(setting(0x03, Buffer.alloc(4, 1)))), 'broken'],
  ['a checksum of three bytes', binary(0x21, 0x11, over(setting(0x03, Buffer.alloc(3)))), 'broken'],
  ['two checksums', checked(0x11, over(setting(0x03, Buffer.alloc(4)))), 'broken'],
];

for (const [what, bytes, reading] of BINARIES) {
  test(`a binary header with ${what} is ${reading === 'broken' ? 'refused' : 'read'}`, () => {
    assert.equal(read(bytes), reading);
    if (reading !== 'broken') assert.equal(read(Buffer.concat([bytes, TEN_BYTES])), reading, 'with more behind it');
  });
}

test('a mapped address in a binary header is the IPv4 address', () => {
  const mapped = Buffer.concat([Buffer.from('00000000000000000000ffffcb007109', 'hex'), OVER_IPV6.subarray(16)]);
  assert.equal(read(binary(0x21, 0x21, mapped)), '203.0.113.9 4711 52');
});

test('a checksum fails when any bit of the header is another', () => {
  const header = checked(0x11, over(setting(0x05, TEN_BYTES)));
  for (let at = 16; at < header.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const changed = Buffer.from(header);
      changed.writeUInt8((header[at] as number) ^ (1 << bit), at);
      const reading = read(changed);
      // The type of the checksum itself may turn it into another setting, which is nobody's to check.
      const isType = at === header.length - 7;
      assert.ok(isType || reading === 'broken', `byte ${at} bit ${bit}: ${reading}`);
    }
  }
});

const SOUND = [
  ...LINES.filter(([, source]) => source !== null).map(([line]) => Buffer.from(`${line}\r\n`, 'latin1')),
  ...BINARIES.filter(([, , reading]) => reading !== 'broken').map(([, bytes]) => bytes),
];

test('every beginning of a sound header asks for more', () => {
  for (const bytes of SOUND)
    for (let end = 0; end < bytes.length; end++)
      assert.equal(read(bytes.subarray(0, end)), 'more', bytes.toString('latin1'));
});

test('what begins like no header is refused as soon as that is known', () => {
  for (const text of ['\x16', 'G', 'GET / HTTP/1.1', 'PROXX', 'P ', '\r\n\r\n\0\r\nQUIT\r', '\n', '\0', ' PROXY'])
    assert.equal(read(text), 'broken', JSON.stringify(text));
  assert.equal(read(`PROXY ${'x'.repeat(101)}`), 'broken');
  assert.equal(read(Buffer.concat([SIGNATURE, Buffer.from([0x51])])), 'more');
});

test('whatever comes, a reading never throws, and never takes more than it was given or than its bound', () => {
  const change = fc.tuple(fc.nat(2_100), fc.nat(255));
  const changed = fc.tuple(fc.constantFrom(...SOUND), fc.array(change, { maxLength: 4 })).map(([bytes, changes]) => {
    const copy = Buffer.from(bytes);
    for (const [at, byte] of changes) copy.writeUInt8(byte, at % copy.length);
    return copy;
  });
  const any = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(changed, any), (bytes) => {
      const reading = readProxyHeader(bytes);
      if (reading.kind === 'more') assert.ok(bytes.length < PROXY_HEADER_LIMIT_BYTES);
      if (reading.kind === 'header') {
        assert.ok(reading.bytes <= bytes.length && reading.bytes <= PROXY_HEADER_LIMIT_BYTES);
        // All that was taken is needed: with one byte less it is not whole.
        assert.equal(readProxyHeader(bytes.subarray(0, reading.bytes - 1)).kind, 'more');
      }
    }),
    { numRuns: 2_000 },
  );
});
