import assert from 'node:assert/strict';
import { test } from 'node:test';
import busboy from 'busboy';
import fc from 'fast-check';
import { Response as UndiciResponse } from 'undici';
import { parseBody, type Part } from '../../src/body/index.ts';
import { changed, changeOf, seedsOf } from './mutation.ts';

// Whatever the gateway reads of a form, other readers read alike: the same parts in the same order, with the same names,
// file names, types and bytes. They may refuse what it reads; they may not take it for something else.

const RUNS = 4_000;
const SEEDS = seedsOf(2);
const BOUNDARY = '----formdata-reading-0123456789ab';
const TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** What one reader takes a part for. */
interface ReadPart {
  readonly name: string;
  readonly fileName: string | null;
  readonly type: string | null;
  readonly bytes: string;
}

function ours(body: Buffer): readonly ReadPart[] | null {
  const read = parseBody(TYPE, body);
  if (!read.ok) return null;
  assert.ok(read.value.kind === 'multipart');
  return read.value.parts.map(toldOf);
}

function toldOf({ name, fileName, mediaType, bytes }: Part): ReadPart {
  const isFile = fileName !== null;
  assert.ok(name !== null);
  return { name, fileName, type: isFile ? mediaType.essence : null, bytes: hex(bytes) };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** What busboy reads, with names as UTF-8; it keeps the percent signs that browsers write for quotation marks. */
async function busboys(body: Buffer): Promise<readonly ReadPart[] | null> {
  const { promise, resolve } = Promise.withResolvers<readonly ReadPart[] | null>();
  const parts: ReadPart[] = [];
  const options = { headers: { 'content-type': TYPE }, defParamCharset: 'utf8', preservePath: true };
  const parser = busboy({ ...options, limits: { fieldNameSize: 1e6, fieldSize: 1e8, parts: 1e6, fields: 1e6 } });
  parser.on('field', (name, text) => parts.push({ name, fileName: null, type: null, bytes: hex(Buffer.from(text)) }));
  parser.on('file', (name, stream, { filename, mimeType }) => {
    const pieces: Buffer[] = [];
    const at = parts.push({ name, fileName: null, type: null, bytes: '' }) - 1;
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.on('end', () => {
      const fileName = filename?.replaceAll('%22', '"') ?? '';
      parts[at] = { name, fileName, type: mimeType, bytes: hex(Buffer.concat(pieces)) };
    });
  });
  parser.on('close', () => resolve(parts));
  parser.on('error', () => resolve(null));
  parser.end(body);
  return promise;
}

type FormDataReader = (body: Buffer) => Promise<Iterable<[string, unknown]>>;

const FORM_DATA = {
  undici: async (body) => {
    const response = new UndiciResponse(new Uint8Array(body), { headers: { 'content-type': TYPE } });
    return (await response.formData()) as unknown as Iterable<[string, unknown]>;
  },
  node: async (body) => {
    const response = new Response(new Uint8Array(body), { headers: { 'content-type': TYPE } });
    return (await response.formData()) as unknown as Iterable<[string, unknown]>;
  },
} satisfies Record<string, FormDataReader>;

async function formDatas(read: FormDataReader, body: Buffer): Promise<readonly ReadPart[] | null> {
  try {
    const parts: ReadPart[] = [];
    for (const [name, value] of await read(body)) {
      if (typeof value === 'string') parts.push({ name, fileName: null, type: null, bytes: hex(Buffer.from(value)) });
      else {
        const file = value as File;
        const type = file.type.split(';', 1)[0]?.trim() ?? '';
        parts.push({ name, fileName: file.name, type, bytes: hex(await file.bytes()) });
      }
    }
    return parts;
  } catch {
    return null;
  }
}

const lines = (...all: readonly string[]): string => all.join('\r\n');
const MESSAGES: readonly Buffer[] = [
  lines(
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="title"',
    '',
    'A title\r\nof two lines',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="photo"; filename="my %22best%22 photo.png"',
    'Content-Type: image/png',
    '',
    '\u0089PNG\r\n\u001a\n',
    `--${BOUNDARY}--`,
    '',
  ),
  lines(
    `--${BOUNDARY}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Disposition: form-data; name=naive',
    '',
    'été',
    `--${BOUNDARY}`,
    "Content-Disposition: form-data; name=file; filename=test.txt; filename*=utf-8''test.txt",
    'Content-Length: 0',
    '',
    '',
    `--${BOUNDARY}--`,
    '',
  ),
  lines(
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="a"',
    'Content-Transfer-Encoding: 8bit',
    '',
    '',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="a"; filename=""',
    'Content-Type: application/octet-stream',
    '',
    '',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; filename="日本.json"; name="b[]"',
    'content-type: application/json; charset=us-ascii',
    'X-Own: 1',
    '',
    '{"a":"--"}\r\n--',
    `--${BOUNDARY}--`,
  ),
].map((text) => Buffer.from(text));

/** What readers of forms are known to stumble over. */
const SNIPPETS: readonly string[] = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  ' ',
  '\t',
  '"',
  "'",
  '\\',
  '\\"',
  ';',
  '; ',
  ';;',
  '=',
  ',',
  ':',
  '--',
  '-',
  BOUNDARY,
  `--${BOUNDARY}`,
  `\r\n--${BOUNDARY}\r\n`,
  `\r\n--${BOUNDARY}--\r\n`,
  `\n--${BOUNDARY}`,
  'name="b"',
  'filename="c.php"',
  '; filename=c.php',
  "; filename*=utf-8''c.php",
  "; filename*=UTF-8'en'%c3%a9",
  "; name*=utf-8''x",
  '; filename*0="c"',
  '%22',
  '%00',
  '%0d%0a',
  '%2e%2e%2f',
  '../',
  '=?utf-8?B?YQ==?=',
  '\0',
  'é',
  '\ufeff',
  '\u0085',
  '\u00a0',
  '\u2028',
  'Content-Type: text/html\r\n',
  'Content-Disposition: form-data; name="x"\r\n',
  'Content-Transfer-Encoding: base64\r\n',
  'Content-Transfer-Encoding: quoted-printable\r\n',
  'Content-Length: 1\r\n',
  'Content-Type: multipart/mixed; boundary=x\r\n',
  'X: y\r\n',
  ' folded\r\n',
];

const SNIPPET_AT = fc.record({ at: fc.nat(), snippet: fc.constantFrom(...SNIPPETS), drop: fc.nat({ max: 3 }) });
const BODY = fc
  .tuple(fc.constantFrom(...MESSAGES), fc.array(SNIPPET_AT, { maxLength: 2 }), fc.array(changeOf(5), { maxLength: 1 }))
  .map(([message, snippets, changes]) => {
    let body = message;
    for (const { at, snippet, drop } of snippets) {
      const place = at % (body.length + 1);
      body = Buffer.concat([body.subarray(0, place), Buffer.from(snippet), body.subarray(place + drop)]);
    }
    return changes.reduce(changed, body);
  });

test('messages as clients write them are read by everybody, and alike', async () => {
  for (const message of MESSAGES) {
    const read = ours(message);
    assert.ok(read !== null, message.toString());
    assert.deepEqual(await busboys(message), read);
  }
});

const READERS: Readonly<Record<string, (body: Buffer) => Promise<readonly ReadPart[] | null>>> = {
  busboy: busboys,
  undici: async (body) => formDatas(FORM_DATA.undici, body),
  'FormData of Node': async (body) => formDatas(FORM_DATA.node, body),
};

for (const seed of SEEDS)
  for (const [reader, readBy] of Object.entries(READERS)) {
    test(`what the gateway reads of a form that is changed at random, ${reader} reads alike (seed ${seed})`, async () => {
      let read = 0;
      let compared = 0;
      await fc.assert(
        fc.asyncProperty(BODY, async (body) => {
          const mine = ours(body);
          if (mine === null) return;
          read++;
          const theirs = await readBy(body);
          if (theirs === null) return;
          compared++;
          assert.deepEqual(theirs, mine, JSON.stringify(body.toString('latin1')));
        }),
        { seed, numRuns: RUNS },
      );
      assert.ok(read > RUNS / 40 && read < RUNS, `${read} of ${RUNS} were read`);
      assert.ok(compared > read / 4, `${compared} of ${read} were read by both`);
    });
  }
