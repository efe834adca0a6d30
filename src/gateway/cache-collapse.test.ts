import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { bearers, cachedApi, replyOf, request } from './cache-fixture.test.ts';
import { apiText, type Bench, kindOf, type RawClient, rest, startBench, step, until } from './fixture.test.ts';

const FRESH = 'cache-control: max-age=60';

/** Holds every request at the upstream; gives their sockets in order. */
function holding(bench: Bench): Socket[] {
  const held: Socket[] = [];
  bench.upstream.respond = ({ socket }) => void held.push(socket);
  return held;
}

function clients(bench: Bench, count: number, path = '/a'): readonly RawClient[] {
  return Array.from({ length: count }, () => bench.client().send(request(path)));
}

/** Lets time pass until it is noticed that a client has left: a second at most. */
async function noticed(bench: Bench, happened: () => boolean): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    bench.clock.pass(100);
    await rest();
    if (happened()) return;
  }
  await until(happened);
}

const asked = (bench: Bench): number => bench.gateway.inFlight;

test('misses at one time ask the upstream once, and all get its reply', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const all = clients(bench, 50);
  await until(() => asked(bench) === 50);
  await until(() => held.length === 1);
  held[0]?.write(replyOf('one', FRESH));
  const given = await Promise.all(all.map((client) => client.reply()));
  assert.deepEqual(new Set(given.map(({ body }) => body.toString())), new Set(['one']));
  assert.equal(given.filter(({ headers }) => /collapsed/.test(headers['cache-status'] ?? '')).length, 49);
  assert.equal(held.length, 1);
});

test('callers never wait for what is fetched for another', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [bearers()] });
  const held = holding(bench);
  const names = ['ada', 'bob', 'cem'];
  const all = names
    .flatMap((name) => [name, name])
    .map((name) => {
      const client = bench.client().send(request('/me', `authorization: Bearer ${name}\r\n`));
      return { name, client };
    });
  await until(() => asked(bench) === 6 && held.length === 3);
  for (const { head, socket } of bench.upstream.requests)
    socket.write(replyOf(/x-portcullis-subject: (.*)\r/i.exec(head)?.[1] ?? '', FRESH));
  for (const { name, client } of all) assert.equal((await client.reply()).body.toString(), name);
  assert.equal(held.length, 3);
});

test('where the first leaves, the next one fetches, and nothing of the half is given', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const [first, ...others] = clients(bench, 4) as [RawClient, ...RawClient[]];
  await until(() => asked(bench) === 4 && held.length === 1);
  held[0]?.write('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 10\r\n\r\nhalf');
  await until(() => first.received.endsWith('half'));
  first.socket.destroy();
  await noticed(bench, () => held.length === 2);
  held[1]?.write(replyOf('whole', FRESH));
  for (const client of others) assert.equal((await client.reply()).body.toString(), 'whole');
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'whole');
  assert.equal(held.length, 2);
});

test('who waits and leaves is not missed', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const all = clients(bench, 5);
  await until(() => asked(bench) === 5 && held.length === 1);
  all[2]?.socket.destroy();
  await noticed(bench, () => asked(bench) === 4);
  held[0]?.write(replyOf('one', FRESH));
  for (const at of [0, 1, 3, 4]) assert.equal((await all[at]?.reply())?.body.toString(), 'one');
});

test('where the reply is not stored all go on at once, and for a while nobody waits', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const all = clients(bench, 5);
  await until(() => asked(bench) === 5 && held.length === 1);
  held[0]?.write('HTTP/1.1 200 OK\r\ncache-control: no-store\r\ncontent-length: 4\r\n\r\n');
  await until(() => held.length === 5);
  held[0]?.write('body');
  for (const [at, socket] of held.entries()) if (at > 0) socket.write(replyOf('body', 'cache-control: no-store'));
  for (const client of all) assert.equal((await client.reply()).body.toString(), 'body');
  clients(bench, 3);
  await until(() => held.length === 8);
});

test('a change that spoils one fetch keeps nobody from waiting for the next', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held: Socket[] = [];
  bench.upstream.respond = ({ head, socket }) =>
    head.startsWith('POST') ? void socket.write(replyOf('done', '')) : void held.push(socket);
  const [first] = clients(bench, 1) as [RawClient];
  await until(() => held.length === 1);
  await bench.ask(request('/a', 'content-length: 0\r\n', 'POST'));
  held[0]?.write(replyOf('spoilt', FRESH));
  assert.equal((await first.reply()).body.toString(), 'spoilt');
  const all = clients(bench, 3);
  await until(() => asked(bench) === 3 && held.length === 2);
  held[1]?.write(replyOf('next', FRESH));
  for (const client of all) assert.equal((await client.reply()).body.toString(), 'next');
  assert.equal(held.length, 2);
});

test('where the upstream fails, those who wait ask it one behind the other', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const all = clients(bench, 20);
  await until(() => asked(bench) === 20 && held.length === 1);
  // The first may be sent again once by the connection's own rule.
  for (let failed = 0; failed < 5; failed++) {
    held[failed]?.destroy();
    await until(() => held.length === failed + 2);
    await rest();
    assert.equal(held.length, failed + 2);
  }
  held[5]?.write(replyOf('good', FRESH));
  const statuses = await Promise.all(all.map(async (client) => (await client.reply()).status));
  assert.equal(held.length, 6);
  const failures = statuses.filter((status) => status === 502).length;
  assert.ok(failures >= 2 && failures <= 5, `${statuses}`);
  assert.equal(statuses.filter((status) => status === 200).length, 20 - failures);
});

test('nobody waits longer than ten seconds', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  clients(bench, 1);
  await until(() => held.length === 1);
  const second = clients(bench, 1)[0] as RawClient;
  await until(() => asked(bench) === 2);
  bench.clock.pass(9_999);
  await rest();
  assert.equal(held.length, 1);
  bench.clock.pass(1);
  await until(() => held.length === 2);
  held[1]?.write(replyOf('mine', FRESH));
  assert.equal((await second.reply()).body.toString(), 'mine');
});

test('nobody waits longer than the request itself has time', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  assert.ok(bench.install(apiText(`{ targets: ['${bench.upstream.url}'], deadline: 2s }`, [], cachedApi('on'))));
  const held = holding(bench);
  clients(bench, 1);
  await until(() => held.length === 1);
  bench.clock.pass(1_000);
  const second = clients(bench, 1)[0] as RawClient;
  await until(() => asked(bench) === 2);
  // The first begins to come, so slowly that the other's time is over.
  held[0]?.write('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 10\r\n\r\nhalf');
  await rest();
  bench.clock.pass(2_000);
  assert.equal((await second.reply()).status, 504);
});

test('a client that takes nothing keeps nobody waiting', async (t) => {
  const bench = await startBench(t, { api: cachedApi('{ maxEntry: 32MiB }') });
  const held = holding(bench);
  const slow = clients(bench, 1)[0] as RawClient;
  await until(() => held.length === 1);
  const [waiting] = clients(bench, 1) as [RawClient];
  await until(() => asked(bench) === 2);
  slow.socket.pause();
  const body = Buffer.alloc(30 * 1024 * 1024, 'x');
  held[0]?.write(`HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: ${body.length}\r\n\r\n`);
  held[0]?.write(body);
  // The kernel takes much before it takes no more.
  await until(() => {
    bench.clock.pass(50);
    return held.length === 2;
  });
  held[1]?.write(replyOf('quick', FRESH));
  assert.equal((await waiting.reply()).body.toString(), 'quick');
  slow.socket.destroy();
});

test('a step that never judges a reply has its limit while the body comes', async (t) => {
  let judging = false;
  const never = step<'respond'>((_exchange, { source }) => {
    if (source === 'gateway') return { kind: 'pass' };
    judging = true;
    return new Promise(() => {});
  });
  const bench = await startBench(t, { api: cachedApi('on'), kinds: [kindOf('never', { respond: never })] });
  const held = holding(bench);
  const [client] = clients(bench, 1) as [RawClient];
  await until(() => held.length === 1);
  held[0]?.write('HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 10\r\n\r\n');
  await until(() => judging);
  held[0]?.write('half');
  await rest();
  bench.clock.pass(10_000);
  assert.equal((await client.reply()).status, 503);
});

test('a configuration that takes over while a reply is fetched neither mixes nor loses anything', async (t) => {
  const bench = await startBench(t, { api: cachedApi('on') });
  const held = holding(bench);
  const old = clients(bench, 3);
  await until(() => asked(bench) === 3 && held.length === 1);
  assert.ok(bench.install(apiText(`${bench.upstream.url}/v2`, [], cachedApi('on'))));
  const now = clients(bench, 3);
  await until(() => asked(bench) === 6 && held.length === 2);
  held[1]?.write(replyOf('new', FRESH));
  held[0]?.write(replyOf('old', FRESH));
  for (const client of now) assert.equal((await client.reply()).body.toString(), 'new');
  for (const client of old) assert.equal((await client.reply()).body.toString(), 'old');
  assert.equal((await bench.ask(request('/a'))).body.toString(), 'new');
});
