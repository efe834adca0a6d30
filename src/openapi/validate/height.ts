import { errorIssue, type Issue } from '../../base/index.ts';
import { HEIGHT_LIMIT } from './limits.ts';
import { NOTHING_INSIDE, sameValue, type SchemaNode } from './schema-node.ts';

/**
 * Tells of schemas that judge a value by judging the same value by themselves, and of those that do it over too many
 * others: neither could be judged. `heights` are those of schemas known to be well, which others stand on.
 */
export function heightIssues(nodes: readonly SchemaNode[], heights: Map<SchemaNode, number>): readonly Issue[] {
  for (const node of nodes) {
    if (heights.has(node)) continue;
    if (node.inner === NOTHING_INSIDE || sameValue(node).length === 0) {
      heights.set(node, 0);
      continue;
    }
    const fault = measure(node, heights, new Set());
    // One is enough: what stands on it has the same.
    if (fault !== null) return [fault];
  }
  return [];
}

function measure(node: SchemaNode, heights: Map<SchemaNode, number>, open: Set<SchemaNode>): Issue | null {
  if (node.inner === NOTHING_INSIDE) {
    heights.set(node, 0);
    return null;
  }
  if (open.has(node)) return errorIssue(node.pointer, 'judges a value by itself, without end');
  if (open.size >= HEIGHT_LIMIT) return tooHigh(node);
  open.add(node);
  let height = 0;
  for (const next of sameValue(node)) {
    const fault = heights.has(next) ? null : measure(next, heights, open);
    if (fault !== null) return fault;
    height = Math.max(height, (heights.get(next) ?? 0) + 1);
  }
  open.delete(node);
  if (height >= HEIGHT_LIMIT) return tooHigh(node);
  heights.set(node, height);
  return null;
}

function tooHigh({ pointer }: SchemaNode): Issue {
  return errorIssue(pointer, `judges one value by more than ${HEIGHT_LIMIT} schemas inside one another`);
}
