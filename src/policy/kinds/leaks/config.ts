import type { FieldAction, LeakAction, LeakClass } from '../../../leaks/index.ts';

/** What must not leave by the replies of an operation, and what becomes of it. Classes that are not named are not looked for. */
export interface ReplyLeaks {
  readonly classes: Readonly<Partial<Record<LeakClass, LeakAction>>>;
  /** Names of forms of keys and cards that may leave. */
  readonly allow: readonly string[];
  /** By JSON Pointer, in which `*` stands for any name and any element. */
  readonly fields: Readonly<Record<string, FieldAction>>;
  /** Classes of the operator's own, by name: values of JSON that match a pattern. */
  readonly own: Readonly<Record<string, { readonly pattern: string; readonly action: LeakAction }>>;
}

/** The same of an API, and of those of its operations that have a word of their own; null where nothing is looked for. */
export interface LeaksConfig {
  readonly api: ReplyLeaks | null;
  /** By operation name. */
  readonly operations: Readonly<Record<string, ReplyLeaks | null>>;
}
