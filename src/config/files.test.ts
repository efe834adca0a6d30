import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { FilesConfig } from '../policy/index.ts';
import type { Comparable } from './config-change.ts';
import type { Config } from './config.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';
import { scannerWarnings } from './scanner-warnings.ts';

const SCANNERS = 'scanners: { clam: { icap: "icap://127.0.0.1:1344/avscan" } }\n';

function text(
  files: string,
  { own = '', top = SCANNERS }: { readonly own?: string; readonly top?: string } = {},
): string {
  const said = files === '' ? '' : `\n    files: ${files}`;
  const operation = own === '' ? '' : `\n    operations: { 'POST /b': { files: ${own} } }`;
  return `version: 1\n${top}apis:\n  a:\n    routes: [POST /a, POST /b]\n    upstream: http://127.0.0.1:1\n    auth: public${said}${operation}\n`;
}

function parse(source: string): { readonly config: Config; readonly warnings: readonly string[] } {
  const parsed = parseConfig(source, { file: '/etc/p.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { config, places } = parsed.value;
  return { config, warnings: scannerWarnings(config, places).map(formatIssue) };
}

function issues(source: string): string {
  const parsed = parseConfig(source, { file: '/etc/p.yaml', kinds: [] });
  return parsed.ok ? '' : parsed.error.map(formatIssue).join('\n');
}

function filesOf(source: string): FilesConfig | undefined {
  const policies = parse(source).config.apis[0]?.policies ?? [];
  return policies.find(({ kind }) => kind === 'files')?.config as FilesConfig | undefined;
}

test('what is left out has its default, and a scanner comes with all that is said of it', () => {
  const rules = filesOf(text('{ scan: clam }'))?.api;
  assert.deepEqual(rules, {
    sizeBytes: null,
    count: null,
    totalBytes: null,
    types: null,
    names: { pattern: null, extensions: null, lengthBytes: 255 },
    macros: 'refuse',
    archives: {
      ...{ entries: 1_000, depth: 3, bytes: 104_857_600, held: 67_108_864, ratio: 100 },
      ...{ encrypted: 'refuse', unopened: 'refuse' },
    },
    path: 'apis.a.files',
    scanner: {
      ...{ name: 'clam', host: '127.0.0.1', port: 1_344, service: '/avscan' },
      ...{ timeoutMs: 5_000, sizeBytes: 26_214_400, unavailable: 'refuse' },
    },
  });
});

test('an operation has its own in the place of the API’s, and routes of which nothing is said have none', () => {
  const config = filesOf(text('{ types: [IMAGE/PNG] }', { own: '{ count: 2, names: { extensions: [PNG] } }' }));
  assert.deepEqual(config?.api?.types, ['image/png']);
  const own = config?.operations['POST /b'];
  assert.deepEqual([own?.types, own?.count, own?.names.extensions], [null, 2, ['png']]);
  assert.equal(filesOf(text('', { top: '' })), undefined);
});

const BAD: readonly (readonly [name: string, source: string, words: RegExp])[] = [
  ['a scanner that is not there', text('{ scan: clan }'), /apis\.a\.files\.scan: no scanner has this name.*clam/],
  ['more than a body may have', text('{ size: 100MiB }'), /apis\.a\.files\.size: is more than a body may have/],
  ['no media type', text('{ types: [png] }'), /this is no media type/],
  ['all media types', text('{ types: ["*/*"] }'), /this is no media type/],
  ['an extension with its dot', text('{ names: { extensions: [.png] } }'), /without its dot \(write png\)/],
  ['a pattern that can hang', text("{ names: { pattern: '(a)\\1' } }"), /this pattern cannot be used/],
  ['a depth of none', text('{ archives: { depth: 0 } }'), /from 1 to 10/],
  ['another word for archives', text('{ archives: open }'), /expected refuse, pass, or what archives may hold/],
  [
    'an address of http',
    text('', { top: 'scanners: { a: { icap: "http://127.0.0.1/a" } }\n' }),
    /no address of an ICAP service/,
  ],
  [
    'an address without a service',
    text('', { top: 'scanners: { a: { icap: "icap://h" } }\n' }),
    /no address of an ICAP service/,
  ],
  [
    'an address with a line break',
    text('', { top: 'scanners: { a: { icap: "icap://h/a\\r\\nX: y" } }\n' }),
    /no address of an ICAP service/,
  ],
  [
    'half an address',
    text('', { top: 'scanners: { a: { icap: "icap://127.1/a" } }\n' }),
    /no host name and no address/,
  ],
  [
    'a scanner that takes too long',
    text('', { top: 'scanners: { a: { icap: "icap://h/a", timeout: 9s } }\n' }),
    /from 100ms to 8s/,
  ],
  [
    'files of gRPC',
    'version: 1\napis: { a: { descriptors: ./a.pb, upstream: http://127.0.0.1:1, auth: public, files: {} } }',
    /gRPC sends messages and no files/,
  ],
];

for (const [name, source, words] of BAD) test(`refused: ${name}`, () => assert.match(issues(source), words));

test('files that may pass unseen are warned of, and a scanner that nobody asks', () => {
  const lenient = 'scanners: { clam: { icap: "icap://h/a", unavailable: pass } }\n';
  assert.match(parse(text('{ scan: clam }', { top: lenient })).warnings.join(), /clam\.unavailable.*files pass unseen/);
  assert.match(parse(text('{}')).warnings.join(), /scanners\.clam.*nobody asks/);
  assert.deepEqual(parse(text('{ scan: clam }')).warnings, []);
});

function told(before: string, after: string): readonly string[] {
  const side = (source: string): Comparable => {
    return { config: parse(source).config, descriptions: {}, documents: {}, files: {}, secrets: {} };
  };
  return diffConfigurations(side(before), side(after)).map(({ operation, effect, message }) =>
    [effect, ...(operation === null ? [] : [operation]), message].join(': '),
  );
}

const DIFFERENCES: readonly (readonly [before: string, after: string, ...told: readonly string[]])[] = [
  ['', '{}', 'tightens: files are judged'],
  ['', '{ archives: { entries: 5000 } }', 'loosens: archives may hold more, or others', 'tightens: files are judged'],
  ['{}', '', 'loosens: files are no longer judged, but for archives'],
  ['{ size: 1MiB }', '{ size: 2MiB }', 'loosens: a file may be 2097152 at most'],
  ['{ size: 1MiB }', '{}', 'loosens: a file has no limit any more'],
  ['{ count: 2 }', '{ count: 1 }', 'tightens: the number of files may be 1 at most'],
  [
    '{ types: [image/png] }',
    '{ types: [image/png, text/html] }',
    'loosens: types of files that are taken besides: text/html',
  ],
  ['{}', '{ types: [image/png] }', 'tightens: fewer types of files are taken'],
  ['{}', '{ types: [image/png, text/html] }', 'loosens: types of files that are taken besides: text/html'],
  ['{}', '{ names: { extensions: [png, php] } }', 'loosens: extensions of files that are taken besides: php'],
  ['{ types: [image/png] }', '{}', 'loosens: types of files are no longer listed'],
  ['{}', '{ macros: pass }', 'loosens: documents with macros pass'],
  ['{}', '{ archives: pass }', 'loosens: archives pass unopened'],
  ['{ archives: refuse }', '{}', 'loosens: archives are taken, and opened'],
  ['{}', '{ archives: { encrypted: pass } }', 'loosens: archives may hold more, or others'],
  ['{}', '{ archives: { held: 65MiB } }', 'loosens: archives may hold more, or others'],
  ['{}', '{ archives: { depth: 1 } }', 'tightens: archives may hold less, or others'],
  ['{ scan: clam }', '{}', 'loosens: files are no longer scanned'],
  ['{}', '{ scan: clam }', 'tightens: files are scanned by clam'],
  ["{ names: { pattern: '^a$' } }", '{}', 'loosens: names of files need not match any more'],
];

for (const [before, after, ...changes] of DIFFERENCES)
  test(`told: ${changes.join()}`, () => assert.deepEqual(told(text(before), text(after)), changes));

test('what an operation says of its own is told of it, and a scanner that lets files pass', () => {
  assert.deepEqual(told(text('{ scan: clam }'), text('{ scan: clam }', { own: '{}' })), [
    'loosens: POST /b: files are no longer scanned',
  ]);
  const lenient = SCANNERS.replace('avscan"', 'avscan", unavailable: pass');
  assert.deepEqual(told(text('{ scan: clam }'), text('{ scan: clam }', { top: lenient })), [
    'loosens: files pass where the scanner clam does not answer',
  ]);
  const other = SCANNERS.replace('1344', '1345');
  assert.deepEqual(told(text('{ scan: clam }'), text('{ scan: clam }', { top: other })), [
    'changes: the scanner clam is another, or is asked otherwise',
  ]);
});
