import { errorIssue, type Issue } from '../../base/index.ts';
import { HEIGHT_LIMIT } from './limits.ts';
import { NOTHING_INSIDE, sameValue, type SchemaNode } from './schema-node.ts';

/**
 * Tells of schemas that judge a value by judging the same value by themselves, and of those that do it over too many
 * others: neither could be judged. The height of one that is well is noted in it, for others that stand on it.
 */
export function heightIssues(nodes: readonly SchemaNode[]): readonly Issue[] {
  for (const node of nodes) {
    if (node.height !== null) continue;
    if (node.inner === NOTHING_INSIDE || sameValue(node).length === 0) {
      node.height = 0;
      continue;
    }
    const fault = measure(node, new Set());
    // One is enough: what stands on it has the same.
    if (fault !== null) return [fault];
  }
  return [];
}

function measure(node: SchemaNode, open: Set<SchemaNode>): Issue | null {
  if (node.inner === NOTHING_INSIDE) {
    node.height = 0;
    return null;
  }
  if (open.has(node)) return errorIssue(node.pointer, 'judges a value by itself, without end');
  if (open.size >= HEIGHT_LIMIT) return tooHigh(node);
  open.add(node);
  let height = 0;
  for (const next of sameValue(node)) {
    const fault = next.height === null ? measure(next, open) : null;
    if (fault !== null) return fault;
    height = Math.max(height, (next.height ?? 0) + 1);
  }
  open.delete(node);
  if (height >= HEIGHT_LIMIT) return tooHigh(node);
  node.height = height;
  return null;
}

function tooHigh({ pointer }: SchemaNode): Issue {
  return errorIssue(pointer, `judges one value by more than ${HEIGHT_LIMIT} schemas inside one another`);
}
