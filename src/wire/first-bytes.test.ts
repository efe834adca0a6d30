import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { giveFirstBytes } from './first-bytes.ts';

/** Node's TLS reads into so much at first; what fills it to the end costs a connection 16 KiB. */
const FIRST_BUFFER_BYTES = 1_024;

/** The two ends of giving: what TLS received, and what was put back; `takes` pieces until the handshake is ended. */
function newEnds({ takes = Number.POSITIVE_INFINITY, direct = true }: { takes?: number; direct?: boolean } = {}) {
  const received: Buffer[] = [];
  const unshifted: Buffer[] = [];
  const receive = (bytes: Buffer): void => {
    received.push(Buffer.from(bytes));
    if (received.length >= takes) secured.destroyed = true;
  };
  const secured = { destroyed: false, _handle: direct ? { receive } : {} };
  return {
    received,
    unshifted,
    give: (bytes: Buffer) =>
      giveFirstBytes(
        secured as unknown as TLSSocket,
        { unshift: (some: Buffer) => unshifted.push(some) } as unknown as Socket,
        bytes,
      ),
  };
}

test('all bytes come in their order, in pieces that fill no buffer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 17_000 }), (count) => {
      const bytes = Buffer.from(Array.from({ length: count }, (_, at) => at % 251));
      const { received, unshifted, give } = newEnds();
      give(bytes);
      assert.ok(Buffer.concat(received).equals(bytes));
      assert.deepEqual(unshifted, []);
      for (const piece of received) assert.ok(piece.length > 0 && piece.length < FIRST_BUFFER_BYTES);
    }),
  );
});

test('behind a piece that ended the handshake nothing more is given', () => {
  const { received, unshifted, give } = newEnds({ takes: 2 });
  give(Buffer.alloc(5_000));
  assert.deepEqual([received.length, unshifted.length], [2, 0]);
});

test('where the handle takes no bytes they are put back whole, once', () => {
  const { unshifted, give } = newEnds({ direct: false });
  give(Buffer.alloc(5_000, 7));
  assert.deepEqual(unshifted, [Buffer.alloc(5_000, 7)]);
});

test('the handle of this Node takes bytes', () => {
  const socket = new TLSSocket(undefined as unknown as Socket, { isServer: true });
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly receive?: unknown } };
  assert.equal(typeof handle.receive, 'function');
  socket.destroy();
});
