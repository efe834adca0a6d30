import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../tidy/repository.ts';

/** Where the example with the table of rights lies. */
export const ACCESS_EXAMPLE = join(ROOT, 'examples', 'access');

/** Somebody who calls, as a token says it; null for nobody. */
export type Caller = {
  readonly subject: string;
  readonly tenant?: string;
  readonly roles: readonly string[];
  readonly amr?: readonly string[];
  readonly invoices?: readonly string[];
  readonly suspended?: boolean;
} | null;

/** One operation, with what each caller gets of it: see `examples/access/rights.yaml`. */
export interface RightsRow {
  readonly operation: string;
  readonly note?: string;
  /** `METHOD TARGET`, with places for the tenant and the id of the object. */
  readonly do: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly columns: string;
  readonly status: Readonly<Record<string, readonly number[]>>;
  /** Whose objects are in a list. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
  /** Names of fields, or of a list of them. `below`: the list that holds the objects. */
  readonly sees?: Readonly<Record<string, string | readonly string[]>>;
  readonly sets?: Readonly<Record<string, readonly string[]>>;
}

/** The table of rights. */
export interface Rights {
  readonly callers: Readonly<Record<string, Caller>>;
  readonly columns: Readonly<Record<string, readonly string[]>>;
  readonly fields: Readonly<Record<string, readonly string[]>>;
  readonly rows: readonly RightsRow[];
}

/** Reads it. */
export function readRights(): Rights {
  return parse(readFileSync(join(ACCESS_EXAMPLE, 'rights.yaml'), 'utf8')) as Rights;
}

/** The table for people, in Markdown: what each caller gets of each operation, sees and may set. */
export function rightsPage({ callers, columns, rows, fields }: Rights): string {
  const names = Object.keys(callers);
  const tables = rows.map((row) => {
    const objects = columns[row.columns] ?? [];
    const heading = [...objects.map((name) => (name === 'any' ? 'status' : name)), 'sees', 'may set'];
    const lines = names.map((name) => {
      const statuses = (row.status[name] ?? []).map(String);
      return `| ${[name, ...statuses, seenBy(row, name, fields), fieldsOf(row.sets?.[name])].join(' | ')} |`;
    });
    const title = `## ${row.operation}${row.note === undefined ? '' : `, ${row.note}`}`;
    const rule = `| --- | ${heading.map(() => '---').join(' | ')} |`;
    return [title, '', `\`${row.do}\``, '', `| caller | ${heading.join(' | ')} |`, rule, ...lines, ''].join('\n');
  });
  return `${PREFACE}\n${tables.join('\n')}`;
}

const PREFACE = `# Who may do what

Generated from [rights.yaml](rights.yaml), which was written before the configuration beside it. A test asks the gateway for
each cell, over HTTP/1.1 and HTTP/2, and looks into the database for what became of it.

*own* is an object of the caller's, *foreign* one of somebody else in the same tenant, *other* one of another tenant, *missing*
one that there is not, and *smuggled* one of another tenant below a path of the caller's own.
`;

function seenBy({ sees, lists }: RightsRow, caller: string, fields: Rights['fields']): string {
  const whose = lists?.[caller];
  const all = sees?.[caller];
  const named = fieldsOf(typeof all === 'string' ? fields[all] : all);
  if (whose === undefined) return named;
  return whose.length === 0 ? 'an empty list' : `of ${whose.join(' and ')}: ${named}`;
}

function fieldsOf(names: readonly string[] | undefined): string {
  return names === undefined ? '' : names.map((name) => `\`${name}\``).join(', ');
}
