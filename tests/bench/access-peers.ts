import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { celEnv, parse as parseCel, plan as planCel } from '@bufbuild/cel';
import { Environment } from '@marcbachmann/cel-js';
import { ROOT } from '../tidy/repository.ts';
import type { BenchCaller } from './access-plan.ts';

/** Where the engines lie that are no dependency of ours. */
const FOLDER = join(ROOT, 'tests', 'access-peers');
const INSTALL = 'npm ci --prefix tests/access-peers';

/** What an engine is asked: whether this caller may reach the order of this tenant. */
export type Decide = (caller: BenchCaller, order: { readonly tenant: string; readonly id: string }) => boolean;

/** An engine that decides by one condition, or by ten that must all hold. Null where it is not installed. */
export interface AccessPeer {
  readonly name: string;
  readonly from: string;
  readonly make: ((conditions: 1 | 10) => Promise<Decide>) | null;
}

/** Whether the engines are there, after installing them where they are not. */
function installed(): boolean {
  if (existsSync(join(FOLDER, 'node_modules', 'casbin'))) return true;
  console.log(`casbin and Cedar are not there yet: ${INSTALL}`);
  try {
    execFileSync('npm', ['ci', '--prefix', FOLDER], { cwd: ROOT, stdio: 'ignore', timeout: 300_000 });
  } catch {
    return false;
  }
  return existsSync(join(FOLDER, 'node_modules', 'casbin'));
}

/** All that ours is measured beside. */
export function accessPeers(): readonly AccessPeer[] {
  const there = installed();
  const of = (name: string, from: string, make: AccessPeer['make']): AccessPeer => ({ name, from, make });
  return [
    of('cedar', '@cedar-policy/cedar-wasm', there ? makeCedar : null),
    of('casbin', 'casbin', there ? makeCasbin : null),
    of('cel_js', '@marcbachmann/cel-js', async (conditions) => await makeCelJs(conditions)),
    of('cel_bufbuild', '@bufbuild/cel', async (conditions) => await makeBufbuildCel(conditions)),
  ];
}

/** The condition that all decide by, as CEL has it. */
export const CONDITION =
  "params.tenantId == principal.tenant && (params.orderId in principal.claims.orders || 'staff' in principal.roles)";
/** Those that come with it, of which each holds. */
export const blockedId = (at: number): string => `blocked-${at}`;

function celText(conditions: number): string {
  const others = Array.from({ length: conditions - 1 }, (_, at) => `params.orderId != '${blockedId(at)}'`);
  return [CONDITION, ...others].map((text) => `(${text})`).join(' && ');
}

const contextOf = ({ subject, tenant, roles, claims }: BenchCaller, order: { tenant: string; id: string }) => ({
  params: { tenantId: order.tenant, orderId: order.id },
  principal: { subject, tenant, roles, claims },
});

function makeCelJs(conditions: number): Promise<Decide> {
  const environment = new Environment().registerVariable('params', 'map').registerVariable('principal', 'map');
  const asked = environment.parse(celText(conditions));
  return Promise.resolve((caller, order) => asked(contextOf(caller, order)) === true);
}

function makeBufbuildCel(conditions: number): Promise<Decide> {
  const asked = planCel(celEnv(), parseCel(celText(conditions)));
  return Promise.resolve((caller, order) => asked(contextOf(caller, order) as never) === true);
}

interface Cedar {
  preparsePolicySet(id: string, policies: { staticPolicies: Record<string, string> }): { readonly type: string };
  statefulIsAuthorized(call: object): {
    readonly type: string;
    readonly response?: { readonly decision: string };
  };
}

/** Policies that were parsed before. Entities are only those that are asked about. */
function makeCedar(conditions: 1 | 10): Promise<Decide> {
  const cedar = createRequire(join(FOLDER, 'package.json'))('@cedar-policy/cedar-wasm/nodejs') as Cedar;
  const others = Array.from({ length: conditions - 1 }, (_, at): [string, string] => [
    `forbid${at}`,
    `forbid (principal, action, resource) when { resource.id == "${blockedId(at)}" };`,
  ]);
  const permit =
    'permit (principal, action, resource) when { resource.tenant == principal.tenant && (principal.orders.contains(resource.id) || principal.roles.contains("staff")) };';
  const id = `bench-${conditions}`;
  const parsed = cedar.preparsePolicySet(id, { staticPolicies: Object.fromEntries([['permit', permit], ...others]) });
  if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed));
  return Promise.resolve(({ subject, tenant, roles, claims }, order) => {
    const [principal, resource] = [
      { type: 'User', id: subject },
      { type: 'Order', id: order.id },
    ];
    const answer = cedar.statefulIsAuthorized({
      ...{ principal, action: { type: 'Action', id: 'get' }, resource, context: {}, preparsedPolicySetId: id },
      entities: [
        { uid: principal, attrs: { tenant: tenant ?? '', roles: [...roles], orders: claims['orders'] }, parents: [] },
        { uid: resource, attrs: { tenant: order.tenant, id: order.id }, parents: [] },
      ],
    });
    if (answer.response === undefined) throw new Error(JSON.stringify(answer));
    return answer.response.decision === 'allow';
  });
}

interface Casbin {
  newModelFromString(text: string): object;
  newEnforcer(model: object): Promise<{
    addPolicy(...rule: string[]): Promise<boolean>;
    addFunction(name: string, run: (...given: unknown[]) => boolean): Promise<void>;
    enforceSync(...request: unknown[]): boolean;
  }>;
}

/** Attributes by a matcher (ABAC); each further condition is a rule that denies. */
async function makeCasbin(conditions: 1 | 10): Promise<Decide> {
  const casbin = createRequire(join(FOLDER, 'package.json'))('casbin') as Casbin;
  const model = casbin.newModelFromString(`[request_definition]
r = sub, obj
[policy_definition]
p = id, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (p.id == "any" && r.sub.tenant == r.obj.tenant && (within(r.obj.id, r.sub.orders) || within("staff", r.sub.roles))) || p.id == r.obj.id
`);
  const enforcer = await casbin.newEnforcer(model);
  await enforcer.addFunction('within', (value, list) => (list as readonly unknown[]).includes(value));
  await enforcer.addPolicy('any', 'allow');
  for (let at = 0; at < conditions - 1; at++) await enforcer.addPolicy(blockedId(at), 'deny');
  return ({ tenant, roles, claims }, order) =>
    enforcer.enforceSync({ tenant, roles, orders: claims['orders'] }, { tenant: order.tenant, id: order.id });
}
