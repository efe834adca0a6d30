import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystemClock, createSystemRandom } from '../adapters/index.ts';
import { startLocalIssuer } from './local-issuer.ts';

const PORTS = { clock: createSystemClock(), random: createSystemRandom(), log: { write() {} } };
const OPTIONS = {
  issuer: 'https://localhost:18443/id',
  audience: 'https://localhost:18443',
  scopes: ['orders:read'],
  clients: [
    { id: 'ada', roles: ['customer'] },
    { id: 'sam', roles: ['support'] },
  ],
};

test('the local authorization server gives tokens to its clients for the secrets that were made for them', async () => {
  const started = await startLocalIssuer(PORTS, OPTIONS);
  assert.ok(started.ok);
  const issuer = started.value;
  try {
    assert.deepEqual(
      issuer.clients.map(({ id }) => id),
      ['ada', 'sam'],
    );
    assert.notEqual(issuer.clients[0]?.secret, issuer.clients[1]?.secret);
    for (const { id, secret } of issuer.clients) {
      assert.match(secret, /^[A-Za-z0-9_-]{32}$/);
      const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: id, client_secret: secret });
      const reply = await fetch(`${issuer.url}/id/token`, { method: 'POST', body });
      assert.equal(reply.status, 200);
    }
    const { keys } = (await (await fetch(issuer.jwksUrl)).json()) as { keys: unknown[] };
    assert.equal(keys.length, 1);
  } finally {
    await issuer.close();
  }
  await assert.rejects(fetch(issuer.jwksUrl), 'nothing listens there any more');
  await issuer.close();
});

test('a local authorization server that can not be started says why', async () => {
  const started = await startLocalIssuer(PORTS, { ...OPTIONS, issuer: 'https://localhost:18443/id?x' });
  assert.ok(!started.ok);
  assert.match(started.error, /authorization server could not be started: .*issuer/i);
});
