import type { PolicyUse } from '../config/compiled.ts';
import type { OwnPage } from '../policy/index.ts';
import { type Compilation, complain, wordsOf } from './compilation.ts';
import { isOwnPath } from './own-paths.ts';
import { sourcesOf } from './sources.ts';

/** The gateway's own pages of one Snapshot, by path. */
export class PageTable {
  readonly #byPath = new Map<string, OwnPage[]>();

  /** The page for a host and a path, or null. One that is for this very host goes before one that is for all. */
  find(host: string, path: string): OwnPage | null {
    const pages = this.#byPath.get(path);
    if (pages === undefined) return null;
    return pages.find((page) => page.host === host) ?? pages.find((page) => page.host === null) ?? null;
  }

  /** Adds a page. False where another page has its place. */
  add(page: OwnPage): boolean {
    const pages = this.#byPath.get(page.path) ?? [];
    const other = pages.find(({ host }) => host === page.host);
    if (other !== undefined) return other.name === page.name;
    this.#byPath.set(page.path, [...pages, page]);
    return true;
  }
}

/** The pages that policies of a configuration need, and those `besides`; null where there are none. */
export function pagesOf(compilation: Compilation, besides: readonly OwnPage[]): PageTable | null {
  const table = new PageTable();
  let count = besides.length;
  for (const page of besides) table.add(page);
  for (const use of compilation.configured.config.apis.flatMap(({ policies }) => policies)) {
    const pages = pagesFor(use, compilation);
    count += pages.length;
    for (const page of pages) {
      const fault = isOwnPath(page.path) ? null : `${page.path} is no path of the gateway's own`;
      if (fault !== null) complain(compilation, use.path, fault);
      else if (!table.add(page)) complain(compilation, use.path, `two pages of the gateway's own are at ${page.path}`);
    }
  }
  return count === 0 ? null : table;
}

function pagesFor({ kind: name, config, path }: PolicyUse, compilation: Compilation): readonly OwnPage[] {
  const { configured, context, lists } = compilation;
  const kind = context.kinds.get(name);
  if (kind?.pages === undefined) return [];
  try {
    return kind.pages(config, sourcesOf(configured, context.tables, lists));
  } catch (fault) {
    complain(compilation, path, `the policy can't say which pages it needs: ${wordsOf(fault)}`);
    return [];
  }
}
