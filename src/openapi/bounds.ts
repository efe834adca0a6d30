/** What a document may hold at most. */
export interface Bounds {
  /** Values of every kind, counted once for each place they stand in. */
  readonly nodes: number;
  /** Objects and arrays inside one another. */
  readonly depth: number;
  /** Characters of the pointer to a value. */
  readonly pointerLength: number;
  /** References from reference to reference, before the thing itself. */
  readonly chain: number;
  readonly operations: number;
  /** Parameters, media types, responses and headers of all operations together; references can multiply them. */
  readonly parts: number;
}

/**
 * 2,000,000 values: the largest public description that was tried (1,471 operations, 14 MB of JSON) has 280,000, and
 * 1,290,000 with all its references written out.
 * Depth 500: that one has 30, and whoever walks a schema by recursion still has stack left.
 * 16 KiB of pointer: pointers are printed and compared, so one long key above many values would cost its length each time.
 */
export const BOUNDS: Bounds = {
  nodes: 2_000_000,
  depth: 500,
  pointerLength: 16_384,
  chain: 100,
  operations: 50_000,
  parts: 2_000_000,
};

/**
 * Says which bound a document goes past, or null. Values that stand in several places (YAML aliases) count each time,
 * and one that holds itself goes past the depth, so a document that is within the bounds is a finite tree.
 */
export function pastBounds(document: unknown, bounds: Bounds = BOUNDS): string | null {
  const waiting: Open[] = [{ value: document, depth: 1, length: 0 }];
  let nodes = 0;
  for (let open = waiting.pop(); open !== undefined; open = waiting.pop()) {
    nodes += 1;
    if (nodes + waiting.length > bounds.nodes) break;
    if (typeof open.value !== 'object' || open.value === null) continue;
    if (open.depth > bounds.depth) return `is nested deeper than ${bounds.depth}, or holds itself`;
    if (open.length > bounds.pointerLength)
      return `has keys longer than ${bounds.pointerLength} characters on one path`;
    nodes += pushChildren(waiting, open, open.value);
  }
  return nodes + waiting.length > bounds.nodes ? `has more than ${bounds.nodes} values` : null;
}

interface Open {
  readonly value: unknown;
  readonly depth: number;
  readonly length: number;
}

/** Opens what holds more, and counts the rest. */
function pushChildren(waiting: Open[], parent: Open, value: object): number {
  const depth = parent.depth + 1;
  let scalars = 0;
  if (Array.isArray(value)) {
    for (const element of value as unknown[]) {
      if (typeof element !== 'object' || element === null) scalars += 1;
      else waiting.push({ value: element, depth, length: parent.length + 8 });
    }
    return scalars;
  }
  for (const name of Object.keys(value)) {
    const element = (value as Readonly<Record<string, unknown>>)[name];
    if (typeof element !== 'object' || element === null) scalars += 1;
    else waiting.push({ value: element, depth, length: parent.length + name.length + 1 });
  }
  return scalars;
}
