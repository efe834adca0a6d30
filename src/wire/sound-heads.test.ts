import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BAD_HEADS, get, head, HEAD_END, kilobytes, post } from './bad-heads.test.ts';
import { readReplyHead, readSoundReply } from './reply-head.ts';
import { newAuthorityMemory, readRequestHead, readSoundHead, type RequestHead } from './request-head.ts';

/** What can be seen of a head. */
function shown({ fields, ...rest }: Pick<RequestHead, 'fields'>): unknown {
  return { ...rest, fields: [...fields.entries()], kept: fields.keptLines() };
}

/** Reads by both ways and holds one against the other; true where the head is sound. */
function bothRead(text: string, behind: string): boolean {
  const bytes = Buffer.from(text + behind, 'latin1');
  const sound = readSoundHead(bytes, newAuthorityMemory());
  const end = bytes.indexOf(HEAD_END);
  const slow = end < 0 ? null : readRequestHead(bytes, end + 2, newAuthorityMemory());
  if (slow === null || slow.fault !== null) assert.equal(sound, null, JSON.stringify(text.slice(0, 200)));
  else assert.deepEqual(sound === null ? null : shown(sound), shown(slow), JSON.stringify(text.slice(0, 200)));
  return sound !== null;
}

const GOOD = [
  get('/'),
  get('/v1/%6frders?x[0]=1', 'Accept: */*', 'Connection: close, x-a', 'X-A: 1'),
  get('http://a.test/c'),
  head('OPTIONS * HTTP/1.1', 'Host: a'),
  head('GET / HTTP/1.0', 'Host: a', 'Connection: keep-alive'),
  post('Content-Length: 5'),
  post('Transfer-Encoding: chunked', 'Expect: 100-continue'),
  get('/c', `X: ${kilobytes(15)}`),
] as const;

test('no head that is refused is sound, whatever stands behind it', () => {
  for (const [, text] of BAD_HEADS) for (const behind of ['', '\r\n', get('/next')]) assert.ok(!bothRead(text, behind));
});

test('a sound head is what the slower reading makes of it, and what stands behind it changes nothing', () => {
  for (const text of GOOD) {
    for (const behind of ['', 'hello', '\r\n\r\n', '\n\0', get('/next')]) {
      assert.ok(bothRead(text, behind), text);
      const bytes = Buffer.from(text + behind, 'latin1');
      assert.equal(readSoundHead(bytes, newAuthorityMemory())?.bytes, text.length);
    }
  }
});

test('half a head is not sound, wherever it ends', () => {
  for (const text of GOOD.slice(0, 7)) {
    const bytes = Buffer.from(text, 'latin1');
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(readSoundHead(bytes.subarray(0, length), newAuthorityMemory()), null, `${length} of ${text}`);
    }
  }
});

test('no head is taken for whole by bytes that lie behind the part of the buffer that was read', () => {
  const whole = Buffer.from(get('/secret', 'Accept: */*'), 'latin1');
  for (let length = 0; length < whole.length; length++) {
    const part = whole.subarray(0, length);
    assert.equal(part.buffer, whole.buffer);
    assert.equal(readSoundHead(part, newAuthorityMemory()), null);
  }
});

const PIECES = fc.constantFrom(
  'GET / HTTP/1.1\r\n',
  'POST /a?b HTTP/1.1\r\n',
  'Host: a\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: close\r\n',
  'X: 1\r\n',
  ' folded\r\n',
  '\r\n',
  '\r',
  '\n',
  ':',
  'x',
  '\0',
);

test('both readings say the same of anything', () => {
  const texts = fc.array(PIECES, { maxLength: 10 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(texts, (text) => void bothRead(text, '')));
  fc.assert(fc.property(texts, (text) => void bothRead(`GET / HTTP/1.1\r\nHost: a\r\n${text}`, '\r\n\r\n')));
});

test('what one head held is not seen in the next', () => {
  const memory = newAuthorityMemory();
  const first = readSoundHead(Buffer.from(post('Content-Length: 5', 'Cookie: a=1')), memory);
  const kept = first === null ? null : shown(first);
  const second = readSoundHead(Buffer.from(head('GET /d HTTP/1.1', 'Host: b.test')), memory);
  assert.equal(second?.fields.size, 1);
  assert.deepEqual([second.framing.kind, second.authority.host, second.query], ['none', 'b.test', null]);
  assert.deepEqual(first === null ? null : shown(first), kept);
});

test('a host of the same length, or one that begins alike, is another host', () => {
  const memory = newAuthorityMemory();
  for (const host of ['aa.test', 'ab.test', 'aa.test', 'aa.tes2', 'aa.tes', 'aa.test', 'aa.test.aa', 'aa']) {
    assert.equal(readSoundHead(Buffer.from(head('GET / HTTP/1.1', `Host: ${host}`)), memory)?.authority.host, host);
  }
});

const REPLY = fc.constantFrom(
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 204 X\r\n',
  'HTTP/1.1 304 \r\n',
  'Content-Length: 3\r\n',
  'Content-Length: 0\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Connection: x-a, close\r\n',
  'Connection: keep-alive\r\n',
  'Keep-Alive: timeout=5\r\n',
  'X-A: \xe9\r\n',
  '\r\n',
  '\n',
  'abc',
);

test('both readings of a reply say the same of anything', () => {
  const text = fc.array(REPLY, { maxLength: 8 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.constantFrom('GET', 'HEAD'), fc.boolean(), (given, method, begun) => {
      const bytes = Buffer.from(begun ? `HTTP/1.1 200 OK\r\n${given}\r\n` : given, 'latin1');
      const sound = readSoundReply(bytes, method);
      const end = bytes.indexOf(HEAD_END);
      const slow = end < 0 ? null : readReplyHead(bytes, end + 2, method);
      if (slow === null || slow.fault !== null) assert.equal(sound, null);
      else assert.deepEqual(sound === null ? null : shown(sound), shown(slow));
    }),
  );
});
