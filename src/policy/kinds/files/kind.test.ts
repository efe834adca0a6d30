import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ParsedBody, parseBody } from '../../../body/index.ts';
import type { Alert, Scanner } from '../../../ports/index.ts';
import type { Exchange, Slot } from '../../exchange.ts';
import type { CompileAt, Sources, Step } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { Verdict } from '../../verdict.ts';
import type { FileRules, FilesConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createFilesKind } from './kind.ts';
import { createFileScans } from './scanning.ts';
import { type GoldenEntry, zipOf } from './zip-fixture.test.ts';

interface GoldenContent {
  readonly latin1?: string;
  /** A letter so many times. */
  readonly repeat?: number;
  readonly zip?: readonly GoldenEntry[];
  readonly behindIt?: readonly GoldenEntry[];
}

interface GoldenPart extends GoldenContent {
  readonly name: string;
  readonly fileName?: string;
  readonly type?: string;
}

interface Golden extends GoldenContent {
  readonly name: string;
  readonly operation?: string;
  readonly type?: string;
  readonly parts?: readonly GoldenPart[];
  /** Parts of `multipart/mixed`. */
  readonly list?: boolean;
  readonly verdict: string;
}

const OPENED = {
  entries: 10,
  depth: 2,
  bytes: 1_000_000,
  held: 500_000,
  ratio: 100,
  encrypted: 'refuse',
  unopened: 'refuse',
} as const;
const RULES: FileRules = {
  sizeBytes: 20_000,
  count: 2,
  totalBytes: 3_000,
  types: ['image/png', 'application/pdf', 'text/csv', 'application/zip'],
  names: { pattern: '^[^A-Z]*$', extensions: null, lengthBytes: 255 },
  macros: 'refuse',
  archives: OPENED,
  scanner: null,
  path: 'apis.photos.files',
};
const SCANNER = { name: 'clam', host: '127.0.0.1', port: 1_344, service: '/avscan', timeoutMs: 1_000 };
const SCANNED: FileRules = {
  ...RULES,
  types: null,
  scanner: { ...SCANNER, sizeBytes: 1_000, unavailable: 'refuse' },
};
const CONFIG: FilesConfig = {
  api: { ...RULES, sizeBytes: 2_000 },
  operations: {
    open: { ...RULES, archives: 'pass' },
    'open-documents': { ...RULES, types: null, archives: 'pass' },
    plain: { ...RULES, types: null, archives: 'refuse' },
    wide: { ...RULES, types: ['application/*'], archives: { ...OPENED, unopened: 'pass' } },
    aliases: { ...RULES, types: ['application/x-gzip'] },
    office: { ...RULES, types: null },
    named: { ...RULES, names: { pattern: null, extensions: ['png'], lengthBytes: 8 } },
    scanned: SCANNED,
    lenient: { ...SCANNED, scanner: { ...SCANNER, sizeBytes: 1_000, unavailable: 'pass' } },
  },
};

const alerts: Alert[] = [];
const wereOver: boolean[] = [];
let nowMs = 0;
const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const WORD = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const scanner: Scanner = {
  async scan(_target, bytes, signal) {
    const text = Buffer.from(bytes).toString();
    wereOver.push(signal.aborted);
    if (text === 'slow') {
      const { promise, resolve } = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => resolve());
      await promise;
      return { kind: 'unavailable', reason: 'left' };
    }
    if (text === 'down') return { kind: 'unavailable', reason: 'no answer' };
    return await Promise.resolve(text === 'virus' ? { kind: 'found', name: 'Test virus' } : { kind: 'clean' });
  },
};
const clock = { monotonic: () => nowMs };
const scans = createFileScans({ clock, scanner, alerts: (alert) => void alerts.push(alert) });
const kind = createFilesKind({ clock, scans });

function stepOf(name: string, config: FilesConfig, ranges: readonly string[] | null): Step<'inspect'> | undefined {
  const content = ranges?.map((mediaRange) => ({ mediaRange }));
  const described = content === undefined ? null : { requestBody: { content } };
  const operation = { id: `photos/${name}`, name, described } as unknown as Operation;
  const compiled = kind.compile(config, { operations: [operation] } as unknown as CompileAt, {} as Sources);
  assert.ok(compiled.ok);
  return compiled.value.get(`photos/${name}`)?.inspect;
}

function contentOf({ latin1 = '', repeat, zip, behindIt }: GoldenContent): Buffer {
  if (zip !== undefined) return zipOf(zip);
  if (repeat !== undefined) return Buffer.alloc(repeat, 'a');
  return Buffer.concat([Buffer.from(latin1, 'latin1'), behindIt === undefined ? Buffer.alloc(0) : zipOf(behindIt)]);
}

function bodyOf(golden: Golden): { readonly type: string; readonly bytes: Buffer } {
  const { parts, type = 'application/octet-stream', list = false } = golden;
  if (parts === undefined) return { type, bytes: contentOf(golden) };
  const pieces = parts.flatMap((part) => {
    const file = part.fileName === undefined ? '' : `; filename="${part.fileName}"`;
    const about = list ? '' : `Content-Disposition: form-data; name="${part.name}"${file}\r\n`;
    const said = part.type === undefined ? '' : `Content-Type: ${part.type}\r\n`;
    return [Buffer.from(`--b\r\n${about}${said}\r\n`), contentOf(part), Buffer.from('\r\n')];
  });
  const bytes = Buffer.concat([...pieces, Buffer.from('--b--\r\n')]);
  return { type: `multipart/${list ? 'mixed' : 'form-data'}; boundary=b`, bytes };
}

function exchangeOf(type: string, bytes: Buffer, headers: Readonly<Record<string, string>> = {}): Exchange {
  const parsed = parseBody(type, bytes);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.internal);
  const slots = new Map<unknown, unknown>();
  const request = {
    headers: { get: (name: string) => ({ 'content-type': type, ...headers })[name] ?? null },
    peer: { address: '192.0.2.1' },
  };
  return {
    request,
    body: (use: string): ParsedBody | Buffer => (use === 'raw' ? bytes : parsed.value),
    slot: <T>(slot: Slot<T>): T => {
      if (!slots.has(slot)) slots.set(slot, slot.initial());
      return slots.get(slot) as T;
    },
  } as unknown as Exchange;
}

async function judged(golden: Golden, operation = golden.operation ?? 'upload'): Promise<string> {
  const config = operation === 'unsaid' ? { api: null, operations: {} } : CONFIG;
  const step = stepOf(operation, config, ['application/octet-stream']);
  assert.ok(step !== undefined);
  const { type, bytes } = bodyOf(golden);
  return wordsOf(await step.run(exchangeOf(type, bytes)));
}

const BUSY = /^(?:gateway-overloaded|scanner-unavailable)$/;

/** Of what is refused for a file clients are told which and why, and nothing that they sent. */
function assertTold({ problem: { code, detail = '' } }: Extract<Verdict, { kind: 'deny' }>): void {
  if (!BUSY.test(code))
    assert.match(detail, /^(?:file [0-9]+: )?(?:the|there|all|a|an|archives?|files|programs) [a-z ,:]+$/);
}

function wordsOf(verdict: Verdict): string {
  if (verdict.kind === 'deny') assertTold(verdict);
  return verdict.kind === 'deny' ? `${verdict.problem.code} ${verdict.rule}` : verdict.kind;
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][])
  for (const golden of list)
    test(`${file}: ${golden.name}`, async () => assert.equal(await judged(golden), golden.verdict));

test('archives lie as deep in each other as `depth` says', async () => {
  const step = stepOf('office', CONFIG, null);
  const around = (bytes: Buffer): Buffer => zipOf([{ name: 'a.zip', bytes }]);
  const two = around(zipOf([{ name: 'a.txt', content: 'hello' }]));
  for (const [bytes, words] of [
    [two, 'pass'],
    [around(two), 'file-refused files.archive.depth'],
  ] as const) {
    const verdict = await step?.run(exchangeOf('application/zip', bytes));
    assert.equal(verdict && wordsOf(verdict), words);
  }
});

test('what is held in memory of archives in archives is what `held` says', async () => {
  const step = stepOf('office', CONFIG, null);
  const verdictOf = async (zeros: number): Promise<string | undefined> => {
    const inner = zipOf([{ name: 'a.txt', zeros, stored: true }]);
    const outer = zipOf([{ name: 'a.zip', bytes: inner }]);
    const verdict = await step?.run(exchangeOf('application/zip', outer));
    return verdict && wordsOf(verdict);
  };
  assert.equal(await verdictOf(OPENED.held - 1_000), 'pass');
  assert.equal(await verdictOf(OPENED.held), 'file-refused files.archive.held');
});

test('where nothing is said only operations that are described to take files get a step', () => {
  const nothing: FilesConfig = { api: null, operations: {} };
  for (const ranges of [
    ['image/png'],
    ['application/json', '*/*'],
    ['multipart/form-data'],
    ['application/zip'],
    ['application/json-seq'],
    ['application/xml-dtd'],
  ]) {
    assert.ok(stepOf('upload', nothing, ranges) !== undefined, ranges.join());
  }
  for (const ranges of [
    ['application/json'],
    ['application/json; charset=utf-8'],
    ['application/hal+json'],
    ['application/grpc+proto'],
    ['text/csv'],
    ['application/x-www-form-urlencoded'],
    [],
  ]) {
    assert.equal(stepOf('upload', nothing, ranges), undefined, ranges.join());
  }
  assert.equal(stepOf('upload', nothing, null), undefined);
  assert.ok(stepOf('upload', CONFIG, null) !== undefined, 'what is said holds without a description');
});

const SENT_NAMES: readonly (readonly [field: string, verdict: string])[] = [
  ['attachment; filename="a.png"', 'pass'],
  ['inline', 'pass'],
  ["attachment; filename*=UTF-8''%E5%86%99.png", 'pass'],
  ["attachment; filename=a.png; filename*=UTF-8''a.png", 'pass'],
  ['attachment; filename="a.php"', 'file-refused files.name.runs'],
  ["attachment; filename*=UTF-8''a.php", 'file-refused files.name.runs'],
  ['attachment; filename="../a.png"', 'file-refused files.name.characters'],
  ["attachment; filename*=UTF-8''..%2Fa.png", 'file-refused files.name.characters'],
  ['attachment; filename=""', 'file-refused files.name.reserved'],
  ['attachment; filename="a.pdf"', 'unsupported-media-type files.type.extension'],
  ['attachment; filename="A.png"', 'file-refused files.name.pattern'],
  ["attachment; filename=a.png; filename*=UTF-8''a.php", 'file-refused files.name.ambiguous'],
  ['attachment; filename="a.png"; filename="a.php"', 'file-refused files.name.ambiguous'],
  ['attachment; filename="a.png", attachment; filename="a.php"', 'file-refused files.name.ambiguous'],
  ['attachment; filename="a.php\\".png"', 'file-refused files.name.ambiguous'],
  ["attachment; filename*=ISO-8859-1''a.png", 'file-refused files.name.ambiguous'],
  ["attachment; filename*=UTF-8''%FF.png", 'file-refused files.name.ambiguous'],
  ['attachment; filename="=?utf-8?q?a=2Ephp?="', 'file-refused files.name.ambiguous'],
  ['attachment; filename="\xfc.png"', 'file-refused files.name.ambiguous'],
  ['attachment; filename="a%22.png"', 'file-refused files.name.ambiguous'],
  ['attachment; filename="a.%70hp"', 'file-refused files.name.ambiguous'],
  ['attachment; x="; filename=a.png"', 'file-refused files.name.ambiguous'],
  ['', 'file-refused files.name.ambiguous'],
];

for (const [field, verdict] of SENT_NAMES)
  test(`a whole body called ${JSON.stringify(field)}: ${verdict}`, async () => {
    const exchange = exchangeOf('image/png', PNG, { 'content-disposition': field });
    assert.equal(wordsOf((await stepOf('upload', CONFIG, null)?.run(exchange)) as Verdict), verdict);
  });

test('what a request calls a form is not the name of its files, and where nothing is said no name is judged', async () => {
  const headers = { 'content-disposition': 'attachment; filename="a.php"' };
  const { type, bytes } = bodyOf({ name: '', parts: [{ name: 'a', fileName: 'a.csv', latin1: 'a,b' }], verdict: '' });
  const form = exchangeOf(type, bytes, headers);
  assert.equal(wordsOf((await stepOf('upload', CONFIG, null)?.run(form)) as Verdict), 'pass');
  const unsaid = stepOf('upload', { api: null, operations: {} }, ['image/png']);
  assert.equal(wordsOf((await unsaid?.run(exchangeOf('image/png', PNG, headers))) as Verdict), 'pass');
});

test('a scanner that does not answer lets files pass only where that is said, and tells of it once', async () => {
  alerts.length = 0;
  nowMs += 60_000;
  const down = { name: '', type: 'text/plain', latin1: 'down', verdict: '' };
  assert.equal(await judged(down, 'lenient'), 'pass');
  assert.equal(await judged(down, 'lenient'), 'pass');
  assert.deepEqual(
    alerts.map(({ kind: what, severity }) => [what, severity]),
    [['scanner.unavailable', 'critical']],
  );
  nowMs += 60_000;
  assert.equal(await judged({ ...down, latin1: 'a'.repeat(1_500) }, 'lenient'), 'pass');
  assert.equal(alerts.length, 2, 'too large for it is told too');
  assert.equal(await judged({ ...down, latin1: 'virus' }, 'lenient'), 'file-refused files.scan.Test_virus');
});

test('what the client leaves behind is no longer scanned, and nobody is told that the scanner is away', async () => {
  alerts.length = 0;
  nowMs += 60_000;
  const step = stepOf('scanned', CONFIG, null);
  const exchange = exchangeOf('text/plain', Buffer.from('slow'));
  const pending = step?.run(exchange);
  step?.release?.(exchange);
  assert.equal(wordsOf((await pending) as Verdict), 'scanner-unavailable files.scan');
  assert.deepEqual(alerts, []);
});

test('what the client leaves behind before it is scanned is over when it would be', async () => {
  const target = { ...SCANNER, sizeBytes: 1_000_000, unavailable: 'refuse' } as const;
  const wide = { ...SCANNED, sizeBytes: null, totalBytes: null, archives: 'pass', scanner: target } as const;
  const step = stepOf('left', { api: wide, operations: {} }, null);
  const exchange = exchangeOf('text/plain', Buffer.alloc(500_000, 'a'));
  wereOver.length = 0;
  const pending = step?.run(exchange);
  step?.release?.(exchange);
  await pending;
  assert.deepEqual(wereOver, [true]);
});

test('of documents that the client leaves behind, or that take too long, no more lists are read', async () => {
  const document = zipOf([{ name: '[Content_Types].xml', content: '<Types/>' }, { name: 'word/a' }]);
  const part = Buffer.concat([Buffer.from(`--b\r\nContent-Type: ${WORD}\r\n\r\n`), document, Buffer.from('\r\n')]);
  const body = Buffer.concat([part, part, Buffer.from('--b--\r\n')]);
  const step = stepOf('open-documents', CONFIG, null);
  const judge = async (meanwhile: (exchange: Exchange) => void): Promise<string> => {
    const exchange = exchangeOf('multipart/mixed; boundary=b', body);
    const pending = step?.run(exchange);
    meanwhile(exchange);
    return wordsOf((await pending) as Verdict);
  };
  assert.equal(await judge(() => {}), 'pass');
  assert.equal(await judge((exchange) => step?.release?.(exchange)), 'gateway-overloaded files.busy');
  assert.equal(await judge(() => void (nowMs += 9_000)), 'gateway-overloaded files.busy');
});

test('many files of one request leave the thread to others between them', async () => {
  const types = { name: '[Content_Types].xml', content: '<Types/>' };
  const entries = [types, ...Array.from({ length: 300 }, (_, at) => ({ name: `word/${at}`, stored: true }))];
  const documents = Array.from({ length: 8 }, () => zipOf(entries));
  const pictures = Array.from({ length: 8 }, () => Buffer.concat([PNG, Buffer.alloc(200_000)]));
  const wide = { ...RULES, sizeBytes: null, count: null, totalBytes: null, types: null, macros: 'pass' } as const;
  for (const [files, type, archives] of [
    [documents, WORD, 'pass'],
    [pictures, 'image/png', 'refuse'],
  ] as const) {
    const step = stepOf('many', { api: { ...wide, archives }, operations: {} }, null);
    const parts = files.map((bytes, at) =>
      Buffer.concat([
        Buffer.from(
          `--b\r\nContent-Disposition: form-data; name="${at}"; filename="a"\r\nContent-Type: ${type}\r\n\r\n`,
        ),
        bytes,
        Buffer.from('\r\n'),
      ]),
    );
    const body = Buffer.concat([...parts, Buffer.from('--b--\r\n')]);
    let turns = 0;
    let next = setImmediate(function again() {
      turns++;
      next = setImmediate(again);
    });
    const verdict = await step?.run(exchangeOf('multipart/form-data; boundary=b', body));
    clearImmediate(next);
    assert.equal(wordsOf(verdict as Verdict), 'pass');
    assert.ok(turns >= 4, `${type}: ${turns}`);
  }
});

test('one address can not have all places for archives that wait', async () => {
  const step = stepOf('open-archives', { api: { ...RULES, types: null, count: null }, operations: {} }, null);
  const archive = zipOf([{ name: 'a', content: 'x'.repeat(100_000) }]);
  const verdicts = await Promise.all(
    Array.from({ length: 12 }, async () =>
      wordsOf((await step?.run(exchangeOf('application/zip', archive))) as Verdict),
    ),
  );
  assert.deepEqual(
    [verdicts.filter((each) => each === 'pass').length, verdicts.at(-1)],
    [8, 'gateway-overloaded files.busy'],
  );
});

test('a pattern that can not be used is an issue', () => {
  const operation = { id: 'photos/a', name: 'a', described: null } as unknown as Operation;
  const config = { api: { ...RULES, names: { ...RULES.names, pattern: '(?<=a)b' } }, operations: {} };
  const compiled = kind.compile(config, { operations: [operation] } as unknown as CompileAt, {} as Sources);
  assert.ok(!compiled.ok);
  assert.equal(compiled.error[0]?.path, 'apis.photos.files.names.pattern');
});
