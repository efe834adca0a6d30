import { type CoverageRow, err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import {
  type ApiConfig,
  type Configured,
  configuredOf,
  type Gathered,
  type GatheredParcel,
  type ListedOperation,
  type PolicyUse,
  unpackGathered,
} from '../config/compiled.ts';
import { parseTemplate } from '../openapi/index.ts';
import { createRoleTable, type IssuerTable, type Operation, type PolicyKind, type RoleTable } from '../policy/index.ts';
import type { UpstreamIdentity } from '../wire/index.ts';
import { TrustedProxies } from './client-address.ts';
import { trustsOf } from './client-trust.ts';
import { coverageOf } from './coverage.ts';
import { LazyPlan } from './lazy-operation.ts';
import { ownPathOf } from './own-paths.ts';
import { makePlan, type Plan, type PolicySteps } from './plan.ts';
import { MIXED_LIMIT, type Route, RouterBuilder } from './router.ts';
import type { CompiledApi, CompiledOperation, NeededTable, Snapshot } from './snapshot.ts';
import { frameReaderIssue, webSocketFaults } from './offered-websocket.ts';
import { sourcesOf } from './sources.ts';
import type { TableReader } from './sources.ts';

/** The kinds of policy there are. The name of a kind's policies is the key they stand under. */
export type KindTable = ReadonlyMap<string, PolicyKind<unknown>>;

type AnyKind = Omit<PolicyKind<never>, 'schema'> & { readonly schema: PolicyKind<unknown>['schema'] };

/** A kind's own type of options is its own business. */
export function kindTable(kinds: readonly AnyKind[]): KindTable {
  return new Map(kinds.map((kind) => [kind.kind, kind as unknown as PolicyKind<unknown>]));
}

/** What compilation needs besides the configuration. */
export interface CompileContext {
  readonly kinds: KindTable;
  readonly tables: TableReader;
}

/**
 * Each route is kept for each host that it answers on, so that a request looks in one place only: routes without a host
 * times the hosts of all others. So many take some 200 MB.
 */
const PLACED_LIMIT = 200_000;

/** So many operations take about half a millisecond. */
const OPERATIONS_PER_SLICE = 32;

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
  const work: Work = {
    configured,
    context,
    issues: [],
    roles: createRoleTable(config.roles, neededPermissions(configured)),
    issuers: { has: (name) => names.has(name), names: () => [...names] },
  };
  yield;
  const apis = config.apis.map((api, index) => compileApi(api, index, work));
  const routing = yield* route(apis, work);
  const tables: NeededTable[] = [];
  for (const api of config.apis) {
    yield;
    tables.push(...api.policies.flatMap((use) => neededBy(use, work)));
  }
  const trusts = trustsOf(configured, (path) => complain(work, path, UNREAD));
  if (work.issues.length > 0) return err(work.issues);
  const { operations, router } = routing;
  let coverage: readonly CoverageRow[] | null = null;
  return ok({
    ...{ revision, hash, router, apis, operations },
    tables: eachOnce(tables),
    get coverage() {
      return (coverage ??= coverageOf(operations, configured));
    },
    roles: work.roles,
    // A browser that has been told so of localhost would speak https to every port of it.
    strictTransport: config.server.https.certificate.kind !== 'local',
    trusted: config.trustedProxies === null ? null : new TrustedProxies(config.trustedProxies),
    trusts,
  });
}

const UNREAD = 'this file has not been read';

interface Routing {
  readonly operations: readonly CompiledOperation[];
  readonly router: Snapshot['router'];
}

function* route(apis: readonly CompiledApi[], work: Work): Generator<void, Routing> {
  const { config } = work.configured;
  const hosts = new Set(config.apis.flatMap(({ host }) => host ?? []));
  const builder = new RouterBuilder<CompiledOperation>(hosts, (a, b) => a.api === b.api);
  const operations: CompiledOperation[] = [];
  let placed = 0;
  for (const [index, api] of config.apis.entries()) {
    const build = (operation: Operation) => planOf(operation, api, work);
    const place: Place = { compiled: apis[index] as CompiledApi, work, build };
    for (const named of namedOperations(api, work.configured)) {
      if (operations.length % OPERATIONS_PER_SLICE === 0) yield;
      const made = routeOf(named, api, place);
      if (made === null) continue;
      placed += api.host === null ? hosts.size + 1 : 1;
      if (placed > PLACED_LIMIT) {
        complainOfTooMany(api, work);
        return { operations, router: builder.finish().router };
      }
      operations.push(made.target);
      builder.add(made);
    }
  }
  const { router, clashes, crowded } = builder.finish();
  for (const { earlier, later } of clashes) complainOfClash(earlier.target, later.target, work);
  for (const { target } of crowded) complainOfCrowd(target, work);
  return { operations, router };
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

/** The live tables that a policy needs. */
function neededBy({ kind, config, path }: PolicyUse, work: Work): readonly NeededTable[] {
  try {
    const place = work.configured.place(path);
    const sources = work.context.kinds.get(kind)?.sources(config) ?? [];
    return sources.flatMap((source) =>
      source.kind === 'table' ? [{ declaration: source.declaration, kind, path, place }] : [],
    );
  } catch (fault) {
    complain(work, path, `the policy can't say what it needs: ${wordsOf(fault)}`);
    return [];
  }
}

function complainOfClash(earlier: CompiledOperation, later: CompiledOperation, work: Work): void {
  const { method, template } = later.operation;
  const message = `answers ${method} ${template}, where ${earlier.operation.id} does already`;
  const fix = earlier.api === later.api ? 'keep one of them' : 'give one of them another host or basePath';
  complain(work, pathOf(later.api, work), message, fix);
}

function complainOfCrowd({ operation, api }: CompiledOperation, work: Work): void {
  const message = `${operation.template} has text and a parameter in one segment, where ${MIXED_LIMIT} others do already`;
  complain(work, pathOf(api, work), message, 'put what differs into segments of its own');
}

function complainOfTooMany(api: ApiConfig, work: Work): void {
  const message = `with its operations there are more than ${PLACED_LIMIT} routes, counted for each host`;
  complain(work, api.path, message, 'give APIs without a host one of their own');
}

function pathOf({ index, name }: CompiledApi, work: Work): string {
  return work.configured.config.apis[index]?.path ?? name;
}

function complain(work: Work, path: string, message: string, fix?: string): void {
  const more = fix === undefined ? {} : { fix };
  work.issues.push(errorIssue(path, message, { place: work.configured.place(path), ...more }));
}

function compileApi(api: ApiConfig, index: number, work: Work): CompiledApi {
  const { scheme, host, port, caFile } = api.upstream;
  const name = host.includes(':') ? `[${host}]` : host;
  const { files } = work.configured;
  const ca = caFile === null || !Object.hasOwn(files, caFile) ? null : new TextDecoder().decode(files[caFile]);
  // Without its own CA the upstream would be trusted on the word of any public one.
  if (caFile !== null && ca === null) complain(work, `${api.path}.upstream.ca`, UNREAD);
  return {
    name: api.name,
    index,
    basePath: api.basePath,
    upstream: api.upstream,
    authority: port === (scheme === 'http' ? 80 : 443) ? name : `${name}:${port}`,
    upstreamCa: ca,
    upstreamIdentity: identityOf(api, work),
    credentials: api.credentials,
    securityHeaders: api.securityHeaders,
  };
}

/** Without it the upstream would hear of somebody it does not know, or of nobody. */
function identityOf({ path, upstream }: ApiConfig, work: Work): UpstreamIdentity | null {
  const { identity } = upstream;
  if (identity === null) return null;
  const { files, secrets } = work.configured;
  const chain = Object.hasOwn(files, identity.certificate) ? files[identity.certificate] : undefined;
  const keyPem = Object.hasOwn(secrets, identity.key) ? secrets[identity.key] : undefined;
  if (chain === undefined) complain(work, `${path}.upstream.cert`, UNREAD);
  if (keyPem === undefined) complain(work, `${path}.upstream.key`, UNREAD);
  return chain === undefined || keyPem === undefined ? null : { chainPem: new TextDecoder().decode(chain), keyPem };
}

interface Work {
  readonly configured: Configured;
  readonly context: CompileContext;
  readonly issues: Issue[];
  /** Made once: permissions have their numbers from it, and what is kept of callers is kept by it. */
  readonly roles: RoleTable;
  readonly issuers: IssuerTable;
}

/** Every permission that an operation may need: what the configuration says, and what descriptions call scopes. */
function neededPermissions({ config, scopes }: Configured): readonly string[] {
  const said = config.apis.flatMap((api) => Object.values(api.operations).flatMap(({ needs }) => needs ?? []));
  return [...said, ...scopes];
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
  readonly work: Work;
  readonly build: (operation: Operation) => Result<Plan, readonly Issue[]>;
}

/** The route of an operation; null, with an issue, where its path can't be one. */
function routeOf(
  { name, method, template, listed }: Named,
  api: ApiConfig,
  { compiled, work, build }: Place,
): Route<CompiledOperation> | null {
  const full = parseTemplate(api.basePath + template);
  if (!full.ok) {
    complain(work, api.path, `the template ${template} ${full.error}`);
    return null;
  }
  const { segments, text } = full.value;
  const taken = ownPathOf(segments);
  if (taken !== null) {
    complain(
      work,
      api.path,
      `${text} lies under ${taken}/, which is the gateway's own`,
      'choose another path or a basePath',
    );
    return null;
  }
  const own = member(api.operations, name);
  for (const { path, message, fix } of webSocketFaults(own, method, api)) complain(work, path, message, fix);
  const target = new LazyPlan({
    api: compiled,
    head: {
      id: `${api.name}/${name}`,
      api: api.name,
      name,
      method,
      template: text,
      deprecated: listed?.deprecated ?? false,
    },
    read: listed?.described ?? null,
    build,
    bodyLimitBytes: own?.bodyLimitBytes ?? api.bodyLimitBytes,
    bodyDescribed: listed?.takesBody ?? false,
    grpc: listed?.grpc ?? null,
    priority: own?.priority ?? api.priority,
    websocket: own?.websocket ?? null,
  });
  return { host: api.host, method, segments, target };
}

function* namedOperations(api: ApiConfig, configured: Configured): Generator<Named> {
  if (api.source.kind === 'routes') {
    for (const { method, template } of api.source.routes) {
      yield { name: `${method} ${template}`, method, template, listed: null };
    }
    return;
  }
  for (const listed of configured.operations(api.name)) {
    yield { name: listed.id, method: listed.method, template: listed.template, listed };
  }
}

/** Everything is open by a word only: what is not `public` needs somebody signed in, whatever the policies say. */
function planOf(operation: Operation, api: ApiConfig, work: Work): Result<Plan, readonly Issue[]> {
  const signInNeeded = (member(api.operations, operation.name)?.auth ?? api.auth) !== 'public';
  const issues: Issue[] = [];
  const steps: PolicySteps[] = [];
  for (const use of api.policies) {
    const built = buildPolicy(use, operation, work);
    if (built.ok) steps.push(built.value);
    else issues.push(...built.error);
  }
  const plan: Result<Plan, readonly Issue[]> =
    issues.length > 0 ? err(issues) : makePlan(operation.id, steps, signInNeeded);
  const reader = plan.ok ? frameReaderIssue(plan.value, member(api.operations, operation.name)) : null;
  const judged = reader === null ? plan : err([reader]);
  if (judged.ok) return isReadable(judged.value, operation) ? judged : err([unreadable(operation, api)]);
  return err(judged.error.map((issue) => ({ ...issue, place: issue.place ?? work.configured.place(issue.path) })));
}

/** Messages of gRPC stream, and no policy can take a body of them for one thing. */
function isReadable({ readsRequest, readsResponse }: Plan, { described }: Operation): boolean {
  return described?.grpc === undefined || !(readsRequest.whole || readsResponse.whole);
}

function unreadable({ id }: Operation, { path }: ApiConfig): Issue {
  return errorIssue(path, `a policy reads bodies, and ${id} is a gRPC method`, { fix: 'leave the policy out' });
}

function buildPolicy(
  use: PolicyUse,
  operation: Operation,
  { configured, context, roles, issuers }: Work,
): Result<PolicySteps, readonly Issue[]> {
  const { name, path } = use;
  const kind = context.kinds.get(use.kind);
  if (kind === undefined) return err([errorIssue(path, `there is no kind of policy called ${use.kind}`)]);
  try {
    const at = { name, api: operation.api, operations: [operation], roles, issuers };
    const steps = kind.compile(use.config, at, sourcesOf(configured, context.tables));
    if (!steps.ok) return steps;
    const mode = member(use.modes, operation.name) ?? use.mode;
    const given = stepsFor(steps.value.get(operation.id), name, operation);
    return ok({ policy: name, path, steps: given, observed: mode === 'observe' });
  } catch (fault) {
    return err([errorIssue(path, `the policy can't be built: ${wordsOf(fault)}`)]);
  }
}

/** A policy that forgets an operation would leave it open, so that is a fault and not an empty answer. */
function stepsFor<S>(steps: S | undefined, policy: string, operation: Operation): S {
  if (steps === undefined) throw new Error(`${policy} gave no steps for ${operation.id}`);
  return steps;
}

/** A member of a record whose names are the author's: `constructor` is one like any other. */
function member<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'unknown fault';
}
