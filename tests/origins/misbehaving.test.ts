import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { Agent } from 'node:https';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { askHttp1, askHttp2, type Asked, type Seen } from './asking.ts';
import { MisbehavingOrigin } from './misbehaving-origin.ts';
import { type Fate, MISDEEDS, POISON } from './misdeeds.ts';

const REQUESTS = 10_000;
const AT_ONCE = 48;
/** One in so many waits for the gateway's patience to end. */
const LATE_EVERY = 40;

let origins: readonly MisbehavingOrigin[];
let gateway: GatewayProcess;
let agent: Agent;

before(async () => {
  origins = await Promise.all([1, 2, 3].map(() => MisbehavingOrigin.start()));
  const targets = origins.map(({ url }) => url).join(', ');
  gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  api:
    routes: ['GET /{token}', 'POST /{token}']
    auth: public
    upstream: { targets: [${targets}], timeout: 1s, idleTimeout: 1s }
`);
  agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: gateway.ca });
});

after(async () => {
  agent.destroy();
  await gateway.stop();
  for (const origin of origins) origin.close();
});

/** What is wrong with what became of a request; null where nothing is. */
function faultOf({ token, misdeed }: Asked, seen: Seen): string | null {
  const fate: Fate = MISDEEDS[misdeed]?.fate ?? 'served';
  const told = `${misdeed}: ${JSON.stringify({ ...seen, body: seen.body.slice(0, 200) })}`;
  if (seen.body.includes(POISON) || seen.token === POISON) return `poisoned: ${told}`;
  if (seen.token !== null && seen.token !== token) return `another one's: ${told}`;
  if (fate === 'served') return seen.status === 200 && seen.whole && seen.body === token ? null : told;
  if (fate === 'refused') return seen.status === 502 && seen.whole ? null : told;
  if (fate === 'late') return seen.status === 504 && seen.whole ? null : told;
  return (seen.status === 502 && seen.whole) || (seen.status === 200 && !seen.whole) ? null : told;
}

const names = Object.keys(MISDEEDS);
const late = names.filter((name) => MISDEEDS[name]?.fate === 'late');
const prompt = names.filter((name) => !late.includes(name));

/** Half of them are answered as they should be, in some order that depends on the place only. */
function askedAt(at: number): Asked {
  const list = at % LATE_EVERY === 0 ? late : prompt;
  const misdeed = at % 2 === 1 ? 'none' : (list[(at * 7_919) % list.length] ?? 'none');
  return {
    token: `t${at}-${((at * 2_654_435_761) >>> 0).toString(36)}`,
    misdeed,
    method: at % 5 === 0 ? 'POST' : 'GET',
  };
}

test('of ten thousand requests to three origins of all bad manners each gets its own reply, whole, or none', async () => {
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, { ca: gateway.ca, servername: 'localhost' });
  session.on('error', () => {});
  const faults: string[] = [];
  let next = 0;
  const asker = async (isHttp2: boolean): Promise<void> => {
    for (let at = next++; at < REQUESTS; at = next++) {
      const asked = askedAt(at);
      const seen = isHttp2 ? await askHttp2(session, asked) : await askHttp1(agent, gateway.https, asked);
      const fault = faultOf(asked, seen);
      if (fault !== null) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => asker(at % 3 === 0)));
  session.close();
  assert.deepEqual(faults.slice(0, 10), []);
  assert.equal(faults.length, 0);
  // What was asked with a body was sent at most once.
  const posts = origins
    .flatMap((origin) => [...origin.asked])
    .filter(([token]) => Number(/^t(\d+)/.exec(token)?.[1]) % 5 === 0);
  assert.ok(posts.length > REQUESTS / 10);
  const sums = new Map<string, number>();
  for (const [token, count] of posts) sums.set(token, (sums.get(token) ?? 0) + count);
  assert.deepEqual(
    [...sums].filter(([, count]) => count > 1),
    [],
  );
  for (const origin of origins) assert.ok(origin.asked.size > REQUESTS / 10, `${origin.asked.size} of ${REQUESTS}`);
});

test('every kind of bad manners occurs, and the connection behind it serves the next request', async () => {
  for (const misdeed of names) {
    const asked: Asked = { token: `one-${misdeed.replaceAll(/[^A-Za-z0-9]/g, '')}`, misdeed, method: 'GET' };
    assert.equal(faultOf(asked, await askHttp1(agent, gateway.https, asked)), null);
    const next: Asked = { token: 'next', misdeed: 'none', method: 'GET' };
    assert.equal(faultOf(next, await askHttp1(agent, gateway.https, next)), null, `behind ${misdeed}`);
  }
});
