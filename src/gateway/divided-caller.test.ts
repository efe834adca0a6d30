import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ABSTAIN, PASS, type Principal, usedCredential } from '../policy/index.ts';
import { DividedCaller } from './divided-caller.ts';
import {
  apiText,
  type Bench,
  kindOf,
  principalNamed,
  RawUpstream,
  rest,
  startBench,
  step,
  until,
} from './fixture.test.ts';

const GET = getWith();

function getWith(...lines: readonly string[]): string {
  return ['GET /x HTTP/1.1', 'host: a.example', ...lines, '', ''].join('\r\n');
}

function postOf(body: string): string {
  return `POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Knows callers by a field that stays behind: `who: alice`. */
const WHO = kindOf('who', {
  authenticate: step((exchange) => {
    const name = exchange.request.headers.get('who');
    if (name === null) return ABSTAIN;
    exchange.slot(usedCredential).header = 'who';
    return { kind: 'identified', principal: named(name) };
  }),
});

function named(name: string): Principal {
  return principalNamed(name, { claims: { tenant: { id: `t-${name}` } } });
}

/** As many upstreams as asked for, and a gateway whose API has the keys that `keysOf` makes of their URLs. */
async function start(
  t: TestContext,
  count: number,
  keysOf: (urls: readonly string[]) => string,
): Promise<{
  readonly bench: Bench;
  readonly upstreams: readonly RawUpstream[];
  readonly install: (keys: typeof keysOf) => void;
}> {
  const upstreams = await Promise.all(Array.from({ length: count }, () => RawUpstream.start(t)));
  const bench = await startBench(t, { kinds: [WHO] });
  const install = (keys: typeof keysOf): void => {
    assert.ok(bench.install(apiText(`{ ${keys(upstreams.map(({ url }) => url))} }`, ['who'])));
  };
  install(keysOf);
  return { bench, upstreams, install };
}

/** Sends requests one after the other over one connection, and sees that each is answered with 200. */
async function askEach(bench: Bench, requests: readonly string[]): Promise<void> {
  const client = bench.client();
  for (const request of requests) assert.equal((await client.send(request).reply()).status, 200);
}

function times<T>(count: number, make: (index: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function counts(upstreams: readonly RawUpstream[]): readonly number[] {
  return upstreams.map(({ requests }) => requests.length);
}

const three = (rule: string) => (urls: readonly string[]) =>
  `targets: [${urls.join(', ')}], balance: { hash: ${rule} }`;

test('a target gets as much beside the others as its weight says', async (t) => {
  const weighed = ([first, second]: readonly string[]): string =>
    `targets: [{ url: '${first}', weight: 3 }, '${second}'], balance: round-robin`;
  const { bench, upstreams } = await start(t, 2, weighed);
  await askEach(
    bench,
    times(40, () => GET),
  );
  assert.deepEqual(counts(upstreams), [30, 10]);
});

test('balancing by a hash sends the same value of a header to the same target, and other values to others', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ header: X-Session }'));
  await askEach(
    bench,
    times(10, () => getWith('x-session: one')),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 0, 10],
  );
  await askEach(
    bench,
    times(40, (asked) => getWith(`X-SESSION: ${asked}`)),
  );
  assert.ok(counts(upstreams).every((count) => count > 0));
});

test('balancing by a hash sends requests that lack the value to all targets', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ cookie: sid }'));
  await askEach(
    bench,
    times(30, () => getWith('cookie: other=1; xsid=2', 'x-session: one')),
  );
  assert.ok(counts(upstreams).every((count) => count > 0));
});

test('balancing by a hash reads a cookie among others, over all of its fields', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ cookie: sid }'));
  await askEach(
    bench,
    times(12, (asked) => getWith(`cookie: a=${asked}; sid=7`)),
  );
  await askEach(
    bench,
    times(12, (asked) => getWith(`cookie: sid=7;a=${asked}`)),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 0, 24],
  );
});

test('balancing by a hash hashes a claim of the caller, by its path', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ claim: tenant.id }'));
  await askEach(
    bench,
    times(10, () => getWith('who: alice')),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 0, 10],
  );
  await askEach(
    bench,
    times(40, (asked) => getWith(`who: user-${asked}`)),
  );
  assert.ok(counts(upstreams).every((count) => count > 0));
  await askEach(
    bench,
    times(20, () => GET),
  );
  assert.ok(counts(upstreams).every((count) => count < 50));
});

test('balancing by a hash hashes the address of the client', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ address: true }'));
  await askEach(
    bench,
    times(12, (asked) => getWith(`x-session: ${asked}`)),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 0, 12],
  );
});

const withCanary = (more: string) => (urls: readonly string[]) =>
  `targets: ['${urls[0]}'], canary: { targets: ['${urls[1]}'], ${more} }`;

test('a canary gets its part of the requests, under its own name', async (t) => {
  const { bench, upstreams } = await start(t, 2, withCanary('percent: 25, by: request'));
  await askEach(
    bench,
    times(200, () => GET),
  );
  const [stable = 0, canary = 0] = counts(upstreams);
  assert.equal(stable + canary, 200);
  assert.ok(canary > 20 && canary < 90, String(canary));
  assert.match(upstreams[1]?.last.head ?? '', new RegExp(`\\r\\nhost: 127\\.0\\.0\\.1:${upstreams[1]?.port}\\r\\n`));
  assert.equal(bench.metrics.sides.filter((side) => side === 'a canary 200').length, canary);
  assert.equal(bench.metrics.sides.filter((side) => side === 'a stable 200').length, stable);
});

test('a canary gets whoever asks for it by the field that says so, and nobody else by another value', async (t) => {
  const { bench, upstreams } = await start(t, 2, withCanary("when: { header: X-Canary, value: '1' }"));
  await bench.ask(getWith('X-Canary: 1'));
  await bench.ask(getWith('X-Canary: 11'));
  await bench.ask(getWith('X-Canary: 1', 'X-Canary: 1'));
  await bench.ask(GET);
  assert.deepEqual(counts(upstreams), [3, 1]);
});

test('a canary keeps each caller on one side, and one that has it keeps it while the part grows', async (t) => {
  const { bench, upstreams, install } = await start(t, 2, withCanary('percent: 1'));
  const client = bench.client();
  const sideOf = async (name: string): Promise<number> => {
    const before = upstreams[1]?.requests.length ?? 0;
    assert.equal((await client.send(getWith(`who: ${name}`)).reply()).status, 200);
    return (upstreams[1]?.requests.length ?? 0) - before;
  };
  const names = times(60, (index) => `caller-${index}`);
  let last = names.map(() => 0);
  for (const percent of [10, 50, 100]) {
    install(withCanary(`percent: ${percent}`));
    const sides: number[] = [];
    for (const name of names) sides.push(await sideOf(name));
    for (const [index, name] of names.slice(0, 5).entries()) assert.equal(await sideOf(name), sides[index]);
    assert.ok(last.every((side, index) => side <= (sides[index] ?? 0)));
    const canaries = sides.reduce((sum, side) => sum + side, 0);
    assert.ok(Math.abs(canaries - (names.length * percent) / 100) < 16, String(canaries));
    last = sides;
  }
  assert.ok(last.every((side) => side === 1));
});

test('a canary gets strangers by their address where it goes by callers', async (t) => {
  const { bench, upstreams } = await start(t, 2, withCanary('percent: 50'));
  await askEach(
    bench,
    times(20, () => GET),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 20],
  );
});

test('a canary by address gets all callers of an address, or none of them', async (t) => {
  const { bench, upstreams } = await start(t, 2, withCanary('percent: 50, by: address'));
  await askEach(
    bench,
    times(20, (index) => getWith(`who: caller-${index}`)),
  );
  assert.deepEqual(
    counts(upstreams).toSorted((one, other) => one - other),
    [0, 20],
  );
});

test('a canary that fails is counted on its own side, and the others are served', async (t) => {
  const { bench, upstreams } = await start(t, 2, withCanary("when: { header: X-Canary, value: 'yes' }"));
  upstreams[1]?.close();
  assert.equal((await bench.ask(getWith('X-Canary: yes'))).status, 502);
  assert.equal((await bench.ask(GET)).status, 200);
  assert.deepEqual(bench.metrics.sides, ['a canary 0', 'a stable 200']);
});

test('a canary whose circuit breaker is open leaves the others alone', async (t) => {
  const { bench, upstreams } = await start(
    t,
    2,
    (urls) =>
      `${withCanary("when: { header: X-Canary, value: 'yes' }")(urls)}, breaker: { unreachable: 2 }, retries: 0`,
  );
  upstreams[1]?.close();
  const statuses: number[] = [];
  for (let asked = 0; asked < 4; asked++) statuses.push((await bench.ask(getWith('X-Canary: yes'))).status);
  assert.deepEqual(statuses, [502, 502, 503, 503]);
  assert.equal((await bench.ask(GET)).status, 200);
});

test('a canary that is taken away by a reload gets nothing more, and its connections close', async (t) => {
  const { bench, upstreams, install } = await start(t, 2, withCanary('percent: 100'));
  await bench.ask(GET);
  assert.deepEqual(counts(upstreams), [0, 1]);
  install(([url]) => `targets: ['${url}']`);
  await bench.ask(GET);
  assert.deepEqual(counts(upstreams), [1, 1]);
  await until(() => upstreams[1]?.sockets.size === 0);
});

const withMirror =
  (more = '') =>
  (urls: readonly string[]) =>
    `targets: ['${urls[0]}'], mirror: { url: '${urls[1]}'${more} }`;

test('a mirror gets a copy of a request as the upstream gets it, with a mark, and its reply goes nowhere', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror());
  const [origin, mirror] = upstreams as [RawUpstream, RawUpstream];
  mirror.respond = ({ socket }) => void socket.write('HTTP/1.1 500 No\r\ncontent-length: 3\r\n\r\nbad');
  const reply = await bench.ask(getWith('x-mine: 1', 'x-portcullis-mirror: 1'));
  assert.equal(reply.status, 200);
  await until(() => bench.metrics.copies.length === 1);
  assert.deepEqual(bench.metrics.copies, ['a answered']);
  const linesOf = (upstream: RawUpstream): readonly string[] =>
    upstream.last.head.split('\r\n').filter((line) => line !== '' && !line.startsWith('host: '));
  assert.deepEqual(
    linesOf(mirror).filter((line) => !linesOf(origin).includes(line)),
    ['x-portcullis-mirror: 1'],
  );
  assert.ok(!origin.last.head.includes('x-portcullis-mirror'));
  assert.match(mirror.last.head, new RegExp(`\\r\\nhost: 127\\.0\\.0\\.1:${mirror.port}\\r\\n`));
});

test('a mirror gets what a policy made of path, query and host, as the upstream does', async (t) => {
  const upstreams = await Promise.all([RawUpstream.start(t), RawUpstream.start(t)]);
  const moved = kindOf('moved', {
    transform: step((_exchange, editor) => {
      editor.setPath('/new/%2525');
      editor.setQuery('a=1');
      editor.setHost('other.example:81');
      return PASS;
    }),
  });
  const bench = await startBench(t, { kinds: [moved] });
  assert.ok(bench.install(apiText(`{ ${withMirror()(upstreams.map(({ url }) => url))} }`, ['moved'])));
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => bench.metrics.copies.length === 1);
  for (const { last } of upstreams)
    assert.match(last.head, /^GET \/new\/%2525\?a=1 HTTP\/1\.1\r\nhost: other\.example:81\r\n/);
});

test('a mirror gets who is calling, and no credential or field of the connection that the upstream does not get', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror());
  await bench.ask(getWith('who: alice', 'connection: x-hop', 'x-hop: 1'));
  await until(() => bench.metrics.copies.length === 1);
  for (const { last } of upstreams) {
    assert.match(last.head, /\r\nx-portcullis-subject: alice\r\n/);
    assert.doesNotMatch(last.head, /\r\n(who|x-hop|connection):/);
  }
});

test('a mirror that is not there, hangs or breaks off costs the client nothing', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror());
  const [, mirror] = upstreams as [RawUpstream, RawUpstream];
  mirror.respond = ({ socket }) => void socket.destroy();
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => bench.metrics.copies.length === 1);
  mirror.respond = () => {};
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => mirror.requests.length > 1);
  mirror.close();
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => bench.metrics.copies.length === 3);
  assert.deepEqual(bench.metrics.copies, ['a failed', 'a failed', 'a failed']);
});

test('a mirror gets a copy only of methods that are named, and of those without side effects if none are', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror());
  await bench.ask(postOf('abc'));
  await bench.ask('DELETE /x HTTP/1.1\r\nhost: a.example\r\n\r\n');
  await bench.ask('HEAD /x HTTP/1.1\r\nhost: a.example\r\n\r\n');
  await until(() => bench.metrics.copies.length === 1);
  await rest();
  assert.deepEqual(counts(upstreams), [3, 1]);
  assert.match(upstreams[1]?.last.head ?? '', /^HEAD /);
});

test('a mirror gets bodies of up to 64 KiB whole, whether their length was said or not, and no longer ones', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror(', methods: [POST]'));
  const [origin, mirror] = upstreams as [RawUpstream, RawUpstream];
  const body = 'x'.repeat(65_536);
  await bench.ask(postOf(body));
  await until(() => bench.metrics.copies.length === 1);
  assert.equal(mirror.last.body.toString(), body);
  assert.match(mirror.last.head, /content-length: 65536\r\n/);
  await bench.ask(postOf(`${body}y`));
  const chunk = `${(65_000).toString(16)}\r\n${'z'.repeat(65_000)}\r\n`;
  const opening = 'POST /x HTTP/1.1\r\nhost: a.example\r\ntransfer-encoding: chunked\r\n\r\n';
  await bench.ask(`${opening}${chunk}0\r\n\r\n`);
  await until(() => mirror.requests.length === 2);
  assert.equal(mirror.last.body.length, 65_000);
  await bench.ask(`${opening}${chunk}${chunk}0\r\n\r\n`);
  await until(() => bench.metrics.copies.length === 4);
  await rest();
  assert.deepEqual(counts([origin, mirror]), [4, 2]);
  assert.deepEqual(bench.metrics.copies.toSorted(), ['a answered', 'a answered', 'a dropped', 'a dropped']);
});

test('a mirror gets nothing of a request that its client never finishes', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror(', methods: [POST]'));
  const client = bench.client();
  client.send('POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 10\r\n\r\nabc');
  await until(() => bench.metrics.inFlightNow === 1);
  await rest();
  client.socket.destroy();
  await until(() => bench.metrics.copies.length === 1);
  assert.deepEqual(bench.metrics.copies, ['a dropped']);
  assert.equal(upstreams[1]?.requests.length, 0);
});

test('a mirror keeps nothing of a request whose upstream has failed, or answered, before it was whole', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror(', methods: [POST]'));
  const [origin, mirror] = upstreams as [RawUpstream, RawUpstream];
  const answers = [
    (socket: Socket) => void socket.resetAndDestroy(),
    (socket: Socket) => void socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n'),
  ];
  for (const [at, answer] of answers.entries()) {
    origin.onSocket = (socket) => void socket.once('data', () => answer(socket));
    const client = bench.client().send('POST /x HTTP/1.1\r\nhost: a.example\r\ncontent-length: 10\r\n\r\nabc');
    await client.reply('POST');
    await until(() => bench.metrics.copies.length === at + 1);
    client.socket.destroy();
  }
  assert.deepEqual(bench.metrics.copies, ['a dropped', 'a dropped']);
  assert.equal(mirror.requests.length, 0);
});

test('a mirror gets 64 copies at once and no more, and each is given up after 30 s', async (t) => {
  const { bench, upstreams } = await start(t, 2, (urls) => `${withMirror()(urls)}, timeout: 120s`);
  const mirror = upstreams[1] as RawUpstream;
  mirror.respond = () => {};
  await askEach(
    bench,
    times(70, () => GET),
  );
  await until(() => mirror.requests.length > 0);
  assert.deepEqual(
    bench.metrics.copies,
    Array.from({ length: 6 }, () => 'a dropped'),
  );
  bench.clock.pass(31_000);
  await until(() => bench.metrics.copies.length === 70);
  mirror.respond = ({ socket }) => void socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => bench.metrics.copies.at(-1) === 'a answered');
});

test('a mirror is read no further than a megabyte', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror());
  const mirror = upstreams[1] as RawUpstream;
  let closed = false;
  mirror.respond = ({ socket }) => {
    socket.on('close', () => (closed = true));
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n${'x'.repeat(2_000_000)}`);
  };
  assert.equal((await bench.ask(GET)).status, 200);
  await until(() => closed);
  assert.deepEqual(bench.metrics.copies, ['a answered']);
});

test('a mirror gets its part of the requests', async (t) => {
  const { bench, upstreams } = await start(t, 2, withMirror(', percent: 30'));
  await askEach(
    bench,
    times(200, () => GET),
  );
  await until(() => bench.metrics.copies.length === upstreams[1]?.requests.length);
  const copies = upstreams[1]?.requests.length ?? 0;
  assert.ok(copies > 30 && copies < 90, String(copies));
});

test('a mirror that a reload leaves gets copies over the connection that it had', async (t) => {
  const { bench, upstreams, install } = await start(t, 2, withMirror());
  const mirror = upstreams[1] as RawUpstream;
  for (let reloads = 0; reloads < 3; reloads++) {
    install(withMirror());
    await bench.ask(GET);
    await until(() => bench.metrics.copies.length === reloads + 1);
  }
  assert.deepEqual([mirror.connections, new Set(bench.metrics.copies)], [1, new Set(['a answered'])]);
});

test('a mirror that a reload takes away loses what was on its way there', async (t) => {
  const { bench, upstreams, install } = await start(t, 2, withMirror());
  const mirror = upstreams[1] as RawUpstream;
  mirror.respond = () => {};
  await bench.ask(GET);
  await until(() => mirror.requests.length === 1);
  install(([url]) => `targets: ['${url}']`);
  await until(() => bench.metrics.copies.length === 1 && mirror.sockets.size === 0);
  assert.equal((await bench.ask(GET)).status, 200);
});

test('a stream stands through reloads that leave a canary and a mirror as they are, and ends where one is another', async (t) => {
  const both = (percent: number) => (urls: readonly string[]) =>
    `targets: ['${urls[0]}'], canary: { targets: ['${urls[1]}'], percent: ${percent} }, mirror: { url: '${urls[2]}', methods: [POST] }`;
  const { bench, upstreams, install } = await start(t, 3, both(100));
  const canary = upstreams[1] as RawUpstream;
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
  canary.respond = ({ socket }) => void socket.write(`${head}1\r\na\r\n`);
  const client = bench.client().send(GET);
  await until(() => client.received.endsWith('a\r\n'));
  for (const percent of [100, 50, 10]) {
    install(both(percent));
    bench.clock.pass(1_000);
    await rest();
    assert.deepEqual([bench.metrics.streamEnds, bench.gateway.living], [[], 1]);
  }
  install(([url]) => `targets: ['${url}']`);
  bench.clock.pass(1_000);
  await until(() => bench.metrics.streamEnds.length > 0);
  assert.deepEqual(bench.metrics.streamEnds, ['events reload']);
});

test('balancing by a hash moves the callers of a target that is ejected, and no others, until it is back', async (t) => {
  const { bench, upstreams } = await start(t, 3, three('{ header: X-Session }'));
  const client = bench.client();
  const placeOf = async (session: number): Promise<number> => {
    const before = counts(upstreams);
    await client.send(getWith(`x-session: ${session}`)).reply();
    return counts(upstreams).findIndex((count, place) => count > (before[place] ?? 0));
  };
  const placesOf = async (): Promise<readonly number[]> => {
    const places: number[] = [];
    for (let session = 0; session < 30; session++) places.push(await placeOf(session));
    return places;
  };
  const before = await placesOf();
  const sick = upstreams[before[0] ?? 0] as RawUpstream;
  const { respond } = sick;
  sick.respond = ({ socket }) => void socket.write('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n');
  for (let failures = 0; failures < 5; failures++) await placeOf(0);
  const without = await placesOf();
  for (const [session, place] of before.entries()) {
    if (place === before[0]) assert.notEqual(without[session], place);
    else assert.equal(without[session], place);
  }
  sick.respond = respond;
  bench.clock.pass(60_000);
  assert.deepEqual(await placesOf(), before);
});

test('it is that of its own parts alone', () => {
  const parts = { stable: {}, canary: {}, mirror: {} } as unknown as DividedCaller['parts'];
  const caller = new DividedCaller(parts);
  assert.ok(caller.isOf({ ...parts }));
  for (const part of Object.keys(parts)) assert.ok(!caller.isOf({ ...parts, [part]: {} }), part);
});
