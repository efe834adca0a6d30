import { err, errorIssue, type Issue, ok, type Result } from '../../base/index.ts';
import { descend, isObject, own, parsePointer, pointerTo, type Site } from '../pointer.ts';
import { createReferences, type References } from '../reference.ts';
import { knownOf } from '../survey.ts';
import { Cuts } from './cuts.ts';
import { readDiscriminator } from './discriminator.ts';
import { type NodeOf, readInner } from './inner.ts';
import { checkNames, createReader, type KeywordReader, type ReaderContext } from './keyword-reader.ts';
import { PATTERN_WORK_LIMIT, REACHED_LIMIT, SCHEMA_LIMIT } from './limits.ts';
import { excusedNames, linkNode } from './link.ts';
import { heightIssues } from './height.ts';
import { KIND } from './kind.ts';
import { GROUP, groupsOf } from './keyword-groups.ts';
import { readRules } from './rules.ts';
import { createRun, type Run, TOO_LONG } from './run.ts';
import {
  createInner,
  createNode,
  discriminated,
  type Mode,
  NOTHING_INSIDE,
  parts,
  sameValue,
  type SchemaNode,
} from './schema-node.ts';
import type { Shape } from './shape.ts';
import type { SchemaSource, Sieve, Validator, ValidatorOptions, Violation } from './validator-types.ts';

/** Compiles one validator from the schemas of its document that were compiled before, and those that were not. */
export function validatorFor(
  source: SchemaSource,
  site: Site,
  options: ValidatorOptions,
): Result<Validator, readonly Issue[]> {
  const workshop = workshopFor(source, options);
  const root = nodeAt(workshop, site, options.closed ? 'strict' : 'open');
  if (root === null) return err([errorIssue(site.pointer, 'must be a schema')]);
  const made = workshop.validators.get(root);
  if (made !== undefined) return ok(made);
  const issues = linkedIssues(workshop, root, site);
  if (issues.length > 0) return err(issues);
  const validator = createValidator(root);
  workshop.validators.set(root, validator);
  return ok(validator);
}

/** Compiles a sieve in the same way. It closes, for what nobody describes is what it finds. */
export function sieveFor(
  source: SchemaSource,
  site: Site,
  direction: ValidatorOptions['direction'],
): Result<Sieve, readonly Issue[]> {
  const workshop = workshopFor(source, { closed: true, direction });
  const root = nodeAt(workshop, site, 'strict');
  if (root === null) return err([errorIssue(site.pointer, 'must be a schema')]);
  const made = workshop.sieves.get(root);
  if (made !== undefined) return ok(made);
  const issues = linkedIssues(workshop, root, site);
  if (issues.length > 0) return err(issues);
  const sieve = createSieve(root);
  workshop.sieves.set(root, sieve);
  return ok(sieve);
}

/** Links a schema and all that it comes to; what is wrong with any of them leaves them as they were. */
function linkedIssues(workshop: Workshop, root: SchemaNode, { pointer }: Site): readonly Issue[] {
  const reached = reach(workshop, root);
  const issues: Issue[] = [];
  for (const node of reached) if (node.issues !== null) issues.push(...node.issues);
  if (reached.length > REACHED_LIMIT) issues.push(errorIssue(pointer, `is made of more than ${REACHED_LIMIT} schemas`));
  if (workshop.count > SCHEMA_LIMIT) issues.push(errorIssue('', `has more than ${SCHEMA_LIMIT} schemas`));
  if (issues.length === 0) issues.push(...heightIssues(reached));
  if (issues.length === 0) link(workshop, reached);
  return issues;
}

/** The schemas of one document, read in one way. */
interface Workshop {
  readonly way: ValidatorOptions;
  readonly reading: ReaderContext;
  readonly references: References;
  readonly hidden: 'readOnly' | 'writeOnly';
  readonly nodes: Readonly<Record<Mode, Map<object | boolean, SchemaNode>>>;
  /** A schema that many parameters or bodies share has one; no judgement begins within another. */
  readonly validators: Map<SchemaNode, Validator>;
  readonly sieves: Map<SchemaNode, Sieve>;
  readonly shapes: Map<SchemaNode, Shape>;
  readonly document: unknown;
  count: number;
}

/** An API has hundreds of operations over the same schemas. An entry goes with its document, which is read in few ways. */
const workshops = new WeakMap<object, Workshop[]>();

function workshopFor(source: SchemaSource, options: ValidatorOptions): Workshop {
  if (typeof source.document !== 'object' || source.document === null) return createWorkshop(source, options);
  let ways = workshops.get(source.document);
  if (ways === undefined) workshops.set(source.document, (ways = []));
  for (const workshop of ways) if (isFor(workshop, source, options)) return workshop;
  const workshop = createWorkshop(source, options);
  ways.push(workshop);
  return workshop;
}

function isFor({ reading, way }: Workshop, { specification }: SchemaSource, options: ValidatorOptions): boolean {
  return reading.dialect === specification && way.direction === options.direction && way.closed === options.closed;
}

function createWorkshop({ document, specification }: SchemaSource, way: ValidatorOptions): Workshop {
  return {
    way,
    reading: { dialect: specification, patterns: new Map() },
    references: createReferences(document),
    hidden: way.direction === 'request' ? 'readOnly' : 'writeOnly',
    nodes: { strict: new Map(), open: new Map(), plain: new Map() },
    validators: new Map(),
    sieves: new Map(),
    shapes: new Map(),
    document,
    count: 0,
  };
}

/** The node of a schema in a mode: one for each schema of the document, wherever it is referred to from. */
function nodeAt(workshop: Workshop, { value, pointer }: Site, mode: Mode): SchemaNode | null {
  if (!isObject(value) && typeof value !== 'boolean') return null;
  const known = workshop.nodes[mode].get(value);
  if (known !== undefined) return known;
  const node = createNode(value, pointer, mode);
  workshop.nodes[mode].set(value, node);
  workshop.count += 1;
  return node;
}

/** All schemas that one comes to, each read. */
function reach(workshop: Workshop, root: SchemaNode): readonly SchemaNode[] {
  if (workshop.count > SCHEMA_LIMIT) return [root];
  root.issues ??= read(workshop, root);
  if (root.inner === NOTHING_INSIDE) return [root];
  const reached = new Set([root]);
  for (const node of reached) {
    if (reached.size > REACHED_LIMIT || workshop.count > SCHEMA_LIMIT) break;
    node.issues ??= read(workshop, node);
    if (node.inner === NOTHING_INSIDE) continue;
    for (const next of sameValue(node)) reached.add(next);
    for (const next of parts(node)) reached.add(next);
    for (const next of discriminated(node.inner.discriminator)) reached.add(next);
  }
  return [...reached];
}

function read(workshop: Workshop, node: SchemaNode): readonly Issue[] {
  if (!isObject(node.value)) return NO_ISSUES;
  const issues: Issue[] = [];
  const reader = createReader(node, workshop.reading, issues);
  checkNames(reader, node.value);
  const groups = groupsOf(node.value);
  node.rules = readRules(reader, groups);
  if ((groups & GROUP.inner) === 0) return issues.length === 0 ? NO_ISSUES : issues;
  node.inner = createInner();
  const nodeOf: NodeOf = (site, mode) => {
    const inner = nodeAt(workshop, site, mode);
    if (inner === null) issues.push(errorIssue(site.pointer, 'must be a schema'));
    return inner;
  };
  readInner(node, reader, nodeOf);
  node.inner.discriminator = readDiscriminator(node, reader, workshop, nodeOf);
  for (const keyword of ['$ref', '$dynamicRef'] as const) readReference(workshop, node, reader, keyword);
  return issues.length === 0 ? NO_ISSUES : issues;
}

const NO_ISSUES: readonly Issue[] = [];

/**
 * A `$dynamicRef` is read as a `$ref`: to one anchor of a document that is one resource, both lead to the same place
 * (JSON Schema 2020-12 §8.2.3.2). Of two anchors with one name the value would have to choose, so they are an issue.
 */
function readReference(workshop: Workshop, node: SchemaNode, reader: KeywordReader, keyword: string): void {
  const text = reader.value(keyword);
  if (text === undefined || (keyword === '$dynamicRef' && reader.dialect === '3.0')) return;
  if (reader.dialect !== '3.0' && isIdentified(workshop.document, node.pointer)) {
    reader.fault(keyword, 'is inside a schema with an `$id`, so it may mean two places', 'remove the `$id`');
    return;
  }
  const site = typeof text === 'string' ? workshop.references.target(text) : null;
  const target = site === null ? null : nodeAt(workshop, site, node.mode);
  if (target === null) reader.fault(keyword, 'refers to no schema in the document, or to more than one');
  else node.inner.targets.push(target);
}

/** Whether a schema, or one around it, has an `$id`; the document itself is no schema. */
function isIdentified(document: unknown, pointer: string): boolean {
  if (knownOf(document)?.identified === false) return false;
  const tokens = parsePointer(pointer);
  let value = document;
  for (const token of tokens.ok ? tokens.value : []) {
    value = descend(value, [token]);
    if (isObject(value) && typeof own(value, '$id') === 'string') return true;
  }
  return false;
}

function link(workshop: Workshop, reached: readonly SchemaNode[]): void {
  const fresh = reached.filter(({ linked }) => !linked);
  const isExcused = (node: SchemaNode): boolean => isHidden(node, { keyword: workshop.hidden, byItems: true });
  const isRefused = (node: SchemaNode): boolean => isHidden(node, { keyword: workshop.hidden, byItems: false });
  for (const node of fresh) {
    if (node.inner === NOTHING_INSIDE) continue;
    const names = excusedNames(node, isExcused);
    if (names.size === 0) continue;
    const inline = node.inner.allOf.filter(({ pointer }) => pointer.startsWith(pointerTo(node.pointer, 'allOf')));
    for (const excusing of [node, ...inline]) excusing.excused = excusing.excused.union(names);
  }
  for (const node of fresh) {
    linkNode(node, { shapes: workshop.shapes, isExcused, isRefused });
    node.linked = true;
  }
}

/** By which of its keywords a schema is hidden, and whether also by those of its items. */
interface Hiding {
  readonly keyword: Workshop['hidden'];
  readonly byItems: boolean;
}

/**
 * Whether a schema is `readOnly` or `writeOnly`, or one that it joins; or all there can be of it: its items, or each of its
 * alternatives but null. `known` is what was found of others on the way, and ends circles.
 */
function isHidden(node: SchemaNode, hiding: Hiding, known = new Map<SchemaNode, boolean>()): boolean {
  const { inner } = node;
  const { keyword, byItems } = hiding;
  if (says(node, keyword) || inner === NOTHING_INSIDE) return says(node, keyword);
  const before = known.get(node);
  if (before !== undefined) return before;
  known.set(node, false);
  const hides = (one: SchemaNode): boolean => isHidden(one, hiding, known);
  const items = byItems ? [inner.items, ...inner.prefixItems].filter((item) => item !== null) : [];
  const hidden =
    [...inner.targets, ...inner.allOf, ...items].some(hides) ||
    areAll(inner.anyOf, hides) ||
    areAll(
      inner.oneOf.map((alternative) => alternative.node),
      hides,
    );
  known.set(node, hidden);
  return hidden;
}

function areAll(alternatives: readonly SchemaNode[], hides: (one: SchemaNode) => boolean): boolean {
  const others = alternatives.filter(({ rules }) => rules?.kinds !== KIND.null);
  return others.length > 0 && others.every(hides);
}

function says({ value }: SchemaNode, keyword: string): boolean {
  return isObject(value) && Object.hasOwn(value, keyword) && value[keyword] === true;
}

function createValidator(root: SchemaNode): Validator {
  const run = createRun();
  return (value) => {
    return judgeRoot(root, value, run) ? null : explain(root, value, run);
  };
}

/** What is wrong with a value that was just found not to hold. */
function explain(root: SchemaNode, value: unknown, run: Run): readonly Violation[] {
  const tooLong = run.patternWork > PATTERN_WORK_LIMIT;
  if (run.exhausted && !tooLong) return TOO_LABORIOUS;
  const violations: Violation[] = [];
  run.trail = { path: [], violations };
  judgeRoot(root, value, run);
  run.trail = null;
  if (violations.length > 0) return violations;
  return tooLong ? TOO_LONG_SOMEWHERE : UNEXPLAINED;
}

function createSieve(root: SchemaNode): Sieve {
  const run = createRun();
  return (value) => {
    if (judgeRoot(root, value, run)) return null;
    const cuts = new Cuts();
    run.cuts = cuts;
    const holds = judgeRoot(root, value, run);
    const violations = holds ? null : explain(root, value, run);
    run.cuts = null;
    return violations === null ? { cuts: cuts.members } : { violations };
  };
}

function judgeRoot(root: SchemaNode, value: unknown, run: Run): boolean {
  run.steps = 0;
  run.depth = 0;
  run.exhausted = false;
  run.patternWork = 0;
  const holds = root.location(value, run) && !run.exhausted;
  run.memo = null;
  run.cutMemo = null;
  return holds;
}

const TOO_LABORIOUS: readonly Violation[] = [{ pointer: '', message: 'is too deep or too laborious to judge' }];
/** For one that an alternative or a `not` asks about, of which nothing else is told. */
const TOO_LONG_SOMEWHERE: readonly Violation[] = [{ pointer: '', message: `has a text that ${TOO_LONG}` }];
const UNEXPLAINED: readonly Violation[] = [{ pointer: '', message: 'is not as described' }];
