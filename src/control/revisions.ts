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

/** The history of configurations; its ids sort by revision. */
export const REVISIONS: CollectionDeclaration<Revision> = {
  name: 'revisions',
  version: 1,
  indexes: ['revision', 'hash', 'outcome'],
  secrets: [],
  migrations: [],
};

/** How many revisions are kept. */
export const REVISIONS_KEPT = 200;

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

/** The keys that open the admin API. */
export const ADMIN_KEYS: CollectionDeclaration<AdminKey> = {
  name: 'admin-keys',
  version: 1,
  indexes: ['hash'],
  secrets: [],
  migrations: [],
};
