import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../ports/index.ts';
import type { Ended } from '../wire/index.ts';
import { fakePorts } from './fixture.test.ts';
import { createTurnedAway } from './turned-away.ts';

function listener() {
  const { ports, alerts, clock } = fakePorts();
  const lines: { readonly level: string; readonly event: string; readonly fields: LogFields | undefined }[] = [];
  const counted: string[] = [];
  const log: typeof ports.log = {
    write: (level, event, _message, fields) => void lines.push({ level, event, fields }),
  };
  const metrics = { ...ports.metrics, turnedAway: (reason: string) => void counted.push(reason) };
  return { ended: createTurnedAway({ ...ports, log, metrics }), alerts, clock, counted, lines };
}

test('each is counted, and a network and a reason have one line a minute that says how many there were', () => {
  const { ended, counted, lines, clock } = listener();
  for (let time = 0; time < 5; time++) ended('address', '2001:db8::1');
  ended('pace', '2001:db8::1');
  ended('address', '192.0.2.1');
  assert.equal(counted.length, 7);
  assert.deepEqual(
    lines.map(({ level, event, fields }) => [level, event, fields?.['reason'], fields?.['times']]),
    [
      ['warn', 'connection.refused', 'address', 1],
      ['warn', 'connection.refused', 'pace', 1],
      ['warn', 'connection.refused', 'address', 1],
    ],
  );
  clock.pass(60_000);
  ended('address', '2001:db8::2');
  assert.deepEqual(lines.at(-1)?.fields, {
    reason: 'address',
    address: '2001:db8::2',
    network: '2001:db8::/64',
    times: 5,
  });
});

test('a bound against floods that was reached is an alert by its reason, and want of room is another', () => {
  const { ended, alerts, clock } = listener();
  const bounds: readonly Ended[] = ['address', 'pace', 'handshake-queue', 'idle-shed', 'full'];
  for (let time = 0; time < 3; time++) for (const reason of bounds) ended(reason, '192.0.2.1');
  assert.deepEqual(
    alerts.map(({ kind, key, severity }) => [kind, key, severity]),
    [
      ['attack.bounded', 'address', 'medium'],
      ['attack.bounded', 'pace', 'medium'],
      ['attack.bounded', 'handshake-queue', 'medium'],
      ['attack.bounded', 'idle-shed', 'medium'],
      ['connections.exhausted', 'clients', 'high'],
    ],
  );
  clock.pass(10_000);
  ended('pace', '192.0.2.1');
  assert.equal(alerts.length, 6);
});

test('what clients do to themselves is counted, and a line of the log that warns of nothing', () => {
  const { ended, alerts, counted, lines } = listener();
  const reasons: readonly Ended[] = [
    'stalled',
    'proxy-header',
    'not-tls',
    'handshake',
    'handshake-timeout',
    'bad-preface',
    'slow-frame',
  ];
  for (const reason of reasons) ended(reason, '192.0.2.1');
  assert.deepEqual([counted, alerts], [reasons, []]);
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields?.['reason']]),
    reasons.map((reason) => ['info', reason]),
  );
});

test('clients can not make lines without end by their addresses', () => {
  const { ended, lines, alerts } = listener();
  for (let at = 0; at < 10_000; at++) ended('pace', `2001:db8:0:${at.toString(16)}::1`);
  assert.deepEqual([lines.length, alerts.length], [101, 1]);
});
