import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearers, cachedApi, numbersFrom, replyOf, request } from './cache-fixture.test.ts';
import { apiText, rest, startBench, until } from './fixture.test.ts';

const CALLERS = 200;
const ROUNDS = 15;

test('two hundred callers who ask for the same at the same time, and often leave, never see what is another’s', async (t) => {
  const seed = 20_260_101;
  const next = numbersFrom(seed);
  const bench = await startBench(t, { api: cachedApi('{ staleIfError: 1h }'), kinds: [bearers()] });
  bench.upstream.respond = ({ head, socket }) => {
    const who = /x-portcullis-subject: (.*)\r/i.exec(head)?.[1] ?? 'nobody';
    const path = head.split(' ')[1] ?? '';
    const reply = replyOf(`${who} at ${path} ${'.'.repeat(next() % 3_000)}`, `cache-control: max-age=${next() % 3}`);
    const cut = next() % reply.length;
    // In two pieces, out of order with the others, and sometimes not to the end.
    setImmediate(() => {
      socket.write(reply.slice(0, cut));
      setImmediate(() => (next() % 20 === 0 ? socket.destroy() : socket.write(reply.slice(cut))));
    });
  };
  let asked = 0;
  let given = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        const who = `user${next() % CALLERS}`;
        const path = `/page/${next() % 4}`;
        const client = bench.client().send(request(path, `authorization: Bearer ${who}\r\n`));
        asked++;
        if (next() % 5 === 0) {
          for (let turn = next() % 4; turn > 0; turn--) await rest();
          assert.ok(client.received === '' || isOf(client.received, who, path), client.received.slice(0, 400));
          client.socket.destroy();
          return;
        }
        await until(() => client.received !== '' || client.socket.readyState === 'closed');
        const whole = await client.reply().catch(() => null);
        client.socket.destroy();
        if (whole === null || whole.status >= 500) return;
        given++;
        assert.ok(whole.body.toString().startsWith(`${who} at ${path} `), `seed ${seed}: ${whole.head}${whole.body}`);
      }),
    );
    bench.clock.pass(700);
    if (round === Math.floor(ROUNDS / 2)) bench.install(apiText(bench.upstream.url, ['bearer'], cachedApi('on')));
  }
  assert.ok(given > asked / 2, `${given} of ${asked}`);
  assert.ok(bench.metrics.cacheResults.includes('hit'));
  await until(() => bench.gateway.inFlight === 0 || (bench.clock.pass(1_000), false));
});

/** Whether what has come so far, if it has a body, begins as this caller's does. */
function isOf(received: string, who: string, path: string): boolean {
  const body = received.slice(received.indexOf('\r\n\r\n') + 4);
  if (!received.includes('\r\n\r\n') || !received.startsWith('HTTP/1.1 200')) return true;
  const wanted = `${who} at ${path} `;
  return body.startsWith(wanted) || wanted.startsWith(body);
}

test('a thread holds its part of the memory, and leaves the others theirs', async (t) => {
  const bench = await startBench(t, { cacheThreads: 4 });
  bench.install(`cache: { memory: 4MiB }\n${apiText(bench.upstream.url, [], cachedApi('on'))}`);
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf('x'.repeat(20_000), 'cache-control: max-age=60'));
  const client = bench.client();
  for (let at = 0; at < 100; at++) await client.send(request(`/${at}`)).reply();
  bench.clock.pass(500);
  const { bytes } = bench.metrics.cacheHeld;
  assert.ok(bytes > 2 ** 19 && bytes <= 2 ** 20, `${bytes}`);
});

test('ten thousand large replies hold no more than the memory there is, and the others are let go', async (t) => {
  const limitBytes = 2 * 1024 * 1024;
  const bench = await startBench(t);
  const api = cachedApi('on');
  bench.install(`cache: { memory: 2MiB }\n${apiText(bench.upstream.url, [], api)}`);
  const body = 'x'.repeat(20_000);
  bench.upstream.respond = ({ socket }) => void socket.write(replyOf(body, 'cache-control: max-age=3600'));
  const workers = Array.from({ length: 20 }, async (_, worker) => {
    const client = bench.client();
    for (let at = 0; at < 500; at++) {
      const path = `/large/${worker}/${at}/${'k'.repeat(100)}`;
      const reply = await client.send(request(path)).reply();
      assert.equal(reply.body.length, body.length);
      if (at % 50 === 0) {
        bench.clock.pass(500);
        assert.ok(bench.metrics.cacheHeld.bytes <= limitBytes, `${bench.metrics.cacheHeld.bytes}`);
      }
    }
  });
  await Promise.all(workers);
  bench.clock.pass(500);
  const { bytes, entries, evicted } = bench.metrics.cacheHeld;
  assert.ok(bytes > limitBytes / 2 && bytes <= limitBytes, `${bytes}`);
  assert.ok(entries > 40 && entries <= limitBytes / 20_000, `${entries}`);
  assert.ok(evicted >= 10_000 - entries - 200, `${evicted}`);
});
