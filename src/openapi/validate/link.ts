import type { PlainObject } from '../pointer.ts';
import { sameValueChecks } from './alternatives.ts';
import { containsCheck, elementsCheck, type ElementsCheck, judgeRestOfElements } from './elements.ts';
import { ANY_KIND, KIND, kindOf } from './kind.ts';
import { DEPTH_LIMIT, STEP_LIMIT } from './limits.ts';
import { closedLocation, openLocation, plainLocation } from './location.ts';
import {
  emptyList,
  EXCUSED,
  judgeOrCut,
  type Members,
  membersCheck,
  type MembersCheck,
  UNDESCRIBED,
} from './members.ts';
import type { Rule, Rules } from './rules.ts';
import { type Check, createSeen, fail, goesOn, matchesWithin, mergeSeen, type Run, type Seen } from './run.ts';
import { type Mode, NOTHING_INSIDE, type Part, parts, sameValue, type SchemaNode } from './schema-node.ts';
import { type Shape, shapeOf } from './shape.ts';

/** What linking needs to know beside the node. */
export interface LinkContext {
  readonly shapes: Map<SchemaNode, Shape>;
  /** Whether a schema says that its property may not be sent in this direction, or nothing of what it holds. */
  readonly isExcused: (node: SchemaNode) => boolean;
  /** Whether it says so of the property itself, and not of the items of a list alone. */
  readonly isRefused: (node: SchemaNode) => boolean;
}

/** Gives a node its checks. All schemas it comes to have been read, and form no circle that judges one value. */
export function linkNode(node: SchemaNode, context: LinkContext): void {
  if (typeof node.value === 'boolean' || node.rules === null) {
    node.check = node.value === true ? () => true : (_value, run) => fail(run, UNDESCRIBED);
    node.location = (value, run) => node.check(value, run, null);
    return;
  }
  const meant = meantBy(node);
  if (meant !== node) {
    node.check = (value, run, seen) => meant.check(value, run, seen);
    node.location = (value, run) => meant.location(value, run);
    return;
  }
  const shape = shapeOf(node, context.shapes);
  const closes = node.mode === 'strict' && !shape.all;
  const alone = node.inner.targets.length === 0 && node.inner.allOf.length === 0 && !shape.conditional;
  node.check = nodeCheck(node, node.rules, context, false);
  if ((node.rules.kinds & (KIND.object | KIND.array)) === 0) node.location = plainLocation(node.check);
  else if (!closes) node.location = openLocation(node.check);
  else if (!shape.conditional && !shape.described) node.location = openLocation(node.check);
  else if (alone) node.location = openLocation(nodeCheck(node, node.rules, context, true));
  else node.location = closedLocation(node.check, shape);
}

/** The properties that may not be sent in one direction, as far as they are known without a value. */
export function excusedNames(node: SchemaNode, isExcused: LinkContext['isExcused']): Set<string> {
  const names = new Set(node.excused);
  const joined = new Set([node]);
  for (const { inner } of joined) {
    for (const [name, property] of inner.properties ?? []) if (isExcused(property)) names.add(name);
    for (const other of [...inner.targets, ...inner.allOf]) joined.add(other);
  }
  return names;
}

function membersOf({ inner, mode }: SchemaNode, context: LinkContext, closed: boolean): MembersCheck | null {
  const { properties, patterns, additional, propertyNames: names } = inner;
  const described = properties !== null || patterns !== null;
  if (!described && additional === null && names === null) return null;
  const part = (one: SchemaNode): Part => partOf(one, mode, context);
  const members: Members = {
    properties: new Map([...(properties ?? [])].map(([name, node]) => [name, part(node)])),
    patterns: (patterns ?? []).map(({ matcher, node }) => ({ matcher, part: part(node) })),
    additional: additional === null ? null : part(additional),
    names: names === null ? null : meantBy(names),
    described,
    closed,
  };
  return membersCheck(members);
}

/** What judges a member: one that may not be sent has nothing that would let it pass. */
function partOf(node: SchemaNode, mode: Mode, { isExcused, isRefused }: LinkContext): Part {
  if (mode === 'plain' || !isExcused(node)) return meantBy(node);
  return isRefused(node) ? EXCUSED : emptyList(meantBy(node));
}

function nodeCheck(node: SchemaNode, rules: Rules, context: LinkContext, closed: boolean): Check {
  const members = membersOf(node, context, closed);
  const joined = sameValueChecks(node);
  const elements = elementsOf(node, rules);
  const own = ownCheck(rules, { object: objectRules(node, rules), members, elements });
  const { unevaluatedProperties, unevaluatedItems } = node.inner;
  const whole = joined.length === 0 ? own : bothCheck(own, joined);
  if (unevaluatedProperties === null && unevaluatedItems === null) {
    return joined.length === 0 && members === null && elements.length === 0 ? own : bounded(whole);
  }
  const rest = unevaluatedProperties === null ? null : partOf(unevaluatedProperties, node.mode, context);
  return bounded(restCheck(whole, rest, unevaluatedItems));
}

/** The rules of an object, with those for the properties that must be there. */
function objectRules({ mode, excused }: SchemaNode, { object, required }: Rules): Rules['object'] {
  const wanted = required.filter((name) => mode === 'plain' || !excused.has(name));
  if (wanted.length === 0) return object;
  const there = wanted.map((name) => ({
    holds: (value: PlainObject) => Object.hasOwn(value, name),
    message: `must have the property \`${name}\``,
  }));
  return [...object, ...there];
}

/** The schema that a schema stands for: what it refers to, where it asks nothing more than that. */
function meantBy(node: SchemaNode): SchemaNode {
  if (node.inner === NOTHING_INSIDE) return node;
  let meant = node;
  // Schemas that judge the same value form no circle, so this ends.
  for (;;) {
    const [only, ...others] = sameValue(meant);
    const joins = meant.inner.targets.length + meant.inner.allOf.length === 1;
    const alone = joins && others.length === 0 && parts(meant).length === 0 && !describes(meant) && !tells(meant);
    if (only === undefined || !alone || meant.rules === null || !asksNothing(meant.rules)) return meant;
    meant = only;
  }
}

/** Whether a property of the value says what else it follows. */
function tells({ inner }: SchemaNode): boolean {
  return inner.discriminator !== null;
}

function describes({ inner }: SchemaNode): boolean {
  return inner.properties !== null || inner.patterns !== null;
}

function asksNothing({ kinds, any, number, string, pattern, array, object, required }: Rules): boolean {
  if (pattern !== null) return false;
  return kinds === ANY_KIND && [any, number, string, array, object, required].every(({ length }) => length === 0);
}

function elementsOf({ inner }: SchemaNode, rules: Rules): ElementsCheck[] {
  const checks: ElementsCheck[] = [];
  if (inner.prefixItems.length > 0 || inner.items !== null) {
    checks.push(elementsCheck(inner.prefixItems.map(meantBy), inner.items === null ? null : meantBy(inner.items)));
  }
  if (inner.contains !== null) checks.push(containsCheck(inner.contains, rules.leastContained, rules.mostContained));
  return checks;
}

/** What a schema asks of objects and arrays. */
interface OwnParts {
  readonly object: Rules['object'];
  readonly members: MembersCheck | null;
  readonly elements: readonly ElementsCheck[];
}

function ownCheck(rules: Rules, { object, members, elements }: OwnParts): Check {
  const { kinds, kindMessage, any, pattern } = rules;
  return (value, run, seen) => {
    const kind = kindOf(value);
    if ((kind & kinds) === 0) return fail(run, kinds === ANY_KIND ? 'is no JSON value' : kindMessage);
    if (!follows(any, value, run)) return false;
    switch (kind) {
      case KIND.string:
        return follows(rules.string, value as string, run) && matchesPattern(value as string, run);
      case KIND.integer:
      case KIND.fraction:
        return follows(rules.number, value as number, run);
      case KIND.object:
        return judgeObject(value as PlainObject, run, seen);
      case KIND.array:
        return judgeArray(value as readonly unknown[], run, seen);
      default:
        return true;
    }
  };

  function matchesPattern(value: string, run: Run): boolean {
    if (pattern === null || matchesWithin(pattern, value, run)) return true;
    return run.exhausted ? false : fail(run, 'must match the pattern described');
  }

  function judgeObject(value: PlainObject, run: Run, seen: Seen | null): boolean {
    let holds = true;
    for (const rule of object) {
      if (rule.holds(value)) continue;
      fail(run, rule.message);
      if (!goesOn(run)) return false;
      holds = false;
    }
    return (members === null || members(value, run, seen)) && holds;
  }

  function judgeArray(value: readonly unknown[], run: Run, seen: Seen | null): boolean {
    if (!follows(rules.array, value, run)) return false;
    for (const check of elements) if (!check(value, run, seen)) return false;
    return true;
  }
}

/** Applies rules until one does not hold. */
function follows<T>(rules: readonly Rule<T>[], value: T, run: Run): boolean {
  for (let index = 0; index < rules.length; index += 1) {
    const rule = rules[index];
    if (rule !== undefined && !rule.holds(value)) return fail(run, rule.message);
  }
  return true;
}

function bothCheck(own: Check, joined: readonly Check[]): Check {
  return (value, run, seen) => {
    let holds = own(value, run, seen);
    if (!holds && !goesOn(run)) return false;
    for (const check of joined) {
      if (check(value, run, seen)) continue;
      if (!goesOn(run)) return false;
      holds = false;
    }
    return holds;
  };
}

/** Judges what nothing else in the schema has evaluated (JSON Schema 2020-12 §11.2, §11.3). */
function restCheck(whole: Check, properties: Part | null, items: Part | null): Check {
  return (value, run, seen) => {
    if (typeof value !== 'object' || value === null) return whole(value, run, seen);
    const own = createSeen();
    let holds = whole(value, run, own);
    if (!holds && !goesOn(run)) return false;
    if (Array.isArray(value)) holds = (items === null || judgeRestOfElements(items, value, run, own)) && holds;
    else if (properties !== null) {
      holds = judgeRestOfMembers(properties, value as PlainObject, run, own) && holds;
      own.all = true;
    }
    if (holds && seen !== null) mergeSeen(seen, own);
    return holds;
  };
}

function judgeRestOfMembers(rest: Part, object: PlainObject, run: Run, seen: Seen): boolean {
  if (seen.all) return true;
  let holds = true;
  for (const name in object) {
    if (seen.names.has(name) || judgeOrCut(rest, object, name, run)) continue;
    if (!goesOn(run)) return false;
    holds = false;
  }
  return holds;
}

/** Counts work and depth, so that neither a value nor a schema can make the judgement endless or exhaust the stack. */
function bounded(check: Check): Check {
  return (value, run, seen) => {
    run.steps += 1;
    if (run.depth >= DEPTH_LIMIT || run.steps > STEP_LIMIT) run.exhausted = true;
    if (run.exhausted) return false;
    run.depth += 1;
    const holds = check(value, run, seen);
    run.depth -= 1;
    return holds;
  };
}
