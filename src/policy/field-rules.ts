/** A field that a list names: by the names that lead to it, none for all there are. Lists on the way are gone through. */
export interface FieldEntry {
  readonly change: 'add' | 'remove';
  readonly names: readonly string[];
  /** As it is written, without its sign. */
  readonly text: string;
  readonly path: string;
}

/**
 * Which fields may pass: those of `default` for everybody, and besides those of each role that the caller has. What a
 * list removes, it removes of its own fields alone.
 */
export interface FieldRules {
  readonly id: string;
  readonly default: readonly FieldEntry[];
  /** By the names of roles, which are their author's own. */
  readonly roles: Readonly<Record<string, readonly FieldEntry[]>>;
  readonly path: string;
}
