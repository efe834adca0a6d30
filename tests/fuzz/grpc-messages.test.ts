import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StreamDecoder } from '@grpc/grpc-js/build/src/stream-decoder.js';
import fc from 'fast-check';
import { MessageGate, type MessageRules } from '../../src/wire/grpc/message-gate.ts';
import { changed, changeOf, cutUp } from './mutation.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 3_000);
const LIMIT_BYTES = 300;

/** The decoder of grpc-js, and how many octets stand in the messages that it has read whole. */
class Oracle {
  readonly #decoder = new StreamDecoder(LIMIT_BYTES);
  messages = 0;
  #wholeBytes = 0;
  #bytes = 0;

  /** False where it finds a message too large. Flags are nothing to it. */
  read(piece: Buffer): boolean {
    this.#bytes += piece.length;
    try {
      for (const message of this.#decoder.write(piece)) {
        this.messages++;
        this.#wholeBytes += message.length;
      }
      return true;
    } catch {
      return false;
    }
  }

  get isWhole(): boolean {
    return this.#wholeBytes === this.#bytes;
  }
}

/**
 * Reads these pieces by both. As long as the gate takes them it must have seen as many messages as grpc-js, and end
 * where that does; where it finds one too large so must grpc-js, and the other way round. Gives what the gate said.
 */
function compare(pieces: readonly Buffer[], rules: MessageRules): string {
  const gate = new MessageGate(rules);
  const oracle = new Oracle();
  for (const piece of pieces) {
    const fault = gate.read([piece]);
    const taken = oracle.read(piece);
    if (fault !== null) {
      if (fault === 'message-too-large') assert.equal(taken, false);
      else assert.ok(isMalformed(Buffer.concat(pieces), rules), 'refused for nothing');
      return fault;
    }
    assert.ok(taken, 'a message is too large for grpc-js and not for the gate');
    assert.equal(gate.isWhole, oracle.isWhole);
    assert.equal(gate.messages, oracle.messages + (oracle.isWhole ? 0 : 1));
  }
  assert.ok(!isMalformed(Buffer.concat(pieces), rules), 'a flag or a message too many was taken');
  return gate.isWhole ? 'whole' : 'cut';
}

/** Whether a flag is none, or a second message comes where one is due, before any message that is too large. */
function isMalformed(bytes: Buffer, { coded, single }: MessageRules): boolean {
  for (let at = 0, count = 1; at < bytes.length; count++) {
    const flag = bytes.readUInt8(at);
    if (flag > 1 || (flag === 1 && !coded) || (single && count > 1)) return true;
    if (at + 5 > bytes.length) return false;
    const length = bytes.readUInt32BE(at + 1);
    if (length > LIMIT_BYTES) return false;
    at += 5 + length;
  }
  return false;
}

/** A message as it is sent; its prefix may say another length than it has. */
function messageOf(flag: number, payload: Uint8Array, announced: number): Buffer {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(announced, 1);
  return Buffer.concat([prefix, payload]);
}

const often = <T>(usual: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const anyMessage = fc
  .record({
    flag: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(0, 1) }, { weight: 1, arbitrary: fc.nat(255) }),
    payload: fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(0, 254, 255, 256, LIMIT_BYTES, LIMIT_BYTES + 1).map((length) => new Uint8Array(length)),
    ),
    announced: often<number | null>(
      null,
      fc.oneof(fc.nat(LIMIT_BYTES + 5), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1), fc.nat(2 ** 32 - 1)),
    ),
  })
  .map(({ flag, payload, announced }) => messageOf(flag, payload, announced ?? payload.length));

const anyRules = fc.record({
  limitBytes: fc.constant(LIMIT_BYTES),
  coded: often(true, fc.boolean()),
  single: often(false, fc.boolean()),
});

test('messages cut anywhere are framed as grpc-js frames them', () => {
  const ends = new Map<string, number>();
  const run = fc.property(
    fc.array(anyMessage, { maxLength: 6 }),
    fc.option(changeOf(8), { freq: 3 }),
    fc.array(fc.nat(20), { maxLength: 30 }),
    anyRules,
    (messages, change, cuts, rules) => {
      const sent = Buffer.concat(messages);
      const end = compare(cutUp(change === null ? sent : changed(sent, change), cuts), rules);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    },
  );
  fc.assert(run, { numRuns: RUNS });
  assert.deepEqual([...ends.keys()].toSorted(), ['cut', 'malformed-message', 'message-too-large', 'whole']);
});

test('any octets, one at a time, are framed as grpc-js frames them', () => {
  const octet = fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1, 2, 5) }, { weight: 1, arbitrary: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(octet, { maxLength: 200 }), anyRules, (octets, rules) => {
      compare(
        octets.map((value) => Buffer.of(value)),
        rules,
      );
    }),
    { numRuns: RUNS },
  );
});

test('two messages and what comes behind them, cut in two at every octet', () => {
  const rules: MessageRules = { limitBytes: LIMIT_BYTES, coded: true, single: false };
  const messages = [0, 3, LIMIT_BYTES].map((length) => messageOf(1, Buffer.alloc(length, 7), length));
  const rests = [Buffer.alloc(0), Buffer.of(0), Buffer.of(0, 0, 0, 0), Buffer.of(1, 0, 0, 0, 9, 1)];
  const sendings = messages.flatMap((first) =>
    messages.flatMap((second) => rests.map((rest) => ({ sent: Buffer.concat([first, second, rest]), rest }))),
  );
  assert.equal(sendings.length, 36);
  for (const { sent, rest } of sendings) {
    const expected = rest.length === 0 ? 'whole' : 'cut';
    for (let at = 0; at <= sent.length; at++) assert.equal(compare(cutUp(sent, [at]), rules), expected);
  }
});

test('a length of any size is judged when its last octet comes, and none wraps', () => {
  const rules: MessageRules = { limitBytes: LIMIT_BYTES, coded: false, single: true };
  const lengths = [LIMIT_BYTES, LIMIT_BYTES + 1, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  for (const announced of lengths) {
    const prefix = messageOf(0, Buffer.alloc(0), announced);
    assert.equal(compare([prefix.subarray(0, 4)], rules), 'cut', String(announced));
    const expected = announced > LIMIT_BYTES ? 'message-too-large' : 'cut';
    for (let at = 0; at <= 5; at++) assert.equal(compare(cutUp(prefix, [at]), rules), expected, String(announced));
  }
  assert.equal(compare([], rules), 'whole');
});
