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
/** One in so many of those that are not answered as they should be takes a second or more. */
const SLOW_EVERY = 15;

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
    upstream: { targets: [${targets}], timeout: 1s, idleTimeout: 1s, health: { eject: off } }
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
  const { fate, body = (own: string) => own } = MISDEEDS[misdeed] ?? assert.fail(misdeed);
  const told = `${misdeed}: ${JSON.stringify({ ...seen, body: seen.body.slice(0, 200) })}`;
  if (seen.body.includes(POISON) || seen.token === POISON) return `poisoned: ${told}`;
  if (seen.token !== null && seen.token !== token) return `another one's: ${told}`;
  const isRefused = seen.status === 502 && seen.whole;
  const isServed = seen.status === 200 && seen.whole && seen.body === body(token);
  // What came of a body that was cut is the request's own.
  const isCut =
    seen.status === 200 && !seen.whole && token.repeat(seen.body.length / token.length + 1).startsWith(seen.body);
  const may: Readonly<Record<Fate, boolean>> = {
    served: isServed,
    refused: isRefused,
    cut: isRefused || isCut,
    late: seen.status === 504 && seen.whole,
    either: isServed || isRefused || isCut,
  };
  return may[fate] ? null : told;
}

const names = Object.keys(MISDEEDS);
const slow = names.filter((name) => MISDEEDS[name]?.isSlow === true);
const prompt = names.filter((name) => !slow.includes(name));

/** A number from 0 up to `below` that depends on the two others alone (the finalizer of MurmurHash3). */
function chance(at: number, what: number, below: number): number {
  let mixed = at * 8 + what;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) % below;
}

/** About half of them are answered as they should be, in an order that depends on the place only. */
function askedAt(at: number): Asked {
  const list = chance(at, 0, SLOW_EVERY) === 0 ? slow : prompt;
  const misdeed = chance(at, 1, 2) === 0 ? 'none' : (list[chance(at, 2, list.length)] ?? 'none');
  return {
    token: `t${at}-${chance(at, 3, 2 ** 31).toString(36)}`,
    misdeed,
    method: chance(at, 4, 3) === 0 ? 'POST' : 'GET',
  };
}

/** Every third of those that ask at once speaks HTTP/2. */
function isHttp2(asker: number): boolean {
  return asker % 3 === 0;
}

test('each kind of bad manners is among the ten thousand, by both methods and over both protocols', () => {
  const seen = new Set<string>();
  for (let at = 0; at < REQUESTS; at++) {
    const { misdeed, method } = askedAt(at);
    seen.add(`${misdeed} ${method} ${isHttp2(at % AT_ONCE)}`);
  }
  assert.equal(seen.size, names.length * 4);
});

test('of ten thousand requests to three origins of all bad manners each gets its own reply, whole, or none', async () => {
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, { ca: gateway.ca, servername: 'localhost' });
  session.on('error', () => {});
  const faults: string[] = [];
  const asker = async (first: number): Promise<void> => {
    for (let at = first; at < REQUESTS; at += AT_ONCE) {
      const asked = askedAt(at);
      const seen = isHttp2(first) ? await askHttp2(session, asked) : await askHttp1(agent, gateway.https, asked);
      const fault = faultOf(asked, seen);
      if (fault !== null) faults.push(fault);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => asker(at)));
  session.close();
  assert.deepEqual(faults.slice(0, 10), []);
  assert.equal(faults.length, 0);
  // What was asked with a body was sent at most once.
  const posts = origins
    .flatMap((origin) => [...origin.asked])
    .filter(([token]) => askedAt(Number(/^t(\d+)/.exec(token)?.[1])).method === 'POST');
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
