import type { Socket } from 'node:net';
import type { Clock } from '../../ports/index.ts';

/**
 * Gives what lets a socket unread for so many milliseconds: TCP then holds its client back. What asks again meanwhile
 * changes nothing. All streams of the connection wait, also those whose body is coming: hence only for moments.
 */
export function hushOf(socket: Socket, after: Clock['after']): (ms: number) => void {
  let hushed = false;
  return (ms) => {
    if (hushed) return;
    hushed = true;
    socket.pause();
    after(ms, () => {
      hushed = false;
      if (!socket.destroyed) socket.resume();
    });
  };
}
