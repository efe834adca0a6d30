import type { FrameClient } from './frame-client.ts';
import {
  ERROR,
  FLAG,
  FRAME,
  frame,
  integer,
  literal,
  PREFACE,
  requestBlock,
  reset,
  settings,
  windowUpdate,
  word,
} from './frames.ts';

/** What the requests of attacks ask for: `ATTACKED` is answered, `HELD` is not. */
export const ATTACKED = '/attacked';
export const HELD = '/hold';

/** Something that ends the whole connection. */
export interface Attack {
  readonly name: string;
  /** As the metric of faults calls it. */
  readonly reason: string;
  /** The code of the GOAWAY. */
  readonly code: number;
  /** How many of its requests may reach the upstream before the connection ends. */
  readonly mostUpstream: number;
  /** Sends no preface before `run` where it is false. */
  readonly greets?: boolean;
  readonly run: (client: FrameClient) => Promise<void>;
}

const MANY = 3_000;
/** What the burst allows, and some of what comes back while packets are sent one by one. */
const SOME_UPSTREAM = 150;
const BEYOND_BURST = 400;
const LARGEST_INCREMENT = 0x7fff_ffff;
const NO_BYTES = Buffer.alloc(0);
const TYPE_NOBODY_KNOWS = 0xfa;
const SETTING_NOBODY_KNOWS = 0xfafa;

const times = (count: number, make: (at: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, at) => make(at)));

/** Sends what `make` gives, each in a packet of its own, until the connection has ended. */
async function drip(client: FrameClient, make: () => readonly Buffer[]): Promise<void> {
  for (let at = 0; at < BEYOND_BURST && !client.closed; at++) {
    for (const piece of make()) await client.send(piece);
  }
}

function calm(name: string, reason: string, mostUpstream: number, run: Attack['run']): Attack {
  return { name, reason, code: ERROR.enhanceYourCalm, mostUpstream, run };
}

/** Makes a stream that the gateway has to reset, again and again: CVE-2025-8671. */
function madeYouReset(what: string, make: (id: number) => Buffer): Attack {
  return calm(`streams that we must reset: ${what}`, 'reset-flood', SOME_UPSTREAM, (client) =>
    drip(client, () => {
      const { id, bytes } = client.request({ path: HELD });
      return [bytes, make(id)];
    }),
  );
}

const RESETS: readonly Attack[] = [
  calm('streams opened and reset at once, 3,000 in one write', 'reset-flood', 0, (client) =>
    client.send(
      times(MANY, () => {
        const { id, bytes } = client.request({ path: ATTACKED });
        return Buffer.concat([bytes, reset(id)]);
      }),
    ),
  ),
  calm('streams opened and reset at once, one a packet', 'reset-flood', SOME_UPSTREAM, (client) =>
    drip(client, () => {
      const { id, bytes } = client.request({ path: HELD });
      return [Buffer.concat([bytes, reset(id)])];
    }),
  ),
  calm('streams opened, and reset in the next packet', 'reset-flood', SOME_UPSTREAM, (client) =>
    drip(client, () => {
      const { id, bytes } = client.request({ path: HELD });
      return [bytes, reset(id)];
    }),
  ),
  madeYouReset('a window opened by nothing', (id) => windowUpdate(id, 0)),
  madeYouReset('a window opened beyond what there is', (id) => windowUpdate(id, LARGEST_INCREMENT)),
  madeYouReset('DATA behind the end', (id) => frame(FRAME.data, 0, id, Buffer.from('more'))),
  madeYouReset('HEADERS behind the end', (id) =>
    frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, requestBlock('GET', HELD)),
  ),
  madeYouReset('a priority of four octets', (id) => frame(FRAME.priority, 0, id, word(0))),
  madeYouReset('a stream that depends on itself', (id) =>
    frame(FRAME.priority, 0, id, Buffer.concat([word(id), Buffer.from([16])])),
  ),
  calm('heads with names in upper case', 'reset-flood', 0, (client) =>
    client.send(times(BEYOND_BURST, () => client.request({ path: ATTACKED, fields: [['X-Upper', '1']] }).bytes)),
  ),
  calm('more streams than there may be, again and again', 'reset-flood', 100, (client) =>
    client.send(times(BEYOND_BURST, () => client.request({ path: HELD }).bytes)),
  ),
];

const CHATTER: readonly Attack[] = [
  calm('pings', 'ping-flood', 0, (client) =>
    client.send(times(MANY, () => frame(FRAME.ping, 0, 0, Buffer.from('8 octets')))),
  ),
  calm('acknowledgements of pings that nobody sent', 'ping-flood', 0, (client) =>
    client.send(times(MANY, () => frame(FRAME.ping, FLAG.ack, 0, Buffer.from('8 octets')))),
  ),
  calm('settings', 'settings-flood', 0, (client) => client.send(times(100, () => settings([])))),
  calm('settings, all in one frame', 'settings-flood', 0, (client) =>
    client.send(settings(Array.from({ length: 33 }, () => [SETTING_NOBODY_KNOWS, 1] as const))),
  ),
  calm('priorities', 'priority-flood', 0, (client) =>
    client.send(times(MANY, (at) => frame(FRAME.priority, 0, 2 * at + 1, Buffer.concat([word(0), Buffer.from([16])])))),
  ),
  calm('window updates of one octet', 'window-update-flood', 0, (client) =>
    client.send(times(MANY, () => windowUpdate(0, 1))),
  ),
  calm('frames of no known type', 'unknown-frame-flood', 0, (client) =>
    client.send(times(MANY, () => frame(TYPE_NOBODY_KNOWS, 0, 0, Buffer.from('what')))),
  ),
  calm('DATA of nothing', 'empty-data-flood', 1, (client) => {
    const { id, bytes } = client.request({ method: 'POST', path: ATTACKED, open: true });
    return client.send(
      bytes,
      times(MANY, () => frame(FRAME.data, 0, id)),
    );
  }),
  calm('DATA of padding only', 'empty-data-flood', 1, (client) => {
    const { id, bytes } = client.request({ method: 'POST', path: ATTACKED, open: true });
    return client.send(
      bytes,
      times(MANY, () => frame(FRAME.data, FLAG.padded, id, Buffer.from([1, 0]))),
    );
  }),
  calm('resets of a stream that is over', 'closed-stream-flood', 1, async (client) => {
    const id = await client.ask({ path: ATTACKED });
    await client.signal.holds(() => client.isAnswered(id) || client.closed);
    await client.send(times(MANY, () => reset(id)));
  }),
];

const HEADS: readonly Attack[] = [
  calm('a header block without an end', 'header-block', 0, (client) =>
    client.send(
      openHead(),
      times(100, () => continuation(Buffer.alloc(16_000, 'c'))),
    ),
  ),
  calm('a header block in pieces of one octet', 'header-block', 0, (client) =>
    client.send(
      openHead(),
      times(100, () => continuation(Buffer.from('c'))),
    ),
  ),
  calm('a header block with empty pieces', 'header-block', 0, (client) =>
    client.send(
      openHead(),
      times(MANY, () => continuation(NO_BYTES)),
    ),
  ),
  calm('a header block that names one field a thousand times', 'header-flood', 0, (client) => {
    const block = [requestBlock('GET', ATTACKED), literal('x', 'y', true), times(1_000, () => integer(0x80, 7, 62))];
    return client.send(frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, 1, Buffer.concat(block)));
  }),
];

const BREACHES: readonly Attack[] = [
  {
    name: 'another preface',
    reason: 'bad-preface',
    code: ERROR.protocol,
    mostUpstream: 0,
    greets: false,
    run: (client) => client.send(Buffer.from('PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n'), settings([])),
  },
  {
    name: 'HTTP/1.1 where h2 was agreed',
    reason: 'bad-preface',
    code: ERROR.protocol,
    mostUpstream: 0,
    greets: false,
    run: (client) => client.send(Buffer.from(`GET ${ATTACKED} HTTP/1.1\r\nhost: localhost\r\n\r\n`)),
  },
  {
    name: 'a preface without settings behind it',
    reason: 'bad-preface',
    code: ERROR.protocol,
    mostUpstream: 0,
    greets: false,
    run: (client) => client.send(PREFACE, client.request({ path: ATTACKED }).bytes),
  },
  {
    name: 'a frame one octet too long',
    reason: 'frame-size',
    code: ERROR.frameSize,
    mostUpstream: 0,
    run: (client) => client.send(frame(FRAME.data, 0, 1, Buffer.alloc(16_385))),
  },
  {
    name: 'a frame of 16 MiB, of which the head comes alone',
    reason: 'frame-size',
    code: ERROR.frameSize,
    mostUpstream: 0,
    run: (client) => client.send(Buffer.from([0xff, 0xff, 0xff, TYPE_NOBODY_KNOWS, 0, 0, 0, 0, 0])),
  },
];

/** Each ends the connection it is run over, and no other. */
export const ATTACKS: readonly Attack[] = [...RESETS, ...CHATTER, ...HEADS, ...BREACHES];

function openHead(): Buffer {
  return frame(FRAME.headers, FLAG.endStream, 1, requestBlock('GET', ATTACKED));
}

function continuation(payload: Buffer): Buffer {
  return frame(FRAME.continuation, 0, 1, payload);
}
