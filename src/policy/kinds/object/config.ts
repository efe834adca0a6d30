import type { AccessRule } from '../../access-rule.ts';
import type { OwnerLookup } from './owner-lookup.ts';
import type { ValuesSource } from '../conditions/config.ts';

/** A list in a reply, by the names that lead to it, none for a body that is one. Lists on the way are gone through. */
export interface ObjectList {
  readonly names: readonly string[];
  /** Members beside it that go too, such as counts of all there are, by the names that lead to them. */
  readonly drop: readonly (readonly string[])[];
}

/** Whose objects a caller may reach by an operation. */
export interface ObjectRule extends AccessRule {
  /** What a caller is told of an object that is not theirs: that there is none, or that they may not. */
  readonly otherwise: 'not-found' | 'forbidden';
  /** The list whose elements the rule is asked of, one by one; null where it is asked of the whole. */
  readonly each: ObjectList | null;
  /** The service that is asked whose an object is, which the rule names as `owner`; null where none is. */
  readonly lookup: OwnerLookup | null;
  /** Whether it only observes: then nothing is told of what it would have let pass changed. */
  readonly observed: boolean;
}

/** The rules on objects of an API, by operation name. Names are the author's, as those of `values`. */
export interface ObjectConfig {
  readonly operations: Readonly<Record<string, ObjectRule>>;
  readonly values: Readonly<Record<string, ValuesSource>>;
}
