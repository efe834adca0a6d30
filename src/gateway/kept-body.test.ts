import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { KeptBody, KeptBytes } from './kept-body.ts';

const KIB = 1_024;
const textOf = ({ pieces }: KeptBody): string => Buffer.concat(pieces).toString('latin1');

test('what is written is kept in order, or not at all, and what is kept is counted and given back', () => {
  const write = fc.record({ bytes: fc.integer({ min: 0, max: 40 * KIB }), forced: fc.boolean() });
  fc.assert(
    fc.property(fc.array(write, { maxLength: 12 }), (writes) => {
      const room = new KeptBytes();
      const body = new KeptBody(room);
      let all = '';
      for (const [at, { bytes, forced }] of writes.entries()) {
        const piece = Buffer.alloc(bytes, 97 + at);
        all += piece.toString('latin1');
        body.add([piece], forced);
        if (body.isWhole) assert.equal(textOf(body), all);
        else assert.deepEqual([body.pieces.length, room.bytes], [0, 0]);
        assert.ok(room.bytes <= 64 * KIB);
      }
      body.drop();
      assert.deepEqual([body.isWhole, body.pieces.length, room.bytes], [false, 0, 0]);
    }),
  );
});

test('a body that streams is kept up to 64 KiB, one that is at hand whole whatever its size', () => {
  const room = new KeptBytes();
  const streams = new KeptBody(room);
  streams.add([Buffer.alloc(64 * KIB)], false);
  assert.deepEqual([streams.isWhole, room.bytes], [true, 64 * KIB]);
  streams.add([Buffer.alloc(1)], false);
  assert.deepEqual([streams.isWhole, room.bytes], [false, 0]);
  const whole = new KeptBody(room);
  whole.add([Buffer.alloc(1_000 * KIB)], false);
  assert.deepEqual([whole.isWhole, room.bytes], [true, 0]);
});

test('all bodies together keep no more than 16 MiB, and room is found again', () => {
  const room = new KeptBytes();
  const bodies = Array.from({ length: 300 }, () => new KeptBody(room));
  for (const body of bodies) body.add([Buffer.alloc(64 * KIB)], false);
  assert.equal(bodies.filter(({ isWhole }) => isWhole).length, 256);
  assert.equal(room.bytes, 16 * KIB * KIB);
  for (const body of bodies) {
    body.drop();
    body.drop();
  }
  assert.equal(room.bytes, 0);
});

test('a body that comes byte by byte is not kept byte by byte', () => {
  const body = new KeptBody(new KeptBytes());
  for (let at = 0; at < 64 * KIB; at++) body.add([Buffer.of(at & 255)], false);
  assert.ok(body.isWhole && body.pieces.length <= 16, String(body.pieces.length));
  assert.ok(Buffer.concat(body.pieces).every((byte, at) => byte === (at & 255)));
});
