import { kindTable } from '../gateway/index.ts';
import type { PolicyKind } from '../policy/index.ts';

/** The kinds of policy this version has. Configuration, compile worker and gateway threads all read this one list. */
export const KINDS: readonly PolicyKind<never>[] = [];

/** The same by name. */
export const KIND_TABLE = kindTable(KINDS);
