import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository's top folder. */
export const ROOT = join(import.meta.dirname, '..', '..');

/** A page of the documentation, by its path from the top folder. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A fenced block: `info` is what stands behind its first fence, `line` where that is. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly info: string;
  readonly text: string;
}

/** All pages of Markdown that belong to the project. */
export function pages(): readonly Page[] {
  const paths = [...globSync('*.md', { cwd: ROOT }), ...globSync('{docs,examples}/**/*.md', { cwd: ROOT })].toSorted();
  return paths.map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** The fenced blocks of a page, in order. A fence that is not closed is an error. */
export function blocksOf({ path, text }: Page): readonly Block[] {
  const blocks: Block[] = [];
  let open: { readonly info: string; readonly line: number; readonly lines: string[] } | null = null;
  for (const [at, line] of text.split('\n').entries()) {
    const fence = /^```(.*)$/.exec(line);
    if (fence === null) open?.lines.push(line);
    else if (open === null) open = { info: (fence[1] as string).trim(), line: at + 1, lines: [] };
    else {
      blocks.push({ page: path, line: open.line, info: open.info, text: `${open.lines.join('\n')}\n` });
      open = null;
    }
  }
  if (open !== null) throw new Error(`${path}:${open.line} opens a block that nothing closes`);
  return blocks;
}

/** A page's text with its fenced blocks blanked out, line numbers kept. */
export function proseOf(page: Page): string {
  let inside = false;
  const lines = page.text.split('\n').map((line) => {
    const fence = line.startsWith('```');
    if (fence) inside = !inside;
    return fence || inside ? '' : line;
  });
  return lines.join('\n');
}
