import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { importsOf, type Import } from './imports.ts';
import { isContractSuite, isTest, type Complaint, type SourceFile } from './repository.ts';

/**
 * Who may import whom, as docs/architecture.md draws it.
 *
 * A word in brackets narrows the permission. `wire(types)`: only `import type` from its door. Any other word names a
 * narrower door of that room: `control(client)` is entered by `src/control/client.ts` or `src/control/client/index.ts`.
 * A room that stands there twice may be entered by either door.
 */
export const WALLS: Readonly<Record<string, string>> = {
  base: '',
  ports: 'base',
  openapi: 'base',
  body: 'base',
  leaks: 'base',
  rules: 'base',
  graphql: 'base body',
  waf: 'base body',
  balance: 'base ports',
  discovery: 'base ports',
  cache: 'base ports',
  lists: 'base ports',
  wire: 'base ports',
  credential: 'base ports',
  certificates: 'base ports credential',
  session: 'base ports credential',
  policy: 'base ports wire(types) session(contract) credential openapi body graphql rules rules(text) waf lists leaks',
  config: 'base ports graphql openapi openapi(services) rules rules(text) policy lists leaks',
  gateway: 'base ports balance cache lists wire openapi body policy config config(compiled)',
  identity: 'base ports credential',
  audit: 'base ports credential',
  watch: 'base ports rules',
  inventory: 'base ports openapi body',
  assess: 'base ports config openapi inventory identity(queries) gateway(coverage)',
  probe: 'base ports config openapi assess(findings) gateway(coverage) control(client)',
  control:
    'base ports openapi body leaks rules waf balance discovery cache lists wire credential certificates session session(contract) policy config gateway identity audit watch inventory assess probe',
  cli: 'base ports config gateway audit waf identity watch inventory assess probe control(client)',
  adapters: 'base ports',
  main: 'base ports openapi body leaks rules waf balance discovery cache lists wire credential certificates session session(contract) policy config gateway identity audit watch inventory assess probe control cli adapters adapters(threads) certificates(choose)',
};

/** Packages and built-in modules that only some rooms may use at run time. */
const RESERVED_MODULES: Readonly<Record<string, readonly string[]>> = {
  kysely: ['adapters'],
  'node:sqlite': ['adapters'],
  yaml: ['config'],
  graphql: ['graphql'],
  'node:fs': ['adapters', 'main'],
  'node:fs/promises': ['adapters', 'main'],
};

const TEST_MODULES = /^(node:test(\/.*)?|node:assert(\/.*)?|fast-check)$/;

/** One import of one file, resolved to a path of the repository where it is relative. */
export interface Edge {
  readonly from: string;
  readonly to: string | null;
  readonly found: Import;
}

/** Every import of the given files. */
export function edgesOf(files: readonly SourceFile[]): Edge[] {
  return files.flatMap((file) =>
    importsOf(file.text).map((found) => ({ from: file.path, to: resolve(file.path, found.specifier), found })),
  );
}

/** What of the given imports goes through a wall. */
export function wallComplaints(edges: readonly Edge[]): Complaint[] {
  return edges.flatMap((edge) => {
    const reason = edge.to === null ? moduleReason(edge) : fileReason(edge, edge.to);
    return reason === null ? [] : [`${edge.from}:${edge.found.line} imports ${edge.found.specifier}: ${reason}`];
  });
}

/** The room of a path below src, or null for anything else. */
export function roomOf(path: string): string | null {
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

function moduleReason({ from, found }: Edge): string | null {
  const name = found.specifier;
  const room = roomOf(from) ?? '';
  if (name === null) return 'a computed specifier hides what is imported';
  if (!name.startsWith('node:') && isBuiltin(name)) return 'write node: before a built-in module';
  if (TEST_MODULES.test(name) && !isTest(from)) return 'only tests may';
  const rooms = Object.hasOwn(RESERVED_MODULES, name) ? RESERVED_MODULES[name] : undefined;
  if (rooms === undefined || found.typeOnly || rooms.includes(room)) return null;
  return `only ${rooms.join(' and ')} may`;
}

function fileReason({ from, found }: Edge, to: string): string | null {
  const room = roomOf(from);
  const target = roomOf(to);
  if (room === null || !(room in WALLS)) return 'this room is not in the table of walls';
  if (target === null) return 'it lies outside src';
  if (target === room) return null;
  if (isTest(from) && isContractSuite(to)) return null;
  const rights = WALLS[room]?.split(' ').filter((word) => word.replace(/\(.*/, '') === target) ?? [];
  if (rights.length === 0) return `${room} may not import ${target}`;
  const narrow = rights.map((right) => /\((.*)\)/.exec(right)?.[1]);
  if (narrow[0] === 'types' && !found.typeOnly) return `${room} may import only types from ${target}`;
  const doors = narrow.flatMap((word) => doorsOf(target, word));
  return doors.includes(to) ? null : `${target} is entered by ${doors.join(' or ')} only`;
}

function doorsOf(room: string, narrow: string | undefined): string[] {
  if (narrow === undefined || narrow === 'types') return [`src/${room}/index.ts`];
  return [`src/${room}/${narrow}.ts`, `src/${room}/${narrow}/index.ts`];
}

function resolve(from: string, specifier: string | null): string | null {
  return specifier?.startsWith('.') ? posix.join(posix.dirname(from), specifier) : null;
}

/** Groups of files that import each other in a circle, types included; each group as one complaint. */
export function cycleComplaints(edges: readonly Edge[]): Complaint[] {
  const files = cyclesIn(graphOf(edges, (path) => path));
  // A narrow door is there because the room behind it imports the one that knocks: it makes no circle of rooms.
  const rooms = cyclesIn(graphOf(edges.filter(entersByMainDoor), (path) => roomOf(path) ?? path));
  return [...files, ...rooms].map((circle) => `a circle of imports: ${circle.join(' → ')}`);
}

function entersByMainDoor({ to }: Edge): boolean {
  return to !== null && /^src\/[^/]+\/index\.ts$/.test(to);
}

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

function graphOf(edges: readonly Edge[], nodeOf: (path: string) => string): Graph {
  const graph = new Map<string, Set<string>>();
  for (const { from, to } of edges) {
    if (to === null || nodeOf(from) === nodeOf(to)) continue;
    const targets = graph.get(nodeOf(from)) ?? new Set();
    graph.set(nodeOf(from), targets.add(nodeOf(to)));
  }
  return graph;
}

function cyclesIn(graph: Graph): string[][] {
  const done = new Set<string>();
  const cycles: string[][] = [];
  const walk = (node: string, path: readonly string[]): void => {
    const start = path.indexOf(node);
    if (start >= 0) cycles.push([...path.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    for (const next of graph.get(node) ?? []) walk(next, [...path, node]);
    done.add(node);
  };
  for (const node of graph.keys()) walk(node, []);
  return cycles;
}
