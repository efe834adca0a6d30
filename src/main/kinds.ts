import { type KindTable, kindTable } from '../gateway/index.ts';
import type { PolicyKind } from '../policy/index.ts';

/** The kinds of policy this version has, by name. Configuration, compile worker and gateway threads read this one table. */
export const KIND_TABLE: KindTable = kindTable([]);

/** The same as a list. */
export const KINDS: readonly PolicyKind<unknown>[] = [...KIND_TABLE.values()];
