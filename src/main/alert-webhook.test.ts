import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createVirtualClock } from '../adapters/index.ts';
import { ok, Secret } from '../base/index.ts';
import { gather, parseConfig } from '../config/index.ts';
import type { AlertRecord, EgressRequest } from '../ports/index.ts';
import { openAlertWebhook } from './alert-webhook.ts';

const RECORD: AlertRecord = {
  id: 'a',
  kind: 'thread.lost',
  key: 'gateway-1',
  severity: 'critical',
  message: 'lost',
  firstMs: 0,
  lastMs: 0,
  count: 1,
};

/** A configuration whose webhook is signed with the text of its secret reference's name. */
async function gathered(webhook: string) {
  const text = `version: 1
alerts: { ${webhook} }
apis: { a: { routes: ['GET /a'], upstream: 'http://127.0.0.1:3000', auth: public } }
`;
  const parsed = parseConfig(Buffer.from(text), { file: '/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  const never = (): never => {
    throw new Error('not needed here');
  };
  const result = await gather(parsed.value, {
    revision: 1,
    files: { read: never } as never,
    egress: { call: never },
    secrets: { resolve: (reference) => Promise.resolve(ok(new Secret(Buffer.from(JSON.stringify(reference))))) },
  });
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.error));
  return result.value;
}

test('alerts go where the configuration in force says, signed with its secret, and nowhere before', async () => {
  const calls: EgressRequest[] = [];
  const webhook = openAlertWebhook({
    onLost() {},
    clock: createVirtualClock(),
    log: { write() {} },
    egress: {
      call: (request) => {
        calls.push(request);
        return Promise.resolve(ok({ status: 200, headers: new Map(), body: new Uint8Array() }));
      },
    },
  });
  const send = async (): Promise<EgressRequest | undefined> => {
    webhook.send(RECORD);
    await setImmediate();
    return calls.pop();
  };
  assert.equal(await send(), undefined);
  for (const name of ['FIRST', 'SECOND_SECRET']) {
    const next = await gathered(`webhook: { url: 'https://hooks.example/${name}', secret: '\${env:${name}}' }`);
    webhook.follow(next);
    const { url, headers, body } = (await send()) as EgressRequest;
    const [key = ''] = Object.values(next.secrets);
    const signed = `a.${headers['webhook-timestamp']}.${Buffer.from(body ?? []).toString()}`;
    assert.equal(url, `https://hooks.example/${name}`);
    assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  }
  webhook.follow(await gathered(''));
  assert.equal(await send(), undefined);
  webhook.close();
});

test('a secret that was not gathered is a bug, and not an alert that anybody could have signed', async () => {
  const webhook = openAlertWebhook({
    onLost() {},
    clock: createVirtualClock(),
    log: { write() {} },
    egress: { call: () => Promise.reject(new Error('not needed here')) },
  });
  const next = await gathered("webhook: { url: 'https://hooks.example/', secret: '${env:toString}' }");
  assert.throws(() => webhook.follow({ ...next, secrets: {} }), /was not gathered/);
});
