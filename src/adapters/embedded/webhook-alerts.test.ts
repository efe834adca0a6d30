import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { err, ok, type Result, Secret } from '../../base/index.ts';
import type { AlertRecord, EgressFault, EgressReply, EgressRequest } from '../../ports/index.ts';
import { createOutboundEgress } from './outbound-egress.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { createWebhookAlerts, type WebhookTarget } from './webhook-alerts.ts';

const URL_OF_HOOK = 'https://hooks.acme.example/alerts?team=a';
const KEY = Buffer.from('0123456789abcdef0123456789abcdef');
const RECORD: AlertRecord = {
  id: '0197-a',
  kind: 'gateway.fault',
  key: 'waf',
  severity: 'high',
  message: 'a rule has thrown – “x”',
  fields: { api: 'orders', count: 3 },
  firstMs: Date.UTC(2026, 0, 1),
  lastMs: Date.UTC(2026, 0, 1),
  count: 1,
};

type Answer = Result<EgressReply, EgressFault>;
const status = (code: number): Answer => ok({ status: code, headers: new Map(), body: new Uint8Array() });
const DOWN: Answer = err({ reason: 'unreachable', detail: 'connection refused' });

async function rest(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await setImmediate();
}

/** A webhook whose calls are answered as the test says; `never` leaves them open. */
function subject(target: WebhookTarget | null = { url: URL_OF_HOOK, secret: new Secret(KEY) }) {
  const clock = createVirtualClock();
  const calls: EgressRequest[] = [];
  const lines: string[] = [];
  const around = { answer: status(204) as Answer | 'never' | 'throw', target, lost: 0 };
  const webhook = createWebhookAlerts({
    clock,
    target: () => around.target,
    onLost: () => void around.lost++,
    log: {
      write: (level, event, message, fields) =>
        void lines.push(
          `${level} ${event} ${message} ${String(fields?.['fault'] ?? fields?.['dropped'] ?? '')}`.trim(),
        ),
    },
    egress: {
      call: async (request) => {
        calls.push(request);
        const { answer } = around;
        if (answer === 'throw') throw new Error('a bug');
        return answer === 'never' ? await new Promise<Answer>(() => {}) : answer;
      },
    },
  });
  const sent = (): readonly (string | undefined)[] => calls.splice(0).map(({ headers }) => headers['webhook-id']);
  return { webhook, clock, calls, lines, around, sent };
}

function bodyOf(request: EgressRequest | undefined): unknown {
  return JSON.parse(Buffer.from(request?.body ?? []).toString());
}

test('an alert is posted as JSON with what is known of it', async () => {
  const { webhook, calls } = subject();
  webhook.send(RECORD);
  await rest();
  const [call, ...more] = calls;
  assert.deepEqual(bodyOf(call), {
    type: 'alert.gateway.fault',
    timestamp: '2026-01-01T00:00:00.000Z',
    data: {
      id: '0197-a',
      kind: 'gateway.fault',
      key: 'waf',
      severity: 'high',
      message: 'a rule has thrown – “x”',
      fields: { api: 'orders', count: 3 },
    },
  });
  assert.deepEqual([call?.method, call?.url, call?.headers['content-type']], ['POST', URL_OF_HOOK, 'application/json']);
  assert.deepEqual([call?.timeoutMs, call?.reach, more.length], [5_000, 'named', 0]);
});

function signatureOf(key: Uint8Array, signed: string): string {
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

test('the signature is that of Standard Webhooks over id, time and body', async () => {
  // The example in the reference libraries of the standard.
  const example = 'msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}';
  const exampleKey = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64');
  assert.equal(signatureOf(exampleKey, example), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  const { webhook, clock, calls, around } = subject();
  around.target = { url: URL_OF_HOOK, secret: new Secret(Buffer.from(`whsec_${KEY.toString('base64')}`)) };
  clock.setNow(1_614_265_330_999);
  webhook.send(RECORD);
  around.target = { url: URL_OF_HOOK, secret: new Secret(KEY) };
  await rest();
  webhook.send({ ...RECORD, id: 'second' });
  await rest();
  for (const [at, id] of ['0197-a', 'second'].entries()) {
    const { headers, body } = calls[at] as EgressRequest;
    assert.deepEqual([headers['webhook-id'], headers['webhook-timestamp']], [id, '1614265330']);
    const text = Buffer.from(body as Uint8Array).toString();
    assert.equal(headers['webhook-signature'], signatureOf(KEY, `${id}.1614265330.${text}`));
  }
});

test('a secret that anybody could guess signs nothing', async () => {
  for (const secret of ['', 'fifteen bytes !', 'whsec_', 'whsec_c2hvcnQ=', 'whsec_!!!!!!!!!!!!!!!!!!!!!!!!']) {
    const { webhook, calls, lines, clock } = subject({ url: URL_OF_HOOK, secret: new Secret(Buffer.from(secret)) });
    webhook.send(RECORD);
    for (const ms of [1_000, 10_000, 60_000]) {
      await rest();
      clock.advance(ms);
    }
    await rest();
    assert.deepEqual([calls.length, lines.length], [0, 1], secret);
    assert.match(lines[0] ?? '', /fewer than 16 bytes$/);
  }
});

test('what fails is tried again after 1, 10 and 60 seconds with a new time, and then told to the log', async () => {
  for (const answer of [DOWN, status(500), status(302), status(400), 'throw'] as const) {
    const { webhook, clock, calls, around, lines } = subject();
    around.answer = answer;
    webhook.send(RECORD);
    await rest();
    for (const waitMs of [1_000, 10_000, 60_000]) {
      const before = calls.length;
      clock.advance(waitMs - 1);
      await rest();
      assert.equal(calls.length, before);
      clock.advance(1);
      await rest();
      assert.equal(calls.length, before + 1);
    }
    clock.advance(3_600_000);
    await rest();
    assert.equal(calls.length, 4);
    const times = calls.map(({ headers }) => Number(headers['webhook-timestamp']));
    assert.deepEqual(
      times.map((time) => time - (times[0] as number)),
      [0, 1, 11, 71],
    );
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? '', /^warn alert\.not-sent an alert could not be sent/);
    assert.equal(around.lost, 1);
    around.answer = status(200);
    webhook.send({ ...RECORD, id: 'next' });
    await rest();
    assert.equal(calls.at(-1)?.headers['webhook-id'], 'next', 'the next one is sent');
  }
});

test('one that arrives at a later attempt is told nowhere, and the order is kept', async () => {
  const { webhook, clock, around, lines, sent } = subject();
  around.answer = DOWN;
  webhook.send(RECORD);
  webhook.send({ ...RECORD, id: 'b' });
  await rest();
  around.answer = status(202);
  clock.advance(1_000);
  await rest();
  assert.deepEqual([sent(), lines], [['0197-a', '0197-a', 'b'], []]);
});

test('of more than a hundred that wait the oldest go, critical ones last', async () => {
  const { webhook, around, sent, lines, clock } = subject();
  around.answer = DOWN;
  webhook.send({ ...RECORD, id: 'first' });
  await rest();
  for (let at = 0; at < 10; at++) webhook.send({ ...RECORD, id: `critical-${at}`, severity: 'critical' });
  for (let at = 0; at < 200; at++) webhook.send({ ...RECORD, id: `high-${at}` });
  assert.equal(lines.length, 111);
  assert.match(lines.at(-1) ?? '', /one was dropped 111$/);
  assert.equal(around.lost, 111);
  sent();
  around.answer = status(200);
  clock.advance(1_000);
  for (let turn = 0; turn < 50; turn++) await rest();
  const arrived = sent();
  assert.deepEqual(arrived.slice(0, 3), ['first', 'critical-0', 'critical-1']);
  assert.deepEqual([arrived[11], arrived.at(-1), arrived.length], ['high-111', 'high-199', 100]);
});

test('a queue full of critical alerts stays bounded too', async () => {
  const { webhook, around, sent, clock } = subject();
  around.answer = DOWN;
  for (let at = 0; at < 150; at++) webhook.send({ ...RECORD, id: String(at), severity: 'critical' });
  await rest();
  sent();
  around.answer = status(200);
  clock.advance(1_000);
  for (let turn = 0; turn < 50; turn++) await rest();
  assert.deepEqual(sent().slice(0, 3), ['0', '51', '52']);
});

test('without a target nothing is sent or kept, and one that is taken away ends the attempts', async () => {
  const { webhook, around, calls, clock, lines } = subject(null);
  webhook.send(RECORD);
  await rest();
  around.target = { url: URL_OF_HOOK, secret: new Secret(KEY) };
  clock.advance(60_000);
  await rest();
  assert.equal(calls.length, 0);
  around.answer = DOWN;
  webhook.send(RECORD);
  await rest();
  around.target = null;
  clock.advance(100_000);
  await rest();
  assert.deepEqual([calls.length, lines], [1, []]);
});

test('an alert that was given up leaves the next one all its attempts', async () => {
  const { webhook, clock, around, sent } = subject();
  around.answer = DOWN;
  webhook.send(RECORD);
  webhook.send({ ...RECORD, id: 'b' });
  for (const ms of [0, 1_000, 10_000, 60_000, 1_000, 10_000, 60_000, 60_000]) {
    clock.advance(ms);
    await rest();
  }
  const [first, second] = [Array.from({ length: 4 }, () => '0197-a'), Array.from({ length: 4 }, () => 'b')];
  assert.deepEqual(sent(), [...first, ...second]);
});

test('what is under way at the end is not tried again', async () => {
  const { webhook, calls, clock, around, lines } = subject();
  around.answer = DOWN;
  webhook.send(RECORD);
  webhook.close();
  await rest();
  assert.equal(clock.untilNextMs(), null);
  clock.advance(100_000);
  await rest();
  assert.deepEqual([calls.length, lines], [1, []]);
  const other = subject();
  other.webhook.close();
  other.webhook.send(RECORD);
  await rest();
  assert.equal(other.calls.length, 0);
});

test('after the end nothing is sent', async () => {
  const { webhook, around, calls, clock } = subject();
  around.answer = DOWN;
  webhook.send(RECORD);
  await rest();
  webhook.close();
  webhook.send(RECORD);
  clock.advance(100_000);
  await rest();
  assert.deepEqual([calls.length, clock.untilNextMs()], [1, null]);
});

test('sending never throws, whatever is around it', () => {
  const fail = (): never => {
    throw new Error('broken');
  };
  const webhook = createWebhookAlerts({
    clock: createVirtualClock(),
    target: fail,
    log: { write: fail },
    egress: { call: fail },
  });
  webhook.send(RECORD);
});

async function startReceiver(t: TestContext, receive: RequestListener): Promise<string> {
  const server = createServer(receive);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
}

test('a real receiver gets what was signed, and a redirect is not followed', async (t) => {
  const clock = createVirtualClock();
  const egress = createOutboundEgress({ clock, resolver: { resolve: () => Promise.resolve(err('no names here')) } });
  const paths: string[] = [];
  const done = Promise.withResolvers<boolean>();
  const url = await startReceiver(t, (request, response) => {
    paths.push(request.url ?? '');
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = request.headers;
      const signed = Buffer.concat([Buffer.from(`${String(id)}.${String(time)}.`), ...chunks]);
      response.writeHead(307, { location: '/elsewhere' }).end();
      done.resolve(signature === `v1,${createHmac('sha256', KEY).update(signed).digest('base64')}`);
    });
  });
  const target = { url, secret: new Secret(KEY) };
  const webhook = createWebhookAlerts({ egress, clock, log: { write() {} }, target: () => target });
  t.after(() => webhook.close());
  webhook.send(RECORD);
  assert.equal(await done.promise, true);
  await rest();
  assert.deepEqual(paths, ['/hook']);
});
