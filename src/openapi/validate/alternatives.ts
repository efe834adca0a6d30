import { isObject, type PlainObject } from '../pointer.ts';
import { kindOf } from './kind.ts';
import { type Candidate, chooseAll, chooseOne } from './cut-alternatives.ts';
import { type Check, createSeen, fail, goesOn, holdsQuietly, mergeSeen, type Run, type Seen } from './run.ts';
import { discriminatedCheck, heirCheck } from './discriminate.ts';
import { type Alternative, conjunctsOf, hasHeirs, type SchemaNode } from './schema-node.ts';

/** The checks of all schemas inside a schema that judge the same value (JSON Schema 2020-12 §8.2.3, §10.2). */
export function sameValueChecks(node: SchemaNode): Check[] {
  const { inner } = node;
  const { discriminator } = inner;
  const checks: Check[] = [...inner.targets, ...inner.allOf].map(
    (joined) => (value, run, seen) => joined.check(value, run, seen),
  );
  if (inner.anyOf.length > 0) {
    const told = inner.oneOf.length === 0 ? discriminator : null;
    const listed = inner.anyOf.map((one) => ({ node: one, alternative: one }));
    checks.push(told === null ? anyOfCheck(inner.anyOf) : discriminatedCheck(told, listed, anyOfCheck));
  }
  if (inner.oneOf.length > 0) {
    const listed = inner.oneOf.map((one) => ({ node: one.node, alternative: one }));
    checks.push(
      discriminator === null ? oneOfCheck(inner.oneOf) : discriminatedCheck(discriminator, listed, oneOfCheck),
    );
  }
  if (discriminator !== null && hasHeirs(inner)) checks.push(heirCheck(node, discriminator));
  if (inner.not !== null) checks.push(notCheck(inner.not));
  if (inner.if !== null) checks.push(ifCheck(inner.if, inner.whenTrue, inner.whenFalse));
  if (inner.dependent.size > 0) checks.push(dependentCheck([...inner.dependent]));
  return checks;
}

function anyOfCheck(nodes: readonly SchemaNode[]): Check {
  const candidates = nodes.map((node) => ({ node, maybe: candidateTest(node) }));
  return (value, run, seen) => {
    if (run.cuts !== null) return chooseAll(candidates, value, run, seen) || explainOnly(candidates, value, run);
    let holds = false;
    for (const { node, maybe } of candidates) {
      if (!maybe(value) || !tryBranch(node, value, run, seen)) continue;
      if (seen === null) return true;
      holds = true;
    }
    return holds || explainOnly(candidates, value, run);
  };
}

function oneOfCheck(alternatives: readonly Alternative[]): Check {
  const candidates = alternatives.map(({ node, open }) => ({ node, open, maybe: candidateTest(node) }));
  return (value, run, seen) => {
    const found =
      run.cuts === null
        ? candidates.find(({ node, maybe }) => maybe(value) && tryBranch(node, value, run, seen))
        : chooseOne(candidates, value, run, seen);
    if (found === undefined) return explainOnly(candidates, value, run);
    for (const other of candidates) {
      if (other === found || !other.maybe(value)) continue;
      if (holdsQuietly(other.open.check, value, run, null)) return fail(run, 'matches more than one alternative');
    }
    return true;
  };
}

/** Judges by one alternative; what it evaluates counts only if it holds. */
function tryBranch(node: SchemaNode, value: unknown, run: Run, seen: Seen | null): boolean {
  if (seen === null) return holdsQuietly(node.check, value, run, null);
  const own = createSeen();
  const holds = holdsQuietly(node.check, value, run, own);
  if (holds) mergeSeen(seen, own);
  return holds;
}

/** Says what is wrong by the one alternative that can be meant, if there is just one. Always false. */
function explainOnly(candidates: readonly Candidate[], value: unknown, run: Run): boolean {
  if (run.trail === null) return false;
  const before = run.trail.violations.length;
  const meant = candidates.filter(({ maybe }) => maybe(value));
  if (meant.length === 1) meant[0]?.node.check(value, run, null);
  return run.trail.violations.length > before ? false : fail(run, 'matches none of the alternatives');
}

function notCheck(node: SchemaNode): Check {
  return (value, run) => !holdsQuietly(node.check, value, run, null) || fail(run, 'is what it must not be');
}

function ifCheck(condition: SchemaNode, then: SchemaNode | null, otherwise: SchemaNode | null): Check {
  return (value, run, seen) => {
    const branch = tryBranch(condition, value, run, seen) ? then : otherwise;
    return branch === null || branch.check(value, run, seen);
  };
}

function dependentCheck(dependents: readonly (readonly [name: string, node: SchemaNode])[]): Check {
  return (value, run, seen) => {
    if (!isObject(value)) return true;
    let holds = true;
    for (const [name, node] of dependents) {
      if (!Object.hasOwn(value, name) || node.check(value, run, seen)) continue;
      if (!goesOn(run)) return false;
      holds = false;
    }
    return holds;
  };
}

/** A scalar by which alternatives are told apart, such as the property of a discriminator. */
interface Tag {
  readonly name: string;
  readonly holds: (value: unknown) => boolean;
}

/**
 * A quick test that only values fail which the schema refuses: by kind, and by properties that have one of a few values.
 * Without it, alternatives that hold alternatives would all be judged to the bottom before their tags are looked at.
 */
function candidateTest(node: SchemaNode): Candidate['maybe'] {
  const kinds = conjunctsOf(node).reduce((all, { rules }) => all & (rules?.kinds ?? all), -1);
  const tags = conjunctsOf(node).flatMap(tagsOf);
  return (value) => {
    const kind = kindOf(value);
    return (kind & kinds) !== 0 && (tags.length === 0 || !isObject(value) || hasTags(value, tags));
  };
}

function hasTags(value: PlainObject, tags: readonly Tag[]): boolean {
  return tags.every(({ name, holds }) => !Object.hasOwn(value, name) || holds(value[name]));
}

function tagsOf({ inner }: SchemaNode): Tag[] {
  return [...(inner.properties ?? [])].flatMap(([name, property]) =>
    conjunctsOf(property).flatMap(({ rules }) => (rules?.any ?? []).map(({ holds }) => ({ name, holds }))),
  );
}
