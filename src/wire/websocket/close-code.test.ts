import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CloseCode, closeFrame, isCloseCode } from './close-code.ts';
import { FrameGate } from './frame-gate.ts';
import { readFrames } from './frames.test.ts';

test('a Close frame of the gateway’s own is one that its own gate lets pass, to either side', () => {
  for (const code of Object.values(CloseCode)) {
    assert.ok(isCloseCode(code));
    const toClient = closeFrame(code, null);
    const toUpstream = closeFrame(code, Buffer.of(9, 200, 31, 4));
    assert.equal(new FrameGate('upstream', 1).read(toClient, 1).close, code);
    assert.equal(new FrameGate('client', 1).read(toUpstream, 1).close, code);
    assert.deepEqual(
      [toClient, toUpstream].map((bytes) => readFrames(bytes).frames[0]?.payload),
      [Buffer.of(code >>> 8, code & 0xff), Buffer.of(code >>> 8, code & 0xff)],
    );
  }
});

test('codes that stand for no Close frame, and codes without a meaning, may not be sent', () => {
  const sound = Array.from({ length: 65_536 }, (_, code) => code).filter(isCloseCode);
  const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
  assert.deepEqual(sound.slice(0, registered.length), registered);
  assert.deepEqual([sound[registered.length], sound.at(-1), sound.length], [3000, 4999, registered.length + 2_000]);
});
