import fc from 'fast-check';
import { asksResponse, type Condition } from './naive-conditions.ts';
import { type NaiveLists, sensible } from './naive-fields.ts';
import type { NaiveOperation, NaivePolicy, NaiveRequest, NaiveRole } from './naive-policy.ts';

/** Roles of which the later ones may include earlier ones, so that there is no cycle. */
const ROLES = ['r0', 'r1', 'r2', 'r3', 'r4'] as const;
const PERMISSIONS = ['p0', 'p1', 'p2', 'p3'] as const;
const TENANTS = ['north', 'south'] as const;
const SUBJECTS = ['ada', 'ben'] as const;
const IDS = ['1', '2', '3'] as const;
const OPERATIONS = 6;

const some = <T>(values: readonly T[], most: number): fc.Arbitrary<T[]> =>
  fc.uniqueArray(fc.constantFrom(...values), { maxLength: most });

const rolesOf = (): fc.Arbitrary<NaivePolicy['roles']> =>
  fc
    .tuple(
      ...ROLES.map((_, at) =>
        fc.record<NaiveRole>({
          can: some(PERMISSIONS, 2),
          includes: at === 0 ? fc.constant([]) : some(ROLES.slice(0, at), 2),
        }),
      ),
    )
    .map((made) => Object.fromEntries(ROLES.map((name, at) => [name, made[at] as NaiveRole])));

type Leaf = Condition['is'];

/** Conditions on the request and whoever calls; `more` are such as only some rules may ask. */
function conditionOf(...more: readonly Leaf[]): fc.Arbitrary<Condition> {
  const plain = (['true', 'false', 'own-tenant', 'own-id', 'flagged', 'has-level'] as const).map((is) => ({ is }));
  const extra = more.filter((is) => is === 'response-owner' || is === 'response-tenant').map((is) => ({ is }));
  const { condition } = fc.letrec<{ condition: Condition; leaf: Condition }>((tie) => ({
    leaf: fc.oneof(
      fc.constantFrom<Condition>(...plain, ...extra),
      fc.constantFrom(...ROLES).map((role): Condition => ({ is: 'role', role })),
      fc.integer({ min: 0, max: 3 }).map((least): Condition => ({ is: 'level', least })),
      ...(more.includes('amount')
        ? [fc.integer({ min: 0, max: 3 }).map((least): Condition => ({ is: 'amount', least }))]
        : []),
    ),
    condition: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tie('leaf'),
      tie('condition').map((of): Condition => ({ is: 'not', of })),
      fc
        .record({ is: fc.constantFrom('and' as const, 'or' as const), left: tie('condition'), right: tie('condition') })
        .map((made): Condition => made),
    ),
  }));
  return condition;
}

/** A condition that any rule may ask. */
export const plainCondition = conditionOf();
const ofBody = conditionOf('amount');
const ofReply = conditionOf('response-owner', 'response-tenant');

const PLACES = ['a', 'b', 'c', 'c.d', 'c.e', 'l', 'l.x', 'l.y', 'amount', 'owner', 'place'] as const;

/** Fields that are named one by one, or all of something but some. */
const listOf: fc.Arbitrary<string[]> = fc.oneof(
  some<string>(PLACES, 4),
  some(['-a', '-c', '-c.d', '-l.y', '-place'], 2).map((takes) => ['*', ...takes]),
  fc.constantFrom<string[]>(['c', '-c.d'], ['l', '-l.y', 'a'], ['c.d', 'c']),
);

const listsOf: fc.Arbitrary<NaiveLists> = fc
  .record({ default: listOf, r0: listOf, r2: listOf, r4: listOf }, { requiredKeys: ['default'] })
  .map(sensible);

/** None mostly: of what must all hold, little is enough to refuse nearly everything. */
function rarely<T>(of: fc.Arbitrary<T>, most = 1): fc.Arbitrary<T[]> {
  return fc.oneof(
    { arbitrary: fc.constant<T[]>([]), weight: 3 },
    { arbitrary: fc.array(of, { minLength: 1, maxLength: most }), weight: 1 },
  );
}

const operationOf = (): fc.Arbitrary<NaiveOperation> =>
  fc.constantFrom('GET' as const, 'POST' as const).chain((method) => {
    const before = method === 'GET' ? plainCondition : ofBody;
    return fc.record<NaiveOperation>({
      method: fc.constant(method),
      needs: rarely(fc.constantFrom(...PERMISSIONS)),
      deny: rarely(before),
      when: rarely(before, 2),
      object: fc.option(method === 'GET' ? ofReply : before, { freq: 2 }),
      fields: fc.option(listsOf),
      accepts: method === 'GET' ? fc.constant(null) : fc.option(listsOf, { freq: 2 }),
    });
  });

/** Random rights of one API. */
export const policyOf: fc.Arbitrary<NaivePolicy> = fc.record<NaivePolicy>({
  roles: rolesOf(),
  deny: rarely(plainCondition),
  operations: fc.array(operationOf(), { minLength: OPERATIONS, maxLength: OPERATIONS }),
});

const level = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom('2', null, true));

const scalar = fc.oneof(fc.constantFrom(null, true, 'text', 0.5), fc.nat(9));
const inner = (first: string, second: string): fc.Arbitrary<unknown> =>
  fc.oneof(fc.record({ [first]: scalar }), fc.record({ [first]: scalar, [second]: scalar, z: scalar }), scalar);
/** Members of which lists of fields say something, and some of which they do not. */
const members = {
  a: scalar,
  b: fc.oneof(scalar, inner('d', 'e')),
  c: inner('d', 'e'),
  l: fc.oneof(fc.array(inner('x', 'y'), { minLength: 1, maxLength: 3 }), scalar),
  m: scalar,
};

/** Somebody's request for something, with the reply that the upstream gives to it. */
export const requestOf: fc.Arbitrary<NaiveRequest> = fc.record<NaiveRequest>({
  operation: fc.nat({ max: OPERATIONS - 1 }),
  subject: fc.constantFrom(...SUBJECTS),
  tenant: fc.option(fc.constantFrom(...TENANTS), { nil: undefined, freq: 4 }),
  roles: some([...ROLES, 'unknown'], 3),
  claims: fc.record({ level, flag: fc.boolean(), ids: some(IDS, 2) }, { requiredKeys: [] }),
  params: fc.record({ tenant: fc.constantFrom(...TENANTS), id: fc.constantFrom(...IDS) }),
  body: some(Object.keys(members) as (keyof typeof members)[], 1).chain((names) =>
    fc.record({ ...Object.fromEntries(names.map((name) => [name, members[name]])), amount: level }),
  ),
  response: fc.record(
    {
      ...members,
      owner: fc.oneof(fc.constantFrom(...SUBJECTS), fc.constant(null)),
      place: fc.oneof(fc.record({ tenant: fc.constantFrom(...TENANTS) }, { requiredKeys: [] }), fc.constant('north')),
    },
    { requiredKeys: [] },
  ),
});

/** Whether all that a policy asks can be decided before the reply. */
export function decidedBefore({ object }: NaiveOperation): boolean {
  return object === null || !asksResponse(object);
}
