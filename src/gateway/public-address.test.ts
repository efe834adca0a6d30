import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AddressRules, mapPath, publicAddress, publicLinks, publicRefresh, REFUSED } from './public-address.ts';

const RULES: AddressRules = {
  pathPrefix: '',
  basePath: '/v1',
  upstreams: new Set(['127.0.0.1:3001', 'orders.internal:80', '[::1]:3001']),
  isPrivate: () => false,
  allow: null,
};
const TO = { host: 'api.acme.example', port: null };

function led(
  address: string,
  rules: Partial<AddressRules> = {},
  to: { host: string; port: number | null } = TO,
): string | null {
  const found = publicAddress(address, { ...RULES, ...rules }, to);
  return found === REFUSED ? null : found;
}

const LED: readonly (readonly [address: string, becomes: string])[] = [
  ['http://127.0.0.1:3001/x?a=b#c', '/v1/x?a=b#c'],
  ['http://127.0.0.1:3001', '/v1/'],
  ['http://127.0.0.1:3001?a', '/v1/?a'],
  ['HTTP://ORDERS.Internal./x', '/v1/x'],
  ['https://127.0.0.1:3001/x', '/v1/x'],
  ['http://orders.internal/x', '/v1/x'],
  ['http://orders.internal:80/x', '/v1/x'],
  ['//orders.internal/x', '/v1/x'],
  ['http://[::1]:3001/x', '/v1/x'],
  ['http://api.acme.example/x', '/v1/x'],
  ['http://api.acme.example/v1/x', '/v1/x'],
  ['https://api.acme.example/v1/x', 'https://api.acme.example/v1/x'],
  ['https://api.acme.example/x', '/v1/x'],
  ['//api.acme.example/x', '/v1/x'],
  ['/x', '/v1/x'],
  ['/', '/v1/'],
  ['/v1/x', '/v1/x'],
  ['/v1x', '/v1/v1x'],
  ['x/y', 'x/y'],
  ['?a=\\b', '?a=\\b'],
  ['#a', '#a'],
  ['', ''],
  ['https://id.acme.example/login?back=%2F', 'https://id.acme.example/login?back=%2F'],
  ['http://127.0.0.1:3002/x', 'http://127.0.0.1:3002/x'],
  ['acme-app:/callback?code=1', 'acme-app:/callback?code=1'],
];

for (const [address, becomes] of LED)
  test(`${address || 'nothing'} leads to ${becomes || 'nothing'}`, () => assert.equal(led(address), becomes));

const NOWHERE = [
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '\t//evil.example',
  'https:\\\\evil.example',
  'https:evil.example',
  'https:/evil.example',
  'https:///evil.example',
  'http://127.0.0.1:3001//evil.example',
  'http://127.0.0.1:3001/\\evil.example',
  'http://127.0.0.1:3001\\@evil.example',
  'http://127.0.0.1:3001@evil.example/',
  'http://user@api.acme.example/',
  'https://evil.example:99a/',
  'javascript:alert(1)',
  'JavaScript:alert(1)',
  'java\nscript:alert(1)',
  'data:text/html,x',
  'vbscript:x',
  'file:///etc/passwd',
  'view-source:https://x.example',
  '/x\x00',
];

for (const address of NOWHERE)
  test(`${JSON.stringify(address)} leads nowhere`, () => {
    assert.equal(led(address, { basePath: '' }), null);
  });

test('a path does not become a host where a prefix is taken off before it', () => {
  const rules = { pathPrefix: '/app', basePath: '' };
  assert.equal(led('/app//evil.example', rules), null);
  assert.equal(led('http://127.0.0.1:3001/app//evil.example', rules), null);
  assert.equal(led('/app/x', rules), '/x');
  assert.equal(led('/app', rules), '/');
  assert.equal(led('/apple', rules), '/apple');
});

test('where destinations are listed, others lead nowhere', () => {
  const allow = new Set(['https://id.acme.example', 'https://id.acme.example:8443', 'acme-app:']);
  assert.equal(led('https://id.acme.example/x', { allow }), 'https://id.acme.example/x');
  assert.equal(led('https://ID.acme.example:443/x', { allow }), 'https://ID.acme.example:443/x');
  assert.equal(led('https://id.acme.example:8443/x', { allow }), 'https://id.acme.example:8443/x');
  assert.equal(led('acme-app:/x', { allow }), 'acme-app:/x');
  assert.equal(led('/x', { allow }), '/v1/x');
  for (const other of [
    'http://id.acme.example/x',
    'https://id.acme.example.evil.example/',
    'https://evil.example/?https://id.acme.example',
    'https://id%2eacme.example/',
    'other-app:/x',
  ])
    assert.equal(led(other, { allow }), null, other);
});

test('the port that the request named is of its host, and another one is another server', () => {
  const to = { host: 'localhost', port: 8443 };
  assert.equal(led('http://localhost:8443/x', {}, to), '/v1/x');
  assert.equal(led('http://localhost/x', {}, to), '/v1/x');
  assert.equal(led('http://localhost:9000/x', {}, to), 'http://localhost:9000/x');
  assert.equal(led('http://api.acme.example:80/x'), '/v1/x');
});

test('where targets are found, an address of an inner network is one of them', () => {
  const isPrivate = (host: string): boolean => host === '10.0.0.7';
  assert.equal(led('http://10.0.0.7:8080/x', { isPrivate }), '/v1/x');
  assert.equal(led('http://10.0.0.8:8080/x', { isPrivate }), 'http://10.0.0.8:8080/x');
});

test('links lead as redirects do, and what is in quotes or leads elsewhere stays', () => {
  const value =
    '<http://127.0.0.1:3001/o?page=2>; rel="next"; title="<http://127.0.0.1:3001/x>", </o>; rel=first, <https://x.example/>; rel=help, <//y.example>';
  assert.equal(
    publicLinks(value, RULES, TO),
    '</v1/o?page=2>; rel="next"; title="<http://127.0.0.1:3001/x>", </v1/o>; rel=first, <https://x.example/>; rel=help, <//y.example>',
  );
});

test('a Refresh leads as a redirect does', () => {
  const refreshed = (value: string): string | null => {
    const found = publicRefresh(value, RULES, TO);
    return found === REFUSED ? null : found;
  };
  assert.equal(refreshed('5'), '5');
  assert.equal(refreshed('0; url=http://127.0.0.1:3001/x'), '0; url=/v1/x');
  assert.equal(refreshed('0;URL="/x"'), '0;URL="/v1/x"');
  assert.equal(refreshed('0;URL=" http://127.0.0.1:3001/x "'), '0;URL="/v1/x"');
  for (const value of [
    '0; url=//evil.example',
    "0, url = '\\\\evil.example'",
    '0;url=javascript:alert(1)',
    '0; //evil.example',
    '0; url=" //evil.example"',
    '0; url=" javascript:alert(1)"',
  ])
    assert.equal(refreshed(value), null, value);
});

test('no address that a browser takes to another host is made of one that names none', () => {
  const piece = fc.constantFrom(
    '/',
    '\\',
    '.',
    '..',
    'app',
    'v1',
    'evil.example',
    '@',
    ':',
    '?',
    '#',
    '%2f',
    '%5c',
    '\t',
    ' ',
    'http:',
    '127.0.0.1:3001',
    'api.acme.example',
  );
  const rules = fc.constantFrom<Partial<AddressRules>>(
    { basePath: '' },
    {},
    { pathPrefix: '/app', basePath: '' },
    { pathPrefix: '/app' },
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), rules, (pieces, each) => {
      const found = led(pieces.join(''), { ...each, allow: new Set() });
      if (found === null) return;
      assert.equal(URL.parse(found, 'https://api.acme.example/v1/here')?.host, 'api.acme.example', found);
    }),
    { numRuns: 20_000 },
  );
});

test('what has its public place already keeps it', () => {
  const places = { pathPrefix: '/app', basePath: '/v1' };
  fc.assert(
    fc.property(fc.webPath(), (path) => {
      const once = mapPath(path, places);
      if (once !== path) assert.equal(mapPath(once, places), once);
    }),
  );
});

test('quotes of a Link field that do not end hide no target, and are no work', () => {
  const links = (value: string): string => publicLinks(value, RULES, TO);
  const inside = '<http://127.0.0.1:3001/x>';
  const outside = links(inside);
  assert.notEqual(outside, inside);
  assert.equal(links(`${inside}; title="${inside}", ${inside}`), `${outside}; title="${inside}", ${outside}`);
  assert.equal(links(`${inside}; title="${inside}, ${inside}`), `${outside}; title="${outside}, ${outside}`);
  assert.equal(links(`"\\" ${inside}\\`), `"\\" ${outside}\\`);
  // Looked for from each of them, the end would take minutes.
  assert.equal(links(`"${'\\"'.repeat(500_000)}${inside}`).endsWith(outside), true);
});
