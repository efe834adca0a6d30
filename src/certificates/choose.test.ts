import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { CertificateMaterial } from '../ports/index.ts';
import { chooseCertificate } from './choose.ts';

function material(...names: string[]): CertificateMaterial {
  return { names, chainPem: names.join(), keyPem: new Uint8Array(), notAfterMs: 0, origin: 'file' };
}

const first = material('first.example');
const exact = material('api.acme.example', '10.0.0.1', '::1');
const wild = material('*.acme.example', '*.0.0.2', '*.example');
const all = [first, wild, exact];

test('an exact name beats a wildcard that stands before it', () => {
  assert.equal(chooseCertificate(all, 'api.acme.example'), exact);
  assert.equal(chooseCertificate(all, 'API.Acme.EXAMPLE.'), exact);
});

test('a wildcard covers exactly one label', () => {
  assert.equal(chooseCertificate(all, 'www.acme.example'), wild);
  assert.equal(chooseCertificate([first, material('*.acme.example')], 'a.b.acme.example'), first);
  assert.equal(chooseCertificate([first, material('*.acme.example')], 'acme.example'), first);
  assert.equal(chooseCertificate([first, material('*.acme.example')], '.acme.example'), first);
  assert.equal(chooseCertificate([first, material('w*.acme.example')], 'www.acme.example'), first);
});

test('addresses are found exactly and never by wildcard', () => {
  assert.equal(chooseCertificate(all, '10.0.0.1'), exact);
  assert.equal(chooseCertificate(all, '0:0:0:0:0:0:0:1'), exact);
  assert.equal(chooseCertificate(all, '10.0.0.2'), first);
});

test('no name, an unknown name and nonsense get the first certificate', () => {
  const nonsense = [
    'other.test',
    '',
    '.',
    '*.acme.example',
    'api.acme.example..',
    'api.acme.example\0',
    '\u212a.example',
  ];
  for (const name of [null, ...nonsense]) assert.equal(chooseCertificate(all, name), first);
});

test('without certificates there is none to choose', () => {
  assert.equal(chooseCertificate([], 'api.acme.example'), null);
  assert.equal(chooseCertificate([], null), null);
});

const label = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}[a-z0-9]$/);
const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
const names = fc.array(
  fc.tuple(fc.boolean(), host).map(([star, name]) => (star ? `*.${name}` : name)),
  { maxLength: 4 },
);
const materials = fc.array(
  names.map((list) => material(...list)),
  { minLength: 1, maxLength: 5 },
);

/** The rule said once more, slowly: label by label. */
function fits(pattern: string, name: string): boolean {
  const [wanted, given] = [pattern.split('.'), name.split('.')];
  return wanted.length === given.length && wanted.every((part, at) => part === given[at] || (part === '*' && at === 0));
}

test('property: what is chosen is the first exact, else the first fitting, else the first of all', () => {
  // Half of the questions are made from the materials, or hardly any would ever fit.
  const asked = fc.tuple(materials, host, label, fc.nat()).map(([list, other, part, pick]) => {
    const known = list.flatMap((entry) => entry.names);
    const name = known[pick % (known.length * 2 || 1)];
    return { list, name: name === undefined ? other : name.replace('*', part) };
  });
  fc.assert(
    fc.property(asked, ({ list, name }) => {
      const wanted =
        list.find((entry) => entry.names.includes(name)) ??
        list.find((entry) => entry.names.some((pattern) => fits(pattern, name))) ??
        list[0];
      assert.equal(chooseCertificate(list, name), wanted);
    }),
  );
});

test('property: case and a trailing dot change nothing', () => {
  fc.assert(
    fc.property(materials, host, (list, name) => {
      const plain = chooseCertificate(list, name);
      assert.equal(chooseCertificate(list, name.toUpperCase()), plain);
      assert.equal(chooseCertificate(list, `${name}.`), plain);
    }),
  );
});

test('property: any text whatever gets some certificate', () => {
  fc.assert(
    fc.property(materials, fc.uint8Array(), (list, bytes) => {
      const chosen = chooseCertificate(list, Buffer.from(bytes).toString('latin1'));
      assert.ok(chosen !== null && list.includes(chosen));
    }),
  );
});
