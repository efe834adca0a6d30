import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DescribedDocument, readDescription } from './description-document.ts';
import { createSecurityPlaces, securityPath, securityPlaces, type SecurityPlaces } from './security-places.ts';

const APIS = [{ name: 'one' }] as unknown as Parameters<typeof securityPlaces>[0];

function described(text: string, file: string): DescribedDocument {
  const read = readDescription(Buffer.from(text), file);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value;
}

/** As they are found in what was gathered. */
function placesOf({ json, file, securityPlaces: noted }: DescribedDocument): SecurityPlaces {
  const places = securityPlaces(APIS, new Map([['one', { securityPlaces: noted } as DescribedDocument]]));
  return createSecurityPlaces(
    () => (file === null ? null : { json, file }),
    (path) => places[path] ?? null,
  );
}

const SCHEMES = { o: { type: 'http', scheme: 'bearer' } };
const responses = { default: { description: 'ä' } };
const SECURITY = fc.constantFrom([], [{}], [{ o: [] }], undefined);
const DOCUMENT = fc
  .tuple(
    SECURITY,
    fc.uniqueArray(fc.constantFrom('/a', '/a/b', '/{x}', '/~', '/é', '/security'), { minLength: 1 }),
    fc.array(SECURITY, { minLength: 4, maxLength: 4 }),
    fc.boolean(),
  )
  .map(([whole, paths, own, isLast]) => {
    const operation = (index: number): unknown => {
      const security = own[index % own.length];
      return { ...(security === undefined ? {} : { security }), operationId: `o${index}`, responses };
    };
    const items = paths.map((path, at) => {
      const parameters = path.includes('{') ? [{ name: 'x', in: 'path', required: true, schema: {} }] : [];
      return [path, { parameters, get: operation(at * 2), post: operation(at * 2 + 1) }] as const;
    });
    const security = whole === undefined ? {} : { security: whole };
    const rest = {
      info: { title: 'é', version: '1' },
      paths: Object.fromEntries(items),
      components: { securitySchemes: SCHEMES },
    };
    return { openapi: '3.1.0', ...(isLast ? { ...rest, ...security } : { ...security, ...rest }) };
  });

test('of a description in JSON the same places are found as of the same text read as YAML', () => {
  fc.assert(
    fc.property(DOCUMENT, fc.constantFrom(1, 2), (document, indent) => {
      const text = JSON.stringify(document, null, indent);
      const [json, yaml] = [described(text, 'a.json'), described(text, 'a.yaml')];
      assert.deepEqual([json.file, yaml.file, json.securityPlaces.size], ['a.json', null, 0]);
      const [found, noted] = [placesOf(json), placesOf(yaml)];
      for (const operation of json.description.operations) {
        const place = noted('one', operation);
        assert.deepEqual(found('one', operation), place === null ? null : { ...place, file: 'a.json' });
      }
    }),
    { numRuns: 200 },
  );
});

test('lines are those of the document, whether it has a line break, letters of several bytes or a byte order mark', () => {
  const document = {
    openapi: '3.1.0',
    info: { title: 'é', version: '1' },
    security: [],
    paths: { '/é': { get: { responses } } },
  };
  const { json, file, description } = described(
    `\ufeff\n\n${JSON.stringify(document)}`,
    'https://x.example/a.json?key=secret',
  );
  assert.equal(file, 'https://x.example/a.json');
  const place = placesOf({ json, file, description, securityPlaces: new Map() })(
    'one',
    description.operations[0] as never,
  );
  const column = JSON.stringify(document).indexOf('"security"') + 1;
  assert.deepEqual(place, { file, line: 3, column });
});

test('a document is read when it is first asked for, and once', () => {
  const { json, description } = described(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'A', version: '1' },
      security: [],
      paths: { '/a': { get: { responses } } },
    }),
    'a.json',
  );
  const operation = description.operations[0] as (typeof description.operations)[number];
  let asked = 0;
  const places = createSecurityPlaces(
    () => {
      asked += 1;
      return { json, file: 'a.json' };
    },
    () => assert.fail('nothing was noted'),
  );
  assert.equal(asked, 0);
  const first = places('one', operation);
  Buffer.from(json).fill(' ');
  assert.deepEqual(places('one', operation), first);
});

test('an operation of which no place is known has none', () => {
  const places = createSecurityPlaces(
    () => null,
    (path) => (path === securityPath('one', 'get it') ? { file: 'a', line: 1, column: 1 } : null),
  );
  assert.equal(places('one', { id: 'other', pointer: '', security: [] }), null);
  assert.equal(places('one', { id: 'get it', pointer: '', security: [] })?.line, 1);
});
