import { quoted } from './issue-log.ts';

/** A schema object, and the schemas that judge the same value as it does. */
interface SchemaNode {
  readonly pointer: string;
  readonly next: readonly object[];
}

/** All schemas that were seen, in order. */
export type SchemaGraph = Map<object, SchemaNode>;

/** A schema that comes back to itself without going into the value: `index` is its place in the graph. */
export interface Loop {
  readonly index: number;
  readonly pointer: string;
  readonly message: string;
}

/**
 * Finds schemas that judge a value by judging the same value by themselves (`A: allOf: [{ $ref: A }]`): no validator
 * comes to an end there (JSON Schema 2020-12 §9.4.1). A recursive type (`Node.children.items`) is none of these, for it
 * goes one level into the value each time. Each loop is told once; time is linear in schemas and references.
 */
export function findLoops(graph: SchemaGraph): readonly Loop[] {
  const done = new Set<object>();
  const loops: Loop[] = [];
  let indexes: ReadonlyMap<object, number> | null = null;
  const found = (path: readonly object[]): void => {
    indexes ??= new Map([...graph.keys()].map((schema, index) => [schema, index]));
    loops.push(toLoop(graph, indexes, path));
  };
  for (const [start, { next }] of graph) {
    // Most judge by themselves alone.
    if (next.length > 0 && !done.has(start)) walk(graph, start, done, found);
  }
  return loops;
}

interface Step {
  readonly schema: object;
  readonly next: Iterator<object, undefined>;
}

/** Depth first with its own stack, since a chain of schemas can be longer than the machine's. */
function walk(graph: SchemaGraph, start: object, done: Set<object>, found: (path: readonly object[]) => void): void {
  const path: Step[] = [];
  const depths = new Map<object, number>();
  const enter = (schema: object): void => {
    depths.set(schema, path.length);
    path.push({ schema, next: (graph.get(schema)?.next ?? []).values() });
  };
  enter(start);
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const next = step.next.next();
    if (next.done === true) {
      path.pop();
      depths.delete(step.schema);
      done.add(step.schema);
      continue;
    }
    const depth = depths.get(next.value);
    if (depth !== undefined) found(path.slice(depth, depth + SHOWN + 1).map(({ schema }) => schema));
    else if (!done.has(next.value) && graph.get(next.value)?.next.length !== 0) enter(next.value);
  }
}

const SHOWN = 8;

function toLoop(graph: SchemaGraph, indexes: ReadonlyMap<object, number>, path: readonly object[]): Loop {
  const pointers = path.map((schema) => graph.get(schema)?.pointer ?? '');
  const names = pointers.slice(0, SHOWN).map((pointer) => quoted(`#${pointer}`));
  const more = pointers.length > SHOWN ? ['…'] : [];
  return {
    index: Math.min(...path.map((schema) => indexes.get(schema) ?? 0)),
    pointer: pointers[0] ?? '',
    message: `judges a value by itself, without end: ${[...names, ...more, names[0] ?? ''].join(' → ')}`,
  };
}
