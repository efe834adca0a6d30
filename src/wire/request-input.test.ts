import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BAD_HEADS, get, post } from './bad-heads.test.ts';
import { RequestInput } from './request-input.ts';

const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');

/** What reading gives where the text comes in such pieces: the paths that are asked for, then the fault or what is left. */
function readings(pieces: readonly string[]): readonly string[] {
  const input = new RequestInput();
  const seen: string[] = [];
  for (const piece of pieces) {
    input.add(bytesOf(piece));
    for (let reading = input.next(); reading !== null; reading = input.next()) {
      if (reading.fault !== null) return [...seen, reading.fault];
      seen.push(reading.path);
    }
  }
  return [...seen, `${input.length} left`];
}

/** Cuts a text at places given as shares of its length. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [0, ...places.map((place) => Math.floor(place * text.length)).toSorted((a, b) => a - b), text.length];
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

test('heads are read one behind the other, and what follows the last is left', () => {
  assert.deepEqual(readings([`${get('/a')}${get('/b')}GET /c`]), ['/a', '/b', '6 left']);
});

test('one empty line before each request line is passed over, a second one is not', () => {
  assert.deepEqual(readings([`\r\n${get('/a')}\r\n${get('/b')}`]), ['/a', '/b', '0 left']);
  assert.deepEqual(readings([`${get('/a')}\r\n\r\n${get('/b')}`]), ['/a', 'malformed-request-line']);
  assert.deepEqual(readings(['\r', '\n', '\r']), ['malformed-request-line']);
  assert.deepEqual(readings([`\r${get('/a')}`]), ['bare-line-break']);
  assert.deepEqual(readings(['\r']), ['1 left']);
});

test('how a text is cut into reads changes nothing of what is read', () => {
  const texts = [
    `\r\n${get('/a')}${get('/b', 'Accept: */*')}`,
    `${get('/a')}\r\n\r\n${get('/b')}`,
    ...BAD_HEADS.map(([, text]) => get('/a') + text),
  ];
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(share, { maxLength: 12 }), (text, places) => {
      assert.deepEqual(readings(cut(text, places)), readings([text]));
    }),
  );
});

test('a lent read that is one sound head leaves nothing, and one behind which more stands leaves a copy of that', () => {
  const input = new RequestInput();
  assert.equal(input.nextLent(bytesOf(get('/a')))?.path, '/a');
  assert.equal(input.length, 0);
  const lent = bytesOf(`${post('Content-Length: 5')}hello`);
  assert.equal(input.nextLent(lent)?.method, 'POST');
  lent.fill(0);
  assert.equal(input.bytes.toString('latin1'), 'hello');
});

test('nothing is taken of a lent read that is no whole, sound head', () => {
  const input = new RequestInput();
  for (const text of ['', '\r\n', get('/a').slice(0, -1), ...BAD_HEADS.map(([, bad]) => bad)]) {
    assert.equal(input.nextLent(bytesOf(text)), null);
    assert.equal(input.length, 0);
  }
});

test('an empty line before a lent head is the one that this head may have', () => {
  const input = new RequestInput();
  input.add(bytesOf('\r\n'));
  assert.equal(input.next(), null);
  assert.equal(input.nextLent(bytesOf(get('/a')))?.path, '/a');
  input.add(bytesOf(`\r\n${get('/b')}`));
  assert.deepEqual(input.next()?.fault, null);
});

test('a body is looked at and dropped as it is taken, and the next head is read behind it', () => {
  const input = new RequestInput();
  input.add(bytesOf(`${post('Content-Length: 5')}hello${get('/b')}`));
  assert.equal(input.next()?.fault, null);
  input.drop(5);
  const next = input.next();
  assert.ok(next?.fault === null && next.path === '/b');
});

test('all that is here can be given away, once', () => {
  const input = new RequestInput();
  input.add(bytesOf('GET /'));
  assert.equal(input.next(), null);
  assert.equal(input.takeAll().toString('latin1'), 'GET /');
  assert.equal(input.length, 0);
  input.add(bytesOf(get('/a')));
  assert.equal(input.next()?.fault, null);
});
