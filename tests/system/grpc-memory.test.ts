import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import { test } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import type { GatewayProcess } from '../framing/gateway-process.ts';
import { until } from './eventually.ts';
import { ECHO, SERVICE, startGrpc } from './grpc-fixture.ts';
import { residentBytes } from './resident-bytes.ts';

const MIB = 1024 * 1024;
const STREAMS = 100;
/** How many begin before those that came before them have settled. */
const AT_ONCE = 5;
const MESSAGE_BYTES = 7.8 * MIB;
/** What libraries take by themselves is 4 MiB. */
const ECHOED_BYTES = 3 * MIB;
/** What one client network has of a thread's memory for collected bodies (operations.md, Bounds). */
const NETWORK_BYTES = 128 * MIB;
const MOST_HELD = Math.floor(NETWORK_BYTES / MESSAGE_BYTES);
/** Rooms that grew, which are garbage, and the windows of all streams: without a bound the messages alone are 780 MiB. */
const SLACK_BYTES = 240 * MIB;
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM } = constants;

type Duplex = grpc.ServerDuplexStream<Buffer, Buffer>;

/** What the sides of a stream do once a message is on its way. */
type Way = 'the client stops in the middle' | 'the upstream does not read' | 'the client does not read';

const DATA = Buffer.alloc(MESSAGE_BYTES - 100, 0x61);
const FRAMED = framed(ECHO.Talk.requestSerialize(DATA));

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** An upstream that does as it is told by the stream's `x-way`; `replied` are the streams whose reply it could send. */
function upstream() {
  const replied = new Set<string>();
  const Talk = (given: Duplex): void => {
    given.on('error', () => {});
    given.sendMetadata(new grpc.Metadata());
    const [at = ''] = given.metadata.get('x-at').map(String);
    const [way = ''] = given.metadata.get('x-way').map(String);
    if (way === 'the client does not read') given.write(DATA, () => void replied.add(at));
    if (way !== '') return;
    given.on('data', (piece: Buffer) => given.write(piece));
    given.on('end', () => given.end());
  };
  return { replied, Talk };
}

interface Opened {
  readonly stream: ClientHttp2Stream;
  isWritten: boolean;
  status: string | null;
}

/** Begins a stream whose client reads nothing of the reply. */
function open(session: ClientHttp2Session, way: Way, at: number): Opened {
  const stream = session.request({
    ...{ ':method': 'POST', ':path': `/${SERVICE}/Talk`, te: 'trailers', 'content-type': 'application/grpc' },
    ...{ 'x-way': way, 'x-at': String(at) },
  });
  const opened: Opened = { stream, isWritten: false, status: null };
  const hear = ({ 'grpc-status': status }: IncomingHttpHeaders): void => {
    if (typeof status === 'string') opened.status = status;
  };
  stream.on('error', () => {});
  stream.on('response', hear);
  stream.on('trailers', hear);
  stream.pause();
  const sent = way === 'the client does not read' ? framed(Buffer.alloc(0)) : FRAMED;
  const last = way === 'the client stops in the middle' ? sent.length - 1 : sent.length;
  stream.write(sent.subarray(0, last), () => (opened.isWritten = true));
  return opened;
}

/** Opens all streams, some at a time, and gives how many were refused or given up when each had settled. */
async function refusedOf(gateway: GatewayProcess, way: Way, replied: Set<string>, look: () => void): Promise<number> {
  replied.clear();
  const session = connect(`https://localhost:${gateway.https}`, { ca: gateway.ca, maxSessionMemory: 10_000 });
  session.on('error', () => {});
  const all: Opened[] = [];
  // A connection on which much waits for its client begins nothing further.
  const atOnce = way === 'the client does not read' ? STREAMS : AT_ONCE;
  const isSettled = ({ stream, isWritten }: Opened, at: number): boolean =>
    stream.closed || (way === 'the client does not read' ? replied.has(String(at)) : isWritten);
  try {
    while (all.length < STREAMS) {
      for (let more = 0; more < atOnce; more++) all.push(open(session, way, all.length));
      await until(`${all.length} streams are held or refused`, () => {
        look();
        return all.every(isSettled);
      });
    }
    const refused = all.filter(({ stream }) => stream.closed);
    for (const { stream, status } of refused) {
      const isReset = stream.rstCode === NGHTTP2_ENHANCE_YOUR_CALM || stream.rstCode === NGHTTP2_CANCEL;
      assert.ok(status === String(grpc.status.UNAVAILABLE) || isReset, `${status} ${stream.rstCode}`);
    }
    return refused.length;
  } finally {
    session.destroy();
  }
}

/** Sends a message, and gives what came back of it. */
function echoed(client: grpc.Client): Promise<{ readonly code: number; readonly bytes: number }> {
  const { path, requestSerialize, responseDeserialize } = ECHO.Talk;
  const call = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  return new Promise((resolve) => {
    let bytes = 0;
    call.on('data', (piece: Buffer) => (bytes += piece.length));
    call.on('error', () => {});
    call.on('status', ({ code }: grpc.StatusObject) => resolve({ code, bytes }));
    call.end(DATA.subarray(0, ECHOED_BYTES));
  });
}

test('messages of a hundred streams that wait take no more memory than one client has, and all of it comes back', async (t) => {
  const { replied, Talk } = upstream();
  const { gateway, client } = await startGrpc(t, { Talk }, { api: ', validate: strict, body: 8MiB' });
  const before = residentBytes(gateway) ?? 0;
  let most = 0;
  const look = (): void => void (most = Math.max(most, (residentBytes(gateway) ?? 0) - before));
  for (const way of [
    'the client stops in the middle',
    'the upstream does not read',
    'the client does not read',
    'the client stops in the middle',
  ] as const) {
    const refused = await refusedOf(gateway, way, replied, look);
    assert.ok(STREAMS - refused <= MOST_HELD, `${way}: only ${refused} were refused`);
    assert.ok(most <= NETWORK_BYTES + SLACK_BYTES, `${way}: ${Math.round(most / MIB)} MiB`);
    // All that the ones before had is there again.
    assert.ok(STREAMS - refused >= MOST_HELD / 2, `${way}: ${refused} were refused`);
  }
  const echoes = await Promise.all(Array.from({ length: 4 }, () => echoed(client)));
  assert.deepEqual(echoes, Array(4).fill({ code: grpc.status.OK, bytes: ECHOED_BYTES }));
});
