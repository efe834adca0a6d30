import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeApi } from '../openapi/index.ts';
import { configuredOf } from './configured.ts';
import type { Gathered } from './gathered.ts';
import { packGathered, unpackGathered } from './parcel.ts';

const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'A', version: '1' },
  security: [{ oauth: ['things:read'] }],
  paths: {
    '/b': { get: { operationId: 'constructor', responses: {} } },
    '/a/{id}': {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
      put: {
        deprecated: true,
        requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
        security: [{ oauth: ['things:write', 'things:read'] }],
        responses: { 204: { description: 'x' } },
      },
    },
  },
  components: { securitySchemes: { oauth: { type: 'oauth2', flows: {} } } },
};

function shared(text: string): SharedArrayBuffer {
  const bytes = Buffer.from(text);
  const buffer = new SharedArrayBuffer(bytes.length);
  new Uint8Array(buffer).set(bytes);
  return buffer;
}

function gatheredOf(more: Partial<Gathered> = {}): Gathered {
  const described = describeApi(DOCUMENT, () => null);
  assert.ok(described.ok);
  const json = shared(JSON.stringify(DOCUMENT));
  const apis = ['one', 'two', 'byHand'].map((name) => ({ name }));
  return {
    revision: 3,
    hash: 'abc',
    file: '/portcullis.yaml',
    text: 'a secret remark',
    config: { apis } as unknown as Gathered['config'],
    descriptions: { one: described.value, two: described.value },
    documents: { one: json, two: json },
    documentFiles: { one: '/described.json', two: '/described.json' },
    files: { './ca.pem': Buffer.from('ca') },
    secrets: { 'env:KEY': Buffer.from('key') },
    places: { 'apis.one': { file: '/portcullis.yaml', line: 4, column: 2 } },
    warnings: [],
    ...more,
  };
}

const sent = (gathered: Gathered) => unpackGathered(structuredClone(packGathered(gathered)));

test('a parcel gives what the gathered data give', () => {
  const gathered = gatheredOf();
  const whole = configuredOf(gathered);
  const arrived = sent(gathered);
  for (const key of ['revision', 'hash', 'config', 'scopes'] as const) assert.deepEqual(arrived[key], whole[key], key);
  assert.deepEqual(Buffer.from(arrived.files['./ca.pem'] ?? []), gathered.files['./ca.pem']);
  assert.deepEqual(Buffer.from(arrived.secrets['env:KEY'] ?? []), gathered.secrets['env:KEY']);
  for (const api of ['one', 'two', 'byHand', 'constructor']) {
    const [ours, theirs] = [arrived, whole].map((configured) =>
      [...configured.operations(api)].map(({ described, ...head }) => ({ ...head, described: described() })),
    );
    assert.deepEqual(ours, theirs, api);
    assert.deepEqual(JSON.parse(JSON.stringify(arrived.document(api))), whole.document(api), api);
    for (const { described } of whole.operations(api)) {
      const place = whole.securityPlace(api, described());
      assert.deepEqual(arrived.securityPlace(api, described()), place, api);
      assert.equal(place?.file ?? null, described().security === null ? null : '/described.json');
    }
  }
  for (const path of ['apis.one', 'apis.two', 'constructor', '__proto__'])
    assert.deepEqual(arrived.place(path), whole.place(path), path);
  assert.deepEqual(arrived.scopes, ['things:read', 'things:write']);
});

test('what grows with the descriptions is shared and not copied, and the text stays behind', () => {
  const gathered = gatheredOf();
  const parcel = packGathered(gathered);
  assert.equal(parcel.descriptions['one']?.document?.parts.texts.bytes, gathered.documents['one']);
  assert.equal(parcel.descriptions['one'], parcel.descriptions['two']);
  const arrived = structuredClone(parcel);
  // A byte that is written here is read there.
  const bytes = Buffer.from(parcel.places.texts.bytes);
  bytes.write('9', bytes.indexOf('4'));
  assert.equal(unpackGathered(arrived).place('apis.one')?.line, 9);
  assert.doesNotMatch(JSON.stringify(parcel), /remark/);
});

test('gathered data are packed once for all threads, and APIs over one document share what is read of it', () => {
  const gathered = gatheredOf();
  const parcel = packGathered(gathered);
  const next = packGathered({ ...gathered, revision: 4 });
  assert.equal(next.revision, 4);
  for (const part of ['descriptions', 'scopes', 'places'] as const) assert.equal(next[part], parcel[part], part);
  const arrived = sent(gathered);
  assert.equal(arrived.document('one'), arrived.document('two'));
});

test('what was packed for one configuration is not taken for another over the same descriptions', () => {
  const gathered = gatheredOf();
  const parcel = packGathered(gathered);
  const moved = { apis: { file: '/etc/other.yaml', line: 3, column: 1 } };
  assert.notEqual(packGathered({ ...gathered, places: moved }).places, parcel.places);
  assert.equal(packGathered({ ...gathered, documents: {} }).descriptions['one']?.document, null);
  assert.notEqual(packGathered({ ...gathered, config: { ...gathered.config } }).scopes, parcel.scopes);
});

test('whoever reads all of it has the same document as whoever reads it in parts, as plain data', () => {
  const gathered = gatheredOf();
  const parcel = structuredClone(packGathered(gathered));
  const whole = unpackGathered(parcel, 'whole');
  assert.deepEqual(
    whole.document('one'),
    JSON.parse(Buffer.from(gathered.documents['one'] as SharedArrayBuffer).toString()),
  );
  assert.equal(whole.document('one'), whole.document('two'));
  assert.equal(whole.document('none'), null);
});

test('a description without its document has operations and no document', () => {
  const arrived = sent(gatheredOf({ documents: {} }));
  assert.equal([...arrived.operations('one')].length, 2);
  assert.equal(arrived.document('one'), null);
});

test('names of properties are packed where an API helps its clients, and nowhere else', () => {
  const gathered = gatheredOf();
  assert.equal(packGathered(gathered).descriptions['one']?.document?.propertyNames, null);
  const apis = [{ name: 'one', errors: 'helpful' }] as unknown as Gathered['config']['apis'];
  const helpful = packGathered({ ...gathered, config: { ...gathered.config, apis } });
  assert.notEqual(helpful.descriptions['one']?.document?.propertyNames, null);
});

test('replies are read apart from the rest, when somebody asks for them', () => {
  const parcel = packGathered(gatheredOf());
  const { responses } = parcel.descriptions['one'] ?? {};
  assert.ok(responses !== undefined);
  Buffer.from(responses.bytes).fill('#');
  const [operation] = unpackGathered(parcel).operations('one');
  const described = operation?.described();
  assert.equal(described?.id, 'constructor');
  assert.throws(() => described?.responses, SyntaxError);
});
