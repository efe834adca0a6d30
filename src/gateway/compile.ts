import { type CoverageRow, err, type Issue, ok, type Result } from '../base/index.ts';
import {
  type ApiConfig,
  type Configured,
  configuredOf,
  type Gathered,
  type GatheredParcel,
  type PolicyUse,
  unpackGathered,
} from '../config/compiled.ts';
import { ListGate, ListMaterial, listsIn } from '../lists/index.ts';
import { createRoleTable } from '../policy/index.ts';
import { UPSTREAM_TARGETS } from '../ports/index.ts';
import { TrustedProxies } from './client-address.ts';
import { trustsOf } from './client-trust.ts';
import { type Compilation, type CompileContext, complain, UNREAD, wordsOf } from './compilation.ts';
import { compileApi } from './compile-api.ts';
import { type Routing, route } from './compile-routes.ts';
import { coverageOf } from './coverage.ts';
import { pagesOf } from './page-table.ts';
import { PartyRoutes } from './party-routes.ts';
import { metadataPages } from './resource-metadata.ts';
import { Preflights } from './preflights.ts';
import type { CompiledApi, NeededTable, Snapshot } from './snapshot.ts';

/**
 * Builds routing for a configuration at once; each operation's plan is built at its first use. Pure: the same gathered
 * data give the same Snapshot. Returns all that is wrong with the routes. `verify` finds what is wrong with the plans.
 */
export function compile(gathered: Gathered, context: CompileContext): Result<Snapshot, readonly Issue[]> {
  return compileAtOnce(configuredOf(gathered), context);
}

/** The same as `compile`, from a parcel of which everything is going to be built. */
export function compileWhole(parcel: GatheredParcel, context: CompileContext): Result<Snapshot, readonly Issue[]> {
  return compileAtOnce(unpackGathered(parcel, 'whole'), context);
}

function compileAtOnce(configured: Configured, context: CompileContext): Result<Snapshot, readonly Issue[]> {
  const compiling = compileStepwise(configured, context);
  let slice = compiling.next();
  while (slice.done !== true) slice = compiling.next();
  return slice.value;
}

/**
 * The same as `compile`, from a parcel and in slices: whenever it has worked for a millisecond or so it waits for
 * `pause`, so that the thread goes on serving.
 */
export async function compileInSlices(
  parcel: GatheredParcel,
  context: CompileContext,
  pause: () => Promise<void>,
): Promise<Result<Snapshot, readonly Issue[]>> {
  const compiling = compileStepwise(unpackGathered(parcel), context);
  let slice = compiling.next();
  while (slice.done !== true) {
    await pause();
    slice = compiling.next();
  }
  return slice.value;
}

function* compileStepwise(
  configured: Configured,
  context: CompileContext,
): Generator<void, Result<Snapshot, readonly Issue[]>> {
  const { revision, hash, config } = configured;
  const names = new Set(config.issuers.map(({ name }) => name));
  const compilation: Compilation = {
    configured,
    context,
    lists: new ListMaterial({ files: configured.files, live: null, names: null, ...context.lists }),
    issues: [],
    roles: createRoleTable(config.roles, neededPermissions(configured)),
    partyRoutes: new PartyRoutes(),
    issuers: { has: (name) => names.has(name), names: () => [...names] },
  };
  yield;
  const apis = config.apis.map((api, index) => compileApi(api, index, compilation));
  const routing = yield* route(apis, compilation);
  const tables: NeededTable[] = [];
  for (const api of config.apis) {
    yield;
    tables.push(...api.policies.flatMap((use) => neededBy(use, compilation)), ...foundTargets(api, compilation));
  }
  const trusts = trustsOf(configured, (path) => complain(compilation, path, UNREAD));
  const lists = gateOf(compilation);
  const pages = pagesOf(compilation, metadataPages(configured, routing.operations));
  if (compilation.issues.length > 0) return err(compilation.issues);
  const { operations, router, egress } = routing;
  compilation.partyRoutes.settle((...place) => {
    const found = egress?.find(...place);
    return found?.kind === 'matched' ? found.target.operation.api : null;
  });
  let coverage: readonly CoverageRow[] | null = null;
  return ok({
    ...{ revision, hash, router, egress, apis, operations },
    preflights: preflightsOf(apis, routing, configured),
    tables: eachOnce(tables),
    get coverage() {
      return (coverage ??= coverageOf(operations, configured));
    },
    roles: compilation.roles,
    cacheMemoryBytes: config.cache.memoryBytes,
    // A browser that has been told so of localhost would speak https to every port of it.
    strictTransport: config.server.https.certificate.kind !== 'local',
    takesReports: config.apis.some(({ output }) => output.securityHeaders?.reports === true),
    trusted: config.trustedProxies === null ? null : new TrustedProxies(config.trustedProxies),
    trusts,
    lists,
    pages,
    material: compilation.lists,
  });
}

function preflightsOf(
  apis: readonly CompiledApi[],
  { router }: Routing,
  configured: Configured,
): Snapshot['preflights'] {
  if (apis.every(({ cors }) => cors === null)) return null;
  const places = apis.map((api) => ({ api, host: configured.config.apis[api.index]?.host ?? null }));
  return new Preflights(router, places, (api) => configured.document(api));
}

/** The lists of the whole gateway; null where there are none. */
function gateOf(compilation: Compilation): ListGate | null {
  const { configured, lists } = compilation;
  const { config } = configured;
  // What is not there would be found by the first request that it is asked for.
  for (const named of listsIn(config)) if (!lists.has(named)) complain(compilation, named.path, UNREAD);
  return config.lists === null ? null : new ListGate(config.lists, config.geo, lists);
}

/** Builds every operation's plan, keeps none, and returns all that can't be built, each thing once. */
export function verify(snapshot: Snapshot): readonly Issue[] {
  const issues: Issue[] = [];
  for (const operation of snapshot.operations) {
    const plan = operation.tryPlan();
    if (!plan.ok) issues.push(...plan.error);
  }
  // What is wrong with a policy itself is found at every operation it is for.
  return [...new Map(issues.map((issue) => [`${issue.path}\n${issue.message}`, issue])).values()];
}

/** Each declaration of a kind once: two that differ must both be seen. */
function eachOnce(needed: readonly NeededTable[]): readonly NeededTable[] {
  return [...new Map(needed.map((table) => [JSON.stringify([table.kind, table.declaration]), table])).values()];
}

/** The live table of an upstream whose targets are found. */
function foundTargets({ upstream, path }: ApiConfig, { configured }: Compilation): readonly NeededTable[] {
  if (upstream.discover === null) return [];
  const at = `${path}.upstream.discover`;
  return [{ declaration: UPSTREAM_TARGETS, kind: 'discover', path: at, place: configured.place(at) }];
}

/** The live tables that a policy needs. */
function neededBy({ kind, config, path }: PolicyUse, compilation: Compilation): readonly NeededTable[] {
  try {
    const place = compilation.configured.place(path);
    const sources = compilation.context.kinds.get(kind)?.sources(config) ?? [];
    return sources.flatMap((source) =>
      source.kind === 'table' ? [{ declaration: source.declaration, kind, path, place }] : [],
    );
  } catch (fault) {
    complain(compilation, path, `the policy can't say what it needs: ${wordsOf(fault)}`);
    return [];
  }
}

/** Every permission that an operation may need: what the configuration says, and what descriptions call scopes. */
function neededPermissions({ config, scopes }: Configured): readonly string[] {
  const said = config.apis.flatMap((api) => Object.values(api.operations).flatMap(({ needs }) => needs ?? []));
  return [...said, ...scopes];
}
