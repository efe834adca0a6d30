import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { parseConfig } from '../config/index.ts';
import { ANY_PORT, FOLDER, runIn, surroundings } from './fake-context.test.ts';

test('demo runs a sound configuration before the sample API, and closes what it started behind it', async () => {
  const around = surroundings(null);
  const { code, text } = await runIn(around, 'demo');
  assert.equal(code, 0);
  assert.deepEqual(around.calls, [
    'demoApi',
    'localIssuer https://localhost:8443/id',
    `startText ${FOLDER}/demo (no file)`,
    'close issuer',
    'close',
  ]);
  const parsed = parseConfig(text ?? '', { file: `${FOLDER}/demo`, kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  const { server, admin, dataFolder, apis, issuers } = parsed.value.config;
  assert.deepEqual([server.host, server.https.port, server.http?.port, admin.port], ['127.0.0.1', 8443, 8080, 9443]);
  assert.equal(dataFolder, `${FOLDER}/.portcullis/demo`);
  assert.deepEqual(
    apis.map(({ name, upstream, auth }) => [name, upstream.targets[0]?.port, auth]),
    [
      ['orders', 41234, ['demo']],
      ['id', 41235, 'public'],
    ],
  );
  assert.deepEqual(
    issuers.map(({ issuer, audiences, keys }) => [issuer, audiences, keys]),
    [
      [
        'https://localhost:8443/id',
        ['https://localhost:8443/v1'],
        { kind: 'url', url: 'http://127.0.0.1:41235/id/jwks' },
      ],
    ],
  );
});

test('what was started is closed also where the gateway does not come up', async () => {
  const around = surroundings(null);
  around.starts = false;
  await assert.rejects(runIn(around, 'demo'));
  assert.deepEqual(around.calls.slice(-2), ['close issuer', 'close']);
});

test('a local issuer that does not come up ends the demo in words', async () => {
  const around = surroundings(null);
  around.issuerFault = 'the local authorization server did not start in time';
  const { code, complaints } = await runIn(around, 'demo');
  assert.equal(code, 2);
  assert.equal(complaints, 'portcullis: the local authorization server did not start in time.\n');
  assert.equal(around.calls.at(-1), 'close');
});

test('ports in use are stepped over, and the issuer is named by the port that is taken', async () => {
  const around = surroundings(null);
  around.busyPorts = [8443, 8444, 8080];
  const { text } = await runIn(around, 'demo');
  assert.match(text ?? '', /https: \{ port: 8445,[^]*http: \{ port: 8081 \}\nadmin: \{ port: 9443 \}/);
  assert.match(text ?? '', /issuer: https:\/\/localhost:8445\/id\n {4}audience: https:\/\/localhost:8445\/v1\n/);
});

test('a port that another program took meanwhile makes the demo choose anew, with an issuer of the new port', async () => {
  const around = surroundings(null);
  around.lostRaces = 1;
  const { code, complaints } = await runIn(around, 'demo');
  assert.deepEqual([code, complaints], [0, '']);
  const once = ['localIssuer https://localhost:8443/id', `startText ${FOLDER}/demo (no file)`, 'close issuer'];
  assert.deepEqual(around.calls, ['demoApi', ...once, ...once, 'close']);
});

test('whoever takes the ports near the standard ones again and again is left with them', async () => {
  const around = surroundings(null);
  around.lostRaces = 2;
  const { code, text } = await runIn(around, 'demo');
  assert.equal(code, 0);
  assert.match(
    text ?? '',
    new RegExp(`https: \\{ port: ${ANY_PORT},[^]*http: \\{ port: 0 \\}\nadmin: \\{ port: 0 \\}`),
  );
  assert.match(text ?? '', new RegExp(`issuer: https://localhost:${ANY_PORT}/id\n`));
});

test('ports are chosen three times at most, and the last time says what is in use', async () => {
  const around = surroundings(null);
  around.lostRaces = Infinity;
  const { code, complaints } = await runIn(around, 'demo');
  assert.deepEqual([code, complaints], [2, 'a port is in use']);
  assert.equal(around.calls.filter((call) => call.startsWith('startText')).length, 3);
  assert.deepEqual(around.calls.slice(-2), ['close issuer', 'close']);
});

test('the records are shown by the program as it was called', async () => {
  assert.match((await runIn(surroundings(null), 'demo')).out, /^ {2}bin\/portcullis audit show --data \S+$/m);
});

test('the lines that get tokens come first, with the secrets of this start', async () => {
  const { out } = await runIn(surroundings(null), 'demo');
  const lines = [...out.matchAll(/^ {2}([A-Z]+)=\$\(curl -s -u (\S+) .* https:\/\/localhost:8443\/id\/token \|/gm)];
  assert.deepEqual(
    lines.map(([, variable, user]) => [variable, user]),
    [
      ['ADA', 'ada:secret-of-ada'],
      ['SAM', 'sam:secret-of-sam'],
    ],
  );
  assert.ok((lines[1]?.index ?? Infinity) < out.indexOf('  200  '));
});

test('each thing to try stands under the status it gives, with the real ports, and the way to stop is told', async () => {
  const around = surroundings(null);
  around.ready = { ...around.ready, https: 18443, http: 18080 };
  const { out } = await runIn(around, 'demo');
  const trials = [...out.matchAll(/^ {2}(\d{3}) {2}.+\n {7}((?:curl|for) .+)$/gm)];
  assert.deepEqual(
    trials.map(([, status]) => status),
    ['200', '201', '200', '201', '201', '403', '401', '400', '400', '429', '400', '404', '405', '308'],
  );
  for (const [, , line] of trials) assert.match(line ?? '', /https:\/\/localhost:18443\/|http:\/\/localhost:18080\//);
  assert.match(out, /Ctrl\+C stops it/);
});

test('nothing over plain http is suggested where nothing listens there', async () => {
  const around = surroundings(null);
  around.ready = { ...around.ready, http: null };
  assert.doesNotMatch((await runIn(around, 'demo')).out, /http:\/\//);
});
