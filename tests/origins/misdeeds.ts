import type { Socket } from 'node:net';

/**
 * What must become of a request that an origin does this to.
 * `served`: it is answered with its own reply, whole. `refused`: with 502, and nothing of the origin's words.
 * `cut`: by 502, or by a reply that never ends cleanly. `late`: by 504. `either`: as `served` or as `cut`.
 */
export type Fate = 'served' | 'refused' | 'cut' | 'late' | 'either';

/** One way to answer, or not to. `token` stands in the reply that belongs to the request. */
export interface Misdeed {
  readonly fate: Fate;
  /** It takes a second or more. */
  readonly isSlow?: boolean;
  /** The whole body, where that is not the token alone. */
  readonly body?: (token: string) => string;
  commit(socket: Socket, token: string): void;
}

/** Stands in whatever must reach nobody. */
export const POISON = 'poison';

function reply(token: string, more = ''): string {
  return `HTTP/1.1 200 OK\r\nx-token: ${token}\r\n${more}content-length: ${token.length}\r\n\r\n${token}`;
}

function poisoned(): string {
  return `HTTP/1.1 200 OK\r\nx-token: ${POISON}\r\ncontent-length: ${POISON.length}\r\n\r\n${POISON}`;
}

function says(fate: Fate, text: (token: string) => string, then: 'stay' | 'end' | 'reset' = 'stay'): Misdeed {
  return {
    fate,
    commit: (socket, token) => {
      socket.write(text(token), 'latin1', () => {
        if (then === 'end') socket.end();
        else if (then === 'reset') socket.resetAndDestroy();
      });
    },
  };
}

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n`;

const LONG_BYTES = 300_000;

function longBody(token: string): string {
  return token.repeat(Math.ceil(LONG_BYTES / token.length));
}

function longChunk(token: string): string {
  const body = longBody(token);
  return `${body.length.toString(16)}\r\n${body}\r\n`;
}

/** Sends a text in pieces of so many octets, with a little time between them. */
function drip(socket: Socket, text: string, octets: number): void {
  if (socket.destroyed || text === '') return;
  socket.write(text.slice(0, octets), 'latin1');
  setTimeout(drip, DRIP_MS, socket, text.slice(octets), octets);
}

const DRIP_MS = 40;

/** By name; the first few are no misdeeds. */
export const MISDEEDS: Readonly<Record<string, Misdeed>> = {
  'a long one': {
    ...says(
      'served',
      (token) => `${head(`x-token: ${token}\r\ncontent-length: ${longBody(token).length}\r\n`)}${longBody(token)}`,
    ),
    body: longBody,
  },
  'a long one in chunks': {
    ...says(
      'served',
      (token) => `${head(`x-token: ${token}\r\ntransfer-encoding: chunked\r\n`)}${longChunk(token)}0\r\n\r\n`,
    ),
    body: longBody,
  },
  'piece by piece': {
    fate: 'served',
    isSlow: true,
    commit: (socket, token) => drip(socket, reply(token), 8),
  },
  none: says('served', (token) => reply(token)),
  chunked: says(
    'served',
    (token) =>
      `${head(`x-token: ${token}\r\ntransfer-encoding: chunked\r\n`)}${token.length.toString(16)}\r\n${token}\r\n0\r\n\r\n`,
  ),
  'until it closes': says('served', (token) => `${head(`x-token: ${token}\r\n`)}${token}`, 'end'),
  'with hints': says('served', (token) => `HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${reply(token)}`),
  'in pieces': {
    fate: 'served',
    commit: (socket, token) => {
      const text = reply(token);
      const send = (at: number): void => {
        socket.write(text.slice(at, at + 7));
        if (at + 7 < text.length) setImmediate(send, at + 7);
      };
      send(0);
    },
  },
  'and closes': says('served', (token) => reply(token, 'connection: close\r\n'), 'end'),
  'closes before a reply': says('refused', () => '', 'end'),
  'resets before a reply': says('refused', () => '', 'reset'),
  'resets in the head': says('refused', () => 'HTTP/1.1 200 OK\r\nx-token: ', 'reset'),
  'ends in the head': says('refused', () => 'HTTP/1.1 200 OK\r\nx-token: a\r\n', 'end'),
  'resets behind the head': says('cut', () => head('content-length: 100\r\n'), 'reset'),
  'resets in the body': says('cut', (token) => `${head('content-length: 1000\r\n')}${token}`, 'reset'),
  'ends in the body': says('cut', (token) => `${head('content-length: 1000\r\n')}${token}`, 'end'),
  'resets in a chunk': says('cut', (token) => `${head('transfer-encoding: chunked\r\n')}3e8\r\n${token}`, 'reset'),
  'ends between chunks': says(
    'cut',
    (token) => `${head('transfer-encoding: chunked\r\n')}${token.length.toString(16)}\r\n${token}\r\n`,
    'end',
  ),
  'a bad chunk': says(
    'cut',
    (token) => `${head('transfer-encoding: chunked\r\n')}${token.length.toString(16)}\r\n${token}\r\nzz\r\n`,
  ),
  'resets in a long body': says(
    'cut',
    (token) => `${head(`content-length: ${2 * longBody(token).length}\r\n`)}${longBody(token)}`,
    'reset',
  ),
  'resets between long chunks': says(
    'cut',
    (token) => `${head('transfer-encoding: chunked\r\n')}${longChunk(token)}`,
    'reset',
  ),
  // Without the field, whoever is asked over it next would be hit: of a request that may have been heard nobody can ask again.
  'resets behind its reply': says('either', (token) => reply(token, 'connection: close\r\n'), 'reset'),
  'stands still in the body': {
    ...says('cut', (token) => `${head('content-length: 1000\r\n')}${token}`),
    isSlow: true,
  },
  'more body than it said': says('served', (token) => `${reply(token)}${POISON}`),
  'a second reply': says('served', (token) => `${reply(token)}${poisoned()}`),
  'a reply in place of an interim one': says(
    'refused',
    () => `HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n${poisoned()}`,
  ),
  'interim replies without end': says('refused', () => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(200)),
  'no HTTP': says('refused', () => `SSH-2.0-${POISON}\r\n\r\n`),
  'HTTP/0.9': says('refused', () => `<p>${POISON}</p>`, 'end'),
  'two lengths': says('refused', () => `${head(`content-length: 6\r\ncontent-length: 60\r\n`)}${POISON}`),
  'a length and chunks': says(
    'refused',
    () => `${head('content-length: 3\r\ntransfer-encoding: chunked\r\n')}6\r\n${POISON}\r\n0\r\n\r\n`,
  ),
  'a negative length': says('refused', () => `${head('content-length: -6\r\n')}${POISON}`),
  'a length of words': says('refused', () => `${head('content-length: 6, 7\r\n')}${POISON}`),
  'an unknown coding of transfer': says('refused', () => `${head('transfer-encoding: gzip\r\n')}${POISON}`, 'end'),
  'a folded field': says('refused', () => `${head(`x-a: b\r\n ${POISON}\r\ncontent-length: 0\r\n`)}`),
  'a field with NUL': says('refused', () => head(`x-a: \0${POISON}\r\ncontent-length: 0\r\n`)),
  'a head without end': says('refused', () => head(`x-a: ${POISON.repeat(40_000)}\r\ncontent-length: 0\r\n`)),
  'a thousand fields': says('refused', () => head(`${`x-a: ${POISON}\r\n`.repeat(1_000)}content-length: 0\r\n`)),
  'a status of two digits': says('refused', () => `HTTP/1.1 20 OK\r\ncontent-length: 6\r\n\r\n${POISON}`),
  'interim replies, one by one, without end': {
    fate: 'refused',
    isSlow: true,
    commit: (socket) => drip(socket, 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(200), 47),
  },
  nothing: { ...says('late', () => ''), isSlow: true },
  'half a head': { ...says('late', () => 'HTTP/1.1 200 OK\r\nx-tok'), isSlow: true },
  'a reply behind its time': {
    fate: 'late',
    isSlow: true,
    commit: (socket) => void setTimeout(() => socket.write(poisoned()), 3_000),
  },
};
