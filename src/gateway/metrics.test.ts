import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Labels, Meter } from '../ports/index.ts';
import { createGatewayMetrics } from './metrics.ts';

function fakeMeter() {
  const values = new Map<string, number>();
  const key = (name: string, labels: Labels = {}): string => `${name}${JSON.stringify(labels)}`;
  const add = (at: string, amount: number): void => void values.set(at, (values.get(at) ?? 0) + amount);
  const made: string[] = [];
  const series = (name: string, labels: Labels | undefined): string => {
    made.push(key(name, labels));
    return key(name, labels);
  };
  const meter: Meter = {
    counter(name, _help, labels) {
      const at = series(name, labels);
      return { add: (amount) => add(at, amount) };
    },
    gauge(name, _help, labels) {
      const at = series(name, labels);
      return { set: (value) => void values.set(at, value) };
    },
    histogram(name, _help, _bounds, labels) {
      const at = series(name, labels);
      return { observe: (value) => add(at, value) };
    },
  };
  return { meter, values, made };
}

test('requests are counted by API and class, and those without a reply by themselves', () => {
  const { meter, values } = fakeMeter();
  const metrics = createGatewayMetrics(meter);
  for (const status of [200, 204, 404, 503, 0]) metrics.finished('a', status, 500_000);
  metrics.finished(null, 404, 0);
  const count = (api: string, status: string) =>
    values.get(`portcullis_requests_total${JSON.stringify({ api, status })}`);
  assert.deepEqual(
    ['none', '2xx', '3xx', '4xx', '5xx'].map((status) => count('a', status)),
    [1, 2, undefined, 1, 1],
  );
  assert.equal(count('', '4xx'), 1);
  assert.equal(values.get('portcullis_request_duration_seconds{"api":"a"}'), 2.5);
});

test('handshakes are counted by what was offered and the version, and no other version makes a series of its own', () => {
  const { meter, values } = fakeMeter();
  const metrics = createGatewayMetrics(meter);
  metrics.handshake('hybrid', 'TLSv1.3');
  metrics.handshake('hybrid', 'TLSv1.3');
  metrics.handshake('classic', 'TLSv1.2');
  metrics.handshake('classic', 'unknown');
  metrics.handshake('classic', 'TLSv9');
  const counted = [...values].filter(([series]) => series.startsWith('portcullis_handshakes_total'));
  assert.deepEqual(Object.fromEntries(counted), {
    'portcullis_handshakes_total{"offers":"hybrid","protocol":"TLSv1.3"}': 2,
    'portcullis_handshakes_total{"offers":"classic","protocol":"TLSv1.2"}': 1,
    'portcullis_handshakes_total{"offers":"classic","protocol":"other"}': 2,
  });
});

test('a series is made once, whatever comes', () => {
  const { meter, made, values } = fakeMeter();
  const metrics = createGatewayMetrics(meter);
  for (let turn = 0; turn < 3; turn++) {
    metrics.finished('a', 200, 1);
    metrics.refused('not-found');
    metrics.turnedAway('full');
    metrics.http2Fault('reset-flood');
    metrics.http2Counted('connection');
    metrics.http2Counted('stream');
    metrics.cut('snapshot', 2);
    metrics.shed('a', 'low');
    metrics.overload(20, 0.5);
    metrics.streams.opened('events');
    metrics.streams.closed('events', 'client');
    metrics.streams.opened('grpc');
    metrics.retried('connect', 'answered');
    metrics.retried(503, 'no-budget');
    metrics.breakerOpen('a', true);
  }
  assert.equal(new Set(made).size, made.length);
  assert.equal(values.get('portcullis_passages_cut_total{"reason":"snapshot"}'), 6);
  assert.equal(values.get('portcullis_streams{"kind":"events"}'), 0);
  assert.equal(values.get('portcullis_streams{"kind":"grpc"}'), 3);
  assert.equal(values.get('portcullis_streams_closed_total{"kind":"events","reason":"client"}'), 3);
  assert.equal(values.get('portcullis_refusals_total{"code":"not-found","status":"404"}'), 3);
  assert.equal(values.get('portcullis_connections_turned_away_total{"reason":"full"}'), 3);
  assert.equal(values.get('portcullis_http2_faults_total{"reason":"reset-flood"}'), 3);
  assert.equal(values.get('portcullis_shed_requests_total{"api":"a","priority":"low"}'), 3);
  assert.equal(values.get('portcullis_overload_level{}'), 0.5);
  assert.equal(values.get('portcullis_loop_late_seconds{}'), 0.06);
  assert.equal(values.get('portcullis_http2_connections_total{}'), 3);
  assert.equal(values.get('portcullis_http2_streams_total{}'), 3);
  assert.equal(values.get('portcullis_upstream_retries_total{"why":"connect","outcome":"answered"}'), 3);
  assert.equal(values.get('portcullis_upstream_retries_total{"why":"503","outcome":"no-budget"}'), 3);
  metrics.breakerOpen('a', false);
  assert.equal(values.get('portcullis_upstream_breakers_open{"api":"a"}'), 2);
});

test('what observers would have refused is counted by code', () => {
  const { meter, values } = fakeMeter();
  const metrics = createGatewayMetrics(meter);
  for (const code of ['forbidden', 'forbidden', 'invalid-body'] as const) metrics.observed(code);
  assert.equal(values.get('portcullis_observed_refusals_total{"code":"forbidden"}'), 2);
  assert.equal(values.get('portcullis_observed_refusals_total{"code":"invalid-body"}'), 1);
});
