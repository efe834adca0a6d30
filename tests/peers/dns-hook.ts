import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A hook in a folder of its own. */
export interface Hook {
  readonly folder: string;
  /** The program. */
  readonly path: string;
}

/** A program that tells Pebble's DNS of each record, and notes what it was called with; `first` runs ahead of that. */
export async function writeHook(t: TestContext, dnsUrl: string, first = ''): Promise<Hook> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-hook-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'hook');
  const text = `#!${process.execPath}
const { appendFileSync, existsSync } = require('node:fs');
const { request } = require('node:http');
const [, , action, name, value] = process.argv;
const folder = ${JSON.stringify(folder)};
appendFileSync(folder + '/calls', [action, name, process.ppid].join(' ') + '\\n');
const tell = () => {
  const url = ${JSON.stringify(dnsUrl)} + (action === 'present' ? '/set-txt' : '/clear-txt');
  const sent = request(url, { method: 'POST' }, (reply) => {
    reply.resume();
    process.exitCode = reply.statusCode === 200 ? 0 : 1;
  });
  sent.end(JSON.stringify({ host: name + '.', ...(action === 'present' ? { value } : {}) }));
};
${first}
tell();
`;
  await writeFile(path, text, { mode: 0o700 });
  return { folder, path };
}
