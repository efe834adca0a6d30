import type { JsonValue } from '../../../body/index.ts';
import { type FieldNode, isWhole, NO_FIELDS } from '../../field-access/index.ts';
import type { RefusedFields } from './refused-fields.ts';
import { nodeOfSent } from './sent-members.ts';

/** The members of each operation (RFC 6902 §4); others are refused, since some readers take `Path` for `path`. */
const MEMBERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['add', ['op', 'path', 'value']],
  ['remove', ['op', 'path']],
  ['replace', ['op', 'path', 'value']],
  ['move', ['op', 'from', 'path']],
  ['copy', ['op', 'from', 'path']],
  ['test', ['op', 'path', 'value']],
]);

/**
 * Holds a JSON Patch (RFC 6902) against what may be set. An operation replaces, moves or tells all that lies at its
 * places, so all of that must be on the list, both where it reads and where it writes. Only what is put behind the end of a
 * list is new, and judged by its own members.
 */
export function judgePatch(patch: JsonValue, node: FieldNode, refused: RefusedFields): void {
  if (!Array.isArray(patch)) {
    refused.add();
    return;
  }
  for (const [index, operation] of (patch as readonly JsonValue[]).entries()) {
    if (refused.isFull) return;
    refused.within(index, () => judgeOperation(operation, node, refused));
  }
}

/**
 * Holds a list of JSON that says of itself to be something else against what may be set, for some servers take a JSON Patch
 * for one by what it holds, in any case of its words. Where a list names what may be set, `op` and `path` are not on it.
 */
export function judgeLikelyPatch(list: JsonValue, node: FieldNode, refused: RefusedFields): void {
  if (!Array.isArray(list) || !node.rest || isWhole(node)) return;
  for (const [index, element] of (list as readonly JsonValue[]).entries()) {
    if (refused.isFull) return;
    if (typeof element !== 'object' || element === null || Array.isArray(element)) continue;
    const members = new Map(Object.entries(element).map(([name, value]) => [name.toLowerCase(), value]));
    const op = members.get('op');
    if (typeof op !== 'string' || !MEMBERS.has(op.toLowerCase())) continue;
    for (const name of ['path', 'from']) {
      const pointer = members.get(name);
      if (typeof pointer !== 'string') continue;
      const whole = pointer === '' || pointer.startsWith('/') ? pointer : `/${pointer}`;
      if (!isWhole(nodeOfPointer(node, whole))) refused.within(index, () => refused.add(name));
    }
  }
}

function judgeOperation(operation: JsonValue, node: FieldNode, refused: RefusedFields): void {
  if (typeof operation !== 'object' || operation === null || Array.isArray(operation)) {
    refused.add();
    return;
  }
  const { op, path, from, value } = operation as Readonly<Record<string, JsonValue>>;
  const wanted = typeof op === 'string' ? MEMBERS.get(op) : undefined;
  const names = Object.keys(operation);
  if (wanted === undefined || names.length !== wanted.length || !names.every((name) => wanted.includes(name))) {
    refused.add();
    return;
  }
  if (wanted.includes('from') && !isWhole(nodeOfPointer(node, from))) refused.add('from');
  const at = nodeOfPointer(node, path);
  if (isWhole(at)) return;
  const appends = op === 'add' && typeof path === 'string' && path.endsWith('/-') && value !== undefined;
  if (appends) refused.within('value', () => refused.judge(value, at));
  else refused.add('path');
}

/** Where a JSON Pointer (RFC 6901) leads; an empty name, which some readers leave out, leads nowhere. */
function nodeOfPointer(node: FieldNode, pointer: JsonValue | undefined): FieldNode {
  if (pointer === '') return node;
  if (typeof pointer !== 'string' || !pointer.startsWith('/') || /~(?![01])/.test(pointer)) return NO_FIELDS;
  const names = pointer.slice(1).split('/');
  if (names.includes('') && !isWhole(node)) return NO_FIELDS;
  return nodeOfSent(
    node,
    names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')),
  );
}
