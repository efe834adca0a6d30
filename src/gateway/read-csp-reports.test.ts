import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCspReports } from './read-csp-reports.ts';

const SINGLE = 'application/csp-report';
const BATCH = 'application/reports+json';

const single = (report: unknown): readonly unknown[] | null =>
  readCspReports(SINGLE, Buffer.from(JSON.stringify({ 'csp-report': report })), 'a.example');
const batch = (reports: unknown): readonly unknown[] | null =>
  readCspReports(BATCH, Buffer.from(JSON.stringify(reports)), 'a.example');

const OLD = {
  'document-uri': 'https://ada:secret@a.example/page?token=1#part',
  'violated-directive': "script-src-elem 'self'",
  'effective-directive': 'script-src-elem',
  'original-policy': "default-src 'self'",
  'blocked-uri': 'https://evil.example:444/x.js?y=z',
  'status-code': 200,
  'script-sample': 'alert(1)',
};
const NEW = {
  documentURL: 'https://a.example/page?token=1',
  effectiveDirective: 'script-src-elem',
  blockedURL: 'inline',
  disposition: 'report',
};

test('what is kept of a report holds no user, query, fragment or sample', () => {
  assert.deepEqual(single(OLD), [
    {
      report: {
        host: 'a.example',
        directive: 'script-src-elem',
        blocked: 'https://evil.example:444',
        document: 'https://a.example/page',
      },
      disposition: 'enforce',
    },
  ]);
  const others = [
    { type: 'deprecation', url: 'https://a.example/', body: null },
    { type: 'csp-violation', body: NEW },
  ];
  assert.deepEqual(batch(others), [
    {
      report: {
        host: 'a.example',
        directive: 'script-src-elem',
        blocked: 'inline',
        document: 'https://a.example/page',
      },
      disposition: 'report',
    },
  ]);
  assert.deepEqual(batch([]), []);
});

const BLOCKED: readonly (readonly [told: unknown, kept: string | null])[] = [
  ['', 'inline'],
  ['eval', 'eval'],
  ['data', 'data'],
  ['data:text/html;base64,c2VjcmV0', 'data'],
  ['blob:https://a.example/0b1c', 'blob'],
  ['chrome-extension://abcdef/x.js', 'chrome-extension'],
  ['wss://ada:x@b.example/socket', 'wss://b.example'],
  ['https://bücher.example/x', 'https://xn--bcher-kva.example'],
  ['https://b.example/\u0000\r\nset-cookie: x', 'https://b.example'],
  ['HTTPS://B.example', 'https://b.example'],
  ['no address', null],
  ['\u001b[2J', null],
  [7, null],
  [['inline'], null],
  [`${'a'.repeat(40)}:x`, null],
  [`https://${'a'.repeat(300)}/`, null],
];

test('of what was blocked an origin, a scheme or a word is kept', () => {
  for (const [told, kept] of BLOCKED) {
    const read = single({ ...OLD, 'blocked-uri': told }) as readonly { readonly report: { blocked: string } }[] | null;
    assert.equal(read?.[0]?.report.blocked ?? null, kept, String(told));
  }
});

test('anything else is no report', () => {
  const bad: readonly unknown[] = [
    ...[null, [], 'x', 1, {}, { 'document-uri': 'https://a.example/' }],
    ...[
      { ...OLD, 'effective-directive': 'Script-Src' },
      { ...OLD, 'effective-directive': 'x'.repeat(50) },
    ],
    ...[
      { ...OLD, 'effective-directive': 'script-src\nx' },
      { ...OLD, disposition: 'x' },
      { ...OLD, disposition: [] },
    ],
    ...[
      { ...OLD, 'document-uri': 'nowhere at all' },
      { ...OLD, 'document-uri': { toString: 1 } },
    ],
  ];
  for (const report of bad) assert.equal(single(report), null, JSON.stringify(report));
  const batches = [{}, [null], [[]], [{ type: 1 }], [{ type: 'csp-violation' }], [{ type: 'csp-violation', body: {} }]];
  for (const reports of batches) assert.equal(batch(reports), null, JSON.stringify(reports));
  assert.equal(batch([{ type: 'csp-violation', body: NEW }, 1]), null);
  const texts = ['', '{', '[]x', '\ufeff[]', '{"csp-report":{},"csp-report":{}}', `${'['.repeat(7)}${']'.repeat(7)}`];
  for (const text of texts)
    for (const type of [SINGLE, BATCH]) assert.equal(readCspReports(type, Buffer.from(text), 'a.example'), null, text);
  assert.equal(readCspReports('application/json', Buffer.from('[]'), 'a.example'), null);
});

test('whatever is told, what is kept is short and of visible ASCII characters', () => {
  const told = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl({ withQueryParameters: true }), fc.string());
  fc.assert(
    fc.property(told, told, (document, blocked) => {
      const read = single({ ...OLD, 'document-uri': document, 'blocked-uri': blocked }) as
        | readonly { readonly report: Readonly<Record<string, string>> }[]
        | null;
      for (const text of Object.values(read?.[0]?.report ?? {})) assert.match(text, /^[\x21-\x7e]{1,512}$/);
    }),
  );
  const long = single({ ...OLD, 'document-uri': `https://a.example/${'x'.repeat(9_000)}` });
  assert.equal((long as readonly { report: { document: string } }[])[0]?.report.document.length, 512);
  const blocked = (length: number): unknown =>
    single({ ...OLD, 'blocked-uri': `https://${'b.'.repeat(length / 2 - 4)}` });
  assert.deepEqual([blocked(288) === null, blocked(290)], [false, null]);
  const reports = (count: number): unknown =>
    batch(Array.from({ length: count }, () => ({ type: 'csp-violation', body: NEW })));
  assert.deepEqual([(reports(128) as readonly unknown[]).length, reports(129)], [128, null]);
});
