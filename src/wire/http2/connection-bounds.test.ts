import assert from 'node:assert/strict';
import { test } from 'node:test';
import { echo, type Seen } from '../peers.test.ts';
import {
  block,
  data,
  get,
  greeted,
  Http2Bench,
  ids,
  ping,
  post,
  reset,
  settings,
  SETTINGS_ACK,
  windowUpdate,
} from './connection-fixture.test.ts';
import { END_HEADERS, END_STREAM, frame, GREETING, PADDED, PREFACE, word } from './frame-fixture.test.ts';
import { FrameType, Setting } from './protocol.ts';

test('heads of open streams are held to a bound of their own', async () => {
  const bench = greeted();
  const large = { 'x-large': 'x'.repeat(15_000) };
  bench.send(...ids(18).map((id) => get(id, large)));
  await bench.turn();
  assert.equal(bench.script.seen.length, 17);
  assert.deepEqual(bench.told(), ['RST 35 refusedStream']);
  assert.deepEqual(bench.faults, ['memory']);
});

const LITTLE = { freeBytes: 65_536 };

test('what is held beyond what is free comes out of the share, and goes back when streams end', async () => {
  const bench = greeted(LITTLE);
  bench.send(...ids(10).map((id) => get(id, { 'x-large': 'x'.repeat(15_000) })));
  await bench.turn();
  assert.equal(bench.share.takenBytes, 131_072);
  for (const seen of bench.script.seen) seen.answer('');
  assert.equal(bench.share.takenBytes, 0);
});

test('many small fields count for what they take, not for what was sent', async () => {
  const bench = greeted(LITTLE);
  const small = Object.fromEntries(Array.from({ length: 90 }, (_, at) => [`x${at}`, '']));
  bench.send(...ids(10).map((id) => get(id, small)));
  await bench.turn();
  assert.equal(bench.share.takenBytes, 65_536);
  bench.send(...ids(100, 21).map((id) => get(id)));
  await bench.turn();
  assert.equal(bench.share.takenBytes, 131_072);
  for (const seen of bench.script.seen) seen.answer('');
  assert.equal(bench.share.takenBytes, 0);
});

test('where the share has no room a head is refused, and data reset their stream', async () => {
  const bench = greeted(LITTLE);
  bench.share.roomBytes = 0;
  bench.send(...ids(5).map((id) => get(id, { 'x-large': 'x'.repeat(14_000) })));
  assert.deepEqual(bench.told(), ['RST 9 refusedStream']);
  bench.send(post(11), data(11, 'x'.repeat(6_000)), data(11, 'more'));
  assert.deepEqual(bench.told(), ['RST 11 enhanceYourCalm']);
  assert.deepEqual(bench.faults, ['memory', 'memory']);
});

test('a reply that the client does not take is counted too, and reset where there is no room for it', async () => {
  const bench = greeted(LITTLE);
  bench.share.roomBytes = 262_144;
  bench.send(settings([Setting.initialWindowSize, 0]), get(1), get(3));
  await bench.turn();
  bench.told();
  bench.script.seen[0]?.answer('x'.repeat(300_000));
  assert.equal(bench.share.takenBytes, 262_144);
  bench.script.seen[1]?.answer('x'.repeat(30_000));
  assert.deepEqual(bench.told(), ['HEADERS 1 200', 'HEADERS 3 200', 'RST 3 enhanceYourCalm']);
  bench.send(reset(1));
  assert.equal(bench.share.takenBytes, 0);
});

test('what waits in the socket is counted, and given back as it goes', async () => {
  const bench = greeted({ freeBytes: 40_000 });
  bench.socket.stuck = true;
  bench.send(get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('x'.repeat(60_000));
  bench.send(get(3));
  assert.equal(bench.share.takenBytes, 65_536, 'sixty thousand octets in the socket');
  bench.socket.unstick();
  bench.pass(500);
  assert.equal(bench.share.takenBytes, 0);
});

test('what the table of header fields takes is counted', async () => {
  const bench = greeted({ freeBytes: 20_000 });
  const kept = '\x40\x01a\x00'.repeat(64);
  for (const id of [1, 3]) bench.send(frame(FrameType.headers, END_HEADERS | END_STREAM, id, block() + kept));
  await bench.turn();
  for (const seen of bench.script.seen) seen.answer('');
  assert.equal(bench.share.takenBytes, 65_536, '124 entries of 33 octets');
  bench.share.roomBytes = 0;
  const update = '\x20\x3f\xe1\x1f';
  bench.send(frame(FrameType.headers, END_HEADERS | END_STREAM, 5, update + block()));
  bench.pass(500);
  assert.equal(bench.share.takenBytes, 0, 'and none when the client has emptied it');
});

test('requests wait while too much is held back by the window of the connection', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 1_000_000]), get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('x'.repeat(65_535 + 262_145));
  bench.send(get(3), get(5, { ':path': '/%zz' }));
  await bench.turn();
  assert.deepEqual([bench.script.seen.length, bench.script.refusals.length], [1, 0]);
  bench.send(windowUpdate(0, 1_000));
  await bench.turn();
  bench.pass(500);
  await bench.turn();
  assert.deepEqual([bench.script.seen.length, bench.script.refusals.length], [2, 1]);
});

test('what single windows keep back stops no other stream, up to a piece for each', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 0]), ...ids(50).map((id) => get(id)));
  await bench.turn();
  for (const seen of bench.script.seen) seen.answer('x'.repeat(131_072));
  bench.send(get(101));
  await bench.turn();
  assert.equal(bench.script.seen.length, 51);
  bench.script.seen[50]?.answer('x');
  bench.send(get(103));
  await bench.turn();
  assert.equal(bench.script.seen.length, 51, '6.5 MB are held, and one more');
  bench.send(reset(1));
  bench.pass(500);
  await bench.turn();
  assert.equal(bench.script.seen.length, 52);
});

test('small replies that pile up in the socket hold back requests as well', async () => {
  const bench = greeted();
  bench.script.onRequest = (seen) => seen.answer('x'.repeat(8_000));
  bench.socket.stuck = true;
  for (const id of ids(100)) bench.send(get(id), windowUpdate(0, 8_000));
  await bench.turn();
  const { length } = bench.script.seen;
  assert.ok(length > 30 && length < 40, `${length}`);
  bench.socket.unstick();
  await bench.turn();
  assert.equal(bench.script.seen.length, 100);
});

test('a window that is overrun resets its stream, or ends the connection', async () => {
  const bench = greeted();
  const full = 'x'.repeat(16_384);
  bench.send(post(1), data(1, full), data(1, full), data(1, full), data(1, full.slice(1)));
  assert.deepEqual(bench.told(), []);
  bench.send(data(1, 'x'));
  assert.deepEqual(bench.told(), ['RST 1 flowControlError']);
  const other = greeted({ connectionWindowBytes: 65_535 });
  other.send(post(1), post(3), data(1, full), data(3, full), data(1, full), data(3, full.slice(1)));
  assert.deepEqual(other.told(), []);
  other.send(data(3, 'x'));
  assert.deepEqual(other.told(), ['GOAWAY 0 flowControlError']);
  assert.deepEqual([...bench.faults, ...other.faults], ['window-overrun', 'window-overrun']);
});

test('windows open for what was taken, not for what waits', async () => {
  const bench = greeted();
  const full = 'x'.repeat(16_384);
  bench.send(post(1), data(1, full), data(1, full));
  await bench.turn();
  assert.deepEqual(bench.told(), []);
  const [seen] = bench.script.seen;
  if (seen !== undefined) seen.takes = false;
  seen?.exchange.receive();
  assert.equal(seen?.body.length, 32_768);
  assert.deepEqual(bench.told(), []);
  seen?.exchange.resumeBody();
  assert.deepEqual(bench.told(), ['WINDOW 1 32768']);
});

test('the window of the connection comes back, whatever becomes of data', async () => {
  const bench = greeted({ streams: 1_000, resets: { burst: 10_000, perSecond: 0 } });
  const full = 'x'.repeat(16_384);
  const padded = frame(FrameType.data, PADDED, 0, `\xff${'x'.repeat(16_128)}${'\0'.repeat(255)}`);
  let opened = 0;
  for (const id of ids(160)) {
    const on = (text: string): string => text.replace('\0\0\0\0', word(id));
    switch (id % 10) {
      case 1: // Kept, and then reset.
        bench.send(post(id), data(id, full), reset(id));
        break;
      case 3: // More than was announced.
        bench.send(post(id, { 'content-length': '5' }), data(id, full));
        break;
      case 5: // Padding.
        bench.send(post(id), on(padded), data(id, '', true));
        await bench.turn();
        bench.script.seen.at(-1)?.exchange.receive();
        bench.script.seen.at(-1)?.answer('');
        break;
      case 7: // Behind the answer.
        bench.send(post(id));
        await bench.turn();
        bench.script.seen.at(-1)?.answer('');
        bench.send(data(id, full));
        break;
      default: // Begun before its stream was reset, ended behind it.
        bench.send(post(id, { 'content-length': '5' }), data(id, full).slice(0, 10_000));
        bench.send(data(id, full).slice(10_000));
    }
    for (const line of bench.told()) opened += Number(/^WINDOW 0 ([0-9]+)$/.exec(line)?.[1] ?? 0);
  }
  assert.equal(bench.socket.finished, false);
  const sent = 160 * 16_384;
  assert.ok(sent - opened < 524_288, `${sent} came, ${opened} were given back`);
});

test('a body is not waited for while others that are not read keep the window of the connection shut', async () => {
  const bench = greeted({ connectionWindowBytes: 65_535 });
  bench.send(post(1), post(3));
  await bench.turn();
  const [unread, late] = bench.script.seen as [Seen, Seen];
  unread.takes = false;
  unread.exchange.receive();
  late.exchange.receive();
  const full = 'x'.repeat(16_384);
  bench.send(data(1, full), data(1, full), data(1, full), data(1, full.slice(1)));
  bench.pass(120_000);
  assert.deepEqual([unread.log, late.log], [['pieces'], []]);
  unread.takes = true;
  unread.exchange.resumeBody();
  assert.equal(bench.told().filter((line) => line.startsWith('WINDOW 0')).length, 1);
  bench.pass(4_000);
  assert.deepEqual(late.log, []);
  bench.pass(4_000);
  assert.deepEqual(late.log, ['request-timeout']);
});

test('what was taken before comes back as soon as streams that are not read leave less than a frame', async () => {
  const bench = greeted({ connectionWindowBytes: 65_535 });
  const full = 'x'.repeat(16_384);
  bench.script.onRequest = ({ exchange }) => {
    if (exchange.request.path === '/a') exchange.receive();
  };
  bench.send(post(1), post(3, { ':path': '/unread' }));
  await bench.turn();
  bench.send(data(1, full), data(3, full), data(3, full));
  assert.deepEqual(bench.told(), []);
  bench.send(data(3, 'x'));
  assert.deepEqual(bench.told(), ['WINDOW 0 16384'], 'the stream that is read can go on');
});

test('padding opens both windows again at once', async () => {
  const bench = greeted({ connectionWindowBytes: 65_535 });
  bench.script.onRequest = ({ exchange }) => exchange.receive();
  bench.send(post(1));
  await bench.turn();
  bench.told();
  const padded = frame(FrameType.data, PADDED, 1, `\xff${'x'.repeat(744)}${'\0'.repeat(255)}`);
  for (let time = 0; time < 1_000; time++) bench.send(padded);
  assert.deepEqual(bench.faults, []);
  const opened = bench.told().reduce((sum, line) => sum + Number(/^WINDOW 1 ([0-9]+)$/.exec(line)?.[1] ?? 0), 0);
  assert.ok(opened > 1_000_000 - 32_768, `${opened}`);
});

test('nothing is written behind the end, though what was kept of bodies is given back by it', async () => {
  const bench = greeted({ connectionWindowBytes: 65_535 });
  bench.send(post(1), data(1, 'x'.repeat(16_384)), data(1, 'x'.repeat(16_384)), data(1, 'x'.repeat(16_384)));
  await bench.turn();
  bench.send(windowUpdate(0, 0));
  assert.equal(bench.socket.finished, true);
  assert.equal(bench.socket.ignoredWrites, 0);
});

test('a changed initial window is felt by open streams and by those to come', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 4]), get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('0123456789');
  assert.deepEqual(bench.told(), ['SETTINGS ack', 'HEADERS 1 200', 'DATA 1 "0123"']);
  bench.send(settings([Setting.initialWindowSize, 6]));
  assert.deepEqual(bench.told(), ['SETTINGS ack', 'DATA 1 "45"']);
  bench.send(settings([Setting.initialWindowSize, 2]), windowUpdate(1, 4));
  assert.deepEqual(bench.told(), ['SETTINGS ack']);
  bench.send(windowUpdate(1, 1));
  assert.deepEqual(bench.told(), ['DATA 1 "6"']);
  bench.send(windowUpdate(1, 100));
  assert.deepEqual(bench.told(), ['DATA 1 "789" end']);
});

test('an idle connection ends in order after a minute, one that was never used after ten seconds', async () => {
  const bench = greeted();
  bench.script.onRequest = echo;
  bench.send(get(1));
  await bench.turn();
  bench.told();
  bench.pass(60_000);
  bench.send(ping());
  assert.equal(bench.socket.finished, false);
  bench.pass(1_000);
  assert.deepEqual(bench.told(), ['PING ack 12345678', 'GOAWAY 1 noError']);
  const unused = greeted();
  unused.pass(10_500);
  assert.deepEqual(unused.told(), ['GOAWAY 0 noError']);
  assert.deepEqual([...bench.faults, ...unused.faults, ...unused.turnedAway], []);
});

test('a connection is idle while nothing is asked over it, and only then closes to make room', async () => {
  const bench = greeted();
  bench.pass(2_000);
  assert.equal(bench.connection.idleSinceMs, 0);
  bench.send(get(1));
  await bench.turn();
  assert.equal(bench.connection.idleSinceMs, null);
  bench.connection.shed();
  assert.deepEqual([bench.told(), bench.connection.isEnding], [[], false]);
  bench.script.seen[0]?.answer('');
  bench.pass(1_000);
  const idleSinceMs = bench.connection.idleSinceMs;
  assert.ok(idleSinceMs !== null && idleSinceMs >= 2_000);
  bench.send(get(3).slice(0, 5));
  assert.equal(bench.connection.idleSinceMs, null);
  bench.send(get(3).slice(5));
  await bench.turn();
  bench.script.seen[1]?.answer('');
  bench.told();
  bench.connection.shed();
  assert.deepEqual([bench.told(), bench.connection.isEnding], [['GOAWAY 3 noError'], true]);
  bench.connection.shed();
  assert.deepEqual([bench.told(), bench.turnedAway], [[], []]);
});

test('what began and does not end within ten seconds ends the connection, though it drips', () => {
  const ready = GREETING + SETTINGS_ACK;
  for (const [begun, unheard] of [
    [PREFACE.slice(0, 10), true],
    [PREFACE, true],
    [`${ready}${get(1)}\0\0`, false],
    [ready + get(1) + get(3).slice(0, -1), false],
    [ready + get(1) + ping().slice(0, 12), false],
  ] as const) {
    const bench = new Http2Bench();
    bench.send(begun);
    bench.pass(10_000);
    assert.deepEqual(bench.faults, [], JSON.stringify(begun));
    bench.pass(1_000);
    assert.deepEqual(bench.faults, ['slow-frame'], JSON.stringify(begun));
    assert.deepEqual(bench.turnedAway, unheard ? ['slow-frame'] : []);
  }
});

test('a block that comes octet by octet is timed as one, and other frames in between reads are not', async () => {
  const bench = greeted();
  bench.send(get(1));
  const head = get(3, { 'x-long': 'x'.repeat(100) });
  for (const octet of head.slice(0, 60)) {
    if (bench.socket.finished) break;
    bench.send(octet);
    bench.pass(500);
  }
  assert.deepEqual(bench.faults, ['slow-frame']);
  const busy = greeted();
  busy.script.onRequest = echo;
  const stream = ids(100)
    .map((id) => get(id))
    .join('');
  for (let at = 0; at < stream.length; at += 45) {
    busy.send(stream.slice(at, at + 45));
    busy.pass(500);
    await busy.turn();
  }
  assert.deepEqual(busy.faults, []);
});

test('settings that are not acknowledged end the connection after ten seconds', async () => {
  const bench = new Http2Bench();
  bench.send(GREETING, get(1));
  await bench.turn();
  bench.pass(10_500);
  assert.deepEqual(bench.faults, ['settings-timeout']);
  assert.equal(bench.told().at(-1), 'GOAWAY 1 settingsTimeout');
});

test('another preface is told so, and counted as a connection without a request', () => {
  for (const text of ['GET / HTTP/1.1\r\n\r\n', `${PREFACE}${ping()}`, '\0']) {
    const bench = new Http2Bench();
    bench.send(text);
    assert.deepEqual(bench.told().slice(2), ['GOAWAY 0 protocolError']);
    assert.deepEqual([bench.faults, bench.turnedAway], [['bad-preface'], ['bad-preface']]);
  }
});

test('a socket that takes nothing for thirty seconds is closed', async () => {
  const bench = greeted();
  bench.socket.stuck = true;
  bench.send(get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('x'.repeat(1_000));
  bench.pass(29_500);
  assert.equal(bench.socket.destroyed, false);
  bench.pass(1_500);
  assert.equal(bench.socket.destroyed, true);
  assert.deepEqual(bench.faults, ['stalled']);
});

test('a client that keeps the window of its connection shut loses the connection, one that opens it does not', async () => {
  const stalled = async (opens: boolean): Promise<readonly string[]> => {
    const bench = greeted();
    bench.send(settings([Setting.initialWindowSize, 1_000_000]), get(1));
    await bench.turn();
    bench.script.seen[0]?.answer('x'.repeat(200_000));
    for (let time = 0; time < 100; time++) {
      if (opens) bench.send(windowUpdate(0, 500));
      bench.pass(500);
    }
    return bench.faults;
  };
  assert.deepEqual(await stalled(false), ['stalled']);
  assert.deepEqual(await stalled(true), []);
});

test('a stream whose window stays shut is reset, and the connection goes on', async () => {
  const bench = greeted();
  bench.send(settings([Setting.initialWindowSize, 0]), get(1));
  await bench.turn();
  bench.script.seen[0]?.answer('held');
  bench.told();
  bench.pass(31_000);
  assert.deepEqual(bench.told(), ['RST 1 cancel']);
  assert.deepEqual(bench.faults, ['stalled']);
  assert.equal(bench.socket.finished, false);
});

test('behind its end a connection reads on for a while, within a bound, and then closes', () => {
  const bench = greeted();
  bench.send(windowUpdate(0, 0));
  bench.send('x'.repeat(1_000_000));
  bench.pass(2_500);
  assert.equal(bench.socket.destroyed, false);
  bench.pass(1_000);
  assert.equal(bench.socket.destroyed, true);
  const other = greeted();
  other.send(windowUpdate(0, 0));
  for (let time = 0; time < 17; time++) other.send('x'.repeat(1_000_000));
  assert.equal(other.socket.destroyed, true);
  const left = greeted();
  left.send(windowUpdate(0, 0));
  left.socket.hangUp();
  assert.equal(left.socket.destroyed, true);
});
