import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MessageGate, type MessageRules } from './message-gate.ts';

const RULES: MessageRules = { limitBytes: 100, coded: false, single: false };

function message(length: number, flag = 0, announced = length): Buffer {
  const bytes = Buffer.alloc(5 + length, 0xff);
  bytes[0] = flag;
  bytes.writeUInt32BE(announced, 1);
  return bytes;
}

function judged(rules: Partial<MessageRules>, ...pieces: readonly Buffer[]): string {
  const gate = new MessageGate({ ...RULES, ...rules });
  const fault = gate.read(pieces);
  return fault ?? (gate.isWhole ? 'whole' : 'open');
}

test('sound messages pass, empty ones and none at all too', () => {
  assert.equal(judged({}), 'whole');
  assert.equal(judged({}, Buffer.alloc(0)), 'whole');
  assert.equal(judged({}, message(0)), 'whole');
  assert.equal(judged({}, message(0), message(3), message(100)), 'whole');
  assert.equal(judged({}, Buffer.concat([message(0), message(3), message(100)])), 'whole');
});

test('a flag is 0, or 1 where a coding is named', () => {
  assert.equal(judged({}, message(3, 1)), 'malformed-message');
  assert.equal(judged({ coded: true }, message(3, 1), message(3, 0)), 'whole');
  for (const flag of [2, 3, 0x80, 0xff]) assert.equal(judged({ coded: true }, message(3, flag)), 'malformed-message');
});

test('a message is refused by its prefix, before anything of it has come', () => {
  assert.equal(judged({}, message(0, 0, 101)), 'message-too-large');
  assert.equal(judged({}, message(0, 0, 0xffff_ffff)), 'message-too-large');
  assert.equal(judged({}, message(0, 0, 0x8000_0000)), 'message-too-large');
  assert.equal(judged({}, message(100), message(0, 0, 101)), 'message-too-large');
  assert.equal(judged({ limitBytes: 0 }, message(0)), 'whole');
  assert.equal(judged({ limitBytes: 0 }, message(1)), 'message-too-large');
});

test('a side that does not stream sends one message at most', () => {
  assert.equal(judged({ single: true }), 'whole');
  assert.equal(judged({ single: true }, message(9)), 'whole');
  assert.equal(judged({ single: true }, message(9), message(0)), 'malformed-message');
  assert.equal(judged({ single: true }, message(9), Buffer.of(0)), 'malformed-message');
});

test('what ends within a prefix or a message is not whole', () => {
  const bytes = message(7);
  for (let length = 1; length < bytes.length; length++)
    assert.equal(judged({}, message(2), bytes.subarray(0, length)), 'open', String(length));
});

test('however octets are cut, the verdict is the same', () => {
  const sent = fc.array(fc.tuple(fc.nat(30), fc.constantFrom(0, 0, 0, 0, 1, 2), fc.constantFrom(0, 0, 0, 1)), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(sent, fc.array(fc.nat(40)), fc.nat(3), (messages, cuts, missing) => {
      const all = Buffer.concat(messages.map(([length, flag, more]) => message(length, flag, length + more * 90)));
      const bytes = all.subarray(0, Math.max(0, all.length - missing));
      const pieces: Buffer[] = [];
      let from = 0;
      for (const cut of cuts) {
        pieces.push(bytes.subarray(from, from + cut));
        from = Math.min(bytes.length, from + cut);
      }
      pieces.push(bytes.subarray(from));
      const gate = new MessageGate(RULES);
      let fault = null;
      for (const piece of pieces) fault ??= gate.read([piece]);
      const whole = new MessageGate(RULES);
      assert.equal(fault, whole.read([bytes]));
      if (fault === null) assert.deepEqual([gate.isWhole, gate.messages], [whole.isWhole, whole.messages]);
    }),
  );
});
