import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ATTACKED, ATTACKS, HELD } from './attacks.ts';
import { FrameClient, nameOf } from './frame-client.ts';
import { FLAG, FRAME, frame, literal, requestBlock, reset, SETTING, windowUpdate } from './frames.ts';
import { runAttack } from './run-attack.ts';
import { countUnanswered, type Http2Subject, servesOthers, startSubject } from './subject.ts';

const STREAMS = 100;

let subject: Http2Subject;

before(async () => {
  subject = await startSubject();
});

after(async () => {
  await subject.stop();
});

describe('an attack ends the connection it comes over, for its reason, and no other', { concurrency: false }, () => {
  for (const attack of ATTACKS) {
    test(attack.name, async () => {
      assert.deepEqual(await runAttack(subject, attack), []);
    });
  }
});

test('streams that are reset in the turn in which they came begin no request', async () => {
  assert.ok(await servesOthers(subject));
  const before = await countUnanswered(subject);
  const client = await FrameClient.open(subject.address);
  // Fewer than the bound of resets, and all within one record of TLS.
  const burst = Array.from({ length: 90 }, () => {
    const { id, bytes } = client.request({ path: ATTACKED });
    return Buffer.concat([bytes, reset(id)]);
  });
  await client.send(...burst);
  assert.ok(await client.serves(), 'the connection goes on');
  assert.equal(await countUnanswered(subject), before);
  client.destroy();
});

test('the hundred and first stream at once is refused, and the hundred are answered', async () => {
  const { address, origin } = subject;
  const client = await FrameClient.open(address);
  const requests = Array.from({ length: STREAMS + 1 }, () => client.request({ path: HELD }));
  await client.send(...requests.map(({ bytes }) => bytes));
  assert.ok(await origin.signal.holds(() => origin.holding === STREAMS), `${origin.holding} requests are upstream`);
  const last = requests.at(-1)?.id ?? 0;
  assert.ok(await client.isToldOf(last));
  assert.equal(nameOf(client.resetOf(last)), 'refusedStream');
  origin.release();
  for (const { id } of requests.slice(0, -1)) {
    assert.ok(await client.signal.holds(() => client.isAnswered(id)), `stream ${id}`);
    assert.equal(client.bodyOf(id).toString(), 'released');
  }
  assert.ok(await client.serves(), 'the connection goes on');
  client.destroy();
});

test('a stream that is reset while it is answered is cut upstream too, and the connection goes on', async () => {
  const { address, origin } = subject;
  const client = await FrameClient.open(address);
  const cut = origin.cut;
  // What the stream has taken of the connection's window stays taken.
  await client.send(windowUpdate(0, 1_048_576));
  const id = await client.ask({ path: '/endless' });
  assert.ok(await client.signal.holds(() => client.bodyOf(id).length > 30_000));
  await client.send(reset(id));
  assert.ok(await origin.signal.holds(() => origin.cut === cut + 1));
  assert.ok(await client.serves());
  client.destroy();
});

test('the requests of a connection that is reset are cut upstream', async () => {
  const { address, origin } = subject;
  const client = await FrameClient.open(address);
  await client.send(...Array.from({ length: STREAMS }, () => client.request({ path: HELD }).bytes));
  assert.ok(await origin.signal.holds(() => origin.holding === STREAMS));
  client.abort();
  assert.ok(await origin.signal.holds(() => origin.holding === 0));
});

test('replies whose windows are shut keep no other request of their connection waiting', async () => {
  const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 20_000]]);
  await client.send(windowUpdate(0, 4_194_304));
  const ids = await Promise.all(Array.from({ length: 50 }, () => client.ask({ path: '/big' })));
  assert.ok(await client.signal.holds(() => ids.every((id) => client.bodyOf(id).length === 20_000)));
  assert.ok(await client.serves());
  assert.ok(
    ids.every((id) => client.resetOf(id) === null),
    'none was given up for it',
  );
  client.abort();
});

test('a client that says GOAWAY is still answered', async () => {
  const client = await FrameClient.open(subject.address);
  const id = await client.ask({ path: '/c' });
  await client.send(frame(FRAME.goaway, 0, 0, Buffer.alloc(8)));
  assert.ok(await client.signal.holds(() => client.isAnswered(id)));
  assert.equal(client.statusOf(id), 200);
  client.destroy();
});

test('a body that is sent against a closed window ends its stream', async () => {
  const client = await FrameClient.open(subject.address);
  const { id, bytes } = client.request({ method: 'POST', path: '/sink', open: true });
  await client.send(bytes);
  const piece = frame(FRAME.data, 0, id, Buffer.alloc(16_384));
  for (let sent = 0; sent < 9_000_000 && !client.closed && client.resetOf(id) === null; sent += 16_384) {
    await client.send(piece);
  }
  assert.ok(await client.isToldOf(id));
  assert.equal(nameOf(client.resetOf(id) ?? client.goaway()), 'flowControl');
  client.destroy();
});

describe('what a connection may hold is bounded', { concurrency: false, skip: process.platform !== 'linux' }, () => {
  const LIMIT_BYTES = 30 * 1_048_576;
  const use = async (): Promise<number> =>
    (await import('../bench/process-tree.ts')).useOfTree(subject.gateway.pid).rssBytes;

  /** Runs it until memory has been used once, then looks at how much more a second time needs. */
  async function grows(run: () => Promise<void>): Promise<number> {
    await run();
    const before = await use();
    await run();
    return (await use()) - before;
  }

  test('a hundred streams whose small blocks name one large field a thousand times', async () => {
    const grown = await grows(async () => {
      const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 0]]);
      const large = literal('x-large', 'y'.repeat(3_900), true);
      const flags = FLAG.endHeaders | FLAG.endStream;
      const first = Buffer.concat([requestBlock('GET', ATTACKED), large]);
      await client.send(frame(FRAME.headers, flags, 1, first));
      const block = Buffer.concat([requestBlock('GET', ATTACKED), Buffer.alloc(990, 0x80 | 62)]);
      for (let id = 3; id < 2 * STREAMS; id += 2) await client.send(frame(FRAME.headers, flags, id, block));
      const last = 2 * STREAMS - 1;
      assert.ok(await client.signal.holds(() => client.statusOf(last) !== null || client.closed));
      assert.equal(client.statusOf(last) ?? client.goaway(), 431);
      assert.ok(await servesOthers(subject));
      client.destroy();
    });
    assert.ok(grown < LIMIT_BYTES, `${grown} bytes more`);
  });

  test('a hundred downloads of a mebibyte, into closed windows', async () => {
    const grown = await grows(async () => {
      const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 0]]);
      await client.send(...Array.from({ length: STREAMS }, () => client.request({ path: '/big' }).bytes));
      await client.signal.holds(() => client.statusOf(2 * STREAMS - 1) !== null || client.closed);
      assert.ok(await servesOthers(subject));
      client.destroy();
    });
    assert.ok(grown < LIMIT_BYTES, `${grown} bytes more`);
  });

  test('a client that asks for all and reads nothing', async () => {
    const grown = await grows(async () => {
      const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 0x7fff_ffff]]);
      client.pause();
      await client.send(windowUpdate(0, 0x7fff_ffff - 65_535));
      await client.send(...Array.from({ length: STREAMS }, () => client.request({ path: '/big' }).bytes));
      await subject.origin.signal.holds(() => subject.origin.count('/big') >= STREAMS);
      assert.ok(await servesOthers(subject, 20));
      client.destroy();
    });
    assert.ok(grown < LIMIT_BYTES, `${grown} bytes more`);
  });
});
