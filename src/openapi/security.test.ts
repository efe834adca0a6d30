import assert from 'node:assert/strict';
import { test } from 'node:test';
import { described, errorsOf, type Members, onlyOperation, warningsOf, withOperation } from './fixtures.test.ts';

const SCHEMES = {
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      login: { type: 'oauth2', flows: {} },
      bearer: { type: 'http', scheme: 'Bearer' },
      open: { type: 'openIdConnect', openIdConnectUrl: 'https://id.example/.well-known/openid-configuration' },
      certificate: { type: 'mutualTLS' },
      again: { $ref: '#/components/securitySchemes/bearer' },
      'x-note': 'none',
    },
  },
};

function securityOf(security: unknown, ofDocument?: unknown): unknown {
  const own = security === undefined ? {} : { security };
  const more = ofDocument === undefined ? SCHEMES : { ...SCHEMES, security: ofDocument };
  return onlyOperation(withOperation(own, more)).security;
}

test('the schemes come in order, by name', () => {
  assert.deepEqual(
    described(withOperation({}, SCHEMES)).securitySchemes.map((scheme) => ({ ...scheme, pointer: null })),
    [
      { pointer: null, name: 'key', type: 'apiKey', in: 'header', parameter: 'X-Key' },
      { pointer: null, name: 'login', type: 'oauth2' },
      { pointer: null, name: 'bearer', type: 'http', scheme: 'bearer' },
      {
        pointer: null,
        name: 'open',
        type: 'openIdConnect',
        url: 'https://id.example/.well-known/openid-configuration',
      },
      { pointer: null, name: 'certificate', type: 'mutualTLS' },
      { pointer: null, name: 'again', type: 'http', scheme: 'bearer' },
    ],
  );
});

test('alternatives are apart, and what is needed together is together', () => {
  assert.deepEqual(securityOf([{ login: ['read', 'write'], key: [] }, { bearer: [] }]), [
    [
      { scheme: 'login', scopes: ['read', 'write'] },
      { scheme: 'key', scopes: [] },
    ],
    [{ scheme: 'bearer', scopes: [] }],
  ]);
});

test('nothing said, nothing needed, and anybody let in are three things', () => {
  assert.equal(securityOf(undefined), null);
  assert.deepEqual(securityOf([]), []);
  assert.deepEqual(securityOf([{}]), [[]]);
});

test('what an operation says replaces what the document says', () => {
  const whole = [{ key: [] }];
  assert.deepEqual(securityOf(undefined, whole), [[{ scheme: 'key', scopes: [] }]]);
  assert.deepEqual(securityOf([], whole), []);
  assert.deepEqual(securityOf([{ bearer: [] }], whole), [[{ scheme: 'bearer', scopes: [] }]]);
});

test('requirements that cannot be read are refused', () => {
  const errors = (security: unknown): string => errorsOf(withOperation({ security }, SCHEMES)).join();
  assert.match(errors({}), /must be an array/);
  assert.match(errors(null), /must be an array/);
  assert.match(errors(['key']), /must be an object of security schemes/);
  assert.match(errors([{ key: 'read' }]), /array of scopes/);
  assert.match(errors([{ key: [1] }]), /array of scopes/);
  assert.match(errors([{ key: null }]), /array of scopes/);
  assert.match(errorsOf(withOperation({}, { ...SCHEMES, security: {} })).join(), /^\/security: must be an array/);
});

test('a scheme that is not in the document still counts with its scopes, and is told', () => {
  const document = withOperation({ security: [{ nobody: ['read'] }] });
  assert.deepEqual(onlyOperation(document).security, [[{ scheme: 'nobody', scopes: ['read'] }]]);
  assert.match(warningsOf(document).join(), /`nobody`, which is not in the document/);
});

test('schemes that are incomplete or of no known type are refused', () => {
  const errors = (scheme: unknown): string => {
    const more: Members = { components: { securitySchemes: { a: scheme } } };
    return errorsOf(withOperation({}, more)).join();
  };
  assert.match(errors({}), /no `type`/);
  assert.match(errors({ type: 'basic' }), /no type of security scheme/);
  assert.match(errors({ type: 7 }), /must be text/);
  assert.match(errors({ type: 'http' }), /no `scheme`/);
  assert.match(errors({ type: 'apiKey', in: 'body', name: 'a' }), /no place for a key/);
  assert.match(errors({ type: 'apiKey', in: 'header' }), /no `name`/);
  assert.match(errors({ type: 'openIdConnect' }), /no `openIdConnectUrl`/);
  assert.match(errors([]), /must be a security scheme/);
});
