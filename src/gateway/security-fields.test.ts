import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combinations, fieldsOf } from './fixture.test.ts';
import {
  addSecurityFields,
  PLAIN_SECURITY_FIELDS,
  presenceOf,
  type ReplySetting,
  securityFieldsOf,
  STANDARD_SECURITY_FIELDS,
} from './security-fields.ts';

const PLAIN: ReplySetting = {
  status: 200,
  fields: null,
  tls: false,
  strictTransport: false,
  authenticated: false,
  wallMs: 0,
};
const NO_PAGE = "default-src 'none'; frame-ancestors 'none'";

function addedTo(setting: Partial<ReplySetting>, added: readonly string[] = []): Readonly<Record<string, string>> {
  const given = [...added];
  addSecurityFields(given, { ...PLAIN, ...setting });
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
    const setting = { ...PLAIN, status, fields: fieldsOf(...type, ...given), strictTransport, authenticated };
    const fields = [...added];
    addSecurityFields(fields, setting);
    const wanted = fields.slice(added.length).map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
    // Twice, since the second time they come from what was kept.
    const present = presenceOf(setting.fields, added);
    for (let time = 0; time < 2; time++)
      assert.equal(STANDARD_SECURITY_FIELDS.closing(added, present, setting), `\r\n${wanted.join('')}`);
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

test('an expiry that lies ahead says that a known caller may keep the reply; one that is over says nothing', () => {
  const wallMs = Date.parse('2026-11-23T05:00:00Z');
  const kept = (expires: string, own: readonly string[] = []): string | undefined =>
    addedTo({ fields: fieldsOf(['expires', expires]), authenticated: true, wallMs }, own)['cache-control'];
  assert.equal(kept('Mon, 23 Nov 2026 05:00:01 GMT'), undefined);
  for (const over of ['Mon, 23 Nov 2026 05:00:00 GMT', 'Thu, 01 Jan 1970 00:00:00 GMT', '0', '-1', ''])
    assert.equal(kept(over), 'no-store', over);
  assert.equal(kept('0', ['expires', 'Mon, 23 Nov 2026 05:00:01 GMT']), undefined, 'what a policy says counts');
});

for (const [name, value] of [
  ['pragma', 'no-cache'],
  ['surrogate-control', 'max-age=60'],
  ['cdn-cache-control', 'max-age=60'],
  ['vary', 'cookie'],
  ['last-modified', 'Mon, 23 Nov 2026 05:00:01 GMT'],
] as const) {
  test(`${name} does not say that the client of a known caller may keep the reply`, () => {
    const fields = fieldsOf([name, value]);
    assert.equal(addedTo({ fields, authenticated: true })['cache-control'], 'no-store');
  });
}

function saidBy(
  said: Readonly<Record<string, string | null>>,
  setting: Partial<ReplySetting> = {},
  added: readonly string[] = [],
): Readonly<Record<string, string>> {
  const fields = securityFieldsOf({ said, reports: false, override: false });
  assert.ok(fields !== null);
  const whole = { ...PLAIN, ...setting };
  const present = presenceOf(whole.fields, added);
  const lacking = fields.lacking(added, present, whole);
  const lines = lacking.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  for (let time = 0; time < 2; time++) assert.equal(fields.closing(added, present, whole), `\r\n${lines.join('')}`);
  return Object.fromEntries(
    lacking.flatMap((name, at) => (at % 2 === 0 ? [[name, lacking[at + 1] as string] as const] : [])),
  );
}

test('single fields take the place of the standard ones, or are left out, and others stay', () => {
  assert.deepEqual(saidBy({ 'x-frame-options': 'SAMEORIGIN', 'referrer-policy': null }), {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
    'content-security-policy': NO_PAGE,
  });
  assert.equal(securityFieldsOf(null), null);
  assert.equal(securityFieldsOf({ said: {}, reports: false, override: true }), STANDARD_SECURITY_FIELDS);
});

test('a content policy that is written down holds for pages too, and for what a 304 speaks of', () => {
  const own = { 'content-security-policy': "default-src 'self'" };
  for (const setting of [{ fields: fieldsOf(['content-type', 'text/html']) }, { status: 304 }, {}])
    assert.equal(saidBy(own, setting)['content-security-policy'], "default-src 'self'");
});

test('fields besides the standard ones are said once, by whomever', () => {
  const own = { 'permissions-policy': 'camera=()', 'cross-origin-resource-policy': 'same-origin' };
  assert.equal(saidBy(own)['permissions-policy'], 'camera=()');
  const fields = fieldsOf(['Permissions-Policy', 'camera=(self)']);
  assert.deepEqual(
    [saidBy(own, { fields })['permissions-policy'], saidBy(own, { fields })['cross-origin-resource-policy']],
    [undefined, 'same-origin'],
  );
  assert.equal(saidBy(own, {}, ['permissions-policy', 'x'])['permissions-policy'], undefined);
  fields.drop('permissions-policy');
  assert.equal(saidBy(own, { fields })['permissions-policy'], 'camera=()', 'a policy took it away');
});

test('a promise of https that is written down is given over TLS by whatever certificate, and never else', () => {
  const own = { 'strict-transport-security': 'max-age=60' };
  const said = (setting: Partial<ReplySetting>): string | undefined =>
    saidBy(own, setting)['strict-transport-security'];
  assert.deepEqual(
    [said({ tls: true }), said({ tls: false }), saidBy({}, { tls: true })['strict-transport-security']],
    ['max-age=60', undefined, undefined],
  );
});
