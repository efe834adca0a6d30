import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentFault } from './content-fault.ts';
import { parseBody } from './parsed-body.ts';

/** What is wrong with a form of one file of this type. */
function faultOf(type: string | null, content: Buffer | string): string | null {
  const head = ['--b', 'Content-Disposition: form-data; name="a"; filename="f"'];
  const lines = [...head, ...(type === null ? [] : [`Content-Type: ${type}`]), '', ''];
  const body = Buffer.concat([Buffer.from(lines.join('\r\n')), Buffer.from(content), Buffer.from('\r\n--b--')]);
  const read = parseBody('multipart/form-data; boundary=b', body);
  assert.ok(read.ok, read.ok ? '' : read.error.internal);
  return contentFault(read.value);
}

test('a part is held to what its own type says', () => {
  const png = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
  const program = Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(60)]);
  assert.equal(faultOf('image/png', png), null);
  assert.equal(faultOf('image/png', 'GIF89a'), 'other-format');
  assert.equal(faultOf('image/png', Buffer.concat([png, Buffer.from('<script>')])), 'active');
  assert.equal(faultOf('application/x-own', program), 'executable');
  assert.equal(faultOf('application/octet-stream', program), null);
  assert.equal(faultOf(null, program), null, 'nothing is said of it');
});

test('a part that is called text or JSON holds no NUL', () => {
  for (const type of ['text/plain', 'text/csv', 'application/json', 'application/problem+json']) {
    assert.equal(faultOf(type, 'caf\u00e9'), null);
    assert.equal(faultOf(type, Buffer.from('caf\xe9', 'latin1')), null, 'a charset that is like ASCII');
    assert.equal(faultOf(type, Buffer.from('text', 'utf16le')), 'other-format');
  }
});

test('a body that is read has no other content, and one that is not is held to its type', () => {
  for (const [type, text, fault] of [
    ['application/json', '{}', null],
    ['application/zip', 'PK', 'other-format'],
  ] as const) {
    const read = parseBody(type, Buffer.from(text));
    assert.ok(read.ok);
    assert.equal(contentFault(read.value), fault);
  }
});
