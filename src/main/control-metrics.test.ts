import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createControlMetrics, openMeters } from './control-metrics.ts';

test('what the main thread counts is in what is scraped, also before it happens', () => {
  const { reader, meter } = openMeters();
  const metrics = createControlMetrics(meter);
  assert.match(reader.exposition(), /^portcullis_webhook_alerts_lost_total 0$/m);
  metrics.webhookAlertLost();
  metrics.keysFailed('acme');
  metrics.keysFailed('acme');
  metrics.keysFailed('other');
  metrics.certificateOrdered('ca.example', 'issued');
  metrics.certificateOrdered('ca.example', 'failed');
  metrics.threads(4);
  metrics.threads(2);
  metrics.threadReplaced('silent');
  const text = reader.exposition();
  assert.match(text, /^portcullis_webhook_alerts_lost_total 1$/m);
  assert.match(text, /^portcullis_issuer_key_failures_total\{issuer="acme"\} 2$/m);
  assert.match(text, /^portcullis_issuer_key_failures_total\{issuer="other"\} 1$/m);
  assert.match(text, /^portcullis_acme_orders_total\{authority="ca.example",result="issued"\} 1$/m);
  assert.match(text, /^portcullis_gateway_threads 2$/m);
  assert.match(text, /^portcullis_thread_replacements_total\{reason="silent"\} 1$/m);
  assert.match(text, /^portcullis_thread_replacements_total\{reason="memory"\} 0$/m);
  assert.match(text, /^portcullis_meter_dropped_series_total 0$/m);
});
