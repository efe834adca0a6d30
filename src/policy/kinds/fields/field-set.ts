import { createHash } from 'node:crypto';
import type { FieldNode } from '../../field-access/index.ts';

/** Changes with what filtering means, so that nothing is taken for what another version gave out. */
const VERSION = 1;

const known = new WeakMap<FieldNode, string>();

/** A name of a set of fields, the same wherever the same fields pass: 64 bits in base64url. */
export function fieldSetName(node: FieldNode): string {
  const before = known.get(node);
  if (before !== undefined) return before;
  const hash = createHash('sha256').update(JSON.stringify([VERSION, plainOf(node)]));
  const name = hash.digest().toString('base64url', 0, 8);
  known.set(node, name);
  return name;
}

function plainOf({ rest, members }: FieldNode): unknown {
  const names = [...members.keys()].toSorted();
  return [rest, names.map((name) => [name, plainOf(members.get(name) as FieldNode)])];
}
