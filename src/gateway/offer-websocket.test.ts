import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectProblem } from './offer-websocket.ts';
import { Router } from './router.ts';

const { router } = Router.build(
  ['GET', 'POST', 'DELETE'].map((method) => ({
    host: method === 'DELETE' ? 'other.test' : null,
    method,
    segments: [{ kind: 'literal', text: 'chat' }] as const,
    target: method,
  })),
  () => true,
);

test('who asks by CONNECT where no WebSocket is offered is told the methods of the path', () => {
  const problem = connectProblem({ mustSwitch: true }, { host: 'other.test', path: '/chat' }, router);
  assert.deepEqual(problem, { code: 'method-not-allowed', headers: [['allow', 'DELETE, GET, HEAD, POST']] });
});

test('who asks otherwise is served', () => {
  assert.equal(connectProblem({ mustSwitch: false }, { host: 'other.test', path: '/chat' }, router), null);
});
