import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { jsonTexts, runJsonTextSuite, wantedOf } from './json-text-suite.ts';
import { type RecordedGateway, startDescribed } from './sent-bodies.ts';

const DESCRIPTION = {
  openapi: '3.1.1',
  info: { title: 'Notes', version: '1' },
  paths: {
    '/notes': {
      post: {
        requestBody: { required: true, content: { 'application/json': { schema: {} } } },
        responses: { 200: { description: 'taken' } },
      },
    },
  },
};

let scene: RecordedGateway;

before(async () => {
  scene = await startDescribed(DESCRIPTION);
});

after(() => scene?.stop());

/** Sends a body, and says whether it reached the upstream. */
async function reaches(body: Buffer, chunks?: readonly number[]): Promise<boolean> {
  const fields = [['Content-Type', 'application/json']] as const;
  const verdict = await scene.verdictOn({ path: '/notes', fields, body, ...(chunks && { chunks }) });
  assert.match(verdict, /^(?:200|400 (?:malformed|invalid)-body)$/);
  return verdict === '200';
}

test('the parser accepts and refuses what JSONTestSuite says, and what it leaves open as was decided', () => {
  const { total, ok, otherwise, wrong } = runJsonTextSuite();
  assert.deepEqual(wrong, []);
  assert.ok(total >= 340, `only ${total} texts`);
  assert.deepEqual([...otherwise.values()], [2]);
  assert.equal(ok + 2, total);
});

test('each text of JSONTestSuite reaches the upstream byte for byte, or no byte of it does', async () => {
  for (const text of jsonTexts()) assert.equal(await reaches(text.bytes), wantedOf(text).passes, text.name);
});

test('whatever JSON is sent, in whatever spelling and pieces, the upstream gets what was inspected or nothing', async () => {
  const spelling = fc.constantFrom(
    '1.0',
    '1e3',
    '-0',
    '1E+2',
    '9007199254740993',
    '0.1e-5',
    '"\\u0041"',
    '"\\/"',
    ' 7\t',
  );
  const value = fc.oneof(
    spelling,
    fc.json({ maxDepth: 3 }),
    fc.jsonValue({ maxDepth: 3 }).map((one) => JSON.stringify(one, null, 3)),
  );
  const broken = fc.tuple(value, fc.nat(), fc.constantFrom('', ',', '"', '}', '\\', '\u0000', '\ufeff'));
  const texts = fc.oneof(
    value,
    fc.array(value, { maxLength: 4 }).map((all) => `[${all.join(' ,\r\n')}]`),
    broken.map(
      ([text, at, by]) => text.slice(0, at % (text.length + 1)) + by + text.slice((at % (text.length + 1)) + 1),
    ),
  );
  await fc.assert(
    fc.asyncProperty(
      texts,
      fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
      async (text, chunks) => {
        const passed = await reaches(Buffer.from(text), chunks);
        // Nothing passes that another reader of JSON does not read.
        if (passed) assert.doesNotThrow(() => JSON.parse(text) as unknown, text);
      },
    ),
    { numRuns: 150, seed: 20_260_131 },
  );
});
