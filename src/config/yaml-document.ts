import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { errorIssue, type Issue } from '../base/index.ts';
import { formatKeyPath } from './key-path.ts';
import { defineKey, type LineIndex, type Reading } from './source-document.ts';
import { createYamlLocator, keyOf } from './yaml-locator.ts';
import { composeYaml, TAG_WORDS } from './yaml-syntax.ts';

/**
 * How a YAML text is read.
 * `forConfiguration`: keys are text in writing too and numbers are plain decimals, so that nothing has two readings.
 * Otherwise as OpenAPI documents need it: `200:` is the key "200".
 */
export interface YamlRules {
  readonly forConfiguration: boolean;
  readonly depthLimit: number;
  /** Values, counted again for each alias that repeats them: the bound on alias bombs. */
  readonly nodeLimit: number;
  readonly aliasLimit: number;
}

const ISSUE_LIMIT = 100;

/**
 * Reads one YAML 1.2 document of the core schema into plain data. Refused: tags, merge keys, duplicate keys, keys
 * that are not text, several documents, aliases beyond the bounds. Never throws, whatever the text.
 */
export function readYaml(text: string, file: string, rules: YamlRules): Reading {
  const { composed, issues } = composeYaml(text, file, rules.depthLimit);
  if (composed === null) return { document: null, issues };
  const root = composed.document.contents;
  if (root === null || (isScalar(root) && root.value === null && root.source === '')) {
    return { document: null, issues: [errorIssue('', 'is empty', { place: composed.lines.placeAt(0) })] };
  }
  const walk: Walk = {
    lines: composed.lines,
    rules,
    path: [],
    anchors: new Map(),
    targets: new Map(),
    open: new Set(),
    counts: { nodes: 0, aliases: 0, expanding: 0 },
    issues: [],
    stopped: false,
  };
  const value = convert(walk, root);
  if (walk.stopped) return { document: null, issues: walk.issues };
  return { document: { value, locate: createYamlLocator(root, walk.targets, composed.lines) }, issues: walk.issues };
}

interface Walk {
  readonly lines: LineIndex;
  readonly rules: YamlRules;
  readonly path: (string | number)[];
  readonly anchors: Map<string, Node>;
  /** What each alias meant where it stood: an anchor's name may be given again further down. */
  readonly targets: Map<Alias, Node>;
  /** The values that are being converted: an alias to one of them would never end. */
  readonly open: Set<Node>;
  readonly counts: { nodes: number; aliases: number; expanding: number };
  readonly issues: Issue[];
  stopped: boolean;
}

function complain(walk: Walk, node: Node | null, message: string, fix?: string): void {
  if (walk.issues.length >= ISSUE_LIMIT) return;
  const place = walk.lines.placeAt(node?.range?.[0] ?? 0);
  walk.issues.push(errorIssue(formatKeyPath(walk.path), message, fix === undefined ? { place } : { place, fix }));
}

function stop(walk: Walk, node: Node, message: string): null {
  if (!walk.stopped) complain(walk, node, message);
  walk.stopped = true;
  return null;
}

function convert(walk: Walk, node: Node | null): unknown {
  if (node === null || walk.stopped) return null;
  walk.counts.nodes += 1;
  if (walk.counts.nodes > walk.rules.nodeLimit) return stop(walk, node, `has more than ${walk.rules.nodeLimit} values`);
  if (walk.path.length > walk.rules.depthLimit) {
    return stop(walk, node, `is nested deeper than ${walk.rules.depthLimit} levels`);
  }
  if (isAlias(node)) return convertAlias(walk, node);
  if (node.tag !== undefined) complain(walk, node, ...TAG_WORDS);
  // While an alias repeats a value, the anchors inside it are not set again: a later one of that name holds.
  if (node.anchor !== undefined && walk.counts.expanding === 0) walk.anchors.set(node.anchor, node);
  walk.open.add(node);
  const value = convertContent(walk, node);
  walk.open.delete(node);
  return value;
}

function convertAlias(walk: Walk, alias: Alias): unknown {
  walk.counts.aliases += 1;
  if (walk.counts.aliases > walk.rules.aliasLimit) {
    return stop(walk, alias, `repeats values by alias more than ${walk.rules.aliasLimit} times`);
  }
  const target = walk.targets.get(alias) ?? walk.anchors.get(alias.source);
  if (target === undefined) {
    complain(
      walk,
      alias,
      'no anchor of this name stands above the alias',
      'put quotes around text that begins with `*`',
    );
    return null;
  }
  if (walk.open.has(target)) return stop(walk, alias, 'an alias repeats the value that it stands in');
  walk.targets.set(alias, target);
  walk.counts.expanding += 1;
  const value = convert(walk, target);
  walk.counts.expanding -= 1;
  return value;
}

function convertContent(walk: Walk, node: Node): unknown {
  if (isMap(node)) return convertMap(walk, node as YAMLMap<Node, Node | null>);
  if (isSeq(node)) {
    return node.items.map((item, index) => {
      walk.path.push(index);
      const value = convert(walk, item as Node | null);
      walk.path.pop();
      return value;
    });
  }
  return isScalar(node) ? convertScalar(walk, node) : null;
}

function convertMap(walk: Walk, map: YAMLMap<Node, Node | null>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  const firstKeys = new Map<string, Node>();
  for (const pair of map.items) {
    const key = keyOf(pair.key, walk.rules.forConfiguration);
    if (key === null) {
      complain(walk, pair.key, 'a key must be text', 'put quotes around it');
      continue;
    }
    walk.path.push(key);
    if (acceptKey(walk, pair.key, firstKeys.get(key) ?? null)) {
      firstKeys.set(key, pair.key);
      defineKey(object, key, convert(walk, pair.value));
    }
    walk.path.pop();
  }
  return object;
}

/** Whether the key at the end of the path can be taken; says why where it can't. */
function acceptKey(walk: Walk, node: Node, earlier: Node | null): boolean {
  const key = walk.path.at(-1);
  if (isScalar(node) && node.tag !== undefined) complain(walk, node, ...TAG_WORDS);
  if (isScalar(node) && node.anchor !== undefined && walk.counts.expanding === 0) walk.anchors.set(node.anchor, node);
  if (key === '<<') {
    complain(walk, node, 'merge keys (`<<`) are not read', 'write the keys out');
    return false;
  }
  if (earlier !== null) {
    const { line } = walk.lines.placeAt(earlier.range?.[0] ?? 0);
    complain(walk, node, `this key stands in line ${line} already`, 'keep one of them');
    return false;
  }
  if (key === '__proto__' && walk.rules.forConfiguration) {
    complain(walk, node, 'this name cannot be used as a key');
    return false;
  }
  return true;
}

function convertScalar(walk: Walk, scalar: Scalar): unknown {
  const value: unknown = scalar.value;
  if (typeof value === 'string' && !value.isWellFormed()) {
    complain(walk, scalar, 'holds half of a surrogate pair, which is no character');
  }
  if (typeof value !== 'number') return value;
  if (!Number.isFinite(value)) complain(walk, scalar, 'is no finite number');
  // `0o17`, `0x1F` and `017` are three ways to write numbers that people read differently.
  else if (walk.rules.forConfiguration && !/^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(scalar.source ?? '')) {
    complain(walk, scalar, 'is a number in an unusual form', 'write plain decimal digits');
  }
  return value;
}
