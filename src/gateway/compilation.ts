import { errorIssue, type Issue } from '../base/index.ts';
import type { Configured } from '../config/compiled.ts';
import type { ListMaterial, ListSources } from '../lists/index.ts';
import type { IssuerTable, RoleTable } from '../policy/index.ts';
import type { KindTable } from './kind-table.ts';
import type { PartyRoutes } from './party-routes.ts';
import type { TableReader } from './sources.ts';

/** What compilation needs besides the configuration. */
export interface CompileContext {
  readonly kinds: KindTable;
  readonly tables: TableReader;
  /** What has become of lists since, and who knows names of addresses; without it lists are as they were gathered. */
  readonly lists?: Pick<ListSources, 'live' | 'names'>;
}

/** One compilation: what it goes by, and all that it finds wrong. */
export interface Compilation {
  readonly configured: Configured;
  readonly context: CompileContext;
  readonly lists: ListMaterial;
  readonly issues: Issue[];
  /** Made once: permissions have their numbers from it, and what is kept of callers is kept by it. */
  readonly roles: RoleTable;
  readonly issuers: IssuerTable;
  /** What may be called of third parties, once that is known. */
  readonly partyRoutes: PartyRoutes;
}

/** Notes that something is wrong with what stands at a key path. */
export function complain(compilation: Compilation, path: string, message: string, fix?: string): void {
  const more = fix === undefined ? {} : { fix };
  compilation.issues.push(errorIssue(path, message, { place: compilation.configured.place(path), ...more }));
}

/** What is wrong where a file was named and is not there. */
export const UNREAD = 'this file has not been read';

/** A member of a record whose names are the author's: `constructor` is one like any other. */
export function member<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** What a policy that threw says of itself. */
export function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'unknown fault';
}
