import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalAddress } from '../../src/base/index.ts';
import { binary, checked, setting } from '../../src/wire/proxy-fixture.test.ts';
import { readProxyHeader } from '../../src/wire/proxy-header.ts';
import { findProgram } from '../bench/child.ts';
import { skipOrFail } from '../system/skip.ts';
import { changed, changeOf, seedsOf } from './mutation.ts';
import { ASKED, clientOf, PROXY_PEERS } from './proxy-peers.ts';

// Who may say where a client comes from decides what the client may do. Another reader must not find another client.

const RUNS = 400;
const SEEDS = seedsOf(1);

const ADDRESS = fc.oneof(
  { weight: 4, arbitrary: fc.ipV4() },
  { weight: 4, arbitrary: fc.ipV6() },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '::',
      '::1',
      '::ffff:203.0.113.9',
      '2001:DB8::9',
      '2001:db8:0:0:0:0:0:9',
      '203.0.113.09',
      '203.0.113',
      '0xcb.0.113.9',
      '203.0.113.9.1',
      '[2001:db8::9]',
      'fe80::1%eth0',
      '1::2::3',
      '',
      'x',
    ),
  },
);
const PORT = fc.oneof(
  { weight: 4, arbitrary: fc.nat(65_535).map(String) },
  { weight: 1, arbitrary: fc.constantFrom('0', '00', '01', '65536', '99999', '+1', '-1', '', 'x', '1 ') },
);
const FAMILY = fc.oneof(
  { weight: 12, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constantFrom('TCP4', 'TCP6', 'UNKNOWN', 'tcp4', 'UDP4', 'TCP', 'UNKNOWNX') },
);
const LINE = fc
  .record({
    family: FAMILY,
    from: ADDRESS,
    to: fc.option(ADDRESS, { freq: 3, nil: null }),
    ports: fc.tuple(PORT, PORT),
    gap: fc.oneof({ weight: 12, arbitrary: fc.constant(' ') }, { weight: 1, arbitrary: fc.constantFrom('  ', '\t') }),
    end: fc.oneof(
      { weight: 12, arbitrary: fc.constant('\r\n') },
      { weight: 1, arbitrary: fc.constantFrom('\n', ' \r\n', '\r', ' 1\r\n') },
    ),
  })
  .map(({ family, from, to, ports, gap, end }) => {
    const named = family ?? (from.includes(':') ? 'TCP6' : 'TCP4');
    return Buffer.from(['PROXY', named, from, to ?? from, ...ports].join(gap) + end, 'latin1');
  });

const SETTINGS = fc
  .array(
    fc
      .tuple(fc.constantFrom(0x01, 0x02, 0x03, 0x04, 0x05, 0x20, 0x30, 0xee), fc.uint8Array({ maxLength: 12 }))
      .map(([type, value]) => setting(type, value)),
    { maxLength: 3 },
  )
  .map((settings) => Buffer.concat(settings));
const BINARY = fc
  .record({
    command: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0x21) },
      { weight: 1, arbitrary: fc.constantFrom(0x20, 0x22, 0x11, 0x31) },
    ),
    family: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(0x11, 0x21) },
      { weight: 1, arbitrary: fc.constantFrom(0x00, 0x12, 0x22, 0x31, 0x10, 0x41) },
    ),
    addresses: fc.uint8Array({ minLength: 36, maxLength: 36 }),
    settings: SETTINGS,
    isChecked: fc.boolean(),
    short: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 9 }) }),
  })
  .map(({ command, family, addresses, settings, isChecked, short }) => {
    const content = Buffer.concat([Buffer.from(addresses.subarray(0, family === 0x11 ? 12 : 36)), settings]);
    if (isChecked && command === 0x21) return checked(family, content);
    return binary(command, family, content, content.length - Math.min(short, content.length));
  });

const HEADER = fc
  .tuple(
    fc.oneof(LINE, BINARY),
    fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: changeOf(2) }),
  )
  .map(([header, change]) => (change === null ? header : changed(header, change)));

/**
 * What follows UNKNOWN must be ignored (proxy-protocol.txt §2.1). nginx and we do; HAProxy 2.6 takes no line that has any.
 * Nobody finds another client by it.
 */
const SAYS_MORE = /^PROXY UNKNOWN [^\r]*\r\n$/;

/** What we take the client to be; null where we refuse, or what follows the header is not the request any more. */
function ourClient(bytes: Buffer): { readonly address: string; readonly port: number } | 'the proxy' | null {
  const ours = readProxyHeader(bytes);
  if (ours.kind !== 'header' || !bytes.subarray(ours.bytes).equals(ASKED)) return null;
  return ours.source ?? 'the proxy';
}

for (const peer of PROXY_PEERS)
  test(`${peer.name} finds the client in a PROXY header that we find, or we refuse (seeds ${SEEDS.join(', ')})`, async (t) => {
    if (findProgram(peer.program) === null) {
      skipOrFail(t, `${peer.name} is not installed (Debian package ${peer.program})`);
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-proxy-'));
    const reader = await peer.start(folder);
    try {
      for (const seed of SEEDS) {
        let found = 0;
        const property = fc.asyncProperty(HEADER, async (header) => {
          const bytes = Buffer.concat([header, ASKED]);
          const ours = ourClient(bytes);
          if (ours === null) return;
          const theirs = await clientOf(reader.port, bytes);
          const shown = `${JSON.stringify(header.toString('latin1'))} (${header.toString('hex')})`;
          if (theirs === null) {
            assert.ok(ours === 'the proxy' && SAYS_MORE.test(header.toString('latin1')), `only we take ${shown}`);
            return;
          }
          const [address = '', port = ''] = theirs.split(' ');
          if (ours === 'the proxy') assert.ok(address === '' || address === '127.0.0.1', `${shown}: ${theirs}`);
          else assert.deepEqual([canonicalAddress(address), Number(port)], [ours.address, ours.port], shown);
          found++;
        });
        await fc.assert(property, { seed, numRuns: RUNS });
        assert.ok(found > RUNS / 6, `${found} of ${RUNS} were taken (seed ${seed})`);
      }
    } finally {
      await reader.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
