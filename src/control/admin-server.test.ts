import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { ok } from '../base/index.ts';
import type { HeaderMap, ServerExchange } from '../wire/index.ts';
import type { AdminBackend } from './admin-operations.ts';
import { createAdminServer } from './admin-server.ts';

const KEY = 'k'.repeat(43);
/** A body of which the end does not come. */
const UNENDING = '…';

/** A request as the server sees it, and what became of it. */
interface Sent {
  readonly exchange: ServerExchange;
  status: number | null;
}

function sent(method: string, path: string, body: string | null, key = KEY): Sent {
  const headers: Partial<HeaderMap> = { get: (name) => (name === 'authorization' ? `Bearer ${key}` : null) };
  const [target = '', query = null] = path.split('?');
  const peer = { address: '127.0.0.1', port: 1, tls: null, via: [] };
  const made: Sent = {
    status: null,
    exchange: {
      request: { method, host: 'localhost', port: null, path: target, query, headers, peer },
      framing: body === null ? { kind: 'none' } : { kind: 'length', bytes: body.length },
      receivedBytes: 0,
      events: {} as ServerExchange['events'],
      limitBody: (bytes: number) => (body ?? '').length <= bytes,
      receive() {
        made.exchange.events.pieces([Buffer.from(body ?? '')]);
        if (body !== UNENDING) made.exchange.events.bodyEnd();
      },
      resumeBody() {},
      interim() {},
      send({ status }: { readonly status: number }) {
        made.status = status;
      },
      begin() {},
      write: () => true,
      finish() {},
      cut() {},
    } as unknown as ServerExchange,
  };
  return made;
}

/** A server whose changes end when they are let. */
function serverWith() {
  const waiting: (() => void)[] = [];
  const change = () =>
    new Promise<{ readonly ok: true; readonly value: { readonly revision: number } }>((resolve) => {
      waiting.push(() => resolve({ ok: true, value: { revision: 1 } }));
    });
  const backend = { reload: change, apply: change, preview: () => change().then(() => ok([])) };
  const server = createAdminServer({
    backend: { ...backend, revisions: () => Promise.resolve([]) } as unknown as AdminBackend,
    decisionKeyHash: () => null,
    keyHashes: () => [createHash('sha256').update(KEY).digest('hex')],
    hosts: [],
    log: { write() {} },
    nextId: () => '00000000-0000-7000-8000-000000000000',
  });
  const ask = (...request: Parameters<typeof sent>): Sent => {
    const made = sent(...request);
    server.request(made.exchange);
    return made;
  };
  return { ask, waiting };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test('eight changes wait at most, whatever they are, and reading goes on meanwhile', async () => {
  const { ask, waiting } = serverWith();
  const first = [
    ...Array.from({ length: 3 }, () => ask('POST', '/v1/reload', null)),
    ...Array.from({ length: 3 }, () => ask('POST', '/v1/configuration', 'x')),
    ...Array.from({ length: 2 }, () => ask('POST', '/v1/diff', 'x')),
  ];
  for (const path of ['/v1/reload', '/v1/configuration']) assert.equal(ask('POST', path, null).status, 503);
  assert.equal(ask('POST', '/v1/diff', 'x').status, 503);
  const list = ask('GET', '/v1/revisions', null);
  await settle();
  assert.equal(list.status, 200);
  for (const end of waiting.splice(0)) end();
  await settle();
  assert.deepEqual(new Set(first.map(({ status }) => status)), new Set([200]));
  ask('POST', '/v1/reload', null);
  assert.equal(waiting.length, 1);
});

test('a client that goes gives its place back before its text is whole, and not while the change is made', async () => {
  const { ask, waiting } = serverWith();
  for (let at = 0; at < 20; at++) ask('POST', '/v1/configuration', UNENDING).exchange.events.gone(null);
  assert.equal(waiting.length, 0);
  for (let at = 0; at < 8; at++) ask('POST', '/v1/configuration', 'x').exchange.events.gone(null);
  assert.equal(waiting.length, 8);
  assert.equal(ask('POST', '/v1/configuration', 'x').status, 503);
  for (const end of waiting) end();
  await settle();
  ask('POST', '/v1/configuration', 'x');
  assert.equal(waiting.length, 9);
});

test('whoever has no key takes no place and changes nothing', () => {
  const { ask, waiting } = serverWith();
  for (let at = 0; at < 20; at++) assert.equal(ask('POST', '/v1/reload', null, 'x'.repeat(43)).status, 401);
  ask('POST', '/v1/reload', null);
  assert.equal(waiting.length, 1);
});

test('an author is one line of visible text, said once', () => {
  const { ask, waiting } = serverWith();
  for (const author of ['', 'a%0Ab', 'a%1b%5b31m', '%E2%80%AEx', '%E2%80%A8', 'a&author=b', 'x'.repeat(101)])
    assert.equal(ask('POST', `/v1/reload?author=${author}`, null).status ?? 400, 400, author);
  assert.equal(waiting.length, 0);
});
