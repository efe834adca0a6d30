import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { originWarnings } from './origin-warnings.ts';
import { parseConfig } from './parse.ts';

function warningsOf(websocket: string): readonly string[] {
  const text = `version: 1
apis:
  a:
    routes: ['GET /chat']
    upstream: http://127.0.0.1:1
    auth: public
    operations:
      'GET /chat':
        websocket: ${websocket}
`;
  const parsed = parseConfig(text, { file: '/p/p.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const warnings = originWarnings(parsed.value.config, parsed.value.places);
  assert.ok(warnings.every(({ severity }) => severity === 'warning'));
  return warnings.map(formatIssue);
}

test('an origin with the scheme of a WebSocket is a warning at its line, for no page has it', () => {
  assert.deepEqual(warningsOf("{ origins: ['https://app.test', 'wss://app.test', 'ws://app.test:8080'] }"), [
    '/p/p.yaml:9:52 apis.a.operations["GET /chat"].websocket.origins[1]: no page has the origin wss://app.test, so it ' +
      'lets nobody in (write the scheme of the page: https:// for wss://, http:// for ws://)',
    '/p/p.yaml:9:70 apis.a.operations["GET /chat"].websocket.origins[2]: no page has the origin ws://app.test:8080, so ' +
      'it lets nobody in (write the scheme of the page: https:// for wss://, http:// for ws://)',
  ]);
});

test('origins that a page or an app may have are none', () => {
  for (const said of [
    'on',
    'off',
    '{}',
    '{ origins: any }',
    "{ origins: ['https://ws.test', 'capacitor://localhost'] }",
  ])
    assert.deepEqual(warningsOf(said), []);
});

test('no more of them are told than say something new', () => {
  const origins = Array.from({ length: 100 }, (_, index) => `'wss://app${index}.test'`);
  assert.equal(warningsOf(`{ origins: [${origins.join(', ')}] }`).length, 20);
});
