import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTemplate, type Template } from './template.ts';

function parsed(text: string): Template {
  const template = parseTemplate(text);
  assert.ok(template.ok, `${text}: ${template.ok ? '' : template.error}`);
  return template.value;
}

function refused(text: string): string {
  const template = parseTemplate(text);
  assert.ok(!template.ok, text);
  return template.error;
}

/** Halves of surrogate pairs and control characters too. */
const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });

test('a template is read segment by segment', () => {
  assert.deepEqual(parsed('/orders/{id}/items'), {
    text: '/orders/{id}/items',
    shape: '/orders/{}/items',
    segments: [
      { kind: 'literal', text: 'orders' },
      { kind: 'parameter', name: 'id' },
      { kind: 'literal', text: 'items' },
    ],
    parameters: ['id'],
  });
});

test('a segment may mix literals and parameters', () => {
  assert.deepEqual(parsed('/reports/{id}.json').segments[1], {
    kind: 'mixed',
    pieces: [
      { kind: 'parameter', name: 'id' },
      { kind: 'literal', text: '.json' },
    ],
  });
  assert.deepEqual(parsed('/{from}-{to}').parameters, ['from', 'to']);
  assert.equal(parsed('/v{major}:run').shape, '/v{}:run');
});

test('two parameters side by side are refused, since nobody can tell where one ends', () => {
  assert.match(refused('/{a}{b}'), /nothing between them/);
  assert.match(refused('/x{a}{b}y'), /nothing between them/);
});

test('a rest parameter takes all that remains, and stands alone at the end', () => {
  assert.deepEqual(parsed('/files/{path...}').segments[1], { kind: 'rest', name: 'path' });
  assert.deepEqual(parsed('/{rest...}'), {
    text: '/{rest...}',
    shape: '/{...}',
    segments: [{ kind: 'rest', name: 'rest' }],
    parameters: ['rest'],
  });
  assert.match(refused('/{rest...}/more'), /not its last segment/);
  assert.match(refused('/{rest...}/'), /not its last segment/);
  assert.match(refused('/x{rest...}'), /beside something else/);
  assert.match(refused('/{rest...}.json'), /beside something else/);
});

test('a trailing slash is kept and meant', () => {
  assert.notEqual(parsed('/orders/').shape, parsed('/orders').shape);
  assert.deepEqual(parsed('/orders/').segments.at(-1), { kind: 'literal', text: '' });
  assert.deepEqual(parsed('/').segments, [{ kind: 'literal', text: '' }]);
});

test('literals come out as canonical request paths have them', () => {
  assert.equal(parsed('/%7Euser/%61').text, '/~user/a');
  assert.equal(parsed('/caf%c3%a9').text, '/caf%C3%A9');
  assert.equal(parsed('/café').text, '/caf%C3%A9');
  assert.equal(parsed('/a b"<>^`|').text, '/a%20b%22%3C%3E%5E%60%7C');
  assert.equal(parsed("/!$&'()*+,=:@-._~").text, "/!$&'()*+,=:@-._~");
  assert.equal(parsed('/a%40b%3Bc').text, '/a@b%3Bc');
  assert.equal(parsed('/%7Bid%7D').segments[0]?.kind, 'literal');
});

test('what no canonical request path holds is refused', () => {
  for (const [text, why] of [
    ['orders', /does not begin/],
    ['', /does not begin/],
    ['//orders', /`\/\/`/],
    ['/a//b', /`\/\/`/],
    ['/orders?draft=1', /`\?`/],
    ['/orders#top', /`#`/],
    ['/a;v=1', /`;`/],
    ['/a\\b', /backslash/],
    ['/.', /dot segment/],
    ['/a/../b', /dot segment/],
    ['/a/%2e%2E', /dot segment/],
    ['/a%2Fb', /encoded separator/],
    ['/a%5cb', /encoded separator/],
    ['/a%00', /encoded control/],
    ['/a%7f', /encoded control/],
    ['/a\tb', /control character/],
    ['/100%', /two hexadecimal/],
    ['/%zz', /two hexadecimal/],
    ['/%C3', /not UTF-8/],
    ['/%C3é', /not UTF-8/],
    ['/%FF', /not UTF-8/],
    ['/\ud800', /surrogate/],
    [`/${'a'.repeat(8192)}`, /longer than/],
  ] as const) {
    assert.match(refused(text), why, text);
  }
});

test('braces must pair inside one segment, around a name', () => {
  assert.match(refused('/{id'), /without its `}`/);
  assert.match(refused('/id}'), /without its `{`/);
  assert.match(refused('/{a{b}}'), /`{` inside/);
  assert.match(refused('/{}'), /without a name/);
  assert.match(refused('/{...}'), /without a name/);
  assert.match(refused('/{name=projects/*}'), /without its `}`/);
  assert.match(refused('/{+path}'), /RFC 6570/);
  assert.match(refused('/{?query}'), /RFC 6570/);
  assert.match(refused('/{a\nb}'), /control character/);
});

test('one name stands once', () => {
  assert.match(refused('/{id}/{id}'), /two parameters/);
  assert.match(refused('/{id}/x-{id}'), /two parameters/);
  assert.match(refused('/{id}/{id...}'), /two parameters/);
});

test('templates that differ in the names of parameters only have one shape', () => {
  assert.equal(parsed('/a/{x}/c').shape, parsed('/%61/{y}/c').shape);
  assert.notEqual(parsed('/a/{x}').shape, parsed('/a/{x...}').shape);
  assert.notEqual(parsed('/a/{x}').shape, parsed('/a/%7B%7D').shape);
});

const pieces = fc.oneof(
  fc.constantFrom(
    '/',
    '{',
    '}',
    '{id}',
    '{rest...}',
    '.',
    '%',
    '%41',
    '%2F',
    '%c3%a9',
    ';',
    '?',
    '#',
    'é',
    '\ud800',
    '-',
  ),
  anyText,
);
const texts = fc.array(pieces, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);

test('any text is read or refused, and what was read reads the same again', () => {
  fc.assert(
    fc.property(fc.oneof(texts, anyText), (text) => {
      const first = parseTemplate(text);
      if (!first.ok) return;
      assert.deepEqual(parseTemplate(first.value.text), first);
    }),
    { numRuns: 3000 },
  );
});

test('canonical templates are visible ASCII outside their parameters', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const template = parseTemplate(text);
      if (template.ok) assert.match(template.value.shape, /^[!-~]+$/);
    }),
  );
});

test('a literal comes out as it does beside one that has to be rewritten', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.constantFrom('.', '..', 'a.b', '~', '!$&(),=:@', 'a;b', 'a+b', '*')),
      (text) => {
        fc.pre(!/[{}/]/.test(text));
        const [alone, beside] = [parseTemplate(`/${text}x`), parseTemplate(`/${text}x%41`)];
        if (alone.ok && beside.ok) assert.equal(beside.value.text, `${alone.value.text}A`);
        else assert.deepEqual(alone, beside);
      },
    ),
    { numRuns: 1000 },
  );
});
