import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok, type Result } from '../base/index.ts';
import type { EgressFault, EgressReply } from '../ports/index.ts';
import { last, pass, settle, surroundings } from './fake-names.test.ts';
import { startKubernetes } from './kubernetes-source.ts';
import type { SourceOf } from './source.ts';

const SOURCE: SourceOf<'kubernetes'> = {
  kind: 'kubernetes',
  api: 'https://cluster.internal',
  service: 'orders',
  namespace: 'shop',
  port: 80,
  tokenFile: null,
  caFile: null,
  allowed: [],
};
const SLICE = { metadata: { name: 'a', resourceVersion: '8' }, addressType: 'IPv4' };
const replyOf = (value: object): Result<EgressReply, EgressFault> =>
  ok({ status: 200, headers: new Map(), body: Buffer.from(JSON.stringify(value)) });
const LIST = replyOf({
  metadata: { resourceVersion: '7' },
  items: [{ ...SLICE, endpoints: [{ addresses: ['10.0.0.1'] }] }],
});

const MANY = 'the service orders has more EndpointSlices than are read';
const named = (at: number): object => ({ ...SLICE, metadata: { name: `s${at}`, resourceVersion: '8' } });

test('a service with too many slices, and a list of pages without end, are failures', async (t) => {
  const around = surroundings();
  const page = (next: string, ...items: object[]): Result<EgressReply, EgressFault> =>
    replyOf({ metadata: { resourceVersion: '7', continue: next }, items });
  around.reply = () => Promise.resolve(page('', ...Array.from({ length: 1_001 }, (_, at) => named(at))));
  t.after(startKubernetes(SOURCE, around, around));
  await settle();
  assert.equal(last(around), MANY);

  const endless = surroundings();
  endless.reply = () => Promise.resolve(page('more', named(1)));
  t.after(startKubernetes(SOURCE, endless, endless));
  await settle(40);
  assert.deepEqual([last(endless), endless.calls.length], [MANY, 20]);
});

test('a watch is left at its first fault, though the other side keeps it open, and all is listed anew', async (t) => {
  for (const [lines, words] of [
    [Array.from({ length: 1_001 }, (_, at) => JSON.stringify({ type: 'ADDED', object: named(at) })), MANY],
    [['nonsense'], 'the watch has a line that is no event'],
    [['{"type":"ERROR","object":{"code":500}}'], 'the watch ended with code 500'],
    [['{"type":"ERROR","object":{"code":410}}'], null],
  ] as const) {
    const around = surroundings();
    let say = (_line: string): void => assert.fail('nobody watches');
    around.reply = ({ receive }) =>
      receive === undefined
        ? Promise.resolve(LIST)
        : new Promise((resolve) => {
            say = (line) => {
              try {
                receive(Buffer.from(`${line}\n`));
              } catch {
                resolve(err({ reason: 'malformed-reply', detail: 'it was ended' }));
              }
            };
          });
    t.after(startKubernetes(SOURCE, around, around));
    await pass(around.clock, 250);
    for (const line of lines) say(line);
    const told = around.told.length;
    await settle();
    assert.deepEqual(around.told.slice(told), words === null ? [] : [words]);
    await pass(around.clock, 1_500);
    assert.equal(around.calls[2]?.url.includes('limit='), true, lines[0]);
  }
});

test('what a list or a watch still says when its source has ended is told to nobody', async () => {
  const around = surroundings();
  const listed = Promise.withResolvers<Result<EgressReply, EgressFault>>();
  around.reply = () => listed.promise;
  const stop = startKubernetes(SOURCE, around, around);
  await settle();
  stop();
  listed.resolve(LIST);
  await settle();
  assert.deepEqual(around.told, []);

  const watched = surroundings();
  watched.reply = ({ receive }) => (receive === undefined ? Promise.resolve(LIST) : new Promise(() => {}));
  const end = startKubernetes(SOURCE, watched, watched);
  await pass(watched.clock, 250);
  const change = (address: string): Buffer =>
    Buffer.from(
      `${JSON.stringify({ type: 'MODIFIED', object: { ...SLICE, endpoints: [{ addresses: [address] }] } })}\n`,
    );
  watched.calls[1]?.receive?.(change('10.0.0.2'));
  assert.deepEqual(last(watched), ['10.0.0.2:80']);
  end();
  watched.calls[1]?.receive?.(change('10.0.0.3'));
  assert.deepEqual(last(watched), ['10.0.0.2:80']);
});
