import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { decidedBefore, plainCondition, policyOf, requestOf } from '../access/arbitrary-policies.ts';
import type { NaiveLists } from '../access/naive-fields.ts';
import { allows, given, type NaivePolicy, type NaiveRequest } from '../access/naive-policy.ts';
import { TellingUpstream } from '../access/policy-gateway.ts';

const POLICIES = 40;
const requests = fc.array(requestOf, { minLength: 15, maxLength: 15 });
let upstream: TellingUpstream;

before(async () => {
  upstream = await TellingUpstream.start();
});

after(() => upstream?.stop());

/** Which of the requests are allowed under a policy. */
async function allowed(policy: NaivePolicy, asked: readonly NaiveRequest[]): Promise<readonly boolean[]> {
  const gateway = await upstream.gateway(policy);
  try {
    const said: boolean[] = [];
    for (const request of asked) {
      const { status, body, asked: reached } = await upstream.ask(gateway, policy, request);
      assert.ok([200, 403, 404].includes(status), `${status} ${body}`);
      const operation = policy.operations[request.operation];
      const refusedLate = operation !== undefined && !decidedBefore(operation);
      if (status !== 200 && !refusedLate) assert.ok(!reached, 'what was refused has reached the upstream');
      if (status === 200) assert.deepEqual(JSON.parse(body), JSON.parse(JSON.stringify(given(policy, request))));
      said.push(status === 200);
    }
    return said;
  } finally {
    await gateway.stop();
  }
}

test('whatever the rights are, the gateway allows and gives out what they say by the word of the guide, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(policyOf, requests, async (policy, asked) => {
      const said = await allowed(policy, asked);
      for (const [at, request] of asked.entries())
        assert.equal(said[at], allows(policy, request), JSON.stringify(request));
    }),
    { numRuns: POLICIES },
  );
});

/** That whoever is refused under one policy is refused under another. */
async function neverMore(less: NaivePolicy, more: NaivePolicy, asked: readonly NaiveRequest[]): Promise<void> {
  const [narrow, wide] = [await allowed(less, asked), await allowed(more, asked)];
  for (const [at, is] of narrow.entries()) assert.ok(!is || wide[at] === true, JSON.stringify(asked[at]));
}

test('one more rule that denies never allows more', async () => {
  await fc.assert(
    fc.asyncProperty(policyOf, plainCondition, fc.nat(5), requests, async (policy, denial, at, asked) => {
      const denied = (each: NaivePolicy['operations'][number]) => ({ ...each, deny: [...each.deny, denial] });
      const operations = policy.operations.map((each, number) => (number === at ? denied(each) : each));
      await neverMore({ ...policy, deny: [...policy.deny, denial] }, policy, asked);
      await neverMore({ ...policy, operations }, policy, asked);
    }),
    { numRuns: POLICIES / 4 },
  );
});

test('a role less, or a permission less of a role, never allows more', async () => {
  await fc.assert(
    fc.asyncProperty(policyOf, fc.nat(4), requests, async (policy, at, asked) => {
      const name = `r${at}`;
      const role = policy.roles[name] ?? assert.fail(name);
      await neverMore(withoutRole(policy, name), policy, asked);
      const narrowed = { ...role, can: role.can.slice(1) };
      await neverMore({ ...policy, roles: { ...policy.roles, [name]: narrowed } }, policy, asked);
    }),
    { numRuns: POLICIES / 4 },
  );
});

/** The same without a role, whoever includes or names it. */
function withoutRole({ roles, operations, ...rest }: NaivePolicy, name: string): NaivePolicy {
  const left = Object.entries(roles).filter(([role]) => role !== name);
  const lists = (of: NaiveLists | null): NaiveLists | null =>
    of && Object.fromEntries(Object.entries(of).filter(([role]) => role !== name));
  return {
    ...rest,
    roles: Object.fromEntries(
      left.map(([role, { can, includes }]) => [role, { can, includes: includes.filter((each) => each !== name) }]),
    ),
    operations: operations.map((each) => ({ ...each, fields: lists(each.fields), accepts: lists(each.accepts) })),
  };
}

test('what is given out is part of the reply, and given out once more it stays as it is', async () => {
  await fc.assert(
    fc.asyncProperty(policyOf, requests, async (policy, asked) => {
      const open = { needs: [], deny: [], when: [], object: null, accepts: null };
      const operations = policy.operations.map((each) => ({ ...each, ...open }));
      const filtering = { ...policy, deny: [], operations };
      const gateway = await upstream.gateway(filtering);
      try {
        for (const request of asked) {
          const once = await upstream.ask(gateway, filtering, request);
          assert.equal(once.status, 200, once.body);
          const response = JSON.parse(once.body) as unknown;
          assert.ok(isPart(response, request.response), `${once.body} of ${JSON.stringify(request.response)}`);
          const twice = await upstream.ask(gateway, filtering, { ...request, response });
          assert.equal(twice.body, once.body);
        }
      } finally {
        await gateway.stop();
      }
    }),
    { numRuns: POLICIES / 4 },
  );
});

/** Whether a value is another with something taken out of it. */
function isPart(part: unknown, of: unknown): boolean {
  if (Array.isArray(part)) return Array.isArray(of) && part.every((each) => of.some((other) => isPart(each, other)));
  if (typeof part !== 'object' || part === null) return part === of;
  const isObject = typeof of === 'object' && of !== null && !Array.isArray(of);
  return (
    isObject &&
    Object.entries(part).every(
      ([name, member]) => Object.hasOwn(of, name) && isPart(member, (of as Record<string, unknown>)[name]),
    )
  );
}
