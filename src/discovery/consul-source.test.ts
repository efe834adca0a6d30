import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ok } from '../base/index.ts';
import { nextIndex, readInstances, startConsul } from './consul-source.ts';
import { last, pass, settle, surroundings } from './fake-names.test.ts';
import type { SourceOf } from './source.ts';

const SOURCE: SourceOf<'consul'> = {
  kind: 'consul',
  url: 'https://consul.internal:8501/at',
  service: 'orders:v1',
  tag: 'a b',
  datacenter: 'east',
  token: '${env:TOKEN}',
  caFile: '/ca.pem',
  allowed: [],
};

test('a service is asked for with all that is said of it, and what comes of it is waited for with the index', async (t) => {
  const around = surroundings();
  around.disk.set('/ca.pem', 'PEM\n');
  around.reply = async () =>
    ok({
      status: 200,
      headers: new Map([['x-consul-index', '42']]),
      body: Buffer.from(JSON.stringify([{ Node: { Address: '10.0.0.9' }, Service: { Port: 80 } }])),
    });
  t.after(startConsul(SOURCE, around, around, 's3cret'));
  await pass(around.clock, 250);
  const [first, second] = around.calls;
  assert.ok(first !== undefined && second !== undefined);
  assert.deepEqual(
    [first.url, first.ca, first.headers['x-consul-token'], first.reach],
    [
      'https://consul.internal:8501/at/v1/health/service/orders%3Av1?passing=true&index=0&wait=55s&dc=east&tag=a+b',
      'PEM',
      's3cret',
      'named',
    ],
  );
  assert.match(second.url, /index=42&/);
  assert.ok(second.timeoutMs > 58_500, 'longer than the agent may wait, with what it adds');
  assert.deepEqual(last(around), ['10.0.0.9:80']);
});

test('behind a failure the whole is asked for, and without an index seldom', async (t) => {
  const around = surroundings();
  around.disk.set('/ca.pem', 'PEM');
  const answers = ['42', 'failure', '43', ''];
  around.reply = async () => {
    const index = answers.shift() ?? '44';
    if (index === 'failure') return { ok: false, error: { reason: 'timeout', detail: 'gone' } };
    return ok({ status: 200, headers: new Map([['x-consul-index', index]]), body: Buffer.from('[]') });
  };
  t.after(startConsul(SOURCE, around, around, null));
  await settle();
  await pass(around.clock, 250);
  assert.equal(last(around), 'https://consul.internal:8501/at: gone');
  await pass(around.clock, 2_000);
  const asked = around.calls.map(({ url }) => /index=([0-9]+)/.exec(url)?.[1]);
  assert.deepEqual(asked.slice(0, 4), ['0', '42', '0', '43']);
  const before = around.calls.length;
  await pass(around.clock, 5_000);
  assert.equal(around.calls.length, before, 'no index came');
  assert.equal(around.calls[0]?.headers['x-consul-token'], undefined);
});

test('statuses are failures in words', async (t) => {
  const around = surroundings();
  around.reply = async () => ok({ status: 403, headers: new Map(), body: new Uint8Array() });
  t.after(startConsul({ ...SOURCE, caFile: null }, around, around, 'x'));
  await settle();
  assert.equal(
    last(around),
    'https://consul.internal:8501/at answered with status 403: the token may not read this service',
  );
});

test('an index only grows, and is begun anew where it goes back or is none', () => {
  assert.deepEqual(
    [
      ['0', '1'],
      ['7', '7'],
      ['7', '9007199254740993'],
      ['9007199254740993', '9007199254740992'],
      ['7', '6'],
      ['7', '0'],
      ['7', ''],
      ['7', '-1'],
      ['7', '1e9'],
    ].map(([known = '', told = '']) => nextIndex(known, told)),
    ['1', '7', '9007199254740993', '0', '0', '0', '0', '0', '0'],
  );
});

test('instances have their own address or that of their node, and weights in proportion', () => {
  const read = readInstances(
    JSON.stringify([
      { Node: { Address: '10.0.0.1' }, Service: { Address: '10.0.0.2', Port: 80, Weights: { Passing: 65_535 } } },
      { Node: { Address: '10.0.0.1' }, Service: { Address: '', Port: 81, Weights: { Passing: 0 } } },
      { Service: { Port: 82 } },
      { Node: { Address: '10.0.0.1' }, Service: { Port: 65_536 } },
      null,
    ]),
  );
  assert.deepEqual(
    read,
    ok({
      targets: [
        { host: '10.0.0.2', port: 80, weight: 1_000 },
        { host: '10.0.0.1', port: 81, weight: 1 },
      ],
      notes: ['3 instances without an address and a port'],
    }),
  );
});

test('whatever an agent says, reading it ends in targets or in words', () => {
  for (const text of ['', '{}', 'null', '"x"', '[']) assert.equal(readInstances(text).ok, false, text);
  fc.assert(
    fc.property(fc.json(), (text) => {
      const read = readInstances(text);
      if (read.ok) for (const { port } of read.value.targets) assert.ok(port > 0 && port < 65_536);
    }),
  );
});
