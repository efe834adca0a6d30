import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BodyLimits, DEFAULT_BODY_LIMITS, parseBody } from './index.ts';

test('no bytes are an empty body, with a content type or without', () => {
  for (const contentType of [undefined, 'application/json', 'text/plain', 'image/png']) {
    assert.deepEqual(read(contentType, ''), { kind: 'empty' });
  }
});

test('a body without a content type is not guessed at', () => {
  assert.deepEqual(fault(undefined, '{}'), { problem: 'unsupported-media-type', internal: 'content-type: missing' });
});

test('a content type without a single reading is refused, even without a body', () => {
  for (const body of ['{}', '']) {
    for (const contentType of [
      '',
      'json',
      'application/json garbage',
      '\tapplication/json',
      'application/json, text/plain',
    ]) {
      assert.deepEqual(fault(contentType, body), {
        problem: 'unsupported-media-type',
        internal: 'content-type: malformed',
      });
    }
  }
  assert.equal(fault('application/json; charset=utf-7', '{}').problem, 'unsupported-media-type');
  assert.equal(fault('application/json; charset=utf-8; charset=utf-16', '{}').problem, 'unsupported-media-type');
});

test('JSON is read for application/json, text/json and every +json type, in any case', () => {
  const types = [
    'application/json',
    'APPLICATION/JSON',
    'application/json; charset=utf-8',
    'text/json',
    'application/problem+json',
    'application/vnd.example.order.v2+JSON; profile="x"',
    'application/merge-patch+json',
    'image/example+json',
  ];
  for (const contentType of types) {
    const body = read(contentType, '[1]');
    assert.deepEqual(body, { kind: 'json', value: [1] });
  }
});

test('what only looks like JSON stays opaque', () => {
  for (const contentType of [
    'application/x-ndjson',
    'application/json-seq',
    'application/json5',
    'application/x+json5',
    'application/jsonp',
  ]) {
    assert.equal(read(contentType, '{}').kind, 'opaque');
  }
});

test('a form is read into its fields', () => {
  const body = read('application/x-www-form-urlencoded; charset=UTF-8', 'a=1&b=%C3%A9&a=2');
  assert.ok(body.kind === 'form');
  assert.deepEqual(
    [...body.fields],
    [
      ['a', ['1', '2']],
      ['b', ['é']],
    ],
  );
});

test('text is read as UTF-8', () => {
  assert.deepEqual(read('text/plain', 'Zoë'), { kind: 'text', text: 'Zoë' });
  assert.deepEqual(read('text/csv; header=present', 'a,b'), { kind: 'text', text: 'a,b' });
});

test('a format that nobody reads keeps its bytes and its type', () => {
  const bytes = Buffer.from([0xff, 0x00, 0xd8]);
  const body = parseBody('multipart/byteranges; boundary=x', bytes);
  assert.ok(body.ok && body.value.kind === 'opaque');
  assert.equal(body.value.bytes, bytes);
  assert.equal(body.value.mediaType.essence, 'multipart/byteranges');
  assert.equal(body.value.mediaType.parameters.get('boundary'), 'x');
});

test('form-data, mixed and related are read into their parts, which share the memory of the body', () => {
  const bytes = Buffer.from('--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n');
  for (const subtype of ['form-data', 'mixed', 'related']) {
    const body = parseBody(`multipart/${subtype}; boundary=x`, bytes);
    assert.ok(body.ok && body.value.kind === 'multipart', subtype);
    assert.deepEqual(
      body.value.parts.map(({ name }) => name),
      ['a'],
    );
    assert.equal(body.value.parts[0]?.bytes.buffer, bytes.buffer);
  }
});

test('a body that is not what its type says is refused, and the log is told where without a quote', () => {
  const cases = [
    ['application/json', '{"a":1,"a":2}', 'json: duplicate-key at byte 7'],
    ['application/json', '{"password":hunter2}', 'json: unexpected-byte at byte 12'],
    ['application/x-www-form-urlencoded', 'a=%zz', 'form: malformed-escape at byte 2'],
    ['text/plain', 'a\0', 'text: nul-byte at byte 1'],
    ['multipart/form-data', '--x--', 'multipart: bad-boundary at byte 0'],
    ['multipart/form-data; boundary=x', '--x\r\n\r\n--x--', 'multipart: no-blank-line at byte 5'],
    ['application/json; charset=us-ascii', '"é"', 'json: not us-ascii'],
    ['text/plain; charset="US-ASCII"', 'é', 'text: not us-ascii'],
  ] as const;
  for (const [contentType, body, internal] of cases) {
    assert.deepEqual(fault(contentType, body), { problem: 'malformed-body', internal });
  }
});

test('the limits given are the limits kept', () => {
  const json = { ...DEFAULT_BODY_LIMITS, json: { ...DEFAULT_BODY_LIMITS.json, depth: 1 } };
  const form = { ...DEFAULT_BODY_LIMITS, form: { pairs: 1 } };
  assert.equal(fault('application/json', '[[]]', json).internal, 'json: too-deep at byte 1');
  assert.equal(fault('application/x-www-form-urlencoded', 'a&b', form).internal, 'form: too-many-pairs at byte 2');
});

test('any bytes under any type are read or refused, never thrown at', () => {
  const types = ['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'application/xml', 'x'];
  fc.assert(
    fc.property(fc.constantFrom(undefined, ...types), fc.uint8Array(), (contentType, bytes) => {
      const parsed = parseBody(contentType, bytes);
      assert.equal(typeof parsed.ok, 'boolean');
    }),
    { numRuns: 2_000 },
  );
});

function read(contentType: string | undefined, body: string) {
  const parsed = parseBody(contentType, Buffer.from(body));
  assert.ok(parsed.ok);
  return parsed.value;
}

function fault(contentType: string | undefined, body: string, limits?: BodyLimits) {
  const parsed = parseBody(contentType, Buffer.from(body), limits);
  assert.ok(!parsed.ok);
  return parsed.error;
}
