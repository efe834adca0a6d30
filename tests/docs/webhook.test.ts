import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVirtualClock, createWebhookAlerts } from '../../src/adapters/index.ts';
import { ok, Secret } from '../../src/base/index.ts';
import type { AlertRecord, EgressRequest } from '../../src/ports/index.ts';
import { blocksOf, pages } from './pages.ts';

type Verify = (headers: object, body: Uint8Array, secret: string, nowSeconds?: number) => boolean;

const operations = pages().filter(({ path }) => path === 'docs/guide/operations.md');
const blocks = operations.flatMap(blocksOf);

async function shownVerification(): Promise<Verify> {
  const [snippet, ...more] = blocks.filter(({ info }) => info === 'js');
  assert.ok(snippet !== undefined && more.length === 0);
  const url = `data:text/javascript;base64,${Buffer.from(snippet.text).toString('base64')}`;
  const { isFromPortcullis } = (await import(url)) as { readonly isFromPortcullis: Verify };
  return isFromPortcullis;
}

/** What the webhook sends for the alert that the guide shows. */
async function sentFor(record: AlertRecord, secret: string): Promise<EgressRequest> {
  const sent = Promise.withResolvers<EgressRequest>();
  const webhook = createWebhookAlerts({
    clock: createVirtualClock(record.firstMs),
    log: { write() {} },
    target: () => ({ url: 'https://hooks.acme.example/portcullis', secret: new Secret(Buffer.from(secret)) }),
    egress: {
      call: (request) => {
        sent.resolve(request);
        return Promise.resolve(ok({ status: 204, headers: new Map(), body: new Uint8Array() }));
      },
    },
  });
  webhook.send(record);
  return await sent.promise;
}

function shownAlert(): { readonly payload: unknown; readonly record: AlertRecord } {
  const [shown] = blocks.filter(({ info, text }) => info === 'json' && text.includes('"alert.'));
  const payload = JSON.parse(shown?.text ?? '') as {
    readonly timestamp: string;
    readonly data: Omit<AlertRecord, 'firstMs' | 'lastMs' | 'count'>;
  };
  const firstMs = Date.parse(payload.timestamp);
  return { payload, record: { ...payload.data, firstMs, lastMs: firstMs, count: 1 } };
}

test('the body that the guide shows is what the webhook sends', async () => {
  const { payload, record } = shownAlert();
  const { body } = await sentFor(record, 'a secret of some length');
  assert.deepEqual(JSON.parse(Buffer.from(body ?? []).toString()), payload);
});

test('the verification that the guide shows takes what is sent, and nothing that was changed or is old', async () => {
  const verify = await shownVerification();
  const { record } = shownAlert();
  const nowSeconds = record.firstMs / 1_000;
  for (const secret of ['a secret of some length', `whsec_${Buffer.alloc(24, 7).toString('base64')}`]) {
    const { headers, body = new Uint8Array() } = await sentFor(record, secret);
    assert.equal(verify(headers, body, secret, nowSeconds), true);
    assert.equal(verify(headers, body, `${secret}x`.replace('_B', '_C'), nowSeconds), false);
    assert.equal(verify(headers, Buffer.concat([body, Buffer.from(' ')]), secret, nowSeconds), false);
    assert.equal(verify({ ...headers, 'webhook-id': 'other' }, body, secret, nowSeconds), false);
    assert.equal(verify({ ...headers, 'webhook-timestamp': String(nowSeconds + 1) }, body, secret, nowSeconds), false);
    assert.equal(verify({}, body, secret, nowSeconds), false);
    assert.equal(verify(headers, body, secret, nowSeconds + 301), false);
    assert.equal(verify(headers, body, secret), false, 'it is judged by the present time');
  }
});
