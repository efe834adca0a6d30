import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../system/command.ts';

/** How many cases this version of h2spec has; a run that tells of fewer has broken off. */
export const H2SPEC_CASES = 146;

/** The tool's HPACK case of this name sends half a field: a decoder that knows no EOS refuses it too. */
export const LAME_EOS_CASE =
  'hpack/5.2 Sends a Huffman-encoded string literal representation containing the EOS symbol';

/** One case of h2spec. */
export interface H2specCase {
  /** Its section, and what it sends. */
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What was expected and what came, in one line; empty unless it failed. */
  readonly said: string;
}

const BUILD_MS = 240_000;
const RUN_MS = 240_000;

// Go's own switch to a newer toolchain would be a download that nobody pinned.
const BUILD_ENVIRONMENT = { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off' };

/**
 * Builds h2spec with this Go into the folder, from the versions and hashes that stand in `h2spec/go.sum`, and gives its
 * path. Throws with what Go said where it can't, as without a network.
 */
export async function buildH2spec(go: string, folder: string): Promise<string> {
  const program = join(folder, 'h2spec');
  const { code, stderr } = await run(
    go,
    ['build', '-mod=readonly', '-o', program, 'github.com/summerwind/h2spec/cmd/h2spec'],
    { cwd: join(import.meta.dirname, 'h2spec'), env: BUILD_ENVIRONMENT, timeout: BUILD_MS },
  );
  if (code !== 0) throw new Error(`h2spec can't be built: ${stderr.slice(-2000)}`);
  return program;
}

/** Runs every case against the server on this port of 127.0.0.1, over TLS with any certificate; asks for `/c`. */
export async function runH2spec(program: string, port: number): Promise<readonly H2specCase[]> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-h2spec-'));
  try {
    const file = join(folder, 'report.xml');
    const target = ['-h', '127.0.0.1', '-p', String(port), '-P', '/c'];
    // It ends with 1 when a case failed, which the report tells better.
    const { stdout } = await run(program, ['-t', '-k', '-S', '-o', '2', ...target, '-j', file], { timeout: RUN_MS });
    const report = await readFile(file, 'latin1').catch(() => null);
    if (report === null) throw new Error(`h2spec wrote no report: ${stdout.slice(-2000)}`);
    return readReport(report);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the report, which is JUnit's XML as Go writes it. */
export function readReport(xml: string): readonly H2specCase[] {
  const found = xml.matchAll(/<testcase package="([^"]*)" classname="([^"]*)"[^>]*>([^]*?)<\/testcase>/g);
  return [...found].map(([, section = '', title = '', inside = '']) => {
    const name = `${section} ${unescape(title)}`;
    if (/<skipped/.test(inside)) return { name, outcome: 'skipped', said: '' };
    const [, said] = /<(?:failure|error)>([^]*?)<\/(?:failure|error)>/.exec(inside) ?? [];
    if (said === undefined) return { name, outcome: inside.trim() === '' ? 'passed' : 'failed', said: inside.trim() };
    return { name, outcome: 'failed', said: unescape(said).split('\n').join(', ') };
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&#34;': '"',
  '&#39;': "'",
  '&#xA;': '\n',
  '&lt;': '<',
  '&gt;': '>',
  '&amp;': '&',
};

function unescape(text: string): string {
  return text.replaceAll(/&[#a-zA-Z0-9]+;/g, (entity) => ENTITIES[entity] ?? entity);
}
