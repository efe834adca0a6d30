import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type RecordedGateway, type SentMessage, startDescribed } from './sent-bodies.ts';

const BYTES = { schema: { type: 'string', format: 'binary' } };

const DESCRIPTION = {
  openapi: '3.1.1',
  info: { title: 'Files', version: '1' },
  paths: {
    '/files': {
      get: { responses: { 200: { description: 'all', content: { 'application/json': {} } } } },
      post: {
        requestBody: {
          required: true,
          content: { 'image/*': BYTES, 'application/pdf': BYTES, 'application/octet-stream': BYTES },
        },
        responses: { 200: { description: 'kept' } },
      },
    },
  },
};

let scene: RecordedGateway;

before(async () => {
  scene = await startDescribed(DESCRIPTION);
});

after(() => scene?.stop());

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
const GIF = Buffer.from('GIF89a\x01\0\x01\0', 'latin1');
const PHP = Buffer.from('<?php system($_GET[0]);');
const UNSUPPORTED = '415 unsupported-media-type';
const PROGRAM = Buffer.from('\x7fELF\x02\x01\x01\0', 'latin1');

function upload(type: string, body: Buffer, more: Partial<SentMessage> = {}): Promise<string> {
  return scene.verdictOn({ path: '/files', body, ...more, fields: [['Content-Type', type], ...(more.fields ?? [])] });
}

test('what is what it says reaches the upstream byte for byte', async () => {
  for (const [type, body] of [
    ['image/png', PNG],
    ['image/gif', GIF],
    ['image/x-own', Buffer.from('own')],
    ['application/pdf', Buffer.from('%PDF-1.7\n')],
    ['application/octet-stream', PROGRAM],
  ] as const) {
    assert.equal(await upload(type, body), '200', type);
  }
});

test('nothing of what is not reaches it, however it comes', async () => {
  const large = Buffer.concat([PNG, Buffer.alloc(200_000, 0x41), PHP]);
  for (const [type, body] of [
    ['image/png', GIF],
    ['image/png', PROGRAM],
    ['image/x-own', PROGRAM],
    ['application/pdf', PHP],
    ['image/gif', Buffer.concat([GIF, PHP])],
    ['image/png', large],
    ['image/svg+xml', Buffer.from('<svg onload="alert(1)"/>')],
  ] as const) {
    assert.equal(await upload(type, body), UNSUPPORTED, type);
    assert.equal(await upload(type, body, { chunks: [1, 2, 3, 50_000] }), UNSUPPORTED, type);
    const coded = gzipSync(body);
    const fields = [['Content-Encoding', 'gzip']] as const;
    // Much of the same packs better than a coded body may.
    if (body !== large) assert.equal(await upload(type, coded, { fields }), UNSUPPORTED, type);
  }
});

test('who takes no described reply is refused before the upstream is asked', async () => {
  const get = (...accept: readonly string[]): Promise<string> =>
    scene.verdictOn({ method: 'GET', path: '/files', fields: accept.map((one) => ['Accept', one]) });
  for (const accept of ['text/html', 'application/json;q=0', 'image/*, */*;q=0']) {
    assert.equal(await get(accept), '406 not-acceptable', accept);
  }
  for (const accept of ['application/json', 'text/html, */*;q=0.1', '*; q=.2']) {
    assert.equal(await get(accept), '200', accept);
  }
  assert.equal(await get('text/html', 'application/json'), '200', 'in lines of their own');
});
