import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../config/index.ts';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

test('demo runs a sound configuration before the sample API, and closes the API behind it', async () => {
  const around = surroundings(null);
  const { code, text } = await runIn(around, 'demo');
  assert.equal(code, 0);
  assert.deepEqual(around.calls, ['demoApi', `startText ${FOLDER}/demo.yaml`, 'close']);
  const parsed = parseConfig(text ?? '', { file: `${FOLDER}/demo.yaml`, kinds: [] });
  assert.ok(parsed.ok);
  const { server, admin, dataFolder, apis } = parsed.value.config;
  assert.deepEqual([server.host, server.https.port, server.http?.port, admin.port], ['127.0.0.1', 8443, 8080, 9443]);
  assert.equal(dataFolder, `${FOLDER}/.portcullis/demo`);
  assert.deepEqual(
    apis.map(({ upstream }) => upstream.port),
    [41234],
  );
});

test('ports in use are stepped over', async () => {
  const around = surroundings(null);
  around.busyPorts = [8443, 8444, 8080];
  const { text } = await runIn(around, 'demo');
  assert.match(text ?? '', /https: \{ port: 8445,[^]*http: \{ port: 8081 \}\nadmin: \{ port: 9443 \}/);
});

test('each thing to try stands under the status it gives, with the real ports, and the way to stop is told', async () => {
  const around = surroundings(null);
  around.ready = { ...around.ready, https: 18443, http: 18080 };
  const { out } = await runIn(around, 'demo');
  const trials = [...out.matchAll(/^ {2}(\d{3}) {2}.+\n {7}((?:curl|head) .+)$/gm)];
  assert.deepEqual(
    trials.map(([, status]) => status),
    ['200', '201', '400', '404', '405', '413', '308', '403'],
  );
  for (const [, , line] of trials) assert.match(line ?? '', /https:\/\/localhost:18443\/|http:\/\/localhost:18080\//);
  assert.match(out, /Ctrl\+C stops it/);
});

test('nothing over plain http is suggested where nothing listens there', async () => {
  const around = surroundings(null);
  around.ready = { ...around.ready, http: null };
  assert.doesNotMatch((await runIn(around, 'demo')).out, /http:\/\//);
});
