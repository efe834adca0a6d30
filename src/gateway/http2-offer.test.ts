import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../ports/index.ts';
import { DIRECT, HTTP2_BOUNDS, type Peer } from '../wire/index.ts';
import { fakePorts } from './fixture.test.ts';
import { createHttp2Offer } from './http2-offer.ts';

const from = (address: string): Peer => ({ address, port: 1, tls: null, via: DIRECT });

function offer() {
  const { ports, alerts, metrics, clock } = fakePorts();
  const lines: { readonly level: string; readonly event: string; readonly fields: LogFields | undefined }[] = [];
  const log: typeof ports.log = {
    write: (level, event, _message, fields) => void lines.push({ level, event, fields }),
  };
  const memory = { take: () => true, giveBack() {} };
  return { offer: createHttp2Offer({ ...ports, log }, memory), memory, alerts, lines, metrics, clock };
}

test('connections, streams and faults are counted, each of them', () => {
  const { offer: http2, metrics, memory } = offer();
  http2.counted('connection');
  http2.counted('stream');
  http2.counted('stream');
  http2.faulted('refused', from('192.0.2.1'));
  http2.faulted('refused', from('192.0.2.1'));
  assert.deepEqual(metrics.http2, { connection: 1, stream: 2 });
  assert.deepEqual(metrics.http2Faults, ['refused', 'refused']);
  assert.equal(http2.bounds, HTTP2_BOUNDS);
  assert.equal(http2.memory, memory);
});

test('a network and a fault have one line a minute, and the next says how many there were', () => {
  const { offer: http2, lines, clock } = offer();
  for (let time = 0; time < 5; time++) http2.faulted('refused', from('192.0.2.1'));
  http2.faulted('malformed', from('192.0.2.1'));
  http2.faulted('refused', from('192.0.2.2'));
  assert.equal(lines.length, 3);
  clock.pass(59_999);
  http2.faulted('refused', from('192.0.2.1'));
  assert.equal(lines.length, 3);
  clock.pass(1);
  http2.faulted('refused', from('192.0.2.1'));
  assert.deepEqual(
    lines.map(({ level, event }) => `${level} ${event}`),
    ['warn http2.fault', 'warn http2.fault', 'warn http2.fault', 'warn http2.fault'],
  );
  assert.deepEqual(lines.at(-1)?.fields, { reason: 'refused', address: '192.0.2.1', network: '192.0.2.1', times: 6 });
});

test('floods raise an alert for each network, other faults none', () => {
  const { offer: http2, alerts } = offer();
  for (const fault of ['refused', 'malformed', 'stalled', 'ping-flood', 'bad-preface'] as const) {
    http2.faulted(fault, from('192.0.2.1'));
  }
  assert.deepEqual(alerts, []);
  for (const fault of ['reset-flood', 'header-flood', 'settings-flood', 'memory'] as const) {
    http2.faulted(fault, from('2001:db8::1'));
    http2.faulted(fault, from('2001:db8::2'));
  }
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    Array.from({ length: 4 }, () => ['http2.flood', '2001:db8::/64', 'high']),
  );
});

test('clients can make neither lines nor alerts without end by their addresses', () => {
  const { offer: http2, alerts, lines } = offer();
  for (let at = 0; at < 10_000; at++) http2.faulted('reset-flood', from(`2001:db8:0:${at.toString(16)}::1`));
  assert.equal(lines.length, 101);
  assert.equal(alerts.length, 101);
  assert.equal(alerts.at(-1)?.key, 'many');
});
