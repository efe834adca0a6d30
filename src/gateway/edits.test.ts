import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderFields } from '../wire/index.ts';
import { checkedHeaders, ReplyEdits, RequestEdits } from './edits.ts';

/** Fields as the codec reads them. */
function fieldsOf(...lines: readonly (readonly [string, string])[]): HeaderFields {
  let text = '';
  const words: number[] = [];
  for (const [name, value] of lines) {
    words.push(text.length | (name.length << 16), (text.length + name.length + 2) | (value.length << 16), 0);
    text += `${name}: ${value}\r\n`;
  }
  return new HeaderFields(text, words, { seen: -1, lengths: -1 });
}

const FRAMING = [
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'upgrade',
  'te',
  'trailer',
  'via',
  'x-request-id',
];

test('setting takes the place of all fields of a name, in any spelling', () => {
  const fields = fieldsOf(['X-One', 'a'], ['y', 'b'], ['x-one', 'c']);
  const edits = new RequestEdits(fields);
  edits.setHeader('X-ONE', 'd');
  edits.setHeader('x-one', 'e');
  assert.equal(fields.keptLines(), 'y: b\r\n');
  assert.deepEqual(edits.added, ['x-one', 'e']);
});

test('what is edited for the upstream stays readable as it came', () => {
  const fields = fieldsOf(['authorization', 'Bearer a'], ['y', 'b']);
  new RequestEdits(fields).removeHeader('authorization');
  assert.equal(fields.get('authorization'), 'Bearer a');
  assert.equal(fields.has('authorization'), true);
  assert.equal(fields.keptLines(), 'y: b\r\n');
});

test('appending keeps what there is, removing takes what was appended', () => {
  const edits = new ReplyEdits(fieldsOf(['vary', 'a']), ['x', 'y']);
  edits.appendHeader('Vary', 'b');
  edits.appendHeader('vary', 'c');
  assert.deepEqual(edits.added, ['x', 'y', 'vary', 'b', 'vary', 'c']);
  edits.removeHeader('VARY');
  assert.deepEqual(edits.added, ['x', 'y']);
});

test('no name or value can break a line', () => {
  const edits = new ReplyEdits(null, []);
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'a\n', 'ä', 'a_b', 'a\0', `${'a'.repeat(257)}`]) {
    assert.throws(() => edits.setHeader(name, 'v'), TypeError, JSON.stringify(name));
    // Upstreams write underscores, so that fields with such names can be taken out.
    if (name !== 'a_b') assert.throws(() => edits.removeHeader(name), TypeError);
  }
  assert.throws(() => edits.removeHeader('content_length'), TypeError);
  for (const value of ['a\r\nb: c', 'a\n', 'a\r', 'a\0', '\x7f', ' a', 'a ', 'ā', 'a'.repeat(8_193)]) {
    assert.throws(() => edits.setHeader('a', value), TypeError, JSON.stringify(value));
    assert.throws(() => edits.appendHeader('a', value), TypeError);
    assert.throws(() => checkedHeaders([['a', value]]), TypeError);
  }
  assert.deepEqual(edits.added, []);
  edits.setHeader('a', '');
  edits.setHeader('b', 'x\ty é');
  assert.deepEqual(edits.added, ['a', '', 'b', 'x\ty é']);
});

test('a value that is refused is not repeated', () => {
  assert.throws(
    () => checkedHeaders([['a', 'hush\n']]),
    (fault: Error) => !fault.message.includes('hush'),
  );
});

test('a setting that fails changes nothing', () => {
  const fields = fieldsOf(['a', 'b']);
  assert.throws(() => new RequestEdits(fields).setHeader('a', 'x\n'), TypeError);
  assert.equal(fields.keptLines(), 'a: b\r\n');
});

test('framing is out of reach in every direction and spelling', () => {
  const requests = new RequestEdits(fieldsOf(['a', 'b']));
  const replies = new ReplyEdits(null, []);
  for (const name of FRAMING) {
    for (const text of [name, name.toUpperCase()]) {
      for (const edits of [requests, replies]) {
        assert.throws(() => edits.setHeader(text, '1'), TypeError);
        assert.throws(() => edits.appendHeader(text, '1'), TypeError);
        assert.throws(() => edits.removeHeader(text), TypeError);
      }
      assert.throws(() => checkedHeaders([[text, '1']]), TypeError);
    }
  }
});

test('what the gateway itself says to an upstream can not be said by a policy', () => {
  const edits = new RequestEdits(fieldsOf());
  const connection = ['x-forwarded-for', 'x-forwarded-host', 'X-Forwarded-Proto', 'forwarded', 'expect'];
  const caller = ['X-Portcullis-Subject', 'x-portcullis-roles', 'x-portcullis-tenant'];
  for (const name of [...connection, ...caller, 'traceparent', 'tracestate']) {
    for (const edit of [edits.setHeader, edits.appendHeader, edits.removeHeader])
      assert.throws(() => edit.call(edits, name, '1'), TypeError);
  }
  edits.setHeader('x-portcullis-plan', 'gold');
  assert.deepEqual(edits.added, ['x-portcullis-plan', 'gold']);
});

test('a date is not edited, but a reply that was kept has the one it was made with', () => {
  assert.throws(() => new ReplyEdits(null, []).setHeader('date', 'x'), TypeError);
  assert.deepEqual(checkedHeaders([['Date', 'x']]), ['date', 'x']);
});

test('only a step that reads the body replaces it, and what was true of the old one goes', () => {
  const fields = fieldsOf(['etag', '"a"'], ['content-type', 'x/y'], ['content-digest', 'd']);
  const edits = new ReplyEdits(fields, []);
  assert.throws(() => edits.replaceBody(Uint8Array.of(1)), TypeError);
  assert.equal(edits.takeBody(), null);
  edits.readsBody = true;
  const bytes = Uint8Array.of(1, 2);
  edits.replaceBody(bytes);
  bytes.fill(9);
  assert.deepEqual(edits.takeBody(), Buffer.of(1, 2));
  assert.equal(edits.takeBody(), null);
  assert.equal(fields.keptLines(), 'content-type: x/y\r\n');
});

test('a name that may be written in one direction is refused in the other, however often it was written', () => {
  for (let time = 0; time < 3; time++) {
    new RequestEdits(fieldsOf()).setHeader('Date', 'x');
    assert.throws(() => new ReplyEdits(null, []).setHeader('Date', 'x'), TypeError);
    new ReplyEdits(null, []).setHeader('X-Forwarded-For', 'x');
    assert.throws(() => new RequestEdits(fieldsOf()).setHeader('X-Forwarded-For', 'x'), TypeError);
  }
});

test('a value that fits makes none fit that differs from it, under its name or elsewhere', () => {
  const [requests, replies] = [new RequestEdits(fieldsOf()), new ReplyEdits(null, [])];
  for (const value of ['v', 'v'.repeat(300), '']) {
    for (let time = 0; time < 2; time++) {
      requests.setHeader('x-kept', value);
      replies.appendHeader('x-kept', value);
      assert.deepEqual(checkedHeaders([['X-Kept', value]]), ['x-kept', value]);
      for (const unfit of [`${value}\n`, `\r\n${value}`, `${value.slice(1)}\0`, `${value.slice(1)} `]) {
        assert.throws(() => requests.setHeader('x-kept', unfit), TypeError);
        assert.throws(() => replies.appendHeader('x-kept', unfit), TypeError);
        assert.throws(() => checkedHeaders([['X-Kept', unfit]]), TypeError);
      }
      assert.throws(() => replies.setHeader('x kept', value), TypeError);
    }
  }
  assert.deepEqual(requests.added, ['x-kept', '']);
});

test('more names can be written than are remembered', () => {
  const edits = new ReplyEdits(null, []);
  for (let at = 0; at < 600; at++) edits.setHeader(`X-Name-${at % 300}`, String(at));
  assert.equal(edits.added.length, 600);
  assert.throws(() => edits.setHeader('x name', 'v'), TypeError);
});

test('a value is made of visible characters and obs-text, with blanks between them alone', () => {
  for (let code = 0; code < 0x180; code++) {
    const character = String.fromCharCode(code);
    const holds = code === 0x09 || (code >= 0x20 && code !== 0x7f && code <= 0xff);
    const isBlank = [0x09, 0x20, 0xa0].includes(code);
    for (const [value, fits] of [
      [`a${character}b`, holds],
      [`${character}b`, holds && !isBlank],
      [`a${character}`, holds && !isBlank],
      [character, holds && !isBlank],
    ] as const) {
      const write = (): void => new ReplyEdits(null, []).setHeader('x', value);
      if (fits) write();
      else assert.throws(write, TypeError, JSON.stringify(value));
    }
  }
  new ReplyEdits(null, []).setHeader('x', '');
  new ReplyEdits(null, []).setHeader('x', 'v'.repeat(8_192));
  assert.throws(() => new ReplyEdits(null, []).setHeader('x', 'v'.repeat(8_193)), TypeError);
});

test('another path, query or host goes upstream in canonical form only', () => {
  const edits = new RequestEdits(fieldsOf());
  for (const path of [
    '',
    'x',
    '//x',
    '/a/../b',
    '/a/.',
    '/a%2Fb',
    '/a?b',
    '/a#b',
    '/a b',
    '/a;b',
    '/%41',
    '/a\r\nb',
    '/ä',
  ])
    assert.throws(() => edits.setPath(path), TypeError, JSON.stringify(path));
  for (const query of ['a b', 'a#b', '%41', 'a\r\nb', '_method=DELETE', 'a=1&_method', 'ä', '%00'])
    assert.throws(() => edits.setQuery(query), TypeError, JSON.stringify(query));
  for (const host of [
    '',
    'a b',
    'A.example',
    'a.example.',
    'u@a.example',
    'a.example/x',
    'a.example:x',
    'a\r\nb',
    '[::0]',
  ])
    assert.throws(() => edits.setHost(host), TypeError, JSON.stringify(host));
  assert.deepEqual([edits.path, edits.query, edits.host], [null, undefined, null]);
  edits.setPath('/a/b%2525/');
  edits.setQuery('a=1&b');
  edits.setHost('[::1]:8080');
  assert.deepEqual([edits.path, edits.query, edits.host], ['/a/b%2525/', 'a=1&b', '[::1]:8080']);
  edits.setQuery(null);
  assert.equal(edits.query, null);
  edits.setQuery('');
  assert.equal(edits.query, '');
});
