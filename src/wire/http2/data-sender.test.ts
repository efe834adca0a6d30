import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { DirectWriter } from '../direct-writer.ts';
import { FakeSocket } from '../fake-socket.test.ts';
import { DataSender, type SendingStream } from './data-sender.ts';
import { dataOf, framesOf } from './exchange-fixture.test.ts';
import { filler } from './frame-fixture.test.ts';

interface Stream extends SendingStream {
  readonly told: string[];
}

/** A sender over a socket that takes everything at once, until it is `stuck`. */
class Sending {
  readonly socket = new FakeSocket();
  readonly sender: DataSender<Stream>;
  onDrained: (stream: Stream) => void = () => {};
  #last = -1;

  constructor() {
    const writer = new DirectWriter(this.socket.socket, () => this.sender.flush());
    this.socket.on('drain', () => this.sender.flush());
    this.sender = new DataSender<Stream>(writer, {
      drained: (stream) => {
        stream.told.push('drained');
        this.onDrained(stream);
      },
      ended: (stream) => void stream.told.push('ended'),
    });
  }

  stream(window = 65_535): Stream {
    this.#last += 2;
    return { id: this.#last, window, held: null, heldBytes: 0, endHeld: false, sentBytes: 0, told: [] };
  }

  /** The frames sent since the last time. */
  data(): readonly string[] {
    return dataOf(this.take());
  }

  take(): string {
    const { text } = this.socket;
    this.socket.text = '';
    return text;
  }
}

test('a body that fits the windows goes out at once, its end with the last of it', () => {
  const sending = new Sending();
  const stream = sending.stream();
  assert.equal(sending.sender.send(stream, 'hello', true), true);
  assert.deepEqual(framesOf(sending.take()), [{ type: 0, flags: 1, id: 1, payload: 'hello' }]);
  assert.deepEqual([stream.window, stream.sentBytes, stream.endHeld, stream.told], [65_530, 5, false, []]);
  assert.equal(sending.sender.send(sending.stream(), Buffer.from('é'), false), true);
  assert.deepEqual(framesOf(sending.take()), [{ type: 0, flags: 0, id: 3, payload: 'Ã©' }]);
});

test('a large body goes out in frames that every peer takes, as one write', () => {
  const sending = new Sending();
  const body = filler(40_000);
  for (const piece of [body, Buffer.from(body)]) {
    const sender = sending.sender;
    sender.opened(null, 40_000);
    assert.equal(sender.send(sending.stream(), piece, true), true);
    const frames = framesOf(sending.take());
    assert.deepEqual(
      frames.map(({ payload, flags }) => [payload.length, flags]),
      [
        [16_384, 0],
        [16_384, 0],
        [7_232, 1],
      ],
    );
    assert.equal(frames.map(({ payload }) => payload).join(''), body);
    assert.equal(sending.socket.corked, 0);
  }
  assert.deepEqual([sending.sender.sentBytes, sending.sender.worthyFrames], [80_000, 6]);
});

test('octets stay what they are, in buffers and in texts, short and long', () => {
  const octets = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join('');
  for (const body of [octets, octets.repeat(50)]) {
    for (const piece of [body, Buffer.from(body, 'latin1')]) {
      const sending = new Sending();
      sending.sender.send(sending.stream(100), piece, true);
      const stream = sending.stream();
      sending.sender.send(stream, piece, true);
      const sent = framesOf(sending.take()).map(({ id, payload }) => (id === stream.id ? payload : ''));
      assert.equal(sent.join(''), body);
    }
  }
});

test('what the stream’s window does not take is held, and goes out as it opens', () => {
  const sending = new Sending();
  const { sender } = sending;
  const stream = sending.stream(3);
  assert.equal(sender.send(stream, 'hello', true), false);
  assert.deepEqual(sending.data(), ['1:3']);
  assert.deepEqual([stream.window, stream.heldBytes, sender.heldBytes, stream.endHeld], [0, 2, 2, true]);
  assert.equal(sender.opened(stream, 1), true);
  assert.deepEqual(sending.data(), [], 'nothing is sent before the read has been worked off');
  sender.flush();
  assert.deepEqual([sending.data(), stream.told], [['1:1'], []]);
  sender.opened(stream, 1_000);
  sender.flush();
  assert.deepEqual([sending.data(), stream.told], [['1:1$'], ['ended']]);
  assert.deepEqual([stream.held, stream.endHeld, sender.heldBytes, stream.window], [null, false, 0, 999]);
  sender.flush();
  assert.deepEqual(stream.told, ['ended']);
});

test('all streams share the connection’s window', () => {
  const sending = new Sending();
  const { sender } = sending;
  const [first, second] = [sending.stream(), sending.stream()];
  assert.equal(sender.send(first, filler(60_000), true), true);
  assert.equal(sender.send(second, filler(10_000), true), false);
  assert.deepEqual(sending.data(), ['1:16384', '1:16384', '1:16384', '1:10848$', '3:5535']);
  assert.equal(sender.isShut, true);
  sender.flush();
  assert.deepEqual(sending.data(), []);
  sender.opened(null, 65_535);
  assert.equal(sender.isShut, false);
  sender.flush();
  assert.deepEqual([sending.data(), second.told], [['3:4465$'], ['ended']]);
});

test('a stream whose own window is shut holds up no other, and does not shut the connection', () => {
  const sending = new Sending();
  const { sender } = sending;
  const [slow, quick] = [sending.stream(0), sending.stream()];
  assert.equal(sender.send(slow, 'later', true), false);
  assert.equal(sender.send(quick, 'now', true), true);
  assert.deepEqual(sending.data(), ['3:3$']);
  assert.equal(sender.isShut, false);
});

test('streams take turns', () => {
  const sending = new Sending();
  const { sender } = sending;
  sender.send(sending.stream(), Buffer.alloc(65_535), false);
  sending.take();
  const [large, small, third] = [sending.stream(), sending.stream(), sending.stream()];
  for (const stream of [large, third]) assert.equal(sender.send(stream, Buffer.alloc(40_000), true), false);
  assert.equal(sender.send(small, 'hello', true), false);
  sender.opened(null, 200_000);
  sender.flush();
  assert.deepEqual(sending.data(), ['3:16384', '7:16384', '5:5$', '3:16384', '7:16384', '3:7232$', '7:7232$']);
  assert.equal(sending.socket.corked, 0);
});

test('who comes later does not overtake those that wait', () => {
  const sending = new Sending();
  const { sender } = sending;
  sender.send(sending.stream(), Buffer.alloc(65_535), true);
  sending.take();
  const [first, second] = [sending.stream(), sending.stream()];
  assert.equal(sender.send(first, 'first', true), false);
  sender.opened(null, 100);
  assert.equal(sender.send(second, 'second', true), false);
  sender.flush();
  assert.deepEqual(sending.data(), ['3:5$', '5:6$']);
});

test('a stream’s end without data needs no window, but waits for the data before it', () => {
  const sending = new Sending();
  const { sender } = sending;
  const idle = sending.stream(-5);
  assert.equal(sender.send(idle, '', true), true);
  assert.deepEqual(sending.data(), ['1:0$']);
  const holding = sending.stream(1);
  sender.send(holding, 'ab', false);
  assert.equal(sender.send(holding, '', false), false);
  assert.equal(holding.endHeld, false);
  assert.equal(sender.send(holding, Buffer.alloc(0), true), false);
  assert.deepEqual(sending.data(), ['3:1']);
  sender.opened(holding, 1);
  sender.flush();
  assert.deepEqual([sending.data(), holding.told], [['3:1$'], ['ended']]);
  const open = sending.stream();
  assert.equal(sender.send(open, '', false), true);
  assert.deepEqual(sending.data(), []);
});

test('pieces behind a held one wait, in order', () => {
  const sending = new Sending();
  const { sender } = sending;
  const stream = sending.stream(2);
  assert.equal(sender.send(stream, 'abc', false), false);
  assert.equal(sender.send(stream, Buffer.from('de'), false), false);
  sender.opened(stream, 100);
  assert.equal(sender.send(stream, 'f', false), false, 'a window that has opened meanwhile lets none overtake');
  sender.flush();
  assert.equal(
    framesOf(sending.take())
      .map(({ payload }) => payload)
      .join(''),
    'abcdef',
  );
  assert.deepEqual(stream.told, ['drained']);
});

test('who is told that all has gone may send on, and may end', () => {
  const sending = new Sending();
  const { sender } = sending;
  const stream = sending.stream(0);
  let more = 3;
  sending.onDrained = () => {
    while (more > 0 && sender.send(stream, filler(20_000), --more === 0)) assert.ok(stream.told.length < 10);
  };
  sender.send(stream, 'a', false);
  sender.opened(stream, 30_000);
  sender.flush();
  assert.deepEqual(sending.data(), ['1:1', '1:16384', '1:3616', '1:9999']);
  sender.opened(stream, 1_000_000);
  sender.flush();
  assert.deepEqual(sending.data(), ['1:10001', '1:16384', '1:3616$']);
  assert.deepEqual(stream.told, ['drained', 'drained']);
  assert.equal(sending.socket.corked, 0);
});

test('little waits in the socket, and it goes on when that has drained', async () => {
  const sending = new Sending();
  const { sender, socket } = sending;
  sender.opened(null, 1_000_000);
  socket.stuck = true;
  const stream = sending.stream(1_000_000);
  assert.equal(sender.send(stream, Buffer.alloc(200_000), true), false);
  assert.equal(sending.data().length, 4);
  assert.equal(stream.heldBytes, 200_000 - 4 * 16_384);
  assert.equal(sender.isShut, false);
  sender.flush();
  assert.deepEqual(sending.data(), []);
  for (let round = 0; round < 3; round++) {
    socket.unstick();
    socket.stuck = true;
  }
  socket.unstick();
  await setImmediate();
  assert.deepEqual(stream.told, ['ended']);
  assert.equal(stream.sentBytes, 200_000);
});

test('texts that are put off for the turn’s end do not keep data back: nobody would tell of their going out', () => {
  const sending = new Sending();
  const { sender, socket } = sending;
  const handled: string[] = [];
  const handle = {
    useUserBuffer() {},
    writeLatin1String(_request: null, text: string) {
      handled.push(text);
      return 0;
    },
  };
  socket._handle = handle;
  sender.opened(null, 1_000_000);
  // Eight frames are exactly what is gathered before it goes out by itself.
  const streams = Array.from({ length: 40 }, () => sending.stream());
  for (const stream of streams) assert.equal(sender.send(stream, filler(8_192 - 9), true), true);
  assert.ok(handled.length > 0);
  assert.equal(sender.heldBytes, 0);
});

test('a stream that is over is forgotten with all it held', () => {
  const sending = new Sending();
  const { sender } = sending;
  const [gone, other] = [sending.stream(0), sending.stream(0)];
  for (const stream of [gone, other]) sender.send(stream, 'hello', true);
  sender.opened(gone, 100);
  sender.drop(gone);
  assert.deepEqual([gone.held, gone.heldBytes, gone.endHeld, sender.heldBytes], [null, 0, false, 5]);
  sender.opened(gone, 100);
  sender.opened(other, 100);
  sender.flush();
  assert.deepEqual([sending.data(), gone.told], [['3:5$'], []]);
  sender.drop(other);
  assert.equal(sender.heldBytes, 0);
});

test('no window goes beyond what it can be', () => {
  const sending = new Sending();
  const { sender } = sending;
  const stream = sending.stream(2 ** 31 - 2);
  assert.equal(sender.opened(stream, 1), true);
  assert.equal(sender.opened(stream, 1), false);
  assert.equal(sender.opened(null, 2 ** 31 - 1 - 65_535), true);
  assert.equal(sender.opened(null, 1), false);
  assert.equal(sender.shift([sending.stream(0), stream], 1), false);
  assert.equal(sender.shift([stream], -1), true);
  assert.equal(sender.shift([stream], 1), true);
});

test('a window may be lowered below nothing, and then has to come back above it', () => {
  const sending = new Sending();
  const { sender } = sending;
  const stream = sending.stream(10);
  sender.send(stream, filler(15), true);
  assert.equal(sender.shift([stream], -30), true);
  assert.equal(stream.window, -30);
  sender.opened(stream, 30);
  sender.flush();
  assert.deepEqual(sending.data(), ['1:10']);
  assert.equal(sender.shift([stream], 2), true);
  sender.flush();
  assert.deepEqual(sending.data(), ['1:2']);
  // Lowered while it waits for its turn.
  sender.opened(stream, 1);
  sender.shift([stream], -1);
  sender.flush();
  assert.deepEqual(sending.data(), []);
  sender.opened(stream, 1);
  sender.flush();
  assert.deepEqual(sending.data(), ['1:1']);
});

type Step =
  | {
      readonly kind: 'send';
      readonly stream: number;
      readonly bytes: number;
      readonly end: boolean;
      readonly text: boolean;
    }
  | { readonly kind: 'open'; readonly stream: number | null; readonly by: number }
  | { readonly kind: 'shift'; readonly initial: number }
  | { readonly kind: 'drop'; readonly stream: number }
  | { readonly kind: 'stick' | 'unstick' | 'flush' };

const STREAMS = 4;
const streamNumber = fc.integer({ min: 0, max: STREAMS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      stream: streamNumber,
      bytes: fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 60_000 })),
      end: fc.boolean(),
      text: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      stream: fc.option(streamNumber),
      by: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 70_000 }), fc.constant(2 ** 31 - 1)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('shift' as const),
      initial: fc.oneof(fc.integer({ min: 0, max: 100_000 }), fc.constant(2 ** 31 - 1)),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), stream: streamNumber }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('stick' as const, 'unstick' as const, 'flush' as const) }),
  },
);

/** A peer that counts as RFC 9113 §6.9 has it, and says when it was sent a byte too much. */
class Model {
  readonly sending = new Sending();
  readonly streams: readonly Stream[];
  readonly given: string[];
  readonly got: string[];
  readonly windows: number[];
  readonly ending: boolean[];
  readonly ended: boolean[];
  readonly dropped: boolean[];
  connection = 65_535;
  initial: number;
  /** A window went too far: a real connection ends there. */
  broken = false;

  constructor(initial: number) {
    this.initial = initial;
    const each = <T>(value: T): T[] => Array.from({ length: STREAMS }, () => value);
    this.streams = each(0).map(() => this.sending.stream(initial));
    this.given = each('');
    this.got = each('');
    this.windows = each(initial);
    [this.ending, this.ended, this.dropped] = [each(false), each(false), each(false)];
  }

  /** False where the step would make no sense. */
  do(wanted: Step): void {
    const { sender, socket } = this.sending;
    switch (wanted.kind) {
      case 'send':
        this.#send(wanted);
        break;
      case 'open':
        this.#open(wanted.stream, wanted.by);
        break;
      case 'shift':
        this.#shift(wanted.initial);
        break;
      case 'drop':
        this.dropped[wanted.stream] = true;
        sender.drop(this.streams[wanted.stream] as Stream);
        break;
      case 'stick':
        socket.stuck = true;
        break;
      case 'unstick':
        socket.unstick();
        break;
      case 'flush':
        sender.flush();
    }
    this.#judge();
  }

  #send({ stream: number, bytes, end, text }: Extract<Step, { kind: 'send' }>): void {
    if (this.ending[number] || this.dropped[number]) return;
    const stream = this.streams[number] as Stream;
    const piece = filler(bytes);
    this.given[number] += piece;
    this.ending[number] = end;
    const more = this.sending.sender.send(stream, text ? piece : Buffer.from(piece), end);
    assert.equal(more, stream.held === null);
  }

  #open(number: number | null, by: number): void {
    const { sender } = this.sending;
    if (number === null) {
      const fits = this.connection + by < 2 ** 31;
      assert.equal(sender.opened(null, by), fits);
      if (fits) this.connection += by;
      return;
    }
    if (this.dropped[number]) return;
    const fits = (this.windows[number] as number) + by < 2 ** 31;
    assert.equal(sender.opened(this.streams[number] as Stream, by), fits);
    if (fits) this.#add(number, by);
  }

  #shift(initial: number): void {
    const delta = initial - this.initial;
    const open = this.streams.filter((_, number) => !this.dropped[number]);
    const fits = open.every((stream) => (this.windows[this.streams.indexOf(stream)] as number) + delta < 2 ** 31);
    assert.equal(this.sending.sender.shift(open, delta), fits);
    this.broken = !fits;
    this.initial = initial;
    for (const stream of open) this.#add(this.streams.indexOf(stream), delta);
  }

  #add(number: number, delta: number): void {
    this.windows[number] = (this.windows[number] as number) + delta;
  }

  /** Reads what was sent. */
  #judge(): void {
    for (const { id, payload, flags, type } of framesOf(this.sending.take())) {
      const number = (id - 1) / 2;
      assert.equal(type, 0);
      assert.ok(!this.ended[number] && !this.dropped[number], 'nothing behind the end');
      assert.ok(payload.length <= 16_384);
      this.#add(number, -payload.length);
      this.connection -= payload.length;
      if (payload.length > 0) assert.ok((this.windows[number] as number) >= 0 && this.connection >= 0, 'a byte over');
      this.got[number] += payload;
      assert.ok(this.given[number]?.startsWith(this.got[number] as string));
      if ((flags & 1) === 0) assert.ok(payload.length > 0, 'an empty frame that says nothing');
      else this.ended[number] = true;
    }
    let held = 0;
    this.streams.forEach((stream, number) => {
      held += stream.heldBytes;
      assert.equal(stream.window, this.dropped[number] || this.broken ? stream.window : this.windows[number]);
      if (this.dropped[number]) return;
      const rest = (this.given[number] as string).length - (this.got[number] as string).length;
      assert.equal(stream.heldBytes, rest);
      assert.equal(stream.held === null, rest === 0);
      assert.equal(this.ended[number], this.ending[number] === true && rest === 0);
    });
    assert.equal(this.sending.sender.heldBytes, held);
  }

  /** What is held now is held for a reason. */
  settle(): void {
    this.sending.socket.unstick();
    for (let round = 0; round < 40; round++) this.do({ kind: 'flush' });
    for (const stream of this.streams) {
      if (stream.held !== null) assert.ok(stream.window <= 0 || this.connection <= 0, 'held for nothing');
    }
  }
}

test('whatever windows and settings do, never a byte goes over, none is lost, and each stream ends once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 70_000 }), fc.array(step, { maxLength: 60 }), (initial, steps) => {
      const model = new Model(initial);
      for (const next of steps) {
        model.do(next);
        if (model.broken) return;
      }
      model.settle();
      assert.equal(model.sending.socket.corked, 0);
    }),
    { numRuns: 300 },
  );
});
