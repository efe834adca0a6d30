import type { Issue, Result } from '../base/index.ts';
import { type ApiConfig, type Configured, type ListedOperation, mayBeCalled } from '../config/compiled.ts';
import { parseTemplate } from '../openapi/index.ts';
import type { Operation } from '../policy/index.ts';
import { type Compilation, complain, member, wordsOf } from './compilation.ts';
import type { Children } from './children.ts';
import { planOf } from './compile-plan.ts';
import { cacheFaults, compiledCacheOf } from './compiled-cache.ts';
import { EgressRoutes } from './egress-routes.ts';
import { LazyPlan } from './lazy-operation.ts';
import { webSocketFaults } from './offered-websocket.ts';
import { ownPathOf } from './own-paths.ts';
import { timeFaults } from './own-times.ts';
import type { Plan } from './plan.ts';
import { MIXED_LIMIT, type Route, RouterBuilder } from './router.ts';
import type { CompiledApi, CompiledOperation, Snapshot } from './snapshot.ts';
import { sourcesOf } from './sources.ts';

/**
 * Each route is kept for each host that it answers on, so that a request looks in one place only: routes without a host
 * times the hosts of all others. So many take some 200 MB.
 */
const PLACED_LIMIT = 200_000;

/** So many operations take about half a millisecond. */
const OPERATIONS_PER_SLICE = 32;

/** Where requests go, and all operations that they can come to. */
export interface Routing {
  readonly operations: readonly CompiledOperation[];
  readonly router: Snapshot['router'];
  /** Those of third parties. */
  readonly egress: Snapshot['egress'];
}

/** Routes all operations of a configuration, in slices; what is wrong with a route is noted. */
export function* route(apis: readonly CompiledApi[], compilation: Compilation): Generator<void, Routing> {
  const { config } = compilation.configured;
  const hosts = new Set(config.apis.flatMap(({ host }) => host ?? []));
  const builder = new RouterBuilder<CompiledOperation>(hosts, (a, b) => a.api === b.api);
  const outward = config.egress === null ? null : new EgressRoutes(config.egress);
  const operations: CompiledOperation[] = [];
  let placed = 0;
  for (const [index, api] of config.apis.entries()) {
    const compiled = apis[index] as CompiledApi;
    const children = childrenOf(api, compiled, compilation);
    const build = (operation: Operation) => planOf(operation, api, { ...compilation, children });
    const place: Place = { compiled, compilation, children, build };
    for (const named of namedOperations(api, compilation.configured)) {
      if (operations.length % OPERATIONS_PER_SLICE === 0) yield;
      const made = routeOf(named, api, place);
      if (made === null) continue;
      placed += api.party === null ? (api.host === null ? hosts.size + 1 : 1) : (outward?.places ?? 0);
      if (placed > PLACED_LIMIT) {
        complainOfTooMany(api, compilation);
        return { operations, router: builder.finish().router, egress: null };
      }
      operations.push(made.target);
      if (api.party === null) builder.add(made);
      else outward?.add(made);
    }
    operations.push(...(children?.values() ?? []));
  }
  const { router, ...inward } = builder.finish();
  const outside = outward?.finish() ?? null;
  const clashes = [...inward.clashes, ...(outside?.clashes ?? [])];
  const crowded = [...inward.crowded, ...(outside?.crowded ?? [])];
  for (const { earlier, later } of clashes) complainOfClash(earlier.target, later.target, compilation);
  for (const { target } of crowded) complainOfCrowd(target, compilation);
  return { operations, router, egress: outside?.router ?? null };
}

/** One thing an API can do, before it is compiled: described, or a route written by hand. */
interface Named {
  readonly name: string;
  readonly method: string;
  readonly template: string;
  readonly listed: ListedOperation | null;
}

/** Where an operation belongs. */
interface Place {
  readonly compiled: CompiledApi;
  readonly compilation: Compilation;
  readonly children: Children | null;
  readonly build: (operation: Operation) => Result<Plan, readonly Issue[]>;
}

/** The route of an operation; null, with an issue, where its path can't be one. */
function routeOf(
  { name, method, template, listed }: Named,
  api: ApiConfig,
  { compiled, compilation, children, build }: Place,
): Route<CompiledOperation> | null {
  const full = parseTemplate(api.basePath + template);
  if (!full.ok) {
    complain(compilation, api.path, `the template ${template} ${full.error}`);
    return null;
  }
  const { segments, text } = full.value;
  const taken = ownPathOf(segments);
  if (taken !== null) {
    complain(
      compilation,
      api.path,
      `${text} lies under ${taken}/, which is the gateway's own`,
      'choose another path or a basePath',
    );
    return null;
  }
  const own = member(api.operations, name);
  const faults = [
    ...webSocketFaults(own, method, api),
    ...cacheFaults(own, method),
    ...timeFaults(own, listed?.grpc ?? null),
  ];
  for (const { path, message, fix } of faults) complain(compilation, path, message, fix);
  const target = new LazyPlan({
    api: compiled,
    head: {
      id: `${api.name}/${name}`,
      api: api.name,
      name,
      method,
      template: text,
      deprecated: listed?.deprecated ?? false,
      inBody: false,
    },
    read: listed?.described ?? null,
    build,
    bodyLimitBytes: own?.bodyLimitBytes ?? api.bodyLimitBytes,
    bodyDescribed: listed?.takesBody ?? false,
    grpc: listed?.grpc ?? null,
    priority: own?.priority ?? api.priority,
    websocket: own?.websocket ?? null,
    cache: compiledCacheOf(api, own, method),
    timeoutMs: own?.timeoutMs ?? null,
    deadlineMs: own?.deadlineMs ?? api.upstream.deadlineMs,
    children,
  });
  return { host: api.host, method, segments, target };
}

/** The operations that bodies of an API's requests name; null where none of its policies reads such. No route leads to them. */
function childrenOf(api: ApiConfig, compiled: CompiledApi, compilation: Compilation): Children | null {
  const { configured, context, lists } = compilation;
  const readers = api.policies.filter(({ kind }) => context.kinds.get(kind)?.namedInBodies !== undefined);
  const [reader, second] = readers;
  if (reader === undefined) return null;
  if (second !== undefined) complain(compilation, second.path, `${reader.name} says already what bodies name`);
  const [route] = api.source.kind === 'routes' ? api.source.routes : [];
  const build = (operation: Operation) => planOf(operation, api, { ...compilation, children: null });
  const place = { compiled, template: route?.template ?? '', build };
  try {
    const got = sourcesOf(configured, context.tables, lists);
    const names = context.kinds.get(reader.kind)?.namedInBodies?.(reader.config, got) ?? [];
    return new Map(names.map((name) => [name, childOf(name, api, place)]));
  } catch (fault) {
    complain(compilation, reader.path, `nobody can say what bodies name: ${wordsOf(fault)}`);
    return null;
  }
}

function childOf(
  name: string,
  api: ApiConfig,
  { compiled, template, build }: { readonly template: string } & Pick<Place, 'compiled' | 'build'>,
): LazyPlan {
  const { name: owner, basePath, bodyLimitBytes, priority, upstream } = api;
  const head = { id: `${owner}/${name}`, api: owner, name, method: 'POST', template: `${basePath}${template}` };
  return new LazyPlan({
    api: compiled,
    head: { ...head, deprecated: false, inBody: true },
    read: null,
    build,
    ...{ bodyLimitBytes, bodyDescribed: false, grpc: null, priority, websocket: null, cache: null },
    ...{ timeoutMs: null, deadlineMs: upstream.deadlineMs, children: null },
  });
}

function* namedOperations(api: ApiConfig, configured: Configured): Generator<Named> {
  if (api.source.kind === 'routes') {
    for (const { method, template } of api.source.routes) {
      yield { name: `${method} ${template}`, method, template, listed: null };
    }
    return;
  }
  for (const listed of configured.operations(api.name)) {
    if (!mayBeCalled(api, listed)) continue;
    yield { name: listed.id, method: listed.method, template: listed.template, listed };
  }
}

function complainOfClash(earlier: CompiledOperation, later: CompiledOperation, compilation: Compilation): void {
  const { method, template } = later.operation;
  const message = `answers ${method} ${template}, where ${earlier.operation.id} does already`;
  const fix = earlier.api === later.api ? 'keep one of them' : 'give one of them another host or basePath';
  complain(compilation, pathOf(later.api, compilation), message, fix);
}

function complainOfCrowd({ operation, api }: CompiledOperation, compilation: Compilation): void {
  const message = `${operation.template} has text and a parameter in one segment, where ${MIXED_LIMIT} others do already`;
  complain(compilation, pathOf(api, compilation), message, 'put what differs into segments of its own');
}

function complainOfTooMany(api: ApiConfig, compilation: Compilation): void {
  const message = `with its operations there are more than ${PLACED_LIMIT} routes, counted for each host`;
  complain(compilation, api.path, message, 'give APIs without a host one of their own');
}

function pathOf({ index, name }: CompiledApi, compilation: Compilation): string {
  return compilation.configured.config.apis[index]?.path ?? name;
}
