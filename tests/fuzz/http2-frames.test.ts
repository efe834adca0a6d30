import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { FrameClient } from '../http2/frame-client.ts';
import {
  FLAG,
  FRAME,
  frame,
  literal,
  PREFACE,
  requestBlock,
  reset,
  SETTING,
  settings,
  windowUpdate,
  word,
} from '../http2/frames.ts';
import { OutputModel } from '../http2/output-model.ts';
import { type Http2Subject, servesOthers, startSubject } from '../http2/subject.ts';
import { changed, changeOf, cutUp, seedsOf } from './mutation.ts';

// Frames as no client sends them, through a running gateway: whatever comes, it goes on by the rules, and ends.

const SEEDS = seedsOf(2);
const RUNS = 50;
const END_MS = 20_000;
const ANSWER_MS = 20;

let subject: Http2Subject;

before(async () => {
  subject = await startSubject();
});

after(async () => {
  await subject.stop();
});

/** Where a frame stands in its run: the streams that were opened before it. */
interface Place {
  readonly opened: number;
}

type Make = (place: Place) => { readonly bytes: Buffer; readonly opens?: boolean; readonly needs?: boolean };

/** A stream that was opened, not long ago. */
const ANY_ID = fc.nat({ max: 5 }).map(
  (back) =>
    ({ opened }: Place) =>
      Math.max(1, 2 * (opened - back) - 1),
);
const INCREMENT = fc.oneof(fc.integer({ min: 1, max: 70_000 }), fc.constantFrom(1, 1_000_000));
const SIZE = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(5, 1_000, 16_384));
const PATH = fc.constantFrom('/fast', '/c', '/big', '/echo', '/echo', '/a/../b');
const METHOD = fc.constantFrom('GET', 'GET', 'POST', 'POST', 'HEAD', 'OPTIONS');
const FIELDS = fc.array(
  fc.constantFrom(
    ['content-length', '5'],
    ['content-length', '0'],
    ['te', 'trailers'],
    ['expect', '100-continue'],
    ['cookie', 'a=1'],
    ['host', 'localhost'],
    ['X-Upper', '1'],
    ['connection', 'close'],
    ['x-long', 'y'.repeat(5_000)],
  ) as fc.Arbitrary<readonly [string, string]>,
  { maxLength: 3 },
);
const FLAGS = fc.constantFrom(0, FLAG.endStream, FLAG.endHeaders, FLAG.endHeaders | FLAG.endStream, 0x2d, 0xff);
const WHOLE = FLAG.endHeaders | FLAG.endStream;

/** Frames that leave the connection as it is, or end one stream. */
const USUAL: fc.Arbitrary<Make> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(METHOD, PATH, FIELDS, fc.constantFrom(WHOLE, WHOLE, FLAG.endHeaders)).map(
      ([method, path, fields, flags]): Make =>
        ({ opened }) => ({
          bytes: frame(FRAME.headers, flags, 2 * opened + 1, requestBlock(method, path, fields)),
          opens: true,
        }),
    ),
  },
  { weight: 4, arbitrary: onStream(SIZE, (id, size) => frame(FRAME.data, 0, id, Buffer.alloc(size, 3))) },
  { weight: 2, arbitrary: onStream(SIZE, (id, size) => frame(FRAME.data, FLAG.endStream, id, Buffer.alloc(size))) },
  {
    weight: 1,
    arbitrary: onStream(fc.constant(null), (id) => frame(FRAME.headers, WHOLE, id, literal('x-last', '1'))),
  },
  { weight: 1, arbitrary: onStream(fc.nat({ max: 14 }), (id, code) => reset(id, code)) },
  { weight: 5, arbitrary: onStream(INCREMENT, (id, by) => windowUpdate(id, by)) },
  {
    weight: 3,
    arbitrary: INCREMENT.map(
      (by): Make =>
        () => ({ bytes: windowUpdate(0, by) }),
    ),
  },
  {
    weight: 2,
    arbitrary: INCREMENT.map(
      (size): Make =>
        () => ({ bytes: settings([[SETTING.initialWindowSize, size]]) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constant((): ReturnType<Make> => ({ bytes: frame(FRAME.ping, 0, 0, Buffer.alloc(8, 7)) })),
  },
  {
    weight: 1,
    arbitrary: fc.constant((): ReturnType<Make> => ({ bytes: frame(FRAME.goaway, 0, 0, Buffer.alloc(8)) })),
  },
);

/** Frames that often end the connection. */
const ODD: fc.Arbitrary<Make> = fc.oneof(
  onStream(FLAGS, (id, flags) => frame(FRAME.headers, flags, id, literal('x-trailer', '1'))),
  onStream(FLAGS, (id, flags) => frame(FRAME.data, flags, id, Buffer.alloc(9, 2))),
  onStream(FLAGS, (id, flags) => frame(FRAME.continuation, flags, id, literal('x-more', '1'))),
  onStream(SIZE, (_, size) => frame(FRAME.data, 0, size, Buffer.alloc(9))),
  onStream(fc.nat({ max: 30 }), (id, on) => frame(FRAME.priority, 0, id, Buffer.concat([word(on), Buffer.from([9])]))),
  onStream(fc.constantFrom(0, 0x7fff_ffff, 0x8000_0001), (id, by) => windowUpdate(id, by)),
  onStream(fc.tuple(fc.nat({ max: 9 }), INCREMENT), (_, pair) => settings([pair])),
  onStream(fc.tuple(fc.nat({ max: 255 }), FLAGS, fc.uint8Array({ maxLength: 20 })), (id, [type, flags, octets]) =>
    frame(type, flags, id, Buffer.from(octets)),
  ),
);

const FRAMES = fc.oneof({ weight: 40, arbitrary: USUAL }, { weight: 1, arbitrary: ODD });

function onStream<T>(what: fc.Arbitrary<T>, make: (id: number, what: T) => Buffer): fc.Arbitrary<Make> {
  return fc.tuple(ANY_ID, what).map(
    ([idOf, value]): Make =>
      (place) => ({ bytes: make(idOf(place), value), needs: true }),
  );
}

function bytesOf(makes: readonly Make[]): Buffer {
  let opened = 0;
  const pieces = makes.map((make) => {
    // Before the first stream only what opens one, or belongs to none, is usual.
    const { bytes, opens = false, needs = false } = make({ opened });
    if (needs && opened === 0) return Buffer.alloc(0);
    if (opens) opened++;
    return bytes;
  });
  return Buffer.concat(pieces);
}

/** What happens to the octets of a run of frames. */
const HARM = fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: changeOf(40) });

/** A flood of frames, which comes about by chance, is an alert and no fault of the gateway's. */
const FAULT = /"level":"error"(?!,"event":"alert\.http2\.flood")|gateway\.fault/;

const CUTS = fc.array(fc.integer({ min: 1, max: 2_000 }), { maxLength: 6 });

for (const seed of SEEDS) {
  test(`any frames are answered by the rules, and the connection ends when its client ends it (seed ${seed})`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(FRAMES, { minLength: 5, maxLength: 60, size: 'max' }),
        HARM,
        CUTS,
        async (makes, change, cuts) => {
          const greeting = Buffer.concat([PREFACE, settings([]), frame(FRAME.settings, FLAG.ack, 0)]);
          const sound = bytesOf(makes);
          const bytes = Buffer.concat([greeting, change === null ? sound : changed(sound, change)]);
          const client = await FrameClient.connect(subject.address);
          client.silent = true;
          try {
            for (const piece of cutUp(bytes, cuts)) {
              const seen = client.frames.length;
              await client.send(piece);
              // What is answered now comes among the frames that follow.
              await client.signal.holds(() => client.closed || client.frames.length > seen, ANSWER_MS);
            }
            client.finish();
            assert.ok(await client.ended(END_MS), 'the connection has not ended');
            assert.deepEqual(new OutputModel(bytes).judge(client.frames), []);
            assert.doesNotMatch(subject.gateway.said(), FAULT);
          } finally {
            client.destroy();
          }
        },
      ),
      { seed, numRuns: RUNS, endOnFailure: false },
    );
    assert.ok(await servesOthers(subject));
  });
}

test('nothing of all that is left upstream', async () => {
  const { origin } = subject;
  assert.ok(await origin.signal.holds(() => origin.holding === 0));
});
