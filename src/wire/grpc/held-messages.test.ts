import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldMessages, type MessageTaker } from './held-messages.ts';

/** A message with its prefix. */
function framed(message: Uint8Array, isCoded = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = isCoded ? 1 : 0;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function cutAt(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const length of [...lengths, bytes.length]) {
    if (from < bytes.length) pieces.push(bytes.subarray(from, from + length));
    from += length;
  }
  return pieces;
}

/** Takes messages, keeps what it saw, and says `verdict` of each. */
function taker(verdict: MessageTaker['judge'] = () => 'as it came') {
  const seen: string[] = [];
  const state = { kept: 0, most: 0, wants: true, room: Number.POSITIVE_INFINITY };
  const held = new HeldMessages({
    wants: () => state.wants,
    judge(isCoded, message) {
      seen.push(`${isCoded ? 'coded ' : ''}${message.toString('latin1')}`);
      return verdict(isCoded, message);
    },
    keep(bytes) {
      if (state.kept + bytes > state.room) return false;
      state.kept += bytes;
      state.most = Math.max(state.most, state.kept);
      return true;
    },
    release: (bytes) => void (state.kept -= bytes),
  });
  return { held, seen, state };
}

const anyMessages = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
const anyCuts = fc.array(fc.nat(12), { maxLength: 40 });

test('however messages are cut, each is seen once and whole, and all of them go on', () => {
  fc.assert(
    fc.property(anyMessages, anyCuts, fc.boolean(), (messages, cuts, replaced) => {
      const { held, seen, state } = taker((_, message) =>
        replaced ? Buffer.concat([message, message]) : 'as it came',
      );
      const sent = Buffer.concat(messages.map((message) => framed(message)));
      const passed = cutAt(sent, cuts).flatMap((piece) => held.read([piece]) ?? assert.fail());
      assert.deepEqual(
        seen,
        messages.map((message) => Buffer.from(message).toString('latin1')),
      );
      const wanted = replaced ? messages.map((message) => framed(Buffer.concat([message, message]))) : [sent];
      assert.deepEqual(Buffer.concat(passed), Buffer.concat(wanted));
      assert.equal(state.kept, 0);
    }),
  );
});

test('of a message nothing goes on before it is whole', () => {
  const sent = Buffer.concat([
    framed(Buffer.from('one')),
    framed(Buffer.from('second'), true),
    framed(Buffer.alloc(0)),
  ]);
  for (let at = 0; at <= sent.length; at++) {
    const { held, seen } = taker();
    const first = Buffer.concat(held.read([sent.subarray(0, at)]) ?? []).length;
    assert.equal(first, [8, 19, 24].findLast((end) => end <= at) ?? 0, String(at));
    assert.equal(first + Buffer.concat(held.read([sent.subarray(at)]) ?? []).length, sent.length);
    assert.deepEqual(seen, ['one', 'coded second', '']);
  }
});

test('behind a message that may not go on nothing does', () => {
  const sent = Buffer.concat([framed(Buffer.from('fine')), framed(Buffer.from('bad')), framed(Buffer.from('fine'))]);
  for (let at = 0; at <= sent.length; at++) {
    const { held } = taker((_, message) => (message.toString() === 'bad' ? null : 'as it came'));
    const answers = [held.read([sent.subarray(0, at)]), held.read([sent.subarray(at)])];
    assert.ok(answers.includes(null), String(at));
    const passed = Buffer.concat(answers.slice(0, answers.indexOf(null)).flatMap((each) => each ?? []));
    assert.ok(passed.length === 0 || passed.equals(framed(Buffer.from('fine'))), String(at));
  }
});

test('room grows with what has come and not with what was announced, and is given back', () => {
  const { held, state } = taker();
  const large = framed(Buffer.alloc(1_000_000));
  held.read([large.subarray(0, 6)]);
  assert.equal(state.most, 4_096);
  for (let at = 6; at < 600_000; at += 1_000) held.read([large.subarray(at, at + 1_000)]);
  assert.ok(state.kept < 1_200_000 && state.kept >= 600_000, String(state.kept));
  held.close();
  assert.equal(state.kept, 0);
});

test('where there is no room for a message it may not go on', () => {
  const { held, state } = taker();
  state.room = 5_000;
  assert.deepEqual(held.read([framed(Buffer.alloc(10_000)).subarray(0, 4_000)]), []);
  assert.equal(held.read([Buffer.alloc(2_000)]), null);
});

test('messages that nobody looks at pass piece by piece, until somebody does from the next one on', () => {
  const { held, seen, state } = taker();
  state.wants = false;
  const first = framed(Buffer.from('unseen'));
  for (const octet of first.subarray(0, 8)) assert.deepEqual(held.read([Buffer.of(octet)]), [Buffer.of(octet)]);
  state.wants = true;
  const rest = Buffer.concat([first.subarray(8), framed(Buffer.from('seen'))]);
  assert.deepEqual(Buffer.concat(held.read([rest]) ?? []), rest);
  assert.deepEqual(seen, ['seen']);
});
