import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExpiryWatch, expiryLevel, nextLevelMs } from './expiry.ts';
import { fakePorts } from './fake-ports.test.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const month = { notBeforeMs: 0, notAfterMs: 30 * DAY_MS };

test('the levels are a third, a sixth and a day before the end, and the end', () => {
  const at = (day: number): string | null => expiryLevel(month, day * DAY_MS);
  assert.deepEqual(
    [at(0), at(19.99), at(20), at(25), at(28.99), at(29), at(30)],
    [null, null, 'third', 'sixth', 'sixth', 'day', 'expired'],
  );
  const reached = [0, 20, 25, 29, 30].map((day) => nextLevelMs(month, day * DAY_MS) / DAY_MS);
  assert.deepEqual(reached, [20, 25, 29, 30, Infinity]);
});

test('a certificate for a day is not at its last level from the start', () => {
  const day = { notBeforeMs: 0, notAfterMs: DAY_MS };
  assert.equal(expiryLevel(day, 0), null);
  assert.equal(expiryLevel(day, 22 * HOUR_MS), 'day');
});

test('each level raises one alert for one certificate, and a successor begins anew', () => {
  const { ports, alerts } = fakePorts(21 * DAY_MS);
  const watch = new ExpiryWatch(ports);
  const old = { id: 'old', what: 'the certificate', advice: 'renew it', ...month };
  watch.look([old]);
  watch.look([old]);
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [['certificate.expiring', 'old:third', 'low']],
  );
  assert.match(alerts[0]?.message ?? '', /the certificate expires at 1970-01-31T00:00:00.000Z; renew it/);
  watch.look([{ ...old, id: 'new', notAfterMs: 23 * DAY_MS }]);
  watch.look([{ ...old, id: 'gone', notAfterMs: 20 * DAY_MS }]);
  assert.deepEqual(
    alerts.slice(1).map(({ key, severity }) => [key, severity]),
    [
      ['new:sixth', 'medium'],
      ['gone:expired', 'critical'],
    ],
  );
});
