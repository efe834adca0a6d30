import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undescribedMember } from './described-members.ts';

const DOCUMENT = {
  openapi: '3.1.0',
  components: {
    schemas: {
      order: {
        type: 'object',
        properties: {
          id: { type: 'integer' },
          items: { type: 'array', items: { $ref: '#/components/schemas/item' } },
          parent: { $ref: '#/components/schemas/order' },
          labels: { type: 'object', additionalProperties: { type: 'string' } },
          free: {},
          bag: { type: 'object' },
          closed: { type: 'object', additionalProperties: false },
          matching: { patternProperties: { '^x-': true } },
          ['__proto__']: { type: 'string' },
        },
      },
      item: {
        allOf: [
          { properties: { sku: { type: 'string' } } },
          { oneOf: [{ properties: { count: {} } }, { type: 'null' }] },
        ],
      },
      pet: {
        properties: { kind: {} },
        required: ['kind'],
        discriminator: { propertyName: 'kind', mapping: { cat: 'cat', dog: '#/components/schemas/dog' } },
      },
      cat: { allOf: [{ $ref: '#/components/schemas/pet' }, { properties: { lives: {} } }] },
      dog: { allOf: [{ $ref: '#/components/schemas/pet' }, { properties: { tricks: {} } }] },
    },
  },
};

function missing(schema: string, path: string): string | null {
  const found = undescribedMember(DOCUMENT, [`/components/schemas/${schema}`], path.split('.'));
  return found === null ? null : `${found.index}: ${found.known.join()}`;
}

test('names lead through references, lists, alternatives and recursion', () => {
  for (const path of ['id', 'items', 'items.sku', 'items.count', 'parent.parent.items.sku', '__proto__'])
    assert.equal(missing('order', path), null, path);
  assert.equal(missing('order', 'items.skew'), '1: count,sku');
  assert.match(missing('order', 'idd') ?? '', /^0: id,items,/);
  assert.match(missing('order', 'parent.constructor') ?? '', /^1: id/);
  assert.equal(missing('order', 'id.below'), '1: ');
});

test('what leaves room for any name has every name', () => {
  for (const path of ['labels.any', 'free.any.thing', 'bag.any', 'matching.y'])
    assert.equal(missing('order', path), null, path);
  assert.equal(missing('order', 'closed.any'), '1: ');
  assert.equal(undescribedMember(DOCUMENT, ['/components/schemas/order', '/components/schemas/item'], ['sku']), null);
});

test('what a discriminator leads to is described', () => {
  assert.equal(missing('pet', 'lives'), null);
  assert.equal(missing('pet', 'tricks'), null);
  assert.match(missing('pet', 'wings') ?? '', /^0: .*kind/);
});
