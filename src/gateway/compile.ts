import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import type { ApiConfig, Gathered, OperationConfig } from '../config/index.ts';
import { type DescribedOperation, parseTemplate, type Segment } from '../openapi/index.ts';
import type { TableDeclaration } from '../ports/index.ts';
import type { Operation, PolicyKind, RoleTable } from '../policy/index.ts';
import { Bitset } from '../base/index.ts';
import { coverageOf } from './coverage.ts';
import { makePlan, type Plan, type PolicySteps } from './plan.ts';
import { OWN_PREFIX, type Route, Router } from './router.ts';
import type { CompiledApi, CompiledOperation, Snapshot } from './snapshot.ts';
import { sourcesOf } from './sources.ts';
import type { TableReader } from './sources.ts';

/** The kinds of policy there are. The name of a kind's policies is the key they stand under. */
export type KindTable = ReadonlyMap<string, PolicyKind<unknown>>;

/** A kind's own type of options is its own business. */
export function kindTable(kinds: readonly PolicyKind<never>[]): KindTable {
  return new Map(kinds.map((kind) => [kind.kind, kind as unknown as PolicyKind<unknown>]));
}

/** What compilation needs besides the configuration. */
export interface CompileContext {
  readonly kinds: KindTable;
  readonly tables: TableReader;
}

/**
 * Builds routing for a configuration at once; each operation's plan is built at its first use. Pure: the same gathered
 * data give the same Snapshot. Returns all that is wrong with the routes. `verify` finds what is wrong with the plans.
 */
export function compile(gathered: Gathered, context: CompileContext): Result<Snapshot, readonly Issue[]> {
  const issues: Issue[] = [];
  const apis = gathered.config.apis.map((api, index) => compileApi(api, index, gathered));
  const routes = gathered.config.apis.flatMap((api, index) => routesOf(api, apis[index] as CompiledApi, { gathered, context, issues }));
  const { router, clashes } = Router.build(routes, (a, b) => a.api === b.api);
  for (const { earlier, later } of clashes) {
    const message = `answers ${later.method} ${later.target.operation.template}, as ${earlier.target.operation.id} does already`;
    issues.push(errorIssue(`apis.${later.target.api.name}`, message, { place: gathered.places[`apis.${later.target.api.name}`] ?? null, fix: 'give one of them another host or basePath' }));
  }
  if (issues.length > 0) return err(issues);
  const operations = routes.map((route) => route.target);
  return ok({
    revision: gathered.revision,
    hash: gathered.hash,
    router,
    apis,
    operations,
    tables: tablesOf(gathered, context.kinds),
    coverage: coverageOf(operations, gathered),
  });
}

/** The live tables that policies need; a Snapshot is not ready before they are filled. */
function tablesOf(gathered: Gathered, kinds: KindTable): readonly TableDeclaration[] {
  const sources = gathered.config.apis.flatMap((api) => api.policies.flatMap((use) => kinds.get(use.kind)?.sources(use.config) ?? []));
  return sources.flatMap((source) => (source.kind === 'table' ? [source.declaration] : []));
}

/** Builds every operation's plan and returns all that can't be built. */
export function verify(snapshot: Snapshot): readonly Issue[] {
  return snapshot.operations.flatMap((operation) => {
    const plan = operation.plan();
    return plan.ok ? [] : plan.error;
  });
}

function compileApi(api: ApiConfig, index: number, gathered: Gathered): CompiledApi {
  const { scheme, host, port, caFile } = api.upstream;
  const name = host.includes(':') ? `[${host}]` : host;
  const ca = caFile === null ? null : new TextDecoder().decode(gathered.files[caFile]);
  return {
    name: api.name,
    index,
    basePath: api.basePath,
    upstream: api.upstream,
    authority: port === (scheme === 'http' ? 80 : 443) ? name : `${name}:${port}`,
    upstreamCa: ca,
  };
}

interface Work {
  readonly gathered: Gathered;
  readonly context: CompileContext;
  readonly issues: Issue[];
}

/** One thing an API can do, before it is compiled: described, or a route written by hand. */
interface Named {
  readonly name: string;
  readonly method: string;
  readonly template: string;
  readonly described: DescribedOperation | null;
}

function routesOf(api: ApiConfig, compiled: CompiledApi, work: Work): readonly Route<CompiledOperation>[] {
  const named = namedOperations(api, work.gathered);
  return named.flatMap((entry) => {
    const full = parseTemplate(api.basePath + entry.template);
    if (!full.ok) {
      work.issues.push(errorIssue(api.path, `the template ${entry.template} ${full.error}`, { place: work.gathered.places[api.path] ?? null }));
      return [];
    }
    if (claimsOwnPaths(full.value.segments)) {
      const message = `${full.value.text} lies under ${OWN_PREFIX}/, which is the gateway's own`;
      work.issues.push(errorIssue(api.path, message, { place: work.gathered.places[api.path] ?? null, fix: 'choose another path or a basePath' }));
      return [];
    }
    const operation: Operation = {
      id: `${api.name}/${entry.name}`,
      api: api.name,
      name: entry.name,
      method: entry.method,
      template: full.value.text,
      deprecated: entry.described?.deprecated ?? false,
      described: entry.described,
    };
    return [{ host: api.host, method: entry.method, segments: full.value.segments, target: compileOperation(operation, api, compiled, work) }];
  });
}

function namedOperations(api: ApiConfig, gathered: Gathered): readonly Named[] {
  if (api.source.kind === 'routes') {
    return api.source.routes.map(({ method, template }) => ({ name: `${method} ${template}`, method, template, described: null }));
  }
  const operations = Object.hasOwn(gathered.descriptions, api.name) ? (gathered.descriptions[api.name]?.operations ?? []) : [];
  return operations.map((described) => ({ name: described.id, method: described.method, template: described.template, described }));
}

function claimsOwnPaths(segments: readonly Segment[]): boolean {
  const [first] = segments;
  return first?.kind === 'literal' && `/${first.text}` === OWN_PREFIX;
}

function compileOperation(operation: Operation, api: ApiConfig, compiled: CompiledApi, work: Work): CompiledOperation {
  const own: OperationConfig | undefined = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  let plan: Result<Plan, readonly Issue[]> | null = null;
  return {
    operation,
    api: compiled,
    bodyLimitBytes: own?.bodyLimitBytes ?? api.bodyLimitBytes,
    bodyDescribed: operation.described !== null && operation.described.requestBody !== null,
    plan: () => (plan ??= planOf(operation, api, work)),
  };
}

/** Everything is open by a word only: what is not `public` needs somebody signed in, whatever the policies say. */
function planOf(operation: Operation, api: ApiConfig, { gathered, context }: Work): Result<Plan, readonly Issue[]> {
  const issues: Issue[] = [];
  const policies: PolicySteps[] = [];
  for (const use of api.policies) {
    const kind = context.kinds.get(use.kind);
    if (kind === undefined) {
      issues.push(errorIssue(use.path, `there is no kind of policy called ${use.kind}`, { place: gathered.places[use.path] ?? null }));
      continue;
    }
    try {
      const at = { name: use.name, api: api.name, operations: [operation], roles: NO_ROLES, issuers: NO_ISSUERS };
      const steps = kind.compile(use.config, at, sourcesOf(gathered, context.tables));
      if (!steps.ok) issues.push(...steps.error);
      else policies.push({ policy: use.name, steps: stepsFor(steps.value.get(operation.id), use.name, operation) });
    } catch (fault) {
      issues.push(errorIssue(use.path, `the policy can't be built: ${fault instanceof Error ? fault.message : 'unknown fault'}`));
    }
  }
  if (issues.length > 0) return err(issues);
  const signInNeeded = (api.operations[operation.name]?.auth ?? api.auth) !== 'public';
  return makePlan(operation.id, policies, signInNeeded);
}

/** A policy that forgets an operation would leave it open, so that is a fault and not an empty answer. */
function stepsFor<S>(steps: S | undefined, policy: string, operation: Operation): S {
  if (steps === undefined) throw new Error(`${policy} gave no steps for ${operation.id}`);
  return steps;
}

// Roles and issuers come with the parts that enforce them; until then nobody has any.
const NO_ROLES: RoleTable = { permissionCount: 0, permission: () => null, permissionsOf: () => Bitset.of(0, []) };
const NO_ISSUERS = { has: () => false, names: () => [] };
