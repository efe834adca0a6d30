import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok, type Result } from '../base/index.ts';
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
