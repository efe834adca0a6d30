import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combinations, fieldsOf } from './fixture.test.ts';
import {
  addSecurityFields,
  PLAIN_SECURITY_FIELDS,
  presenceOf,
  type ReplySetting,
  securityClosing,
} from './security-fields.ts';

const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

function addedTo(setting: Partial<ReplySetting>, added: readonly string[] = []): Readonly<Record<string, string>> {
  const given = [...added];
  addSecurityFields(given, { status: 200, fields: null, strictTransport: false, authenticated: false, ...setting });
  const names = given.filter((_, at) => at % 2 === 0);
  assert.equal(new Set(names).size, names.length, 'a field stands twice');
  return Object.fromEntries(names.map((name, at) => [name, given[at * 2 + 1] as string]));
}

const STANDARD = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': NO_PAGE,
};

test('a reply gets what it lacks', () => {
  assert.deepEqual(addedTo({ fields: fieldsOf(['content-type', 'application/json']) }), STANDARD);
  assert.deepEqual(addedTo({}), STANDARD);
});

for (const name of [...Object.keys(STANDARD), 'strict-transport-security', 'cache-control']) {
  test(`${name} is the upstream's where it says it, in whatever case`, () => {
    const fields = fieldsOf([name.toUpperCase(), 'of its own']);
    assert.equal(addedTo({ fields, strictTransport: true, authenticated: true })[name], undefined);
  });

  test(`${name} is a policy's where that says it`, () => {
    const added = addedTo({ strictTransport: true, authenticated: true }, [name, 'of its own']);
    assert.equal(added[name], 'of its own');
  });

  test(`${name} is added where a policy took the upstream's away`, () => {
    const fields = fieldsOf([name, 'of its own']);
    fields.drop(name);
    assert.ok(addedTo({ fields, strictTransport: true, authenticated: true })[name] !== undefined);
  });
}

test('only over TLS that others trust is https asked for, and without the hosts below', () => {
  assert.equal(addedTo({ strictTransport: true })['strict-transport-security'], 'max-age=63072000');
  assert.equal(addedTo({})['strict-transport-security'], undefined);
});

test('what is said to somebody who is known is not kept', () => {
  assert.equal(addedTo({ authenticated: true })['cache-control'], 'no-store');
  assert.equal(addedTo({})['cache-control'], undefined);
});

const PAGES = ['text/html', 'Text/HTML; charset=utf-8', 'application/xhtml+xml', 'text/html;charset=x'] as const;
const OTHERS = ['text/htmlx', 'application/json', 'text/plain', 'image/svg+xml', ''] as const;

for (const type of PAGES) {
  test(`the reply ${type} is a page, which says itself what it loads`, () => {
    assert.equal(addedTo({ fields: fieldsOf(['content-type', type]) })['content-security-policy'], undefined);
    assert.equal(addedTo({}, ['content-type', type])['content-security-policy'], undefined);
  });
}

for (const type of OTHERS) {
  test(`the reply ${type || 'without a type'} is no page`, () => {
    assert.equal(addedTo({ fields: fieldsOf(['content-type', type]) })['content-security-policy'], NO_PAGE);
  });
}

test('a type that a policy set is the one that counts', () => {
  const fields = fieldsOf(['content-type', 'application/json']);
  assert.equal(addedTo({ fields }, ['content-type', 'text/html'])['content-security-policy'], undefined);
});

test('a 304 speaks of a body that nobody here has seen, so no content policy is put on it', () => {
  assert.equal(addedTo({ status: 304 })['content-security-policy'], undefined);
  assert.equal(addedTo({ status: 304 })['x-content-type-options'], 'nosniff');
  assert.equal(addedTo({ status: 204 })['content-security-policy'], NO_PAGE);
});

test('the fields of the plain port are the standard ones', () => {
  const names = PLAIN_SECURITY_FIELDS.filter((_, at) => at % 2 === 0);
  assert.deepEqual(Object.fromEntries(names.map((name, at) => [name, PLAIN_SECURITY_FIELDS[at * 2 + 1]])), STANDARD);
});

test('as lines they are the same fields, for every reply', () => {
  const types = [[], [['content-type', 'text/html']], [['content-type', 'application/json']]] as [string, string][][];
  const own = [[], [['X-Frame-Options', 'SAMEORIGIN']], [['cache-control', 'public']]] as [string, string][][];
  const settings = combinations(
    types,
    own,
    [[], ['referrer-policy', 'origin']],
    [200, 304],
    [true, false],
    [true, false],
  );
  for (const [type, given, added, status, strictTransport, authenticated] of settings) {
    const setting = { status, fields: fieldsOf(...type, ...given), strictTransport, authenticated };
    const fields = [...added];
    addSecurityFields(fields, setting);
    const wanted = fields.slice(added.length).map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    // Twice, since the second time they come from what was kept.
    const present = presenceOf(setting.fields, added);
    for (let time = 0; time < 2; time++)
      assert.equal(securityClosing(added, present, setting), `\r\n${wanted.join('')}`);
  }
});

test('a page is one however its type is written, and nothing else is', () => {
  for (const [type, page] of [
    ['text/html', true],
    ['TEXT/HTML; charset=utf-8', true],
    ['Application/XHTML+xml', true],
    ['text/htmlx', false],
    ['text/plain', false],
    ['application/x', false],
    ['application/xhtml', false],
    ['', false],
  ] as const) {
    const policy = addedTo({ fields: fieldsOf(['content-type', type]) })['content-security-policy'];
    assert.equal(policy === undefined, page, type);
  }
});
