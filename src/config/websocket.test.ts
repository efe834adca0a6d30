import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Config, WebSocketConfig } from './config.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

function parse(websocket: string | null) {
  const operations = websocket === null ? '' : `    operations: { 'GET /chat': { websocket: ${websocket} } }\n`;
  const text = `version: 1\napis:\n  a:\n    routes: ['GET /chat']\n    upstream: http://127.0.0.1:1\n    auth: public\n${operations}`;
  return parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
}

function configOf(websocket: string | null): Config {
  const parsed = parse(websocket);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return parsed.value.config;
}

const rulesOf = (websocket: string): WebSocketConfig | null | undefined =>
  configOf(websocket).apis[0]?.operations['GET /chat']?.websocket;

const USUAL: WebSocketConfig = {
  origins: 'own',
  messageBytes: 1_048_576,
  rate: { count: 200, periodMs: 1_000 },
  idleMs: 300_000,
  subprotocols: null,
};

test('a WebSocket is not offered unless somebody says so', () => {
  assert.equal(rulesOf('off'), null);
  assert.equal(configOf(null).apis[0]?.operations['GET /chat'], undefined);
});

test('a WebSocket that is offered has bounds, whatever else is said', () => {
  assert.deepEqual(rulesOf('on'), USUAL);
  assert.deepEqual(rulesOf('{}'), USUAL);
  const said = `{ origins: ['https://app.test', 'http://localhost:3000', 'capacitor://localhost'], message: 64KiB,
    rate: 30/min, idle: 1h, subprotocols: [chat.v1] }`;
  assert.deepEqual(rulesOf(said.replaceAll('\n', ' ')), {
    origins: ['https://app.test', 'http://localhost:3000', 'capacitor://localhost'],
    messageBytes: 65_536,
    rate: { count: 30, periodMs: 60_000 },
    idleMs: 3_600_000,
    subprotocols: ['chat.v1'],
  });
  assert.equal(rulesOf('{ origins: any }')?.origins, 'any');
});

const REFUSED: readonly (readonly [websocket: string, words: RegExp])[] = [
  ['yes', /expected on, off, or the settings/],
  ['true', /expected on, off, or the settings/],
  ['{ origin: any }', /origin/],
  ['{ origins: [] }', /at least one origin is needed/],
  ['{ origins: [any] }', /an origin is a scheme, a host and perhaps a port/],
  ['{ origins: ["*"] }', /an origin is a scheme, a host and perhaps a port/],
  ["{ origins: ['null'] }", /an origin is a scheme, a host and perhaps a port/],
  ["{ origins: ['https://app.test/'] }", /an origin is a scheme, a host and perhaps a port/],
  ["{ origins: ['https://app.test:443'] }", /write https:\/\/app\.test/],
  ["{ origins: ['https://App.test'] }", /write https:\/\/app\.test/],
  ["{ origins: ['https://*.app.test'] }", /origin/],
  ["{ origins: ['https://a.test', 'https://a.test'] }", /stands in the list already/],
  ['{ message: 0B }', /must be from 1B to 64MiB/],
  ['{ message: 65MiB }', /must be from 1B to 64MiB/],
  ['{ rate: 0/s }', /a rate is a number up to 1000000 and a unit/],
  ['{ rate: 10/h }', /a rate is a number up to 1000000 and a unit/],
  ['{ rate: 1000001/s }', /a rate is a number up to 1000000 and a unit/],
  ['{ rate: 10/constructor }', /a rate is a number up to 1000000 and a unit/],
  ['{ rate: 10 }', /a rate is text/],
  ['{ idle: 500ms }', /must be from 1s to 1h/],
  ['{ idle: 2h }', /must be from 1s to 1h/],
  ['{ subprotocols: ["a b"] }', /this is no name of a subprotocol/],
];

for (const [websocket, words] of REFUSED)
  test(`${websocket} is refused, in words`, () => {
    const parsed = parse(websocket);
    assert.ok(!parsed.ok);
    assert.match(parsed.error.map(formatIssue).join('\n'), words);
  });

const CHANGES: readonly (readonly [before: string | null, after: string | null, effects: readonly string[]])[] = [
  [null, 'off', []],
  [null, 'on', ['loosens']],
  [null, '{ origins: any }', ['loosens', 'loosens']],
  ['on', null, ['tightens']],
  ['on', '{ origins: any }', ['loosens']],
  ['{ origins: any }', 'on', ['tightens']],
  ['on', "{ origins: ['https://a.test'] }", ['loosens']],
  ["{ origins: ['https://a.test', 'https://b.test'] }", "{ origins: ['https://b.test'] }", ['tightens']],
  ['on', '{ message: 2MiB }', ['loosens']],
  ['on', '{ message: 1KiB }', ['tightens']],
  ['on', '{ rate: 60/min }', ['tightens']],
  ['on', '{ rate: 12000/min }', []],
  ['on', '{ idle: 1h }', ['loosens']],
  ['on', '{ subprotocols: [a] }', ['changes']],
];

for (const [before, after, effects] of CHANGES)
  test(`a change from ${before ?? 'nothing'} to ${after ?? 'nothing'} is told with its effect`, () => {
    const comparable = (config: Config): Comparable => ({
      config,
      descriptions: {},
      documents: {},
      files: {},
      secrets: {},
    });
    const changes = diffConfigurations(comparable(configOf(before)), comparable(configOf(after)));
    assert.deepEqual(
      changes.map(({ effect, operation }) => [effect, operation]),
      effects.map((effect) => [effect, 'GET /chat']),
    );
  });
