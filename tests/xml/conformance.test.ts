import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { XmlElement } from '../../src/body/index.ts';
import { conformanceCases, hasConformanceSuite, INSTALL } from './conformance-cases.ts';
import { canonicalByLibxml, hasXmllint, read, readBySaxes, readByXmldom } from './oracles.ts';

const onCi = process.env['CI'] === 'true';
const skip = !hasConformanceSuite() && !onCi ? `the conformance suite is not installed: ${INSTALL}` : false;
const skipLibxml = skip === false && !hasXmllint() && !onCi ? 'xmllint (libxml2-utils) is not installed' : skip;
const cases = skip === false ? conformanceCases() : [];

test('every case of the suite that is not well-formed is refused', { skip }, () => {
  const wrong = cases.filter(({ type, applies }) => type === 'not-wf' && applies);
  assert.ok(wrong.length > 1_000, `${wrong.length} cases`);
  const passing = wrong.filter(({ bytes }) => typeof read(bytes) !== 'string').map(({ id }) => id);
  assert.deepEqual(passing, []);
});

/** What is refused of well-formed documents, with the reasons that the guide gives. */
const STRICTER =
  /^xml: (?:document-type|processing-instruction|declaration|encoding|invalid-utf8|invalid-character|attribute-line|spaced-namespace|text-in-pieces) /;
/** Names with colons in them, which namespaces forbid; and references with more zeros than anybody writes. */
const BEYOND = new Set(['o-p04pass1', 'o-p05pass1', 'o-p66pass1']);

test('every case that is well-formed is read, or refused for a reason that is told', { skip }, () => {
  const sound = cases.filter(({ type, applies }) => (type === 'valid' || type === 'invalid') && applies);
  assert.ok(sound.length > 900, `${sound.length} cases`);
  const others = sound.filter(({ id, bytes }) => {
    const found = read(bytes);
    return typeof found === 'string' && !STRICTER.test(found) && !BEYOND.has(id);
  });
  assert.deepEqual(
    others.map(({ id, bytes }) => `${id} ${JSON.stringify(read(bytes))}`),
    [],
  );
});

/** A document without its document type and instructions: what is left may be well-formed, or not any more. */
function stripped(bytes: Buffer): Buffer {
  const text = bytes.toString('utf8');
  const declared = /^\ufeff?<\?xml[\t\n\r ][^?]*\?>/.exec(text)?.[0] ?? '';
  const rest = text
    .slice(declared.length)
    .replace(/<!DOCTYPE[^[>]*(?:\[(?:[^\]"'<]|"[^"]*"|'[^']*'|<!--[^]*?-->|<[^>]*>)*\])?[^>]*>/, '')
    .replace(/<\?[^]*?\?>/g, '');
  return Buffer.from(declared + rest);
}

function withAndWithout(): readonly Buffer[] {
  const documents = cases
    .flatMap(({ bytes }) => [bytes, stripped(bytes)])
    .filter((bytes) => typeof read(bytes) !== 'string');
  const different = new Map(documents.map((bytes) => [bytes.toString('latin1'), bytes]));
  return [...different.values()];
}

test('what is read of the suite, two other readers read with the same content', { skip }, () => {
  const documents = withAndWithout();
  assert.ok(documents.length > 300, `${documents.length} documents`);
  for (const bytes of documents) {
    const text = bytes.toString('utf8');
    assert.deepEqual(readBySaxes(text), read(bytes), text);
    assert.deepEqual(readByXmldom(text), read(bytes), text);
  }
});

test('libxml2 takes what is read of the suite, and its canonical form has the same content', {
  skip: skipLibxml,
}, () => {
  for (const bytes of withAndWithout()) {
    // Canonical forms have no room for names of namespaces that are relative.
    if (/xmlns[^=<]*=\s*["'][^:"']+["']/.test(bytes.toString())) continue;
    const canonical = canonicalByLibxml(bytes);
    assert.ok(canonical !== null, bytes.toString());
    assert.deepEqual(sorted(read(canonical)), sorted(read(bytes)), bytes.toString());
  }
});

/** With attributes in one order, which means nothing and which canonical forms change. */
function sorted(read: XmlElement | string): unknown {
  if (typeof read === 'string') return read;
  const attributes = read.attributes.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  return { ...read, attributes, elements: read.elements.map(sorted) };
}

function keyOf({ local, namespace }: { readonly local: string; readonly namespace: string }): string {
  return `${namespace} ${local}`;
}
