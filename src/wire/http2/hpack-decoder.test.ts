import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { HpackDecoder } from './hpack-decoder.ts';
import { type HpackField, PSEUDO, REPLY_RULES, REQUEST_RULES } from './hpack-field.ts';
import { Decoding, fromHex, huffman, indexed, integer, literal, resized, text } from './hpack-fixture.test.ts';
import { TABLE_LIMIT_BYTES } from './hpack-table.ts';

/** Blocks of one connection, each with what it says and how large the table is behind it. */
type Example = readonly (readonly [block: string, lines: readonly string[], tableBytes: number])[];

const REQUESTS: readonly (readonly [lines: readonly string[], tableBytes: number])[] = [
  [[':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com'], 57],
  [[':method: GET', ':scheme: http', ':path: /', ':authority: www.example.com', 'cache-control: no-cache'], 110],
  [
    [':method: GET', ':scheme: https', ':path: /index.html', ':authority: www.example.com', 'custom-key: custom-value'],
    164,
  ],
];

const FIRST_REPLY = [
  'cache-control: private',
  'date: Mon, 21 Oct 2013 20:13:21 GMT',
  'location: https://www.example.com',
];
const COOKIE = 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1';
const REPLIES: typeof REQUESTS = [
  [[':status: 302', ...FIRST_REPLY], 222],
  [[':status: 307', ...FIRST_REPLY], 222],
  [
    [
      ':status: 200',
      'cache-control: private',
      'date: Mon, 21 Oct 2013 20:13:22 GMT',
      'location: https://www.example.com',
      'content-encoding: gzip',
      `set-cookie: ${COOKIE}`,
    ],
    215,
  ],
];

function example(blocks: readonly string[], said: typeof REQUESTS): Example {
  return blocks.map((block, at) => [block, ...(said[at] as (typeof said)[number])]);
}

const EXAMPLES: Readonly<Record<string, { readonly tableBytes: number; readonly blocks: Example }>> = {
  'C.2.1': {
    tableBytes: 4_096,
    blocks: [['400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572', ['custom-key: custom-header'], 55]],
  },
  'C.2.2': { tableBytes: 4_096, blocks: [['040c 2f73 616d 706c 652f 7061 7468', [':path: /sample/path'], 0]] },
  'C.2.3': { tableBytes: 4_096, blocks: [['1008 7061 7373 776f 7264 0673 6563 7265 74', ['password: secret'], 0]] },
  'C.2.4': { tableBytes: 4_096, blocks: [['82', [':method: GET'], 0]] },
  'C.3': {
    tableBytes: 4_096,
    blocks: example(
      [
        '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
        '8286 84be 5808 6e6f 2d63 6163 6865',
        '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
      ],
      REQUESTS,
    ),
  },
  'C.4': {
    tableBytes: 4_096,
    blocks: example(
      [
        '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
        '8286 84be 5886 a8eb 1064 9cbf',
        '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
      ],
      REQUESTS,
    ),
  },
  'C.5': {
    tableBytes: 256,
    blocks: example(
      [
        `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
         546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
        '4803 3330 37c1 c0bf',
        `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
         6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
         2076 6572 7369 6f6e 3d31`,
      ],
      REPLIES,
    ),
  },
  'C.6': {
    tableBytes: 256,
    blocks: example(
      [
        `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
         8f0b 97c8 e9ae 82ae 43d3`,
        '4883 640e ffc1 c0bf',
        `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
         dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
      ],
      REPLIES,
    ),
  },
};

for (const [section, { tableBytes, blocks }] of Object.entries(EXAMPLES)) {
  test(`the examples of ${section} are decoded (RFC 7541 appendix C)`, () => {
    const decoding = new Decoding({ rules: REPLY_RULES, tableBytes });
    for (const [block, lines, bytes] of blocks) {
      assert.equal(decoding.decode(block), null);
      assert.deepEqual(decoding.lines, lines);
      assert.equal(decoding.tableBytes, bytes);
    }
  });
}

test('a field is one object as long as it is in the table, with the line that HTTP/1.1 would have', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode(literal('x-tenant', 'blue')), null);
  const [first] = decoding.fields;
  assert.equal(first?.line, 'x-tenant: blue\r\n');
  assert.equal(decoding.decode(indexed(62)), null);
  assert.equal(decoding.fields[0], first);
  assert.equal(decoding.decode(literal(62, 'green', { coded: true })), null);
  assert.deepEqual(decoding.lines, ['x-tenant: green']);
  assert.equal(decoding.fields[0]?.line, 'x-tenant: green\r\n');
  assert.equal(decoding.decode([indexed(63), indexed(62)]), null);
  assert.deepEqual(decoding.lines, ['x-tenant: blue', 'x-tenant: green']);
});

test('only fields that ask for it enter the table', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode([literal('a', '1', { kind: 'plain' }), literal('b', '2', { kind: 'never' })]), null);
  assert.deepEqual(decoding.lines, ['a: 1', 'b: 2']);
  assert.equal(decoding.tableBytes, 0);
  assert.equal(decoding.decode(indexed(62)), 'hpack');
});

test('a field takes its name from an entry that leaves the table for it (RFC 7541 §4.4)', () => {
  const decoding = new Decoding({ tableBytes: 64 });
  assert.equal(decoding.decode([literal('name', 'a'.repeat(28)), literal(62, 'b'.repeat(28)), indexed(62)]), null);
  assert.deepEqual(decoding.lines, [`name: ${'a'.repeat(28)}`, `name: ${'b'.repeat(28)}`, `name: ${'b'.repeat(28)}`]);
  assert.equal(decoding.decode(literal(62, 'c'.repeat(100))), null);
  assert.deepEqual(decoding.lines, [`name: ${'c'.repeat(100)}`]);
  assert.equal(decoding.tableBytes, 0);
});

test('a fault of a field stays with its entry, and its name keeps it for other values', () => {
  const decoding = new Decoding();
  assert.equal(
    decoding.decode([literal('Upper', 'a'), literal(62, 'b'), literal('sound', 'x\ny'), literal(62, 'z')]),
    null,
  );
  const faults = (): readonly unknown[] => decoding.fields.map(({ fault }) => fault?.code ?? null);
  assert.deepEqual(faults(), ['malformed-header', 'malformed-header', 'malformed-header-value', null]);
  assert.equal(decoding.decode([indexed(65), indexed(64), indexed(63), indexed(62)]), null);
  assert.deepEqual(faults(), ['malformed-header', 'malformed-header', 'malformed-header-value', null]);
});

test('te is judged by its value, also where its name comes from the table', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode([literal('te', 'trailers'), literal(62, 'gzip'), literal(62, 'trailers')]), null);
  assert.deepEqual(
    decoding.fields.map(({ fault }) => fault?.code ?? null),
    [null, 'connection-specific-field', null],
  );
});

test('pseudo fields have their value and no line', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode([literal(4, '/a b', { coded: true }), literal(':path', '/'), literal(':x', 'y')]), null);
  assert.deepEqual(
    decoding.fields.map(({ number, value, line }) => [number, value, line]),
    [
      [PSEUDO.path, '/a b', ''],
      [PSEUDO.path, '/', ''],
      [PSEUDO.unknown, 'y', ''],
    ],
  );
});

test('an empty block holds nothing, and empty names and values are no fault of the coding', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode(''), null);
  assert.deepEqual(decoding.fields, []);
  assert.equal(decoding.decode([literal('', ''), literal('', '', { coded: true })]), null);
  assert.deepEqual(decoding.lines, [': ', ': ']);
});

test('integers have four octets behind the first at most, whatever they say (RFC 7541 §5.1)', () => {
  for (const [size, outcome] of [
    ['3f 9a 0a', null], // 1337, the RFC's own example
    ['3e', null],
    ['3f 00', null], // 31
    ['3f e1 7f', null], // 16,384
    ['3f e2 7f', 'hpack'],
    ['3f 80 80 80 00', null], // 31 again: zeros that say nothing
    ['3f 80 80 80 80 00', 'hpack'],
    ['3f ff ff ff 7f', 'hpack'],
    ['3f ff ff ff ff 0f', 'hpack'],
    ['3f ff ff ff ff ff ff ff ff ff 7f', 'hpack'],
    ['3f', 'hpack'],
    ['3f ff', 'hpack'],
  ] as const)
    assert.equal(new Decoding({ tableBytes: TABLE_LIMIT_BYTES }).decode(size), outcome, size);
});

test('indices that name nothing end the connection', () => {
  for (const block of [
    '80', // nothing has the index 0 (RFC 7541 §6.1)
    'be', // the dynamic table is empty
    'ff 00', // 127
    'ff 80 80 80 00',
    'ff ff ff ff 7f',
    'ff ff ff ff ff',
    'ff',
    '7e 01 61', // a name, with indexing
    '7f 00 01 61',
    '0f 2f 01 61', // a name, without it
    '1f 2f 01 61',
  ])
    assert.equal(new Decoding().decode(block), 'hpack', block);
});

test('a block that ends within a field ends the connection, wherever it is cut', () => {
  const whole = Buffer.concat([
    literal('custom-name', 'a value'),
    literal('coded', 'a value', { coded: true }),
    literal(62, 'x'.repeat(200)),
    indexed(62),
  ]);
  const ends = [literal('custom-name', 'a value'), literal('coded', 'a value', { coded: true })];
  const sound = new Set([0, ends[0]?.length, ends.reduce((sum, { length }) => sum + length, 0), whole.length - 1]);
  for (let cut = 0; cut < whole.length; cut++)
    assert.equal(new Decoding().decode(whole.subarray(0, cut)), sound.has(cut) ? null : 'hpack', `${cut}`);
});

test('a string that is longer than what is left of the block is refused, however long it says it is', () => {
  for (const length of [2, 126, 127, 16_384, 2 ** 27, 2 ** 31, 2 ** 32 + 1, 2 ** 40])
    for (const coded of [0, 0x80]) {
      const said = integer(length, 7, coded);
      assert.equal(new Decoding().decode([Buffer.of(0x40), said, Buffer.of(0x61)]), 'hpack', `a name of ${length}`);
      assert.equal(new Decoding().decode([Buffer.of(0x41), said, Buffer.of(0x61)]), 'hpack', `a value of ${length}`);
    }
});

test('names and values whose code is unsound end the connection (RFC 7541 §5.2)', () => {
  for (const coded of ['ff', 'fe', '06', 'ffffffff', '3fffffffff'].map((digits) => fromHex(digits))) {
    const said = Buffer.concat([integer(coded.length, 7, 0x80), coded]);
    assert.equal(new Decoding().decode([Buffer.of(0x40), said, text('value')]), 'hpack');
    assert.equal(new Decoding().decode([Buffer.of(0x41), said]), 'hpack');
  }
});

test('new sizes stand at the beginning of a block, two at most, and no larger than was allowed', () => {
  const allowed = resized(4_096);
  for (const [parts, outcome] of [
    [[allowed], null],
    [[resized(0), allowed, indexed(2)], null],
    [[resized(0), resized(0), allowed], 'hpack'],
    [[indexed(2), allowed], 'hpack'],
    [[indexed(2), resized(0), text('as a name'), text('and value')], 'hpack'],
    [[allowed, indexed(2), allowed], 'hpack'],
    [[resized(4_097)], 'hpack'],
    [[resized(0), resized(4_097)], 'hpack'],
  ] as const) {
    const decoding = new Decoding();
    assert.equal(decoding.decode(parts), outcome);
    if (outcome === null) assert.equal(decoding.decode([allowed, literal('a', 'b'), indexed(62)]), null);
  }
});

test('a new size takes entries out', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode([literal('a', '1'), literal('b', '2')]), null);
  assert.equal(decoding.decode([resized(34), indexed(62)]), null);
  assert.deepEqual(decoding.lines, ['b: 2']);
  assert.equal(decoding.decode([resized(0), resized(4_096)]), null);
  assert.equal(decoding.tableBytes, 0);
});

test('as many fields are decoded as a block may name, and not one more', () => {
  const decoding = new Decoding({ fieldsPerBlock: 3 });
  assert.equal(decoding.decode([indexed(2), literal('a', 'b'), indexed(62)]), null);
  assert.equal(decoding.decode([indexed(62), indexed(62), indexed(62)]), null, 'each block anew');
  assert.equal(decoding.decode([indexed(2), indexed(2), literal('a', 'b'), indexed(62), indexed(62)]), 'header-flood');
  assert.equal(decoding.fields.length, 3);
});

test('a bomb of small indices brings its fields and no memory: each is the entry itself', () => {
  const decoding = new Decoding();
  assert.equal(decoding.decode(literal('bomb', 'x'.repeat(4_000))), null);
  const [entry] = decoding.fields;
  assert.equal(decoding.decode(Buffer.alloc(1_000, 0xbe)), null);
  assert.equal(decoding.fields.length, 1_000);
  assert.ok(decoding.fields.every((field) => field === entry));
  assert.equal(decoding.decode(Buffer.alloc(32_768, 0xbe)), 'header-flood');
  assert.equal(decoding.fields.length, 1_000);
});

test('entries that push each other out leave no more in the table than it may hold', () => {
  const decoding = new Decoding();
  for (let block = 0; block < 10; block++) {
    const parts = Array.from({ length: 300 }, (_, at) => literal(`name-${block}-${at}`, 'v'.repeat(at % 50)));
    assert.equal(decoding.decode(parts), null);
    assert.ok(decoding.tableBytes <= 4_096);
  }
});

test('a block longer than any that frames bring is refused unread', () => {
  const decoding = new Decoding();
  const padding = literal('a', 'x'.repeat(32_768 - 7), { kind: 'plain' });
  assert.equal(padding.length, 32_768);
  assert.equal(decoding.decode(padding), null);
  assert.equal(decoding.decode(literal('a', 'x'.repeat(32_768 - 6), { kind: 'plain' })), 'header-flood');
  assert.equal(decoding.fields.length, 0);
});

test('the longest value that a block can code is whole, behind the longest name of a table too', () => {
  const decoding = new Decoding({ tableBytes: TABLE_LIMIT_BYTES });
  const name = 'n'.repeat(TABLE_LIMIT_BYTES - 32);
  assert.equal(decoding.decode(literal(name, '')), null);
  const value = '0'.repeat(52_400);
  assert.ok(huffman(value).length < 32_768);
  assert.equal(decoding.decode(literal(62, value, { kind: 'plain', coded: true })), null);
  assert.equal(decoding.fields[0]?.line, `${name}: ${value}\r\n`);
  assert.equal(decoding.fields[0]?.value, value);
});

const NAME = fc.oneof(
  fc.constantFrom(':path', ':authority', 'cookie', 'accept', 'te', 'x-forwarded-for', ''),
  fc.uint8Array({ maxLength: 12 }).map((octets) => Buffer.from(octets).toString('latin1')),
);
const VALUE = fc.oneof(
  fc.uint8Array({ maxLength: 20 }).map((octets) => Buffer.from(octets).toString('latin1')),
  fc.nat(400).map((length) => 'v'.repeat(length)),
);
const KIND = fc.constantFrom('indexed', 'plain', 'never');

test('any list of fields comes out as it went in, however it is coded', () => {
  const field = fc.tuple(NAME, VALUE, fc.record({ kind: KIND, coded: fc.boolean() }));
  fc.assert(
    fc.property(fc.array(fc.array(field, { maxLength: 8 }), { maxLength: 4 }), (blocks) => {
      const decoding = new Decoding();
      for (const fields of blocks) {
        assert.equal(decoding.decode(fields.map(([name, value, how]) => literal(name, value, how))), null);
        assert.deepEqual(
          decoding.fields.map(({ name, value }) => [name, value]),
          fields.map(([name, value]) => [name, value]),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test('no octets make it throw, read beyond the block or outgrow its table', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 30 }).map((octets) => Buffer.from(octets)),
    fc.tuple(NAME, VALUE).map(([name, value]) => literal(name, value)),
    fc.nat(70).map(indexed),
    fc.nat(5_000).map(resized),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const block = Buffer.concat(pieces);
      const decoding = new Decoding();
      const outcome = decoding.decode(block);
      assert.ok(decoding.tableBytes <= 4_096);
      // `decode` puts it among other octets. Alone, it must give the same.
      const alone: HpackField[] = [];
      const decoder = new HpackDecoder(REQUEST_RULES, 4_096, { fieldsPerBlock: 1_000 });
      assert.equal(decoder.decode(block, 0, block.length, { field: (field) => alone.push(field) }), outcome);
      assert.deepEqual(alone, decoding.fields);
    }),
    { numRuns: 2_000 },
  );
});
