import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { parseBody } from '../../src/body/index.ts';
import { type RecordedGateway, type SentMessage, startDescribed } from '../system/sent-bodies.ts';
import { changed, changeOf, seedsOf } from './mutation.ts';

// Whatever bytes come as a body, in whatever pieces: they are judged alike, and what is forwarded is what was judged.

const RUNS = 120;
const SEEDS = seedsOf(1);

const content = (type: string): object => ({
  post: { requestBody: { content: { [type]: { schema: {} } } }, responses: { 200: { description: 'taken' } } },
});
const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'any', version: '1' },
  paths: {
    '/json': content('application/json'),
    '/form': content('application/x-www-form-urlencoded'),
    '/text': content('text/plain'),
    '/parts': content('multipart/form-data'),
  },
};

let scene: RecordedGateway;

before(async () => {
  scene = await startDescribed(DESCRIPTION);
});

after(() => scene?.stop());

const JSON_TEXTS: readonly string[] = [
  '{"a":1,"b":[true,false,null,"\\u00e9\\ud83d\\ude00"],"c":{"__proto__":{"d":-0.5e-3}}}',
  '[{"name":"x","name2":"y"},{"name":"é😀","name2":""},9007199254740993,1e308]',
  '{"a":{"a":{"a":{"a":[[[["\\"\\\\\\/"]]]]}}},"":"\\n"}',
  '"plain"',
];
const CHANGES = fc.array(changeOf(6), { maxLength: 3 });
const JSON_BYTES = fc
  .tuple(fc.constantFrom(...JSON_TEXTS), CHANGES)
  .map(([text, changes]) => changes.reduce(changed, Buffer.from(text)));
const LENGTHS = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 });

/** The verdict on a message, after what reached the upstream was held against it. */
async function verdictOf(message: SentMessage, forwarded: Buffer): Promise<string> {
  const verdict = await scene.verdictOn(message, forwarded);
  assert.match(verdict, /^(?:200$|400 |413 |415 )/, `${message.path} ${message.body?.toString('hex')}`);
  return verdict;
}

/** A value as strings of its members say it, each name once: what JSON.parse hides by taking the last. */
function hasNameTwice(text: string): boolean {
  let members = 0;
  JSON.parse(text, function (this: unknown, key: string, value: unknown) {
    if (!Array.isArray(this) && key !== '') members++;
    return value;
  });
  const written = [...text.matchAll(/"(?:[^"\\]|\\.)*"[ \t\r\n]*:/g)].filter(([name]) => !name.startsWith('""'));
  return written.length !== members;
}

for (const seed of SEEDS)
  test(`JSON that is changed at random is refused, or forwarded byte for byte, however it is cut (seed ${seed})`, async () => {
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(JSON_BYTES, LENGTHS, async (body, chunks) => {
        const message: SentMessage = { path: '/json', fields: [['Content-Type', 'application/json']], body };
        const whole = await verdictOf(message, body);
        if (body.length > 0) {
          assert.equal(await verdictOf({ ...message, chunks }, body), whole);
          assert.equal(await verdictOf({ ...message, chunks, split: 'bytes' }, body), whole);
        }
        if (whole !== '200' || body.length === 0) return;
        passed++;
        const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
        assert.equal(hasNameTwice(text), false, text);
      }),
      { seed, numRuns: RUNS },
    );
    assert.ok(passed > RUNS / 20 && passed < RUNS, `${passed} of ${RUNS} passed`);
  });

const CODERS = {
  gzip: [zlib.gzipSync, zlib.gunzipSync],
  deflate: [zlib.deflateSync, zlib.inflateSync],
  br: [zlib.brotliCompressSync, zlib.brotliDecompressSync],
  zstd: [zlib.zstdCompressSync, zlib.zstdDecompressSync],
} as const;

for (const seed of SEEDS)
  test(`a coded body that is changed at random is refused, or forwarded as what it says (seed ${seed})`, async () => {
    const coding = fc.constantFrom('gzip', 'deflate', 'br', 'zstd');
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(
        coding,
        fc.constantFrom(...JSON_TEXTS),
        CHANGES,
        LENGTHS,
        async (name, plain, changes, chunks) => {
          const [code, decode] = CODERS[name];
          const body = changes.reduce(changed, code(plain));
          const fields = [
            ['Content-Type', 'application/json'],
            ['Content-Encoding', name],
          ] as const;
          let meant = Buffer.alloc(0);
          try {
            meant = decode(body, { maxOutputLength: 1_000_000 });
          } catch {
            // Then it has to be refused, and what is meant is not looked at.
          }
          const whole = await verdictOf({ path: '/json', fields, body }, meant);
          assert.equal(await verdictOf({ path: '/json', fields, body, chunks }, meant), whole);
          if (whole === '200') passed++;
        },
      ),
      { seed, numRuns: RUNS },
    );
    assert.ok(passed > RUNS / 20 && passed < RUNS, `${passed} of ${RUNS} passed`);
  });

for (const seed of SEEDS)
  test(`forms and texts that are changed at random are refused or forwarded byte for byte (seed ${seed})`, async () => {
    const texts = fc.constantFrom('a=1&b=%C3%A9+x&c=', 'a[b]=1&a[c]=2', 'é😀 text\r\n', 'a=%00&b=%25');
    const bytes = fc
      .tuple(texts, CHANGES)
      .map(([text, changes]) => changes.reduce(changed, Buffer.from(text)))
      .filter(({ length }) => length > 0);
    let passed = 0;
    const kind = fc.constantFrom(['/form', 'application/x-www-form-urlencoded'], ['/text', 'text/plain']);
    await fc.assert(
      fc.asyncProperty(kind, bytes, LENGTHS, async ([path = '', type = ''], body, chunks) => {
        const message: SentMessage = { path, fields: [['Content-Type', type]], body };
        const whole = await verdictOf(message, body);
        assert.equal(await verdictOf({ ...message, chunks }, body), whole);
        if (whole === '200') passed++;
      }),
      { seed, numRuns: RUNS },
    );
    assert.ok(passed > RUNS / 20 && passed < RUNS, `${passed} of ${RUNS} passed`);
  });

const PARTS = [
  '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n',
  '--b\r\nContent-Disposition: form-data; name="f"; filename="é.txt"\r\nContent-Type: text/plain\r\n\r\n\r\n\r\n--b--',
];

for (const seed of SEEDS)
  test(`forms of parts that are changed at random are refused or forwarded byte for byte (seed ${seed})`, async () => {
    const bytes = fc
      .tuple(fc.constantFrom(...PARTS), CHANGES)
      .map(([text, changes]) => changes.reduce(changed, Buffer.from(text)))
      .filter(({ length }) => length > 0);
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(bytes, LENGTHS, async (body, chunks) => {
        const fields = [['Content-Type', 'multipart/form-data; boundary=b']] as const;
        const whole = await verdictOf({ path: '/parts', fields, body }, body);
        assert.equal(await verdictOf({ path: '/parts', fields, body, chunks }, body), whole);
        if (whole === '200') passed++;
      }),
      { seed, numRuns: RUNS },
    );
    assert.ok(passed > RUNS / 20 && passed < RUNS, `${passed} of ${RUNS} passed`);
  });

for (const seed of SEEDS)
  test(`no bytes make a parser throw, and where they lie in memory does not matter (seed ${seed})`, () => {
    const type = fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'text/plain; charset=us-ascii',
      'image/png',
      'multipart/form-data; boundary=b',
      'multipart/mixed; boundary="b"',
      'application/json;charset="',
    );
    const bytes = fc.oneof(
      JSON_BYTES,
      fc.tuple(fc.constantFrom(...PARTS), CHANGES).map(([text, all]) => all.reduce(changed, Buffer.from(text))),
      fc.uint8Array({ maxLength: 64 }).map((octets) => Buffer.from(octets)),
    );
    fc.assert(
      fc.property(type, bytes, fc.nat({ max: 9 }), (contentType, body, offset) => {
        const alone = parseBody(contentType, Buffer.from(body));
        const room = Buffer.alloc(body.length + 2 * offset, '"');
        body.copy(room, offset);
        const within = parseBody(contentType, room.subarray(offset, offset + body.length));
        assert.deepEqual(within, alone);
      }),
      { seed, numRuns: 3_000 },
    );
  });
