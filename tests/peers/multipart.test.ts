import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import busboy from 'busboy';
import type { Page } from 'playwright-core';
import { freePort } from '../framing/free-port.ts';
import { startGateway } from '../framing/gateway-process.ts';
import { startLocalServer } from '../system/local-server.ts';
import { openBrowser } from './browser.ts';

// What a real browser sends of a form, whatever its fields and files are called, passes and arrives as it was meant, or is
// refused because readers differ on it.

const DESCRIPTION = {
  openapi: '3.1.0',
  info: { title: 'forms', version: '1' },
  paths: {
    '/page': { get: { responses: { 200: { description: 'a page' } } } },
    '/any': formOf({ type: 'object', additionalProperties: true }),
    '/closed': formOf({
      type: 'object',
      required: ['title', 'photo'],
      properties: {
        title: { type: 'string', maxLength: 20 },
        photo: { type: 'string', format: 'binary', maxLength: 100_000 },
        more: { type: 'array', maxItems: 2, items: { type: 'string', format: 'binary' } },
        about: { type: 'object', properties: { alt: { type: 'string' } } },
      },
    }),
  },
};

function formOf(schema: object): object {
  const content = { 'multipart/form-data': { schema } };
  return { post: { requestBody: { required: true, content }, responses: { 200: { description: 'taken' } } } };
}

/** What the upstream made of a form, a line for each part. */
type Arrived = readonly string[];

/** Serves the page, and reads forms with busboy. */
async function startUpstream(t: TestContext): Promise<number> {
  const server = await startLocalServer((request, reply) => {
    if (request.method === 'GET') {
      reply.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>');
      return;
    }
    const parts: string[] = [];
    const parser = busboy({ headers: request.headers, defParamCharset: 'utf8', preservePath: true });
    parser.on('field', (name, text) => parts.push(`${name}=${text}`));
    parser.on('file', (name, stream, { filename, mimeType }) => {
      const at = parts.push('') - 1;
      let bytes = 0;
      stream.on('data', (piece: Buffer) => (bytes += piece.length));
      stream.on('end', () => (parts[at] = `${name}=${filename ?? ''} ${mimeType} ${bytes}`));
    });
    parser.on('close', () => reply.setHeader('content-type', 'application/json').end(JSON.stringify(parts)));
    request.pipe(parser);
  });
  t.after(server.stop);
  return server.port;
}

/** A field, or a file with so many bytes; a list is one input with several files. */
type Entry =
  | { readonly name: string; readonly text: string }
  | { readonly name: string; readonly file: string; readonly type: string; readonly bytes: number };

/** What became of a form: what arrived, or the code of the refusal. */
type Sent = Arrived | string;

async function sendByFetch(page: Page, path: string, entries: readonly Entry[]): Promise<Sent> {
  return page.evaluate(
    async ([to, all]) => {
      const form = new FormData();
      for (const entry of all) {
        if ('text' in entry) form.append(entry.name, entry.text);
        else
          form.append(entry.name, new File([new Uint8Array(entry.bytes).fill(255)], entry.file, { type: entry.type }));
      }
      const reply = await fetch(to, { method: 'POST', body: form });
      const said = (await reply.json()) as string[] | { code: string };
      return Array.isArray(said) ? said : said.code;
    },
    [path, entries] as const,
  );
}

/** A file of an entry. */
function file(name: string, fileName: string, type = 'image/x-any', bytes = 3): Entry {
  return { name, file: fileName, type, bytes };
}

/** A page of the gateway in a real browser; null where there is none, and the test has been skipped. */
async function openPage(t: TestContext): Promise<{ readonly page: Page; readonly port: number } | null> {
  const port = await freePort();
  const upstream = await startUpstream(t);
  const gateway = await startGateway(
    `version: 1
server: { https: { port: ${port} }, http: off }
admin: { port: 0 }
apis:
  forms: { openapi: ./forms.json, upstream: 'http://127.0.0.1:${upstream}', auth: public }
`,
    { beside: { 'forms.json': JSON.stringify(DESCRIPTION) } },
  );
  t.after(() => gateway.stop());
  const browser = await openBrowser(t, port);
  if (browser === null) return null;
  const page = await browser.newPage();
  await page.goto(`https://localhost:${port}/page`);
  return { page, port };
}

async function passesOddNames(page: Page): Promise<void> {
  for (const name of [
    'title',
    'Zoë 日本 😀',
    'a b',
    "it's",
    'a;b=c',
    'a/b',
    'a[b][]',
    '100%',
    '%41',
    'a+b',
    '<b>',
    '--',
    ' a ',
    '*',
    '=',
  ]) {
    assert.deepEqual(await sendByFetch(page, '/any', [{ name, text: 'x' }]), [`${name}=x`], name);
  }
  for (const fileName of [
    'photo.png',
    'Zoë 日本 😀.txt',
    "it's; a=b.txt",
    '100%.txt',
    '50%20off.txt',
    '.hidden',
    'a..b',
    'two  spaces ',
    `${'x'.repeat(251)}.txt`,
  ]) {
    assert.deepEqual(
      await sendByFetch(page, '/any', [file('file', fileName)]),
      [`file=${fileName} image/x-any 3`],
      fileName,
    );
  }
  const quoted = await sendByFetch(page, '/any', [file('file', 'a "quoted" name.txt')]);
  assert.deepEqual(quoted, ['file=a %22quoted%22 name.txt image/x-any 3'], 'as browsers write it');
  for (const text of ['', 'one\r\ntwo', '\r\n', '--', 'été', '\t', '{"a":1}']) {
    assert.deepEqual(await sendByFetch(page, '/any', [{ name: 'a', text }]), [`a=${text}`], JSON.stringify(text));
  }
  const twice = [{ name: 'a', text: '1' }, file('b', 'b.bin'), { name: 'a', text: '2' }];
  assert.deepEqual(await sendByFetch(page, '/any', twice), ['a=1', 'b=b.bin image/x-any 3', 'a=2']);
  assert.deepEqual(await sendByFetch(page, '/any', [file('big', 'big.bin', '', 500_000)]), [
    'big=big.bin application/octet-stream 500000',
  ]);
}

async function refusesWhatReadersDifferOn(page: Page): Promise<void> {
  for (const name of ['', 'a"b', 'a\\b', 'a\nb', 'a\0b', '_charset_', '=?utf-8?B?YQ==?=', 'a%00b', 'x'.repeat(513)]) {
    assert.equal(await sendByFetch(page, '/any', [{ name, text: 'x' }]), 'malformed-body', JSON.stringify(name));
  }
  for (const fileName of [
    'a\\b.txt',
    'dir/a.txt',
    '../a',
    'C:a.txt',
    'a\nb',
    'a%00.png',
    'a.ph%70',
    `${'x'.repeat(256)}`,
    '..',
  ]) {
    assert.equal(await sendByFetch(page, '/any', [file('file', fileName)]), 'malformed-body', JSON.stringify(fileName));
  }
  assert.equal(await sendByFetch(page, '/any', [{ name: 'a', text: 'a\0b' }]), 'malformed-body');
}

async function judgesByDescription(page: Page): Promise<void> {
  const title = { name: 'title', text: 'A title' };
  assert.deepEqual(
    await sendByFetch(page, '/closed', [title, file('photo', 'a.bin'), file('more', 'b'), file('more', 'c')]),
    ['title=A title', 'photo=a.bin image/x-any 3', 'more=b image/x-any 3', 'more=c image/x-any 3'],
  );
  for (const entries of [
    [title],
    [title, file('photo', 'a'), { name: 'admin', text: 'true' }],
    [title, title, file('photo', 'a')],
    [title, file('photo', 'a', '', 100_001)],
    [title, file('photo', 'a'), file('more', 'a'), file('more', 'b'), file('more', 'c')],
    [title, file('photo', 'a'), { name: 'about', text: '{"alt":1}' }],
  ]) {
    assert.equal(
      await sendByFetch(page, '/closed', entries),
      'invalid-body',
      JSON.stringify(entries.map(({ name }) => name)),
    );
  }
}

async function judgesWithoutScript(page: Page, port: number): Promise<void> {
  const submit = async (files: readonly string[]): Promise<Sent> => {
    await page.goto(`https://localhost:${port}/page`);
    await page.setContent(
      '<form method=post enctype=multipart/form-data action=/closed><input name=title value="A title">' +
        '<input type=file name=photo><input type=file name=more multiple><button>Send</button></form>',
    );
    await page.setInputFiles(
      '[name=photo]',
      files.map((name) => ({ name, mimeType: 'image/x-any', buffer: Buffer.from('xyz') })),
    );
    const [reply] = await Promise.all([page.waitForResponse(/closed/), page.click('button')]);
    const said = (await reply.json()) as Arrived | { readonly code: string };
    return 'code' in said ? said.code : said;
  };
  assert.deepEqual(await submit(['photo.bin']), [
    'title=A title',
    'photo=photo.bin image/x-any 3',
    'more= application/octet-stream 0',
  ]);
  assert.equal(await submit([]), 'invalid-body', 'the photo is required');
}

/** Files of a folder are called by their paths in it, unless the page says how they are called. */
async function takesFoldersByName(page: Page, port: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'folder-'));
  try {
    writeFileSync(join(folder, 'a.bin'), 'xyz');
    await page.goto(`https://localhost:${port}/page`);
    await page.setContent('<input type=file name=more webkitdirectory>');
    await page.setInputFiles('[name=more]', folder);
    const send = (appended: string): Promise<Sent> =>
      page.evaluate<Sent>(`(async () => {
        const [file] = document.querySelector('input').files;
        if (file.webkitRelativePath === '') throw new Error('no folder was chosen');
        const form = new FormData();
        form.append(${appended});
        const said = await (await fetch('/any', { method: 'POST', body: form })).json();
        return said.code ?? said;
      })()`);
    assert.equal(await send("'more', file"), 'malformed-body', 'a path');
    assert.deepEqual(await send("'more', file, file.name"), ['more=a.bin application/octet-stream 3']);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('forms of a real browser arrive as they were meant, or are refused', async (t) => {
  const opened = await openPage(t);
  if (opened === null) return;
  const { page, port } = opened;
  await t.test('names and contents that are odd arrive', () => passesOddNames(page));
  await t.test('names that readers differ on are refused', () => refusesWhatReadersDifferOn(page));
  await t.test('what is described passes, and nothing else', () => judgesByDescription(page));
  await t.test('and so do forms that are sent without script', () => judgesWithoutScript(page, port));
  await t.test('files of a folder pass by their names, not by their paths', () => takesFoldersByName(page, port));
});
