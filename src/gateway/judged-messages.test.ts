import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Problem } from '../base/index.ts';
import type { MessageVerdict } from '../policy/index.ts';
import { JudgedMessages } from './judged-messages.ts';
import type { MessageStep } from './message-steps.ts';
import type { Walk } from './walk.ts';

const DENIED: MessageVerdict = { kind: 'deny', problem: { code: 'invalid-message' }, rule: 'message.unknown' };

/** The messages of a call, how many octets of them are kept, and what became of the walk. */
function given(verdict: MessageVerdict, observed: boolean, isRoom = true, bodyLimitBytes = 100) {
  const told: string[] = [];
  const kept = { bytes: 0 };
  const step: MessageStep = { stage: 'inspect', policy: 'a/messages', observed, judge: () => verdict };
  const bodies = {
    take: (_peer: unknown, bytes: number) => {
      if (isRoom) kept.bytes += bytes;
      return isRoom;
    },
    giveBack: (_peer: unknown, bytes: number) => void (kept.bytes -= bytes),
  };
  const walk = {
    request: { peer: {} },
    context: { bodies },
    compiled: { bodyLimitBytes },
    plan: { messages: { request: [step], response: [] } },
    stop: ({ code }: Problem) => void told.push(`stopped ${code}`),
    observe: ({ code }: Problem) => void told.push(`noted ${code}`),
  } as unknown as Walk;
  return { messages: new JudgedMessages(walk, 'request', 'gzip'), told, kept };
}

function message(content: Buffer, flag = 0): Buffer {
  return Buffer.concat([Buffer.of(flag, 0, 0, content.length >> 8, content.length & 0xff), content]);
}

test('what only observes replaces nothing, and says what it would have refused once a call', () => {
  const sent = message(Buffer.alloc(3));
  const replaced = given({ kind: 'replace', message: Buffer.alloc(1) }, true);
  assert.deepEqual(replaced.messages.read([sent]), [sent]);
  const noted = given(DENIED, true);
  assert.deepEqual(noted.messages.read([sent, sent]), [sent, sent]);
  assert.deepEqual(noted.told, ['noted invalid-message']);
});

test('messages are held while there is room for them, and given back at the end of the call', () => {
  const sent = message(Buffer.alloc(9));
  const { messages, kept } = given({ kind: 'pass' }, false);
  assert.deepEqual(messages.read([sent.subarray(0, 7)]), []);
  assert.ok(kept.bytes >= 7);
  messages.close();
  assert.equal(kept.bytes, 0);
  assert.deepEqual(messages.read([sent]), []);
  const full = given({ kind: 'pass' }, false, false);
  assert.deepEqual(full.messages.read([sent.subarray(0, 7)]), []);
  assert.deepEqual(full.told, ['stopped gateway-overloaded']);
});

test('a message that has gone on counts until the upstream has taken it, or the call is over', () => {
  const sent = message(Buffer.alloc(9));
  const { messages, kept } = given({ kind: 'pass' }, false);
  const send = (): void => {
    assert.deepEqual(messages.read([sent.subarray(0, 7)]), []);
    assert.deepEqual(messages.read([sent.subarray(7)]), [sent]);
  };
  send();
  const room = kept.bytes;
  assert.ok(room >= sent.length);
  send();
  assert.equal(kept.bytes, 2 * room);
  messages.taken();
  assert.equal(kept.bytes, 0);
  messages.taken();
  send();
  messages.close();
  assert.equal(kept.bytes, 0);
});

test('what a message in a coding holds is bound as the messages of its operation are', () => {
  const { messages, told } = given({ kind: 'pass' }, false);
  const small = message(gzipSync(Buffer.alloc(100)), 1);
  assert.deepEqual(messages.read([small]), [small]);
  assert.deepEqual(messages.read([message(gzipSync(Buffer.alloc(101)), 1)]), []);
  assert.deepEqual(told, ['stopped message-too-large']);
});

test('one message may be packed a thousand times smaller, and those of a call together a hundred times', () => {
  const { messages, told } = given({ kind: 'pass' }, false, true, 4 * 1024 * 1024);
  const bomb = message(gzipSync(Buffer.alloc(1024 * 1024)), 1);
  assert.deepEqual(messages.read([bomb]), [bomb]);
  assert.deepEqual(messages.read([bomb]), []);
  assert.deepEqual(told, ['stopped message-too-large']);

  const usual = given({ kind: 'pass' }, false, true, 4 * 1024 * 1024);
  const packed = message(gzipSync(Buffer.from('{"price": 12.5, "shelf": 9}\n'.repeat(200))), 1);
  for (let sent = 0; sent < 1_000; sent++) assert.equal(usual.messages.read([packed]).length, 1);
  assert.deepEqual(usual.told, []);
});
