import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import type { ApiConfig, PolicyUse } from '../config/compiled.ts';
import type { Operation, Steps } from '../policy/index.ts';
import { type Children, childrenStep } from './children.ts';
import { type Compilation, member, wordsOf } from './compilation.ts';
import { frameReaderIssue } from './offered-websocket.ts';
import { makePlan, type Plan, type PolicySteps } from './plan.ts';
import { sourcesOf } from './sources.ts';

/**
 * Builds the plan of an operation. Everything is open by a word only: what is not `public` needs somebody signed in,
 * whatever the policies say.
 */
export function planOf(
  operation: Operation,
  api: ApiConfig,
  compilation: Compilation & { readonly children: Children | null },
): Result<Plan, readonly Issue[]> {
  const signInNeeded = (member(api.operations, operation.name)?.auth ?? api.auth) !== 'public';
  const issues: Issue[] = [];
  const steps: PolicySteps[] = [];
  for (const use of api.policies) {
    if (operation.inBody === true && compilation.context.kinds.get(use.kind)?.inBody !== true) continue;
    const built = buildPolicy(use, operation, compilation);
    if (built.ok) steps.push(built.value);
    else issues.push(...built.error);
  }
  const { children } = compilation;
  const inspected = children === null ? null : childrenStep(`${api.name}/operations`, children);
  const plan: Result<Plan, readonly Issue[]> =
    issues.length > 0 ? err(issues) : makePlan(operation.id, steps, signInNeeded, inspected);
  const reader = plan.ok ? frameReaderIssue(plan.value, member(api.operations, operation.name)) : null;
  const judged = reader === null ? plan : err([reader]);
  if (judged.ok) return isReadable(judged.value, operation) ? judged : err([unreadable(operation, api)]);
  return err(
    judged.error.map((issue) => ({ ...issue, place: issue.place ?? compilation.configured.place(issue.path) })),
  );
}

/** Messages of gRPC stream, and no policy can take a body of them for one thing. */
function isReadable({ readsRequest, respond }: Plan, { described }: Operation): boolean {
  return described?.grpc === undefined || !(readsRequest.whole || respond.reads.whole);
}

function unreadable({ id }: Operation, { path }: ApiConfig): Issue {
  return errorIssue(path, `a policy reads bodies, and ${id} is a gRPC method`, { fix: 'leave the policy out' });
}

function buildPolicy(
  use: PolicyUse,
  operation: Operation,
  { configured, context, lists, roles, issuers }: Compilation,
): Result<PolicySteps, readonly Issue[]> {
  const { name, path } = use;
  const kind = context.kinds.get(use.kind);
  if (kind === undefined) return err([errorIssue(path, `there is no kind of policy called ${use.kind}`)]);
  try {
    const at = { name, api: operation.api, operations: [operation], roles, issuers };
    const steps = kind.compile(use.config, at, sourcesOf(configured, context.tables, lists));
    if (!steps.ok) return steps;
    const mode = member(use.modes, operation.name) ?? use.mode;
    const given = stepsFor(steps.value.get(operation.id), name, operation);
    if (operation.inBody === true) refuseHeld(given, mode);
    return ok({ policy: name, path, steps: given, observed: mode === 'observe' });
  } catch (fault) {
    return err([errorIssue(path, `the policy can't be built: ${wordsOf(fault)}`)]);
  }
}

/** What a body names is judged within one step, which holds nothing and notes nothing for others. */
function refuseHeld(steps: Steps, mode: PolicyUse['mode']): void {
  const holds = Object.values(steps).some((step) => step !== undefined && 'release' in step);
  const observes = mode === 'observe' && Object.keys(steps).length > 0;
  if (holds || observes) throw new Error('it can only judge what a body names');
}

/** A policy that forgets an operation would leave it open, so that is a fault and not an empty answer. */
function stepsFor<S>(steps: S | undefined, policy: string, operation: Operation): S {
  if (steps === undefined) throw new Error(`${policy} gave no steps for ${operation.id}`);
  return steps;
}
