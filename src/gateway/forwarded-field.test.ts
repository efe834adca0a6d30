import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HOP_LIMIT, type HopReader, readForwarded, readForwardedFor } from './forwarded-field.ts';

/** All hops from the right, `!` where one is no address; null where the field can't be read at all. */
function hopsOf(reader: HopReader | null): string | null {
  if (reader === null) return null;
  const hops: string[] = [];
  for (let hop = reader(); hop !== null; hop = reader()) {
    if (hop === undefined) return [...hops, '!'].join(' ');
    hops.push(hop.port === 0 ? hop.address : `${hop.address}#${hop.port}`);
  }
  return hops.join(' ');
}

type Case = readonly [lines: string | readonly string[], hops: string | null];

const linesOf = (lines: string | readonly string[]): readonly string[] => (typeof lines === 'string' ? [lines] : lines);

const MANY = (count: number, entry: string): string => Array.from({ length: count }, () => entry).join(', ');
const ALL_OF_THEM = (count: number): string => Array.from({ length: count }, () => '192.0.2.1').join(' ');

const SEPARATE: readonly Case[] = [
  ['192.0.2.1', '192.0.2.1'],
  ['192.0.2.1, 192.0.2.2', '192.0.2.2 192.0.2.1'],
  ['192.0.2.1,192.0.2.2', '192.0.2.2 192.0.2.1'],
  ['192.0.2.1 \t,\t 192.0.2.2', '192.0.2.2 192.0.2.1'],
  [['192.0.2.1', '192.0.2.2'], '192.0.2.2 192.0.2.1'],
  [['192.0.2.1, 192.0.2.2', '192.0.2.3'], '192.0.2.3 192.0.2.2 192.0.2.1'],
  ['192.0.2.1:4711', '192.0.2.1#4711'],
  ['192.0.2.1:0', '192.0.2.1'],
  ['192.0.2.1:65535', '192.0.2.1#65535'],
  ['192.0.2.1:65536', '!'],
  ['192.0.2.1:', '!'],
  ['192.0.2.1:x', '!'],
  ['192.0.2.1:-1', '!'],
  ['2001:db8::1', '2001:db8::1'],
  ['2001:DB8:0::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:4711', '2001:db8::1#4711'],
  ['2001:db8::1:4711', '2001:db8::1:4711'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['[::ffff:192.0.2.1]:1', '192.0.2.1#1'],
  ['::1', '::1'],
  ['[192.0.2.1]', '!'],
  ['[2001:db8::1', '!'],
  ['2001:db8::1]', '!'],
  ['[2001:db8::1]4711', '!'],
  ['[]', '!'],
  ['fe80::1%eth0', '!'],
  ['[fe80::1%eth0]', '!'],
  ['fe80::1%25eth0', '!'],
  ['unknown', '!'],
  ['_hidden', '!'],
  ['localhost', '!'],
  ['example.com', '!'],
  ['', '!'],
  [',', '!'],
  ['192.0.2.1,', '!'],
  [',192.0.2.1', '192.0.2.1 !'],
  ['192.0.2.1,,192.0.2.2', '192.0.2.2 !'],
  ['192.0.2.1 192.0.2.2', '!'],
  ['192.0.2.1; 192.0.2.2', '!'],
  ['"192.0.2.1"', '!'],
  ["'192.0.2.1'", '!'],
  ['for=192.0.2.1', '!'],
  ['192.0.2.01', '!'],
  ['192.0.2.256', '!'],
  ['192.0.2', '!'],
  ['3221225985', '!'],
  ['0xc0.0.2.1', '!'],
  ['0300.0.2.1', '!'],
  ['192.0.2.1/32', '!'],
  ['192.0.2.1\\', '!'],
  ['192.0.2.1.', '!'],
  ['-192.0.2.1', '!'],
  ['junk, 192.0.2.2', '192.0.2.2 !'],
  ['192.0.2.1, junk', '!'],
  ['http://192.0.2.1', '!'],
  ['$(id)', '!'],
  ["192.0.2.1' or 1=1", '!'],
  [MANY(HOP_LIMIT, '192.0.2.1'), ALL_OF_THEM(HOP_LIMIT)],
  [MANY(HOP_LIMIT + 1, '192.0.2.1'), null],
  [Array.from({ length: HOP_LIMIT + 1 }, () => '192.0.2.1'), null],
  [','.repeat(5_000), null],
];

const FORWARDED: readonly Case[] = [
  ['for=192.0.2.1', '192.0.2.1'],
  ['For=192.0.2.1', '192.0.2.1'],
  ['for="192.0.2.1"', '192.0.2.1'],
  ['for="192.0.2.1:4711"', '192.0.2.1#4711'],
  ['for="[2001:db8::1]"', '2001:db8::1'],
  ['for="[2001:db8::1]:4711"', '2001:db8::1#4711'],
  ['for=192.0.2.1;proto=https;by=192.0.2.9', '192.0.2.1'],
  ['proto=https;for=192.0.2.1', '192.0.2.1'],
  ['for=192.0.2.1, for=192.0.2.2', '192.0.2.2 192.0.2.1'],
  ['for=192.0.2.1,for=192.0.2.2', '192.0.2.2 192.0.2.1'],
  ['for=192.0.2.1 ,\tfor=192.0.2.2', '192.0.2.2 192.0.2.1'],
  [['for=192.0.2.1', 'for=192.0.2.2'], '192.0.2.2 192.0.2.1'],
  ['for=192.0.2.1;host="a, for=192.0.2.7"', '192.0.2.1'],
  ['for=192.0.2.1;host="a\\", for=192.0.2.7"', '192.0.2.1'],
  ['for="192.0.2.\\1"', '192.0.2.1'],
  ['for=192.0.2.1;ext=a;other="b c"', '192.0.2.1'],
  ['for="_hidden", for=192.0.2.1', '192.0.2.1 !'],
  ['for=unknown', '!'],
  ['for=_hidden', '!'],
  ['for="unknown:47"', '!'],
  ['for="192.0.2.1:_port"', '!'],
  ['for="192.0.2.1:70000"', '!'],
  ['for="2001:db8::1"', '!'],
  ['for="[192.0.2.1]"', '!'],
  ['for="[fe80::1%eth0]"', '!'],
  ['for=""', '!'],
  ['for=" 192.0.2.1"', '!'],
  ['for=localhost', '!'],
  ['by=192.0.2.9', '!'],
  ['proto=https, for=192.0.2.1', '192.0.2.1 !'],
  ['for=192.0.2.1, proto=https', '!'],
  ['for=192.0.2.1:4711', null],
  ['for=[2001:db8::1]', null],
  ['for=2001:db8::1', null],
  ['for', null],
  ['for=', null],
  ['=192.0.2.1', null],
  ['192.0.2.1', null],
  ['', null],
  [',', null],
  [';', null],
  ['for=192.0.2.1,', null],
  [',for=192.0.2.1', null],
  ['for=192.0.2.1,,for=192.0.2.2', null],
  ['for=192.0.2.1;', null],
  ['for=192.0.2.1;;proto=https', null],
  ['for=192.0.2.1; proto=https', null],
  ['for=192.0.2.1 ;proto=https', null],
  ['for =192.0.2.1', null],
  ['for= 192.0.2.1', null],
  ['for=192.0.2.1 proto=https', null],
  ['for=192.0.2.1;for=192.0.2.2', null],
  ['for=192.0.2.1;FOR=192.0.2.2', null],
  ['for=192.0.2.1;proto=http;proto=https', null],
  ['for="192.0.2.1', null],
  ['for=192.0.2.1"', null],
  ['for="192.0.2.1"x', null],
  ['for="192.0.2.1\\"', null],
  // A client opens a quote, and the proxy behind it adds an element of its own.
  ['for="x, for=192.0.2.1', null],
  ['for="x, for="[2001:db8::1]"', null],
  ['for="x\\, for="[2001:db8::1]:1";by="[::1]"', null],
  [['for="x', 'for="[2001:db8::1]"'], null],
  [MANY(HOP_LIMIT, 'for=192.0.2.1'), ALL_OF_THEM(HOP_LIMIT)],
  [MANY(HOP_LIMIT + 1, 'for=192.0.2.1'), null],
];

const shown = (lines: string | readonly string[]): string => JSON.stringify(lines).slice(0, 60);

for (const [name, cases, read] of [
  ['X-Forwarded-For', SEPARATE, readForwardedFor],
  ['Forwarded', FORWARDED, readForwarded],
] as const) {
  test(`there are sixty cases of ${name}`, () => assert.ok(cases.length >= 60, String(cases.length)));
  for (const [lines, hops] of cases) {
    test(`${name} ${shown(lines)} is ${hops === null ? 'not read' : `read as ${hops.slice(0, 60)}`}`, () => {
      assert.equal(hopsOf(read(linesOf(lines))), hops);
    });
  }
}

test('nothing beyond what is asked for is judged', () => {
  const next = readForwardedFor(['junk, <script>, 192.0.2.1']);
  assert.deepEqual(next?.(), { address: '192.0.2.1', port: 0 });
});

test('whatever a client writes before it, what a proxy adds is read first or nothing is', () => {
  const junk = fc.string({
    unit: fc.constantFrom('"', '\\', ',', ';', '=', ' ', 'f', 'for=', '1', '192.0.2.7', '[', ':'),
  });
  const added = fc.constantFrom('192.0.2.1', '2001:db8::1');
  fc.assert(
    fc.property(junk, added, fc.boolean(), (text, address, sameLine) => {
      const elements = [address, `for=${address.includes(':') ? `"[${address}]"` : address}`];
      for (const [at, read] of [readForwardedFor, readForwarded].entries()) {
        const element = elements[at] as string;
        const next = read(sameLine ? [`${text}, ${element}`] : [text, element]);
        if (next !== null) assert.deepEqual(next(), { address, port: 0 });
      }
    }),
    { numRuns: 3_000 },
  );
});

test('a long field of any shape is read in time that grows with its length', () => {
  for (const text of ['"', '\\"', 'for="', 'a=b;', ' \t', '[', ':', '.', 'for=1,', '1'])
    for (const read of [readForwardedFor, readForwarded]) {
      const reader = read([text.repeat(16_000 / text.length)]);
      assert.ok(reader === null || reader() === undefined, text);
    }
});

test('many blanks within an entry cost no more than other letters, whether it is asked for or stands left of the client', () => {
  const blanks = `x${' \t'.repeat(7_500)}x`;
  // Looking for the end from each blank would take minutes for all of them.
  for (let round = 0; round < 500; round++) {
    assert.equal(readForwardedFor([blanks])?.(), undefined);
    assert.deepEqual(readForwardedFor([`${blanks}, 192.0.2.1`])?.(), { address: '192.0.2.1', port: 0 });
  }
  const around = ` \t${'\t '.repeat(3_000)}192.0.2.1${' \t'.repeat(3_000)} `;
  assert.deepEqual(readForwardedFor([around])?.(), { address: '192.0.2.1', port: 0 });
});
