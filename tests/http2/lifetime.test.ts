import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run } from '../system/command.ts';
import { PROGRAM } from '../system/plain-configuration.ts';
import { FrameClient, nameOf } from './frame-client.ts';
import { FLAG, FRAME, frame, literal } from './frames.ts';
import { type Http2Subject, startSubject } from './subject.ts';

let subject: Http2Subject;

beforeEach(async () => {
  subject = await startSubject();
});

afterEach(async () => {
  await subject.stop();
});

test('a gateway that stops tells its clients, answers what they have asked, and takes nothing new', async () => {
  const { gateway, origin, address } = subject;
  const client = await FrameClient.open(address);
  const idle = await FrameClient.open(address);
  assert.ok(await idle.serves());
  const id = await client.ask({ path: '/hold' });
  assert.ok(await origin.signal.holds(() => origin.holding === 1));
  const stopped = gateway.stop();
  assert.ok(await idle.ended());
  assert.equal(nameOf(idle.goaway()), 'none');
  assert.ok(await client.signal.holds(() => client.frames.filter(({ type }) => type === FRAME.goaway).length === 2));
  assert.equal(nameOf(client.goaway()), 'none');
  const late = await client.ask({ path: '/fast' });
  origin.release();
  assert.ok(await client.signal.holds(() => client.isAnswered(id)));
  assert.equal(client.bodyOf(id).toString(), 'released');
  assert.ok(await client.ended());
  assert.ok(client.endedInOrder);
  assert.equal(client.statusOf(late), null);
  await stopped;
});

test('a reload closes no connection', async () => {
  const { gateway, origin, address } = subject;
  const client = await FrameClient.open(address);
  const id = await client.ask({ path: '/hold' });
  assert.ok(await origin.signal.holds(() => origin.holding === 1));
  const file = join(gateway.folder, 'portcullis.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('auth: public', 'auth: public, body: 5MiB'));
  const reloaded = await run(process.execPath, [PROGRAM, 'reload', '--config', file]);
  assert.equal(reloaded.code, 0, reloaded.stderr);
  assert.ok(await client.serves());
  origin.release();
  assert.ok(await client.signal.holds(() => client.isAnswered(id)));
  assert.equal(client.goaway(), null);
  client.destroy();
});

test('a client that has ended its side still gets the replies to what it asked whole', async () => {
  const { origin, address } = subject;
  const client = await FrameClient.open(address);
  const ids = await Promise.all(Array.from({ length: 10 }, () => client.ask({ path: '/hold' })));
  assert.ok(await origin.signal.holds(() => origin.holding === 10));
  client.finish();
  origin.release();
  for (const id of ids) assert.ok(await client.signal.holds(() => client.isAnswered(id)), `stream ${id}`);
  assert.ok(await client.ended());
});

test('a body comes whole behind 100 (Continue), and its trailers end it', async () => {
  const client = await FrameClient.open(subject.address);
  const { id, bytes } = client.request({
    method: 'POST',
    path: '/echo',
    fields: [
      ['expect', '100-continue'],
      ['te', 'trailers'],
    ],
    open: true,
  });
  await client.send(bytes);
  assert.ok(
    await client.signal.holds(() =>
      client.frames.some(({ type, streamId }) => type === FRAME.headers && streamId === id),
    ),
  );
  assert.equal(client.statusOf(id), null, 'no final reply yet');
  const trailers = frame(FRAME.headers, FLAG.endHeaders | FLAG.endStream, id, literal('x-sum', '1'));
  await client.send(frame(FRAME.data, 0, id, Buffer.from('continued')), trailers);
  assert.ok(await client.signal.holds(() => client.isAnswered(id)));
  assert.equal(client.bodyOf(id).toString(), 'continued');
  client.destroy();
});
