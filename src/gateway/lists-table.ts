import type { TableDeclaration } from '../ports/index.ts';

/** The files of lists as they were read last, packed, by `listKey`. There is no age beyond which a list is worth less: it holds until another can be read. */
export const LISTS_TABLE: TableDeclaration = {
  name: 'lists',
  rowLimit: 100_000,
  staleAfterMs: Number.MAX_SAFE_INTEGER,
  whenStale: 'serve',
};
