import type { Socket } from 'node:net';
import type { OutgoingHead } from './server.ts';
import { writeReplyHead } from './write-head.ts';

const HEAD_METHOD = Buffer.from('HEAD ');

/**
 * What the method of a request that could not be read is taken for. Whatever else is wrong, who begins with this word waits
 * for a head alone, and takes a body for another reply.
 */
export function methodOf(begun: Buffer): 'HEAD' | 'GET' {
  return begun.subarray(0, HEAD_METHOD.length).equals(HEAD_METHOD) ? 'HEAD' : 'GET';
}

/** Answers such a request. Nothing may follow on its connection. */
export function sendRefusal(
  socket: Socket,
  method: 'HEAD' | 'GET',
  { head, body }: { readonly head: OutgoingHead; readonly body: Buffer },
): void {
  socket.cork();
  socket.write(writeReplyHead(head, { method, legacy: false, bytes: body.length, close: true }), 'latin1');
  if (method !== 'HEAD') socket.write(body);
  socket.uncork();
}
