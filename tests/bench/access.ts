import { type AccessPeer, accessPeers, blockedId, CONDITION, type Decide } from './access-peers.ts';
import { type BenchCaller, type BenchRequest, BenchRights } from './access-plan.ts';
import { type Course, leastCost, times } from './least-cost.ts';
import { machine } from './machine.ts';
import { printNoise, watchNoise } from './noise.ts';
import { printTable } from './table.ts';

const REQUESTS = 1_000;
const PRINCIPALS = [10, 1_000, 100_000] as const;
const ROLES = [10, 1_000] as const;
const SIZES = { fields_1kb: 1, fields_10kb: 10, fields_100kb: 100 } as const;
/** An order of a page takes so many bytes. */
const ORDER_BYTES = 250;

/**
 * What rights cost, CPU µs for each decision, by the very steps that a gateway thread runs; beside it engines that are given
 * the same condition. Then how the cost grows with those who call, and with the roles that there are.
 */
export async function benchAccess(): Promise<Record<string, unknown>> {
  const noise = watchNoise();
  const rights = await BenchRights.of(configuration(10));
  const us: Record<string, number> = { ...(await ours(rights)), ...(await fields(rights)), ...(await growth()) };
  const { costs, leftOut } = await peers();
  const ratios: Record<string, number> = {};
  for (const [key, cost] of Object.entries(costs)) {
    us[key] = cost;
    const own = us[key.startsWith('condition_10_') ? 'condition_10' : 'condition_1'];
    if (own !== undefined) ratios[key.replace('condition_1_', 'condition_')] = round(own / cost);
  }
  printTable(
    ['decision', 'CPU µs'],
    Object.entries(us).map(([name, cost]) => [name, String(cost)]),
  );
  const told = noise();
  printNoise(told);
  return { machine: machine(), noise: told, us, ratios, left_out: leftOut };
}

/** One API with an operation for each row. `roles` are there besides, each with a permission and the one before it. */
function configuration(roles: number): string {
  const more = Array.from({ length: roles - 2 }, (_, at) => [
    `role-${at}`,
    { can: [`permission-${at}`], includes: at === 0 ? [] : [`role-${at % 20 === 0 ? 0 : at - 1}`] },
  ]);
  const others = Array.from({ length: 9 }, (_, at) => `params.orderId != '${blockedId(at)}'`);
  const fieldNames = ['items.id', 'items.status', 'items.total', 'items.customer.name', 'items.lines.sku'];
  const operations = {
    'GET /roles/{tenantId}/{orderId}': { needs: ['orders:read'] },
    'GET /one/{tenantId}/{orderId}': { when: CONDITION },
    'GET /ten/{tenantId}/{orderId}': { when: [CONDITION, ...others] },
    'GET /object/{tenantId}/{orderId}': { object: CONDITION },
    'GET /fields/{tenantId}/{orderId}': { fields: { default: fieldNames, staff: ['items.margin'] } },
  };
  return JSON.stringify({
    version: 1,
    issuers: { acme: { issuer: 'https://id.acme.example', audience: 'orders', jwks: './keys.json' } },
    roles: {
      customer: { can: ['orders:read'] },
      staff: { includes: ['customer'], can: ['orders:refund'] },
      ...(Object.fromEntries(more) as object),
    },
    apis: {
      orders: {
        ...{ upstream: 'http://127.0.0.1:1', auth: ['acme'], routes: Object.keys(operations), operations },
      },
    },
  });
}

/** The caller of this number: every tenth is of the staff. */
function callerOf(at: number): BenchCaller {
  const orders = [`order-${at}`, `order-${at + 1}`, `order-${at + 2}`];
  return {
    subject: `user-${at}`,
    tenant: `tenant-${at % 50}`,
    roles: [at % 10 === 0 ? 'staff' : 'customer'],
    claims: { orders },
  };
}

/** Each asks for an order of their own tenant, which is the last of those that they own. */
function orderOf(at: number): { readonly tenant: string; readonly id: string } {
  return { tenant: `tenant-${at % 50}`, id: `order-${at + 2}` };
}

function requestsOf(rights: BenchRights, count: number): readonly BenchRequest[] {
  return Array.from({ length: count }, (_, at) => {
    const { tenant: tenantId, id: orderId } = orderOf(at);
    return { principal: rights.principal(callerOf(at)), params: { tenantId, orderId } };
  });
}

/** As many at a time as a look at the clock is worth; callers come in an order that no memory foresees. */
function decided(decide: (request: BenchRequest) => boolean, requests: readonly BenchRequest[]): Course {
  let at = 0;
  return times(REQUESTS, () => {
    at = (at + 7_919) % requests.length;
    if (!decide(requests[at] as BenchRequest)) throw new Error('whoever may was refused');
  });
}

async function ours(rights: BenchRights): Promise<Record<string, number>> {
  const requests = requestsOf(rights, REQUESTS);
  const cost = async (path: string, kind: string): Promise<number> =>
    round(await leastCost(decided(rights.decision(`/${path}/t/o`, [kind]), requests)));
  return {
    roles: await cost('roles', 'permission'),
    condition_1: await cost('one', 'access-rules'),
    condition_10: await cost('ten', 'access-rules'),
    object: await cost('object', 'object'),
  };
}

async function fields(rights: BenchRights): Promise<Record<string, number>> {
  const filter = rights.filter('/fields/t/o');
  const [request] = requestsOf(rights, 2).slice(1);
  const rows: [string, number][] = [];
  for (const [name, kilobytes] of Object.entries(SIZES)) {
    const body = pageOf(kilobytes * 1_000);
    const course = times(10, () => {
      if (request === undefined || filter(request, body) >= body.length) throw new Error('nothing was taken out');
    });
    rows.push([name, round(await leastCost(course))]);
  }
  return Object.fromEntries(rows);
}

/** A page of orders of so many bytes, of which a customer gets about half. */
function pageOf(bytes: number): Buffer {
  const items = Array.from({ length: Math.max(1, Math.round(bytes / ORDER_BYTES)) }, (_, at) => ({
    ...{ id: `order-${at}`, status: 'open', total: 1_000 + at, margin: 380, note: 'pays late, and says why' },
    customer: { name: `Customer ${at}`, email: `customer-${at}@example.com`, ssn: '078-05-1120' },
    lines: [{ sku: 'tea', quantity: 2, cost: 310 }],
  }));
  return Buffer.from(JSON.stringify({ items, total: items.length }));
}

/** The same decisions with more who call, and with more roles. */
async function growth(): Promise<Record<string, number>> {
  const rows: Record<string, number> = {};
  for (const count of ROLES) {
    const rights = await BenchRights.of(configuration(count));
    const requests = requestsOf(rights, REQUESTS);
    rows[`roles_of_${count}`] = round(
      await leastCost(decided(rights.decision('/roles/t/o', ['permission']), requests)),
    );
    if (count !== ROLES[0]) continue;
    for (const principals of PRINCIPALS) {
      const all = requestsOf(rights, principals);
      for (const [name, path, kind] of [
        ['roles', '/roles/t/o', 'permission'],
        ['condition_1', '/one/t/o', 'access-rules'],
      ] as const)
        rows[`${name}_principals_${principals}`] = round(await leastCost(decided(rights.decision(path, [kind]), all)));
    }
  }
  return rows;
}

async function peers(): Promise<{ readonly costs: Record<string, number>; readonly leftOut: readonly string[] }> {
  const costs: Record<string, number> = {};
  const all = accessPeers();
  for (const { name, make } of all) {
    if (make === null) continue;
    for (const conditions of [1, 10] as const)
      costs[`condition_${conditions}_${name}`] = await peerCost(make, conditions);
  }
  const missing = all.filter(({ make }) => make === null);
  for (const { name, from } of missing) console.log(`${name} is left out: ${from} is not installed`);
  return { costs, leftOut: missing.map(({ name }) => name) };
}

async function peerCost(make: NonNullable<AccessPeer['make']>, conditions: 1 | 10): Promise<number> {
  const decide: Decide = await make(conditions);
  const asked = Array.from({ length: REQUESTS }, (_, at) => [callerOf(at), orderOf(at)] as const);
  const [caller, order] = asked[1] as (typeof asked)[number];
  if (!decide(caller, order) || decide(caller, { ...order, tenant: 'another' }))
    throw new Error('it decides otherwise');
  let at = 0;
  const course = times(20, () => {
    const [who, what] = asked[at++ % REQUESTS] as (typeof asked)[number];
    if (!decide(who, what)) throw new Error('whoever may was refused');
  });
  return round(await leastCost(course));
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
