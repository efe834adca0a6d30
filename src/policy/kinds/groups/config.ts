import type { GraphAccess } from '../../claims/config.ts';

/** Which operations have callers whose groups may have to be asked for. */
export interface GroupsConfig {
  readonly signIn: boolean;
  /** The same of operations that say it themselves, by name. */
  readonly operations: Readonly<Record<string, boolean>>;
}

/** The subject at the desk by which a thread asks for groups. */
export const GROUPS_SUBJECT = 'groups';

/** Whose groups are asked for, and by which access; the ids are those of Microsoft Entra. */
export interface GroupsQuestion {
  readonly source: string;
  readonly tenant: string;
  readonly object: string;
}

/** Those of them that stand for roles, and until when (wall milliseconds) that is gone by. */
export interface GroupsAnswer {
  readonly groups: readonly string[];
  readonly untilMs: number;
}

/** What an access is called by at the desk: it tells two apart, and holds no secret. */
export function graphSource({ clientId, url, authority, secret }: GraphAccess): string {
  return JSON.stringify([authority, url, clientId, secret]);
}
