import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CookieRules, hardenCookie } from './set-cookie.ts';

const RULES: CookieRules = {
  readable: new Set(['XSRF-TOKEN', '__Http-readable']),
  crossSite: new Set(['embed']),
  upstreamHosts: new Set(['orders.internal', 'localhost', '10.0.0.7']),
  places: { pathPrefix: '', basePath: '' },
};
const HOST = 'api.acme.example';

function hardened(value: string, { host = HOST, tls = true, rules = RULES } = {}): string | null {
  return hardenCookie(value, rules, { host, tls });
}

const ALL = 'HttpOnly; Secure; SameSite=Lax';

const KEPT: readonly (readonly [what: string, value: string, becomes: string])[] = [
  ['one that lacks all', 'sid=1', `sid=1; ${ALL}`],
  [
    'one that has all',
    'sid=1; path=/; httponly; SECURE; samesite=strict',
    'sid=1; Path=/; HttpOnly; Secure; SameSite=Strict',
  ],
  ['attributes that say no', 'sid=1; HttpOnly=false; Secure=0', `sid=1; ${ALL}`],
  ['an empty value', 'sid=; Max-Age=0', `sid=; Max-Age=0; ${ALL}`],
  ['a value with an equals sign and quotes', 'sid="a=b"; Path=/x', `sid="a=b"; Path=/x; ${ALL}`],
  ['blanks and empty attributes', ' sid \t=  1 ;; ; Path = /x ;', `sid=1; Path=/x; ${ALL}`],
  [
    'what others say',
    'sid=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Partitioned; Priority=High',
    `sid=1; Expires=Wed, 09 Jun 2027 10:18:14 GMT; Partitioned; Priority=High; ${ALL}`,
  ],
  ['an unknown SameSite', 'sid=1; SameSite=Sometimes', `sid=1; ${ALL}`],
  ['a SameSite that a later one undoes', 'sid=1; SameSite=None; SameSite=x', `sid=1; ${ALL}`],
  ['None without Secure', 'sid=1; SameSite=None', 'sid=1; HttpOnly; Secure; SameSite=None'],
  ['one that scripts read', 'XSRF-TOKEN=t', 'XSRF-TOKEN=t; Secure; SameSite=Lax'],
  ['one like it', 'xsrf-token=t', `xsrf-token=t; ${ALL}`],
  ['one that other sites send', 'embed=1', 'embed=1; HttpOnly; Secure; SameSite=None'],
  ['the same that says Strict', 'embed=1; SameSite=Strict', 'embed=1; HttpOnly; Secure; SameSite=Strict'],
  ['a Domain above the host', 'sid=1; Domain=.Acme.Example', `sid=1; Domain=acme.example; ${ALL}`],
  ['the host itself', `sid=1; Domain=${HOST}`, `sid=1; Domain=${HOST}; ${ALL}`],
  ['an empty Domain', 'sid=1; Domain=', `sid=1; ${ALL}`],
  ['the upstream’s own name', 'sid=1; Domain=orders.internal', `sid=1; ${ALL}`],
  ['the upstream’s own name, of one label', 'sid=1; Domain=localhost', `sid=1; ${ALL}`],
  ['the last of two Domains', 'sid=1; Domain=evil.example; Domain=acme.example', `sid=1; Domain=acme.example; ${ALL}`],
  ['a Path that is none', 'sid=1; Path=orders', `sid=1; ${ALL}`],
  ['an attribute that is too long', `sid=1; Path=/${'a'.repeat(1_024)}`, `sid=1; ${ALL}`],
  ['a promise that is kept', '__Host-sid=1; Path=/; Secure', `__Host-sid=1; Path=/; ${ALL}`],
  ['a promise that Secure keeps', '__Secure-sid=1', `__Secure-sid=1; ${ALL}`],
  ['a promise against scripts', '__Http-readable=1', `__Http-readable=1; ${ALL}`],
  ['the largest', `a=${'x'.repeat(4_095)}`, `a=${'x'.repeat(4_095)}; ${ALL}`],
];

for (const [what, value, becomes] of KEPT) {
  test(`a cookie of replies: ${what}`, () => assert.equal(hardened(value), becomes));
}

const REFUSED: readonly (readonly [what: string, value: string])[] = [
  ['without a name', '=1'],
  ['of a value alone, which could pass for another', '__Host-sid'],
  ['of nothing', ''],
  ['of attributes alone', '; Secure'],
  ['with a control byte', 'sid=1\x01; Secure'],
  ['with a delete', 'sid=1; Path=/\x7f'],
  ['that is too large', `a=${'x'.repeat(4_096)}`],
  ['for another host', 'sid=1; Domain=evil.example'],
  ['for a host below', `sid=1; Domain=x.${HOST}`],
  ['for a host that only ends alike', 'sid=1; Domain=me.example'],
  ['for all hosts of a label', 'sid=1; Domain=example'],
  ['for all hosts of a label, with a dot', 'sid=1; Domain=.example.'],
  ['for the last Domain of two', 'sid=1; Domain=acme.example; Domain=evil.example'],
  ['for a Domain of dots', 'sid=1; Domain=..acme.example'],
  ['of a host with a Domain', `__Host-sid=1; Path=/; Domain=${HOST}`],
  ['of a host in another case with a Domain', `__hOsT-sid=1; Path=/; Domain=${HOST}`],
  ['of a host without a Path', '__Host-sid=1'],
  ['of a host with a Path below', '__Host-sid=1; Path=/; Path=/x'],
  ['by which an upstream would give out sessions', '__Host-portcullis-session=1; Path=/; Secure'],
  ['of that kind in another case', '__host-PORTCULLIS-login-x=1; Path=/; Secure'],
];

for (const [what, value] of REFUSED) {
  test(`a cookie ${what} is taken out`, () => assert.equal(hardened(value), null));
}

test('without TLS nothing becomes Secure, and what must be is taken out', () => {
  assert.equal(hardened('sid=1', { tls: false }), 'sid=1; HttpOnly; SameSite=Lax');
  assert.equal(hardened('sid=1; SameSite=None', { tls: false }), 'sid=1; HttpOnly; SameSite=Lax');
  assert.equal(hardened('sid=1; Secure; SameSite=None', { tls: false }), 'sid=1; HttpOnly; Secure; SameSite=None');
  for (const name of ['__Secure-a', '__Host-a', '__secure-a', '__Http-a', '__Host-Http-a'])
    assert.equal(hardened(`${name}=1; Path=/`, { tls: false }), null, name);
});

test('a host that is an address, or one label, has no Domain but itself', () => {
  assert.equal(hardened('sid=1; Domain=127.0.0.1', { host: '127.0.0.1' }), `sid=1; ${ALL}`);
  assert.equal(hardened('sid=1; Domain=0.1', { host: '127.0.0.1' }), null);
  assert.equal(hardened('sid=1; Domain=localhost', { host: 'localhost' }), `sid=1; ${ALL}`);
  assert.equal(hardened('sid=1; Domain=[::1]', { host: '[::1]' }), `sid=1; ${ALL}`);
});

test('a path of the upstream gets its public place, and the whole host stays the whole host', () => {
  const rules = { ...RULES, places: { pathPrefix: '/app', basePath: '/v1' } };
  assert.equal(hardened('a=1; Path=/app/x', { rules }), `a=1; Path=/v1/x; ${ALL}`);
  assert.equal(hardened('a=1; Path=/', { rules }), `a=1; Path=/; ${ALL}`);
  assert.equal(hardened('a=1; Path=/other', { rules }), `a=1; Path=/other; ${ALL}`);
});

test('whatever comes, what goes on is hardened, stays so when it is read again, and has the name and value it had', () => {
  const piece = fc.constantFrom(
    'sid',
    '=',
    '; ',
    ';',
    'Secure',
    'SameSite=None',
    'HttpOnly',
    'Domain=',
    'acme.example',
    ' ',
    '\t',
    '"',
    'é',
    '__Host-',
    'Path=/',
  );
  const value = fc.oneof(
    fc.string({ unit: 'binary-ascii', maxLength: 40 }),
    fc.array(piece, { maxLength: 12 }).map((all) => all.join('')),
  );
  fc.assert(
    fc.property(value, (text) => {
      const once = hardened(text);
      if (once === null) return;
      assert.equal(hardened(once), once);
      assert.match(once, /; HttpOnly; Secure; SameSite=(?:Lax|Strict|None)$/);
      assert.doesNotMatch(once, /[\x00-\x08\x0a-\x1f\x7f]/);
      const [name = '', ...rest] = (text.split(';')[0] as string).split('=');
      assert.ok(
        once.startsWith(
          `${name.replaceAll(/^[ \t]+|[ \t]+$/g, '')}=${rest.join('=').replaceAll(/^[ \t]+|[ \t]+$/g, '')};`,
        ),
      );
    }),
    { numRuns: 2_000 },
  );
});

test('a long cookie is read in time that grows with its length', () => {
  const value = `a=1; ${' '.repeat(16_000)}x${' '.repeat(16_000)}; ${';'.repeat(16_000)}${'\t '.repeat(8_000)}x`;
  const before = performance.now();
  hardened(value);
  assert.ok(performance.now() - before < 200);
});
