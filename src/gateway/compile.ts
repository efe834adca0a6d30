import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { ApiConfig, Gathered, PolicyUse } from '../config/index.ts';
import { type DescribedOperation, parseTemplate } from '../openapi/index.ts';
import { createRoleTable, type IssuerTable, type Operation, type PolicyKind, type RoleTable } from '../policy/index.ts';
import { coverageOf } from './coverage.ts';
import { ownPathOf } from './own-paths.ts';
import { makePlan, type Plan, type PolicySteps } from './plan.ts';
import { type Route, Router } from './router.ts';
import type { CompiledApi, CompiledOperation, NeededTable, Snapshot } from './snapshot.ts';
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
 * Builds routing for a configuration at once; each operation's plan is built at its first use. Pure: the same gathered
 * data give the same Snapshot. Returns all that is wrong with the routes. `verify` finds what is wrong with the plans.
 */
export function compile(gathered: Gathered, context: CompileContext): Result<Snapshot, readonly Issue[]> {
  const { roles, issuers } = gathered.config;
  const names = new Set(issuers.map(({ name }) => name));
  const work: Work = {
    gathered,
    context,
    issues: [],
    roles: createRoleTable(roles, neededPermissions(gathered)),
    issuers: { has: (name) => names.has(name), names: () => [...names] },
  };
  const apis = gathered.config.apis.map((api, index) => compileApi(api, index, work));
  const routes = gathered.config.apis.flatMap((api, index) => routesOf(api, apis[index] as CompiledApi, work));
  const { router, clashes } = Router.build(routes, (a, b) => a.api === b.api);
  for (const { earlier, later } of clashes) complainOfClash(earlier.target, later.target, work);
  const tables = tablesOf(work);
  if (work.issues.length > 0) return err(work.issues);
  const operations = routes.map((route) => route.target);
  const { revision, hash } = gathered;
  const coverage = coverageOf(operations, gathered);
  // A browser that has been told so of localhost would speak https to every port of it.
  const strictTransport = gathered.config.server.https.certificate.kind !== 'local';
  return ok({ revision, hash, router, apis, operations, tables, coverage, roles: work.roles, strictTransport });
}

/** Builds every operation's plan and returns all that can't be built, each thing once. */
export function verify(snapshot: Snapshot): readonly Issue[] {
  const issues = snapshot.operations.flatMap((operation) => {
    const plan = operation.plan();
    return plan.ok ? [] : plan.error;
  });
  // What is wrong with a policy itself is found at every operation it is for.
  return [...new Map(issues.map((issue) => [`${issue.path}\n${issue.message}`, issue])).values()];
}

/** The live tables that policies need, each declaration of a kind once: two that differ must both be seen. */
function tablesOf(work: Work): readonly NeededTable[] {
  const uses = work.gathered.config.apis.flatMap((api) => api.policies);
  const needed = uses.flatMap((use) => neededBy(use, work));
  return [...new Map(needed.map((table) => [JSON.stringify([table.kind, table.declaration]), table])).values()];
}

function neededBy({ kind, config, path }: PolicyUse, work: Work): readonly NeededTable[] {
  try {
    const place = placeOf(work.gathered, path);
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
  complain(work, work.gathered.config.apis[later.api.index]?.path ?? later.api.name, message, fix);
}

function complain(work: Work, path: string, message: string, fix?: string): void {
  const more = fix === undefined ? {} : { fix };
  work.issues.push(errorIssue(path, message, { place: placeOf(work.gathered, path), ...more }));
}

function compileApi(api: ApiConfig, index: number, work: Work): CompiledApi {
  const { scheme, host, port, caFile } = api.upstream;
  const name = host.includes(':') ? `[${host}]` : host;
  const { files } = work.gathered;
  const ca = caFile === null || !Object.hasOwn(files, caFile) ? null : new TextDecoder().decode(files[caFile]);
  // Without its own CA the upstream would be trusted on the word of any public one.
  if (caFile !== null && ca === null) complain(work, `${api.path}.upstream.ca`, 'this file has not been read');
  return {
    name: api.name,
    index,
    basePath: api.basePath,
    upstream: api.upstream,
    authority: port === (scheme === 'http' ? 80 : 443) ? name : `${name}:${port}`,
    upstreamCa: ca,
    credentials: api.credentials,
    securityHeaders: api.securityHeaders,
  };
}

interface Work {
  readonly gathered: Gathered;
  readonly context: CompileContext;
  readonly issues: Issue[];
  /** Made once: permissions have their numbers from it, and what is kept of callers is kept by it. */
  readonly roles: RoleTable;
  readonly issuers: IssuerTable;
}

/** Every permission that an operation may need: what the configuration says, and what descriptions call scopes. */
function neededPermissions({ config, descriptions }: Gathered): readonly string[] {
  return config.apis.flatMap((api) => {
    const described = Object.hasOwn(descriptions, api.name) ? (descriptions[api.name]?.operations ?? []) : [];
    return [
      ...Object.values(api.operations).flatMap(({ needs }) => needs ?? []),
      ...described.flatMap(({ security }) => (security ?? []).flat().flatMap(({ scopes }) => scopes)),
    ];
  });
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
      complain(work, api.path, `the template ${entry.template} ${full.error}`);
      return [];
    }
    const own = ownPathOf(full.value.segments);
    if (own !== null) {
      const message = `${full.value.text} lies under ${own}/, which is the gateway's own`;
      complain(work, api.path, message, 'choose another path or a basePath');
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
    return [
      {
        host: api.host,
        method: entry.method,
        segments: full.value.segments,
        target: compileOperation(operation, api, compiled, work),
      },
    ];
  });
}

function namedOperations(api: ApiConfig, gathered: Gathered): readonly Named[] {
  if (api.source.kind === 'routes') {
    return api.source.routes.map(({ method, template }) => ({
      name: `${method} ${template}`,
      method,
      template,
      described: null,
    }));
  }
  const operations = Object.hasOwn(gathered.descriptions, api.name)
    ? (gathered.descriptions[api.name]?.operations ?? [])
    : [];
  return operations.map((described) => ({
    name: described.id,
    method: described.method,
    template: described.template,
    described,
  }));
}

function compileOperation(operation: Operation, api: ApiConfig, compiled: CompiledApi, work: Work): CompiledOperation {
  const own = Object.hasOwn(api.operations, operation.name) ? api.operations[operation.name] : undefined;
  const signInNeeded = (own?.auth ?? api.auth) !== 'public';
  let plan: Result<Plan, readonly Issue[]> | null = null;
  return {
    operation,
    api: compiled,
    bodyLimitBytes: own?.bodyLimitBytes ?? api.bodyLimitBytes,
    bodyDescribed: operation.described !== null && operation.described.requestBody !== null,
    plan: () => (plan ??= planOf(operation, api, signInNeeded, work)),
  };
}

/** Everything is open by a word only: what is not `public` needs somebody signed in, whatever the policies say. */
function planOf(
  operation: Operation,
  api: ApiConfig,
  signInNeeded: boolean,
  work: Work,
): Result<Plan, readonly Issue[]> {
  const built = api.policies.map((use) => buildPolicy(use, operation, work));
  const issues = built.flatMap((policy) => (policy.ok ? [] : policy.error));
  const steps = built.flatMap((policy) => (policy.ok ? [policy.value] : []));
  const plan: Result<Plan, readonly Issue[]> =
    issues.length > 0 ? err(issues) : makePlan(operation.id, steps, signInNeeded);
  if (plan.ok) return plan;
  return err(plan.error.map((issue) => ({ ...issue, place: issue.place ?? placeOf(work.gathered, issue.path) })));
}

function buildPolicy(
  use: PolicyUse,
  operation: Operation,
  { gathered, context, roles, issuers }: Work,
): Result<PolicySteps, readonly Issue[]> {
  const { name, path } = use;
  const kind = context.kinds.get(use.kind);
  if (kind === undefined) return err([errorIssue(path, `there is no kind of policy called ${use.kind}`)]);
  try {
    const at = { name, api: operation.api, operations: [operation], roles, issuers };
    const steps = kind.compile(use.config, at, sourcesOf(gathered, context.tables));
    if (!steps.ok) return steps;
    const mode = Object.hasOwn(use.modes, operation.name) ? use.modes[operation.name] : use.mode;
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

function placeOf({ places }: Gathered, path: string): Place | null {
  return (Object.hasOwn(places, path) ? places[path] : undefined) ?? null;
}

function wordsOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : 'unknown fault';
}
