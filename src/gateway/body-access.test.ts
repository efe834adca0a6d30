import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddedFields } from './added-fields.ts';
import { BodyAccess, viewOf } from './body-access.ts';
import type { BodyNeed } from './body-need.ts';

const JSON_FIELDS = new AddedFields(['content-type', 'application/json']);

function access(need: Partial<BodyNeed>): BodyAccess {
  const body = BodyAccess.of({
    whole: false,
    parsed: false,
    parsedObserver: null,
    wholeObserver: null,
    tap: false,
    start: false,
    ...need,
  });
  assert.ok(body !== null);
  return body;
}

test('a body that nobody reads has no access at all', () => {
  assert.equal(
    BodyAccess.of({ whole: false, parsed: false, parsedObserver: null, wholeObserver: null, tap: false, start: false }),
    null,
  );
  assert.throws(() => viewOf(null, 'tap', 'none'), /reads none asked for tap/);
});

test('a view that was not asked for beforehand throws, whatever else is read', () => {
  const body = access({ whole: true, parsed: true, tap: true });
  body.add([Buffer.from('{}')]);
  assert.equal(body.close(JSON_FIELDS), null);
  for (const use of ['tap', 'raw', 'parsed'] as const) {
    for (const asked of ['none', 'tap', 'raw', 'parsed'] as const) {
      if (use === asked) assert.doesNotThrow(() => viewOf(body, use, asked));
      else assert.throws(() => viewOf(body, use, asked), /asked for/);
    }
  }
});

test('nothing is whole or parsed before the body is closed', () => {
  const body = access({ whole: true, parsed: true });
  body.add([Buffer.from('{}')]);
  assert.equal(body.whole, null);
  assert.throws(() => body.view('raw'), /not whole/);
  assert.throws(() => body.view('parsed'), /not whole/);
});

test('a body is parsed once, and everybody gets the same value', () => {
  const body = access({ whole: true, parsed: true });
  body.add([Buffer.from('{"a":'), Buffer.from('1}')]);
  assert.equal(body.close(JSON_FIELDS), null);
  assert.equal(body.view('parsed').kind, 'json');
  assert.equal(body.view('parsed'), body.view('parsed'));
  assert.equal(body.view('raw'), body.whole);
});

test('what is collected is what came, however it was cut', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.nat(12_000).map((size) => new Uint8Array(size).fill(size & 255)),
    ),
  );
  fc.assert(
    fc.property(pieces, (given) => {
      const body = access({ whole: true });
      for (const piece of given) body.add([Buffer.from(piece)]);
      body.close(JSON_FIELDS);
      assert.deepEqual(body.whole, Buffer.concat(given));
      assert.equal(body.bytes, body.whole?.length);
    }),
    { numRuns: 200 },
  );
});

test('a body that comes byte by byte is not kept byte by byte', () => {
  const body = access({ whole: true });
  const shared = Buffer.alloc(1);
  for (let at = 0; at < 100_000; at++) {
    shared[0] = at & 255;
    // The piece is copied: its memory may be used again at once.
    body.add([shared]);
  }
  body.close(JSON_FIELDS);
  assert.ok(body.whole?.every((byte, at) => byte === (at & 255)));
});

test('an empty body is whole too', () => {
  const body = access({ whole: true, parsed: true });
  assert.equal(body.close(new AddedFields([])), null);
  assert.equal(body.whole?.length, 0);
  assert.deepEqual(body.view('parsed'), { kind: 'empty' });
});

test('a tap keeps the beginning and counts all', () => {
  const body = access({ tap: true });
  body.add([Buffer.alloc(10_000, 1), Buffer.alloc(10_000, 2)]);
  const { bytes, totalBytes, truncated } = body.view('tap');
  assert.deepEqual([bytes.length, totalBytes, truncated], [16_384, 20_000, true]);
  assert.deepEqual([bytes[9_999], bytes[10_000]], [1, 2]);
  assert.deepEqual(access({ whole: true }).view('tap').totalBytes, 0);
});

test('what can not be read is a fault, and a body that nobody parses is none', () => {
  const judge = (fields: readonly string[], text: string, parsed = true): string | undefined => {
    const body = access({ whole: true, parsed });
    body.add([Buffer.from(text)]);
    return body.close(new AddedFields(fields))?.problem;
  };
  assert.equal(judge(['content-type', 'application/json'], '{'), 'malformed-body');
  assert.equal(judge(['content-type', 'application/json'], '{', false), undefined);
  assert.equal(judge([], '{}'), 'unsupported-media-type');
  assert.equal(judge(['content-type', 'a/b', 'content-type', 'c/d'], 'x'), 'unsupported-media-type');
});

test('what was decoded takes the place of what was gathered', () => {
  const body = access({ whole: true, parsed: true });
  body.add([Buffer.from('packed')]);
  assert.equal(body.gather().toString(), 'packed');
  assert.equal(body.close(JSON_FIELDS, Buffer.from('[1]')), null);
  assert.equal(body.whole?.toString(), '[1]');
  assert.equal(body.view('parsed').kind, 'json');
  assert.equal(body.isLeft, false);
});

test('a body whose coding can not be undone is left as it came where all only observe, and is nowhere else', () => {
  const observed = access({ whole: true, parsed: true, parsedObserver: 'p', wholeObserver: 'p' });
  const bound = access({ whole: true, parsed: true, parsedObserver: 'p' });
  for (const body of [observed, bound]) {
    body.add([Buffer.from('packed')]);
    body.leave(body.gather());
    assert.throws(() => body.view('parsed'), /not whole/);
  }
  assert.deepEqual([observed.isLeft, observed.whole?.toString()], [true, 'packed']);
  assert.deepEqual([bound.isLeft, bound.whole], [false, null]);
});

test('of a body that another one took the place of nobody sees anything any more, also not by its tap', () => {
  const body = access({ whole: true, parsed: true, tap: true });
  body.add([Buffer.from('{"a":" sent "}')]);
  assert.equal(body.close(JSON_FIELDS), null);
  assert.equal(body.replace(JSON_FIELDS, Buffer.from('{"a":"sent"}')), null);
  const { bytes, totalBytes, truncated } = body.view('tap');
  assert.deepEqual([Buffer.from(bytes).toString(), totalBytes, truncated], ['{"a":"sent"}', 12, false]);
  assert.equal(body.view('raw').toString(), '{"a":"sent"}');
  assert.notEqual(body.replace(JSON_FIELDS, Buffer.from('{')), null);
  assert.equal(Buffer.from(body.view('tap').bytes).toString(), '{"a":"sent"}');
});
