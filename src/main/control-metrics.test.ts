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
  const text = reader.exposition();
  assert.match(text, /^portcullis_webhook_alerts_lost_total 1$/m);
  assert.match(text, /^portcullis_issuer_key_failures_total\{issuer="acme"\} 2$/m);
  assert.match(text, /^portcullis_issuer_key_failures_total\{issuer="other"\} 1$/m);
  assert.match(text, /^portcullis_meter_dropped_series_total 0$/m);
});
