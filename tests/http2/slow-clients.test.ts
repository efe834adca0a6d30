import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { FrameClient, nameOf } from './frame-client.ts';
import { ERROR, FLAG, FRAME, frame, PREFACE, requestBlock, SETTING, settings, windowUpdate } from './frames.ts';
import { type Http2Subject, servesOthers, startSubject } from './subject.ts';

/** Longer than any bound of ours: what has not ended by then never ends. */
const DEADLINE_MS = 60_000;
const DRIP_MS = 100;

let subject: Http2Subject;

before(async () => {
  subject = await startSubject();
});

after(async () => {
  await subject.stop();
});

/** One that sends nothing by itself. */
async function mute(): Promise<FrameClient> {
  const client = await FrameClient.connect(subject.address);
  client.silent = true;
  return client;
}

const greeted = async (): Promise<FrameClient> => await FrameClient.open(subject.address);

/** Sends the bytes again and again, as slowly as this, until the deadline or the condition. */
async function drip(client: FrameClient, bytes: Buffer, everyMs: number, enough: () => boolean): Promise<void> {
  const timer = setInterval(() => void client.send(bytes), everyMs);
  await client.signal.holds(() => client.closed || enough(), DEADLINE_MS);
  clearInterval(timer);
}

/** Whether the connection ends, and with this code in its GOAWAY; null where none need be said. */
async function assertEnds(client: FrameClient, code: number | null): Promise<void> {
  assert.ok(await client.ended(DEADLINE_MS), 'the connection has not ended');
  if (code !== null) assert.equal(nameOf(client.goaway()), nameOf(code));
}

describe('a client that makes the gateway wait is given up', { concurrency: true }, () => {
  test('it says nothing', async () => {
    await assertEnds(await mute(), null);
  });

  test('it sends half a preface', async () => {
    const client = await mute();
    await client.send(PREFACE.subarray(0, 10));
    await assertEnds(client, null);
  });

  test('it never acknowledges settings', async () => {
    const client = await mute();
    await client.send(PREFACE, settings([]));
    await client.ask({ path: '/hold' });
    await assertEnds(client, ERROR.settingsTimeout);
  });

  test('it asks for nothing', async () => {
    await assertEnds(await greeted(), ERROR.none);
  });

  test('it begins a frame and stops', async () => {
    const client = await greeted();
    assert.ok(await client.serves());
    await client.send(windowUpdate(0, 1).subarray(0, 5));
    await assertEnds(client, ERROR.enhanceYourCalm);
  });

  test('it begins a header block and drips the rest', async () => {
    const client = await greeted();
    // Nothing may come between the pieces of a block, its own acknowledgement of settings neither.
    assert.ok(await client.serves());
    await client.send(frame(FRAME.headers, FLAG.endStream, 3, requestBlock('GET', '/fast')));
    await drip(client, frame(FRAME.continuation, 0, 3, Buffer.from([0])), 2_000, () => false);
    await assertEnds(client, ERROR.enhanceYourCalm);
  });
});

describe('a client that asks and makes the gateway wait is given up, and others are served meanwhile', {
  concurrency: true,
}, () => {
  test('it begins a body and stops', async () => {
    const client = await greeted();
    const { id, bytes } = client.request({ method: 'POST', path: '/echo', open: true });
    await client.send(bytes, frame(FRAME.data, 0, id, Buffer.from('begun')));
    assert.ok(await client.signal.holds(() => client.isAnswered(id) && client.resetOf(id) !== null, DEADLINE_MS));
    assert.equal(client.statusOf(id), 408);
    assert.equal(nameOf(client.resetOf(id)), 'none');
    assert.ok(await client.serves(), 'the connection goes on');
    client.destroy();
  });

  test('it drips a body', async () => {
    const client = await greeted();
    const { id, bytes } = client.request({ method: 'POST', path: '/echo', open: true });
    await client.send(bytes);
    await drip(client, frame(FRAME.data, 0, id, Buffer.from('drop')), DRIP_MS, () => client.resetOf(id) !== null);
    assert.equal(client.statusOf(id), 408);
    assert.ok(await client.serves(), 'the connection goes on');
    client.destroy();
  });

  test('it leaves open whether a GET has a body', async () => {
    const client = await greeted();
    const id = await client.ask({ path: '/fast', open: true });
    assert.ok(await client.signal.holds(() => client.isAnswered(id), DEADLINE_MS));
    assert.equal(client.statusOf(id), 408);
    client.destroy();
  });

  test('it never opens the window of a reply', async () => {
    const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 0]]);
    const id = await client.ask({ path: '/big' });
    assert.ok(await client.signal.holds(() => client.resetOf(id) !== null, DEADLINE_MS));
    assert.equal(nameOf(client.resetOf(id)), 'cancel');
    assert.equal(client.statusOf(id), 200);
    client.destroy();
  });

  test('it opens the windows of a hundred replies by one octet at a time', async () => {
    const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 1]]);
    const ids = await Promise.all(Array.from({ length: 100 }, () => client.ask({ path: '/big' })));
    const updates = Buffer.concat(ids.slice(0, 5).map((id) => windowUpdate(id, 1)));
    const isGone = (id: number): boolean => client.resetOf(id) !== null || client.goaway() !== null;
    await drip(client, updates, DRIP_MS, () => ids.every(isGone));
    assert.ok(ids.every(isGone), `${ids.filter((id) => !isGone(id)).length} are left`);
    client.destroy();
  });

  test('it reads nothing of what it asked for', async () => {
    const client = await FrameClient.open(subject.address, [[SETTING.initialWindowSize, 0x7fff_ffff]]);
    await client.send(windowUpdate(0, 0x7fff_ffff - 65_535));
    client.pause();
    const cut = subject.origin.cut;
    for (let count = 0; count < 50; count++) await client.ask({ path: '/endless' });
    assert.ok(await subject.origin.signal.holds(() => subject.origin.cut >= cut + 50, DEADLINE_MS));
    client.resume();
    await assertEnds(client, null);
  });

  test('meanwhile somebody else is served', async () => {
    for (let round = 0; round < 20; round++) assert.ok(await servesOthers(subject));
  });
});
