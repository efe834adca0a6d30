import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { formatIssue, ok } from '../../src/base/index.ts';
import { type CommandContext, runCli } from '../../src/cli/index.ts';
import { parseConfig } from '../../src/config/index.ts';
import { ADMIN_OPERATIONS } from '../../src/control/index.ts';
import type { Files } from '../../src/ports/index.ts';
import { helpOf, verbs } from './commands-page.ts';
import { type Block, blocksOf, pages, ROOT } from './pages.ts';

const blocks = pages().flatMap(blocksOf);
const known = await verbs();
const folder = mkdtempSync(join(tmpdir(), 'portcullis-snippets-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const BASE = {
  version: 1,
  apis: { api: { routes: ['* /{rest...}'], upstream: 'http://127.0.0.1:3000', auth: 'public' } },
};

const of = (kind: RegExp): readonly Block[] => blocks.filter(({ info }) => kind.test(info));
const place = ({ page, line }: Block): string => `${page}:${line}`;

test('there are snippets of every kind, and each says what it is', () => {
  for (const info of ['yaml complete', 'yaml part', 'yaml refused', 'sh', 'json', 'js', 'text', 'mermaid']) {
    assert.ok(
      blocks.some((block) => block.info === info),
      info,
    );
  }
  const others = blocks.filter(({ info }) => !/^(yaml (complete|part|refused)|sh|json|js|text|mermaid)$/.test(info));
  assert.deepEqual(others.map(place), []);
});

for (const block of of(/^yaml complete$/)) {
  test(`the configuration at ${place(block)} is read without issues`, () => {
    const result = parseConfig(block.text, { file: '/etc/portcullis/portcullis.yaml', kinds: [] });
    assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  });
}

for (const block of of(/^yaml part$/)) {
  test(`the part of a configuration at ${place(block)} is read without issues in a whole one`, () => {
    const text = stringify({ ...BASE, ...(parse(block.text) as object) });
    const result = parseConfig(text, { file: '/etc/portcullis/portcullis.yaml', kinds: [] });
    assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  });
}

for (const block of of(/^yaml refused$/)) {
  test(`what \`check\` says of the configuration at ${place(block)} is what the page shows`, async () => {
    const shown = blocks.find(({ page, line, info }) => page === block.page && line > block.line && info === 'text');
    writeFileSync(join(folder, 'portcullis.yaml'), block.text);
    const said = await runIn(folder, ['check']);
    assert.equal(said.code, 2);
    assert.equal(said.text, shown?.text);
  });
}

for (const block of of(/^json$/)) {
  test(`the JSON at ${place(block)} is JSON`, () => {
    assert.equal(typeof JSON.parse(block.text), 'object');
  });
}

/** The command lines of a block, with comments cut off and continued lines joined. */
function commandLines({ text }: Block): readonly string[] {
  const joined = text.replaceAll('\\\n', ' ').split('\n');
  return joined
    .flatMap((line) => line.replace(/\s+#.*$/, '').split('&&'))
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

for (const block of of(/^sh$/)) {
  test(`the command lines at ${place(block)} name what there is`, async () => {
    for (const line of commandLines(block)) {
      const words = line.split(/\s+/);
      if (words[0] === 'npm') checkNpm(words, line);
      else if (words[0] === 'curl') checkCurl(line);
      else if (/^(npx portcullis|bin\/portcullis|portcullis) /.test(line)) await checkVerb(words, line);
      else assert.fail(`nothing here checks ${line}`);
    }
  });
}

function checkNpm(words: readonly string[], line: string): void {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [, verb = '', name = ''] = words;
  if (verb === 'ci') return;
  const script = verb === 'run' ? name : verb;
  assert.ok(Object.hasOwn(scripts, script), line);
}

function checkCurl(line: string): void {
  const admin = /https:\/\/localhost:9443(\/[^\s"']*)/.exec(line)?.[1];
  if (admin !== undefined)
    assert.ok(
      ADMIN_OPERATIONS.some(({ path }) => path === admin),
      line,
    );
  assert.ok(!/(^|\s)(-k|--insecure)(\s|$)/.test(line), `${line} does not verify the certificate`);
}

async function checkVerb(words: readonly string[], line: string): Promise<void> {
  const [verb = '', ...rest] = words.slice(words[0] === 'npx' ? 2 : 1);
  assert.ok(known.includes(verb), line);
  const { text } = await helpOf(verb, '--help');
  for (const option of rest.filter((word) => word.startsWith('--'))) {
    assert.ok(text.includes(`[${option.replace(/=.*/, '')}`), `${line}: ${option}`);
  }
  const wanted = /^portcullis \S+((?: [A-Z]+)*)/.exec(text)?.[1]?.trim().split(' ').filter(Boolean) ?? [];
  const operands = rest.filter((word, at) => !word.startsWith('--') && !(rest[at - 1] ?? '').startsWith('--'));
  const more = /^portcullis \S+(?: [A-Z]+)* \[[A-Z]+ …\]/.test(text);
  assert.ok(operands.length === wanted.length || (more && operands.length > wanted.length), line);
}

test('every verb and option that the prose names in code is there', async () => {
  const named = pages()
    .filter(({ path }) => path !== 'docs/reference/commands.md')
    .flatMap(({ path, text }) =>
      [...text.matchAll(/`(?:npx )?portcullis ([a-z]+)([^`]*)`/g)].map(([code, verb, rest]) => ({
        path,
        code,
        verb,
        rest,
      })),
    );
  assert.ok(named.length > 10);
  for (const { path, code, verb = '', rest = '' } of named) {
    // SECURITY.md says what will count, too.
    if (path === 'SECURITY.md' && verb === 'audit') continue;
    assert.ok(known.includes(verb), `${path}: ${code}`);
    const { text } = await helpOf(verb, '--help');
    for (const [option] of rest.matchAll(/--[a-z]+/g))
      assert.ok(text.includes(`[${option}`) || option === '--help', `${path}: ${code}`);
  }
});

/** Runs a command on the files of a folder; what it writes and complains of, in order. */
async function runIn(
  workingFolder: string,
  argv: readonly string[],
): Promise<{ readonly text: string; readonly code: number }> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const files = { read: async (path: string) => ok(new Uint8Array(await readFile(path))) } as Partial<Files> as Files;
  const ports = { files } as Partial<CommandContext['ports']> as CommandContext['ports'];
  const context: Partial<CommandContext> = { write, complain: write, color: false, workingFolder, version: '', ports };
  return { code: await runCli(argv, context as CommandContext), text };
}

test('what README.md shows of `npm start` is what the demo prints', async () => {
  const shown = blocks.find(({ page, info }) => page === 'README.md' && info === 'text')?.text ?? '';
  const ca = '.portcullis/demo/certificates/local-ca.pem';
  const printed: string[] = [];
  const services: Partial<CommandContext['services']> = {
    demoApi: async () => ({ url: 'http://127.0.0.1:3001', openapiFile: '/orders.openapi.yaml', close: async () => {} }),
    localIssuer: async ({ clients }) =>
      ok({
        url: 'http://127.0.0.1:3002',
        jwksUrl: 'http://127.0.0.1:3002/id/jwks',
        clients: clients.map(({ id }) => ({ id, secret: 'SECRET' })),
        close: async () => {},
      }),
    freePort: async (preferred) => preferred,
    startText: async ({ banner }) => {
      printed.push(banner({ https: 8443, http: 8080, admin: 9443, ca, host: '127.0.0.1' }));
      return 0;
    },
  };
  const program = ['bin/portcullis'];
  const context = {
    workingFolder: '/',
    program,
    services: services as CommandContext['services'],
  } as Partial<CommandContext>;
  assert.equal(await runCli(['demo'], context as CommandContext), 0);
  assert.ok(shown.split('\n').length > 10);
  // The page ends where it says "and so on"; what it shows up to there is all of it, in its order.
  assert.equal(printed.join('').trimStart().slice(0, shown.length), shown);
});
