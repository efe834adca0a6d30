import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { protectConfig, type ProtectOptions } from './protect.ts';

function protect(options: ProtectOptions): Config {
  const result = parseConfig(protectConfig(options), { file: '/srv/portcullis.yaml', kinds: [] });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

test('without a description everything is routed, open, and the text says so', () => {
  const { apis, server, dataFolder } = protect({ upstreamUrl: 'http://localhost:3000' });
  assert.deepEqual(apis[0]?.source, { kind: 'routes', routes: [{ method: '*', template: '/{rest...}' }] });
  assert.equal(apis[0]?.auth, 'public');
  assert.equal(server.https.port, 8443);
  assert.equal(dataFolder, '/srv/.portcullis');
  assert.match(protectConfig({ upstreamUrl: 'http://localhost:3000' }), /# Open to everybody/);
});

test('a description, ports, a name and a folder are taken over', () => {
  const { apis, server, admin, dataFolder } = protect({
    upstreamUrl: 'http://localhost:3000/api',
    openapi: 'docs/orders.json',
    name: 'orders',
    ports: { https: 0, http: 'off', admin: 0 },
    dataFolder: '/var/lib/p',
  });
  assert.deepEqual(apis[0]?.source, { kind: 'openapi', location: '/srv/docs/orders.json' });
  assert.equal(apis[0]?.name, 'orders');
  assert.deepEqual([server.https.port, server.http, admin.port, dataFolder], [0, null, 0, '/var/lib/p']);
});

test('no argument can bring keys of its own into the file', () => {
  const odd = [
    'a: b',
    'a\n    body: 1GiB',
    '"a"',
    "a'b",
    '# a',
    '*a',
    '!a',
    '{a}',
    'null',
    'a #b',
    '\\n',
    '- a',
    'é',
    'yes',
    '1',
  ];
  for (const openapi of odd) {
    const result = parseConfig(protectConfig({ upstreamUrl: 'http://localhost:3000', openapi }), {
      file: '/srv/p.yaml',
      kinds: [],
    });
    if (!result.ok) {
      assert.deepEqual(
        result.error.map(({ path }) => path),
        ['apis.api.openapi'],
        openapi,
      );
      continue;
    }
    assert.deepEqual(result.value.config.apis[0]?.source, { kind: 'openapi', location: `/srv/${openapi}` });
    assert.equal(result.value.config.apis[0]?.bodyLimitBytes, 10 * 1024 * 1024);
  }
});
