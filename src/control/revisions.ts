import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { CollectionDeclaration } from '../ports/index.ts';

/** A configuration that was put in force, or tried to be. The text is what stood in the file. */
export interface Revision {
  readonly revision: number;
  readonly hash: string;
  readonly author: string;
  readonly at: number;
  readonly outcome: 'installed' | 'refused';
  readonly text: string;
}

const REVISION = z.strictObject({
  revision: z.int().nonnegative(),
  hash: z.string(),
  author: z.string(),
  at: z.number(),
  outcome: z.enum(['installed', 'refused']),
  text: z.string(),
});

/** The history of configurations, every one of them; its ids sort by revision. */
export const REVISIONS: CollectionDeclaration<Revision> = {
  name: 'revisions',
  version: 1,
  parse: (document) => parsed(REVISION.safeParse(document)),
  indexes: ['revision', 'hash', 'outcome'],
  secrets: [],
  migrations: [],
};

/** The id of a revision in its collection. */
export function revisionId(revision: number): string {
  return String(revision).padStart(12, '0');
}

/** An admin key as it is kept: its hash only. */
export interface AdminKey {
  readonly hash: string;
  readonly createdAt: number;
  readonly note: string;
}

const ADMIN_KEY = z.strictObject({ hash: z.string(), createdAt: z.number(), note: z.string() });

/** The keys that open the admin API. */
export const ADMIN_KEYS: CollectionDeclaration<AdminKey> = {
  name: 'admin-keys',
  version: 1,
  parse: (document) => parsed(ADMIN_KEY.safeParse(document)),
  indexes: ['hash'],
  secrets: [],
  migrations: [],
};

function parsed<T>(result: z.ZodSafeParseResult<T>): Result<T, string> {
  return result.success ? ok(result.data) : err(z.prettifyError(result.error));
}
