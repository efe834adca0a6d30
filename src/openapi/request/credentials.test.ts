import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiKeyNames } from './credentials.ts';

const DOCUMENT = {
  components: {
    securitySchemes: {
      query: { type: 'apiKey', in: 'query', name: 'api_key' },
      header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      referred: { $ref: '#/components/securitySchemes/query' },
      token: { type: 'http', scheme: 'bearer', in: 'query', name: 'never' },
    },
  },
};

function namesFor(...schemes: readonly string[]): readonly string[] {
  return apiKeyNames(DOCUMENT, [schemes.map((scheme) => ({ scheme, scopes: [] }))], 'query');
}

test('only API keys in the query, of schemes that the operation names, are names in the query', () => {
  assert.deepEqual(namesFor('query', 'header', 'token'), ['api_key']);
  assert.deepEqual(namesFor('referred'), ['api_key']);
  assert.deepEqual(namesFor('header'), []);
  assert.deepEqual(namesFor('nowhere', '__proto__'), []);
});

test('those in header fields are told by themselves', () => {
  const security = [[{ scheme: 'query', scopes: [] }], [{ scheme: 'header', scopes: [] }]];
  assert.deepEqual(apiKeyNames(DOCUMENT, security, 'header'), ['x-api-key']);
});

test('an operation or a document that says nothing of security names none', () => {
  assert.deepEqual(apiKeyNames(DOCUMENT, null, 'query'), []);
  assert.deepEqual(apiKeyNames(DOCUMENT, [], 'query'), []);
  assert.deepEqual(apiKeyNames({}, [[{ scheme: 'query', scopes: [] }]], 'query'), []);
});
