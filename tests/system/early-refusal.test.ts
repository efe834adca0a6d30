import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createOfflineKinds } from '../../src/main/kinds.ts';
import { gatherText, type InnerGateway, startInner } from './inner-gateway.ts';

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'Notes', version: '1' },
  paths: {
    '/notes': {
      post: {
        operationId: 'addNote',
        parameters: [{ name: 'draft', in: 'query', schema: { type: 'boolean' } }],
        requestBody: {
          required: true,
          content: { 'application/json': { schema: { type: 'object', properties: { text: { type: 'string' } } } } },
        },
        responses: { 200: { description: 'added' } },
      },
      delete: { operationId: 'dropNotes', responses: { 204: { description: 'dropped' } } },
    },
  },
};

let gateway: InnerGateway;

before(async () => {
  const text = `version: 1
apis: { notes: { openapi: ./notes.json, upstream: 'http://127.0.0.1:9', auth: public } }
`;
  gateway = await startInner(
    await gatherText(text, { 'notes.json': JSON.stringify(DESCRIPTION) }),
    createOfflineKinds(),
  );
});

after(() => gateway.stop());

/** Sends a head that announces a body, and no byte of the body; gives all that comes back. */
async function announce(target: string, fields: readonly string[]): Promise<string> {
  const socket = connect({ port: gateway.port, host: '127.0.0.1' });
  const lines = [...fields, 'host: notes.example', '', ''].join('\r\n');
  socket.write(`${target} HTTP/1.1\r\n${lines}`);
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
  while (!answer.includes('"instance"')) await once(socket, 'data');
  socket.destroy();
  return answer;
}

/** Ten megabytes, which are within the limit of a body. */
const LENGTH = 'content-length: 10000000';
const JSON_TYPE = 'content-type: application/json';

for (const [what, target, fields, status, code] of [
  ['a wrong parameter', 'POST /notes?draft=perhaps', [LENGTH, JSON_TYPE], 400, 'invalid-parameters'],
  ['a wrong parameter', 'POST /notes?debug=1', ['transfer-encoding: chunked', JSON_TYPE], 400, 'invalid-parameters'],
  ['a wrong content type', 'POST /notes', [LENGTH, 'content-type: text/plain'], 415, 'unsupported-media-type'],
  [
    'a wrong content type',
    'POST /notes',
    ['transfer-encoding: chunked', 'content-type: a/b'],
    415,
    'unsupported-media-type',
  ],
  ['no content type', 'POST /notes', [LENGTH], 415, 'unsupported-media-type'],
  [
    'an unknown coding',
    'POST /notes',
    [LENGTH, JSON_TYPE, 'content-encoding: compress'],
    415,
    'unsupported-media-type',
  ],
  ['a body that is not described', 'DELETE /notes', [LENGTH, JSON_TYPE], 400, 'invalid-body'],
] as const) {
  test(`${what} is refused before any byte of the body has come: ${code}, ${fields[0]}`, async () => {
    const answer = await announce(target, [...fields, 'expect: 100-continue']);
    // A client that waits to be told to go on is never told so.
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.match(answer, new RegExp(`"code":"${code}"`));
  });
}
