import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type GatewayProcess, startGateway } from '../framing/gateway-process.ts';
import { until } from './eventually.ts';
import { ask, type Reply } from './https-client.ts';
import { type LocalServer, startLocalServer } from './local-server.ts';

let upstream: LocalServer;
let gateway: GatewayProcess;
const arrivals: string[] = [];

const CONFIG = (port: number): string => `version: 1
server: { host: 127.0.0.1, https: { port: 0, certificate: local }, http: off, threads: 2 }
admin: { port: 0 }
data: ./data
values: { rooms: ./rooms.txt }
apis:
  bookings:
    routes: ['POST /bookings', 'GET /bookings/{id}']
    upstream: http://127.0.0.1:${port}
    auth: public
    errors: helpful
    operations:
      POST /bookings:
        rules:
          - { rule: timestamp(request.body.start) < timestamp(request.body.end), message: the end lies behind the start }
          - { rule: request.body.room in values.rooms, message: there is no such room }
          - request.body.guests.all(guest, request.body.guests.exists(other, other == guest))
      GET /bookings/{id}:
        rules: ['int(request.params.id) < 1000']
`;

before(async () => {
  upstream = await startLocalServer((request, response) => {
    arrivals.push(String(request.url));
    request.resume().on('end', () => response.end('{}'));
  });
  gateway = await startGateway(CONFIG(upstream.port), {
    beside: { 'rooms.txt': '# ours\nblue\n' },
  });
});

after(async () => {
  await gateway.stop();
  upstream.stop();
});

const GOOD = { start: '2026-01-01T00:00:00Z', end: '2026-01-02T00:00:00+02:00', room: 'blue', guests: ['ada'] };

function book(booking: unknown): Promise<Reply> {
  const headers = { 'content-type': 'application/json' };
  return ask({
    port: gateway.https,
    ca: gateway.ca,
    method: 'POST',
    path: '/bookings',
    headers,
    body: JSON.stringify(booking),
  });
}

interface Refusal {
  readonly code: string;
  readonly errors?: readonly { readonly detail: string }[];
}

async function refusal(sent: Promise<Reply>): Promise<Refusal> {
  const { status, body } = await sent;
  assert.equal(status, 400);
  return JSON.parse(body) as Refusal;
}

test('what meets all rules goes upstream, and what does not goes nowhere', async () => {
  assert.equal((await book(GOOD)).status, 200);
  const before = arrivals.length;
  const both = await refusal(book({ ...GOOD, end: GOOD.start, room: 'red' }));
  assert.equal(both.code, 'rule-not-met');
  assert.deepEqual(both.errors, [{ detail: 'the end lies behind the start' }, { detail: 'there is no such room' }]);
  for (const body of [
    {},
    [],
    null,
    'x',
    { ...GOOD, start: 5 },
    { ...GOOD, guests: 'ada' },
    { ...GOOD, room: ['blue'] },
  ])
    assert.equal((await refusal(book(body))).code, 'rule-not-met', JSON.stringify(body));
  assert.equal(arrivals.length, before);
});

test('a rule that names no body is asked before one comes', async () => {
  const get = (id: string): Promise<Reply> => ask({ port: gateway.https, ca: gateway.ca, path: `/bookings/${id}` });
  assert.equal((await get('7')).status, 200);
  for (const id of ['1000', 'x', '9007199254740993']) assert.equal((await refusal(get(id))).code, 'rule-not-met', id);
});

test('a list that would take hours to go over is refused in a moment, and others are served meanwhile', async () => {
  const began = performance.now();
  const slow = book({ ...GOOD, guests: Array.from({ length: 100_000 }, (_, at) => at) });
  const others = await Promise.all(Array.from({ length: 10 }, () => book(GOOD)));
  assert.deepEqual([...new Set(others.map(({ status }) => status))], [200]);
  assert.equal((await refusal(slow)).code, 'rule-not-met');
  assert.ok(performance.now() - began < 10_000);
});

test('the values of a file are others soon after the file is, and one that is no list changes nothing', async () => {
  await writeFile(join(gateway.folder, 'new'), 'blue\nred\n');
  await rename(join(gateway.folder, 'new'), join(gateway.folder, 'rooms.txt'));
  await until('the new room is taken', async () => (await book({ ...GOOD, room: 'red' })).status === 200);
  await writeFile(join(gateway.folder, 'new'), 'blue\nblue\n');
  await rename(join(gateway.folder, 'new'), join(gateway.folder, 'rooms.txt'));
  await until('the log tells of it', () => /stands in it twice/.test(gateway.said()));
  assert.equal((await book({ ...GOOD, room: 'red' })).status, 200);
});
