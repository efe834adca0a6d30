import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFields, NO_TABLE, ReplyHeadEncoder } from '../../src/wire/http2/hpack-encoder.ts';
import { Decoding, indexed, literal, resized } from '../../src/wire/http2/hpack-fixture.test.ts';
import { STATIC_COUNT, STATIC_ENTRIES } from '../../src/wire/http2/hpack-static.ts';
import { ERROR } from '../http2/frames.ts';
import { askNode, type BlockOutcome, NodeClient, type RawFields } from './hpack-peers.ts';

// Node's codec is nghttp2: another decoder and another encoder than ours.

const FIXED_SEEDS = [1, 2, 3];
const SEEDS = [...FIXED_SEEDS, randomInt(2 ** 31)];

const PSEUDO_FIELDS = [':method', 'GET', ':scheme', 'http', ':authority', 'a.test', ':path', '/'];
const PSEUDO_BLOCK = Buffer.concat([indexed(2), indexed(6), literal(1, 'a.test', { kind: 'plain' }), indexed(4)]);
const OK = Buffer.from('88', 'hex');

/** The fields of the last block, names and values in turn. */
function flatten({ fields }: Decoding): RawFields {
  return fields.flatMap(({ name, value }) => [name, value]);
}

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789-'];
const NAME = fc.oneof(
  fc.constantFrom(
    'accept',
    'accept-language',
    'cookie',
    'cache-control',
    'x-tenant',
    'x-forwarded-for',
    'accept-encoding',
  ),
  fc.array(fc.constantFrom(...LETTERS), { minLength: 1, maxLength: 20 }).map((letters) => `x-${letters.join('')}`),
);
const OCTET = fc.oneof(fc.integer({ min: 0x21, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }));
const VALUE = fc.oneof(
  fc.array(OCTET, { maxLength: 60 }).map((octets) => String.fromCharCode(...octets)),
  fc.constantFrom('gzip, deflate', '', 'no-cache', 'a b', '0'.repeat(300), 'v'.repeat(1_000)),
);
const FIELDS = fc.array(fc.tuple(NAME, VALUE), { maxLength: 12 }).map((pairs) => pairs.flat());

test('what a client of Node codes is what we decode, and what we code is what it decodes', async (t) => {
  t.diagnostic(`one seed at random: ${SEEDS.at(-1)}`);
  for (const seed of SEEDS) {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(FIELDS, FIELDS), { minLength: 1, maxLength: 8 }), async (exchanges) => {
        const client = new NodeClient();
        const decoding = new Decoding();
        const encoder = new ReplyHeadEncoder();
        let opening = NO_TABLE;
        for (const [asked, answered] of exchanges) {
          const head = { ...REPLY, added: answered };
          const { block, reply } = await client.exchange(
            [...PSEUDO_FIELDS, ...asked],
            Buffer.from(opening + encoder.encode(head, 0), 'latin1'),
          );
          opening = '';
          assert.equal(decoding.decode(block), null);
          assert.deepEqual(flatten(decoding), [...PSEUDO_FIELDS, ...asked]);
          assert.deepEqual(reply, [':status', '200', ...answered, 'x-request-id', 'r1', 'content-length', '0']);
        }
        client.close();
      }),
      { seed, numRuns: 40 },
    );
  }
});

const REPLY = {
  status: 200,
  fields: null,
  opening: 'x-request-id: ',
  requestId: 'r1',
  closing: '\r\n',
  framing: { kind: 'none' },
  announcedLength: null,
} as const;

test('a server of Node reads the fields that we code', async () => {
  for (const seed of SEEDS) {
    await fc.assert(
      fc.asyncProperty(fc.array(FIELDS, { minLength: 1, maxLength: 6 }), async (lists) => {
        const blocks = lists.map((fields, at) =>
          Buffer.from((at === 0 ? NO_TABLE : '') + encodeFields([...PSEUDO_FIELDS, ...fields]), 'latin1'),
        );
        const { blocks: outcomes, ended } = await askNode(blocks);
        assert.equal(ended, null);
        assert.deepEqual(
          outcomes,
          lists.map((fields) => ({ fields: [...PSEUDO_FIELDS, ...fields] })),
        );
      }),
      { seed, numRuns: 40 },
    );
  }
});

test('every entry of the static table has the name and value that Node gives it', async () => {
  const client = new NodeClient();
  let replies = 0;
  for (let index = 1; index <= STATIC_COUNT; index++) {
    const [name, value] = STATIC_ENTRIES[index - 1] as readonly [string, string];
    if (name === ':status') {
      const { reply } = await client.exchange(PSEUDO_FIELDS, indexed(index));
      assert.deepEqual(reply, [name, value]);
    } else if (!name.startsWith(':') && !SPECIAL_NAMES.has(name)) {
      const block = Buffer.concat([OK, literal(index, 'v', { kind: 'plain' }), indexed(index)]);
      const { reply } = await client.exchange(PSEUDO_FIELDS, block);
      assert.deepEqual(reply, [':status', '200', name, 'v', name, value]);
    } else continue;
    replies++;
  }
  client.close();
  const requests = [
    [indexed(3), indexed(5), indexed(7)],
    [indexed(2), indexed(4), indexed(6)],
  ].map((parts) => Buffer.concat([...parts, literal(1, 'a.test'), literal(28, '0'), literal(38, 'a.test')]));
  const { blocks } = await askNode(requests);
  const tail = [':authority', 'a.test', 'content-length', '0', 'host', 'a.test'];
  assert.deepEqual(blocks, [
    { fields: [':method', 'POST', ':path', '/index.html', ':scheme', 'https', ...tail] },
    { fields: [':method', 'GET', ':path', '/', ':scheme', 'http', ...tail] },
  ]);
  assert.equal(replies, STATIC_COUNT - 7 - SPECIAL_NAMES.size);
});

/** Those that a reply may not bear, or not with any value, or not twice. */
const SPECIAL_NAMES: ReadonlySet<string> = new Set(['content-length', 'host', 'transfer-encoding']);

test('every octet that may stand in a value has the code that Node gives it', async () => {
  const values = Array.from({ length: 256 }, (_, octet) => octet)
    .filter((octet) => octet >= 0x20 && octet !== 0x7f)
    .map((octet) => `0${String.fromCharCode(octet)}${'0'.repeat(40)}`);
  const block = Buffer.concat([
    PSEUDO_BLOCK,
    ...values.map((value) => literal('x', value, { kind: 'plain', coded: true })),
  ]);
  const { blocks } = await askNode([block]);
  assert.deepEqual(blocks, [{ fields: [...PSEUDO_FIELDS, ...values.flatMap((value) => ['x', value])] }]);
  const client = new NodeClient();
  const decoding = new Decoding();
  // Node codes a string where that makes it shorter: the zeros do.
  const sent = await client.exchange([...PSEUDO_FIELDS, ...values.flatMap((value) => ['x', value])], OK);
  client.close();
  assert.ok(sent.block.length < values.join('').length);
  assert.equal(decoding.decode(sent.block), null);
  assert.deepEqual(flatten(decoding), [...PSEUDO_FIELDS, ...values.flatMap((value) => ['x', value])]);
});

interface Seen {
  read: number;
  reset: number;
  broken: number;
  stricter: number;
  faulty: number;
}

/** What we refuse and Node doesn't. Nothing else may be refused by one alone. */
const STRICTER: Readonly<Record<string, (block: Buffer) => boolean>> = {
  // The RFC knows of two at most (§4.2).
  'more than two new sizes': (block) =>
    /^(?:[\x20-\x3e]|\x3f[\x80-\xff]*[\x00-\x7f]){3}/.test(block.toString('latin1')),
  // Zeros at an integer's end say nothing and may go on for ever.
  'an integer of more than four octets': (block) =>
    /[\x0f\x1f\x3f\x7f\xff][\x80-\xff]{4}/.test(block.toString('latin1')),
};

const PIECE = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.tuple(NAME, VALUE, fc.boolean()).map(([name, value, coded]) => literal(name, value, { coded })),
  },
  { weight: 2, arbitrary: fc.integer({ min: 8, max: 64 }).map(indexed) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.integer({ min: 15, max: 63 }), VALUE).map(([index, value]) => literal(index, value)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 6 }).map((octets) => Buffer.from(octets)) },
);
interface Change {
  readonly at: number;
  readonly octet: number;
  readonly how: string;
}
const CHANGE: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(400),
  octet: fc.nat(255),
  how: fc.constantFrom('put', 'cut', 'add', 'flip'),
});
const SIZES = fc.array(fc.oneof(fc.nat(4_096), fc.constantFrom(0, 4_096, 4_097, 100_000)), { maxLength: 3 });
const MUTATED = fc.record({
  sizes: fc.oneof({ weight: 5, arbitrary: fc.constant<number[]>([]) }, { weight: 1, arbitrary: SIZES }),
  pieces: fc.array(PIECE, { maxLength: 6 }),
  changes: fc.oneof(
    { weight: 2, arbitrary: fc.constant<Change[]>([]) },
    { weight: 1, arbitrary: fc.array(CHANGE, { maxLength: 2 }) },
  ),
});

function mutate(block: Buffer, changes: readonly Change[]): Buffer {
  let octets = [...block];
  for (const { at, octet, how } of changes) {
    const place = octets.length === 0 ? 0 : at % octets.length;
    if (how === 'cut') octets = octets.slice(0, place);
    else if (how === 'add') octets.splice(place, 0, octet);
    else octets[place] = how === 'put' ? octet : (octets[place] ?? 0) ^ (1 << (octet % 8));
  }
  return Buffer.from(octets);
}

test('blocks that are broken in any way are broken for Node too, and what it reads of others is what we read', async (t) => {
  const seen: Seen = { read: 0, reset: 0, broken: 0, stricter: 0, faulty: 0 };
  for (const seed of SEEDS) {
    await fc.assert(
      fc.asyncProperty(fc.array(MUTATED, { minLength: 1, maxLength: 4 }), async (drafts) => {
        const blocks = drafts.map(({ sizes, pieces, changes }) =>
          Buffer.concat([...sizes.map(resized), PSEUDO_BLOCK, mutate(Buffer.concat(pieces), changes)]),
        );
        const decoding = new Decoding();
        const broken = blocks.findIndex((block) => decoding.decode(block) !== null);
        await judgeSound(broken < 0 ? blocks : blocks.slice(0, broken), seen);
        if (broken >= 0) await judgeBroken(blocks.slice(0, broken + 1), seen);
      }),
      { seed, numRuns: 400 },
    );
  }
  t.diagnostic(JSON.stringify(seen));
  for (const [what, count] of Object.entries(seen)) assert.ok(count >= 3, `${what} happened ${count} times`);
});

/** Blocks that we decode, Node does too, and it reads the same or resets the stream for what the fields say. */
async function judgeSound(blocks: readonly Buffer[], seen: Seen): Promise<void> {
  const node = await askNode(blocks);
  const decoding = new Decoding();
  for (const [at, block] of blocks.entries()) {
    decoding.decode(block);
    const outcome = node.blocks[at] as BlockOutcome;
    assert.notEqual(outcome, 'unanswered', `only Node refuses ${block.toString('hex')}, with ${node.ended}`);
    if (typeof outcome === 'string') seen.reset++;
    else {
      seen.read++;
      seen.faulty += compare(outcome.fields, decoding);
    }
  }
  assert.equal(node.ended, null);
}

/** The last of these blocks is one that we can't decode. */
async function judgeBroken(blocks: readonly Buffer[], seen: Seen): Promise<void> {
  const { ended } = await askNode(blocks);
  const block = blocks.at(-1) as Buffer;
  if (ended === ERROR.compression) seen.broken++;
  else {
    assert.ok(
      Object.values(STRICTER).some((isSo) => isSo(block)),
      `only we refuse ${block.toString('hex')}`,
    );
    seen.stricter++;
  }
}

/** Names whose values say more than octets do: with us that is for the reading of the head to judge. */
const JUDGED_LATER: ReadonlySet<string> = new Set(['host', ':authority', ':path', ':method', ':scheme']);

/** Node leaves fields out that hold what they may not: those must have a fault with us. Gives how many there are. */
function compare(fields: RawFields, decoding: Decoding): number {
  let at = 0;
  let left = 0;
  for (const { name, value, fault } of decoding.fields) {
    if (fields[at] === name && fields[at + 1] === value) {
      assert.ok(fault === null || !fault.malformed, `Node takes ${JSON.stringify([name, value])}`);
      at += 2;
    } else {
      assert.ok(fault !== null || JUDGED_LATER.has(name), `Node leaves out ${JSON.stringify([name, value])}`);
      left++;
    }
  }
  assert.equal(at, fields.length);
  return left;
}
