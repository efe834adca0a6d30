import assert from 'node:assert/strict';
import { connect as connectHttp2 } from 'node:http2';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { startGateway } from '../framing/gateway-process.ts';
import { askHttp1, askHttp2, type Asked, type Seen } from './asking.ts';
import { MisbehavingOrigin } from './misbehaving-origin.ts';
import { MISDEEDS, POISON } from './misdeeds.ts';

const REQUESTS = 3_000;
const AT_ONCE = 48;
/** One in so many takes a second or more. */
const SLOW_EVERY = 60;

const names = Object.keys(MISDEEDS);
const slow = names.filter((name) => MISDEEDS[name]?.isSlow === true);
const prompt = names.filter((name) => !slow.includes(name));

function askedAt(at: number): Asked {
  const isSlow = at % SLOW_EVERY === 0;
  const list = isSlow ? slow : prompt;
  const misdeed = list[(isSlow ? at / SLOW_EVERY : at) % list.length] ?? 'none';
  return { token: `t${at}`, misdeed, method: at % 5 === 1 ? 'POST' : 'GET' };
}

test('where everything is sent again that may be, replies stay each one’s own, and nothing unsafe goes out twice', async (t) => {
  // Whoever is asked first misbehaves, and the next one does not.
  const misdone = new Set<string>();
  const origins = await Promise.all([1, 2, 3].map(() => MisbehavingOrigin.start(misdone)));
  t.after(() => {
    for (const origin of origins) origin.close();
  });
  const gateway = await startGateway(`version: 1
server: { https: { port: 0 }, http: { port: 0 } }
admin: { port: 0 }
data: ./data
apis:
  api:
    routes: ['GET /{token}', 'POST /{token}']
    auth: public
    upstream:
      targets: [${origins.map(({ url }) => url).join(', ')}]
      timeout: 1s
      idleTimeout: 1s
      health: { eject: off }
      retries: { attempts: 2, on: [connect, reset, timeout, 502, 503, 504], budgetPercent: 100 }
`);
  t.after(() => gateway.stop());
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE, ca: gateway.ca });
  t.after(() => agent.destroy());
  const session = connectHttp2(`https://127.0.0.1:${gateway.https}`, { ca: gateway.ca, servername: 'localhost' });
  session.on('error', () => {});
  t.after(() => session.destroy());
  const outcomes: { readonly asked: Asked; readonly seen: Seen }[] = [];
  let next = 0;
  const asker = async (isHttp2: boolean): Promise<void> => {
    for (let at = next++; at < REQUESTS; at = next++) {
      const asked = askedAt(at);
      const seen = isHttp2 ? await askHttp2(session, asked) : await askHttp1(agent, gateway.https, asked);
      outcomes.push({ asked, seen });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => asker(at % 3 === 0)));
  const times = (token: string): number => origins.reduce((sum, origin) => sum + (origin.asked.get(token) ?? 0), 0);
  let again = 0;
  for (const { asked, seen } of outcomes) {
    const told = `${asked.method} ${asked.misdeed}: ${JSON.stringify({ ...seen, body: seen.body.slice(0, 100) })}`;
    assert.ok(!seen.body.includes(POISON) && seen.token !== POISON, told);
    assert.ok(seen.token === null || seen.token === asked.token, told);
    const { body = (own: string) => own } = MISDEEDS[asked.misdeed] ?? assert.fail(asked.misdeed);
    assert.ok(seen.status !== 200 || !seen.whole || seen.body === body(asked.token) || seen.body === asked.token, told);
    assert.ok(times(asked.token) <= (asked.method === 'POST' ? 1 : 3), `${times(asked.token)} times: ${told}`);
    if (times(asked.token) > 1) again++;
    // What hangs is left for another origin, and the client hears nothing of it.
    if (MISDEEDS[asked.misdeed]?.fate === 'late' && asked.method === 'GET')
      assert.deepEqual([seen.status, seen.body], [200, asked.token], told);
  }
  assert.ok(again > REQUESTS / 20, `${again} were sent again`);
});
