import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

const URL = 'http://127.0.0.1:3000';

const SCOPED = JSON.stringify({
  openapi: '3.1.0',
  info: { title: 't', version: '1' },
  components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  paths: {
    '/orders': {
      get: { security: [{ token: ['orders:read'] }], responses: { 200: { description: 'fine' } } },
      post: { security: [{ token: ['orders:read', 'orders:create'] }], responses: { 200: { description: 'fine' } } },
    },
  },
});

test('protect routes everything to the URL, and lets in who has a token of an authorization server it brings', async () => {
  const around = surroundings(null);
  const { code, out, text, complaints } = await runIn(around, 'protect', URL);
  assert.equal(code, 0, complaints);
  assert.deepEqual(around.calls, [
    'localIssuer https://localhost:8443/portcullis-id',
    `startText ${FOLDER}/protect (no file)`,
    'close issuer',
  ]);
  assert.match(
    text ?? '',
    /routes: \['\* \/\{rest\.\.\.\}'\]\n {4}upstream: http:\/\/127\.0\.0\.1:3000\n {4}auth: \[local\]/,
  );
  assert.match(text ?? '', /jwks: http:\/\/127\.0\.0\.1:41235\/portcullis-id\/jwks\n/);
  assert.match(out, /stands before http:\/\/127\.0\.0\.1:3000\./);
  assert.match(out, /^ {2}https +https:\/\/localhost:8443$/m);
  assert.match(out, /^ {2}CA +\/data\/ca\.pem/m);
  assert.match(
    out,
    /^ {2}TOKEN=\$\(curl -s -u dev:secret-of-dev -d grant_type=client_credentials --cacert \S+ https:\S+\/token \|/m,
  );
  assert.match(
    out,
    /^ {2}curl -H "authorization: Bearer \$TOKEN" --cacert \/data\/ca\.pem https:\/\/localhost:8443\/$/m,
  );
  assert.deepEqual([...around.files.held.keys()], [], 'nothing is written');
});

test('the one client of that server may do all that the document asks a permission for', async () => {
  const around = surroundings(null);
  around.files.put(`${FOLDER}/api.json`, SCOPED);
  const { code, text, complaints } = await runIn(around, 'protect', URL, '--openapi', 'api.json');
  assert.equal(code, 0, complaints);
  assert.match(
    text ?? '',
    /^ {2}dev: \{ can: \["orders:create", "orders:read"\] \}$|^ {2}dev: \{ can: \["orders:read", "orders:create"\] \}$/m,
  );
});

test('--public opens the API, and says so', async () => {
  const around = surroundings(null);
  const { code, out, text } = await runIn(around, 'protect', URL, '--public');
  assert.equal(code, 0);
  assert.deepEqual(around.calls, [`startText ${FOLDER}/protect (no file)`]);
  assert.match(text ?? '', /auth: public/);
  assert.match(out, /^ {2}curl --cacert \/data\/ca\.pem https:\/\/localhost:8443\/$/m);
  assert.match(out, /open to everybody \(auth: public\)/);
});

test('--issuer with --audience takes the tokens of that issuer alone', async () => {
  const around = surroundings(null);
  const issuer = ['--issuer', 'https://id.acme.example', '--audience', 'https://api.acme.example'];
  const { code, out, text } = await runIn(around, 'protect', URL, ...issuer);
  assert.equal(code, 0);
  assert.deepEqual(around.calls, [`startText ${FOLDER}/protect (no file)`]);
  assert.match(text ?? '', /issuer: https:\/\/id\.acme\.example\n {4}audience: https:\/\/api\.acme\.example\n/);
  assert.match(text ?? '', /auth: \[main\]/);
  assert.match(out, /a token of https:\/\/id\.acme\.example for https:\/\/api\.acme\.example\./);
});

test('an authorization server that comes along needs its port beforehand, so --port 0 is the next free one', async () => {
  const around = surroundings(null);
  around.busyPorts = [8443];
  const { text } = await runIn(around, 'protect', URL, '--port', '0');
  assert.match(text ?? '', /https: \{ port: 8444,/);
  assert.match((await runIn(around, 'protect', URL, '--port', '0', '--public')).text ?? '', /https: \{ port: 0,/);
});

test('the authorization server is closed also where the gateway does not come up', async () => {
  const around = surroundings(null);
  around.starts = false;
  await assert.rejects(runIn(around, 'protect', URL));
  assert.equal(around.calls.at(-1), 'close issuer');
});

test('the curl line names a path of the document, and quotes what a shell would read otherwise', async () => {
  const around = surroundings(null);
  const paths = { '/orders': { post: { responses: {} } }, "/it's": { get: { responses: {} } } };
  around.files.put(
    `${FOLDER}/api.json`,
    JSON.stringify({ openapi: '3.1.0', info: { title: 't', version: '1' }, paths }),
  );
  around.ready = { ...around.ready, ca: '/my data/ca.pem', http: null };
  const { code, out, text, complaints } = await runIn(around, 'protect', URL, '--openapi', 'api.json', '--public');
  assert.equal(code, 0, complaints);
  assert.match(text ?? '', /openapi: api\.json/);
  assert.match(out, /curl --cacert '\/my data\/ca\.pem' 'https:\/\/localhost:8443\/it'\\''s'/);
});

test('ports in use, and that of the API itself, are stepped over', async () => {
  const around = surroundings(null);
  around.busyPorts = [8443, 9443, 9444];
  const { text } = await runIn(around, 'protect', 'http://localhost:8080');
  assert.match(text ?? '', /https: \{ port: 8444,[^]*http: \{ port: 8081 \}\nadmin: \{ port: 9445 \}/);
  const asked = await runIn(around, 'protect', URL, '--port', '8080', '--data', '/var/lib/p');
  assert.match(asked.text ?? '', /https: \{ port: 8080,[^]*http: \{ port: 8081 \}[^]*data: \/var\/lib\/p\n/);
});

test('--host is where it listens, and the curl line still meets a name of the certificate', async () => {
  const around = surroundings(null);
  around.ready = { ...around.ready, host: '192.0.2.1' };
  const { text, out } = await runIn(around, 'protect', URL, '--host', '192.0.2.1');
  assert.match(text ?? '', /^server:\n {2}host: "192\.0\.2\.1"\n/m);
  assert.match(out, /--connect-to ::192\.0\.2\.1:8443 https:\/\/localhost:8443\//);
});

const REFUSED = [
  [['localhost:3000'], /error URL\n {4}an upstream is an http or https URL/],
  [['ftp://localhost'], /error URL\n/],
  [['http://localhost:3000/?key=1'], /error URL\n {4}an upstream's URL has no query/],
  [['http://0x7f.1/'], /error URL\n.*unusual way\n {4}write 127\.0\.0\.1/],
  [['http://localhost:3000/\u202e'], /invisible control character/],
  [['http://localhost"\n  evil: true'], /error/],
  [['http://ada:hunter2@localhost:3000'], /holds a user name or password/],
  [[URL, '--port', '70000'], /--port takes a whole number from 0 to 65535/],
  [[URL, '--port', '3000'], /error URL\n.*this is the https port of the gateway itself/],
  [[URL, '--host', 'example.org'], /error --host\n/],
  [[URL, '--host', '$&'], /error --host\n/],
  [[URL, '--issuer', 'https://id.acme.example'], /--issuer needs --audience TEXT/],
  [[URL, '--audience', 'api'], /--audience is said of tokens of an --issuer/],
  [[URL, '--public', '--audience', 'api'], /--public lets everybody call/],
  [[URL, '--issuer', 'http://id.acme.example', '--audience', 'api'], /error --issuer\n {4}plain http/],
  [[URL, '--issuer', 'id', '--audience', 'api'], /error --issuer\n {4}must be an https URL/],
  [[URL, '--issuer', 'https://id.acme.example', '--audience', '\u0007'], /error --audience\n/],
  [[URL, '--data', ''], /--data needs a value/],
  [[URL, '--openapi', 'missing.yaml'], /error --openapi\n {4}there is no file \/work place\/missing\.yaml/],
] as const;

for (const [argv, words] of REFUSED) {
  test(`protect ${JSON.stringify(argv).replaceAll('hunter2', '…')} is refused before anything runs`, async () => {
    const around = surroundings(null);
    const { code, out, complaints } = await runIn(around, 'protect', ...argv);
    assert.deepEqual([code, out, around.calls], [2, '', []]);
    assert.match(complaints, words);
    assert.doesNotMatch(complaints, /hunter2|\u202e/);
  });
}

for (const [signIn, words] of [
  [['--public'], /auth: public/],
  [['--issuer', 'https://id.acme.example', '--audience', 'api'], /auth: \[main\]/],
] as const) {
  test(`--save ${signIn[0]} writes portcullis.yaml with the standard ports, and runs that file`, async () => {
    const around = surroundings(null);
    const { code, complaints } = await runIn(around, 'protect', URL, ...signIn, '--save', '--json');
    assert.equal(code, 0);
    assert.deepEqual(around.calls, [`start ${FOLDER}/portcullis.yaml json`]);
    const written = around.files.text(`${FOLDER}/portcullis.yaml`) ?? '';
    assert.match(written, /https: \{ port: 8443,[^]*upstream: http:\/\/127\.0\.0\.1:3000\n/);
    assert.match(written, words);
    assert.match(complaints, /Wrote portcullis\.yaml/);
  });
}

test('--save alone writes a file with a place for the issuer, and runs with the server that comes along', async () => {
  const around = surroundings(null);
  around.files.put(`${FOLDER}/api.json`, SCOPED);
  const { code, complaints, text } = await runIn(around, 'protect', URL, '--openapi', 'api.json', '--save');
  assert.equal(code, 0, complaints);
  const written = around.files.text(`${FOLDER}/portcullis.yaml`) ?? '';
  assert.match(written, /# FILL IN[^]*auth: \[main\]/);
  assert.match(written, /api-writer: \{ includes: \[api-reader\], can: \["orders:create"\] \}/);
  assert.doesNotMatch(written, /41235|portcullis-id|secret/);
  assert.match(text ?? '', /auth: \[local\]/);
  assert.match(complaints, /Wrote portcullis\.yaml\. Fill in your issuer/);
});

for (const signIn of [[], ['--public']]) {
  test(`--save ${signIn.join('')} never overwrites, and runs nothing then`, async () => {
    const around = surroundings('mine: true');
    const { code, complaints } = await runIn(around, 'protect', URL, '--save', ...signIn);
    assert.equal(code, 2);
    assert.match(complaints, /portcullis\.yaml is there already and stays as it is/);
    assert.doesNotMatch(complaints, /can't be used/);
    assert.equal(around.files.text(`${FOLDER}/portcullis.yaml`), 'mine: true');
    assert.deepEqual(around.calls, []);
  });
}

for (const signIn of [[], ['--public'], ['--issuer', 'https://id.acme.example', '--audience', 'api']]) {
  test(`--save --port 0 ${signIn.join(' ')} writes down the next free port for https, and runs on that`, async () => {
    const around = surroundings(null);
    around.busyPorts = [8443, 8444];
    const { code, complaints, text } = await runIn(around, 'protect', URL, ...signIn, '--save', '--port', '0');
    assert.equal(code, 0, complaints);
    const written = around.files.text(`${FOLDER}/portcullis.yaml`) ?? '';
    assert.match(written, /https: \{ port: 8445,[^]*http: \{ port: 8080 \}\nadmin: \{ port: 9443 \}/);
    if (signIn.length === 0) assert.match(text ?? '', /https: \{ port: 8445,/);
  });
}

test('--save --port 0 writes nothing where no port is free', async () => {
  const around = surroundings(null);
  around.busyPorts = 'all';
  const { code, complaints } = await runIn(around, 'protect', URL, '--save', '--port', '0');
  assert.deepEqual([code, around.calls, [...around.files.held.keys()]], [2, [], []]);
  assert.match(complaints, /error --port\n {4}none of the ports from 8443 on is free, so nothing was written\n/);
});

for (const [port, argv, words] of [
  [8443, [], /error --port\n {4}port 8443 is in use by another program, so nothing was written\n/],
  [8080, ['--public'], /error --save\n {4}port 8080 is in use/],
  [9443, ['--public', '--port', '0'], /error --save\n {4}port 9443 is in use/],
  [7443, ['--port', '7443'], /error --port\n {4}port 7443 is in use/],
] as const) {
  test(`--save ${argv.join(' ')} writes nothing while port ${port} is in use`, async () => {
    const around = surroundings(null);
    around.busyPorts = [port];
    const { code, complaints } = await runIn(around, 'protect', URL, '--save', ...argv);
    assert.deepEqual([code, around.calls, [...around.files.held.keys()]], [2, [], []]);
    assert.match(complaints, words);
    around.busyPorts = [];
    assert.equal((await runIn(around, 'protect', URL, '--save', ...argv)).code, 0);
  });
}

test('a port that another program took meanwhile is chosen anew, whatever https is to be', async () => {
  const around = surroundings(null);
  around.lostRaces = 2;
  assert.equal((await runIn(around, 'protect', URL)).code, 0);
  assert.equal(around.calls.filter((call) => call.startsWith('localIssuer')).length, 3);
  for (const asked of [
    ['--port', '7443'],
    ['--port', '0', '--public'],
  ]) {
    const raced = surroundings(null);
    raced.lostRaces = 2;
    const { code, text } = await runIn(raced, 'protect', URL, ...asked);
    assert.equal(code, 0, asked.join(' '));
    // Whoever took those near the standard ones twice may do so again; what is asked of the system is nobody else's.
    assert.match(
      text ?? '',
      new RegExp(`https: \\{ port: ${asked[1]},[^]*http: \\{ port: 0 \\}\nadmin: \\{ port: 0 \\}`),
    );
  }
});

test('there is no second try for a port that was asked for and is in use, nor for those of a file', async () => {
  for (const asked of [
    ['--port', '7443'],
    ['--save', '--port', '7443'],
  ]) {
    const fixed = surroundings(null);
    fixed.lostRaces = 1;
    if (!asked.includes('--save')) fixed.busyPorts = [7443];
    const { code, complaints } = await runIn(fixed, 'protect', URL, ...asked);
    assert.equal(code, 2, asked.join(' '));
    assert.match(complaints, /a port is in use/);
    assert.equal(fixed.calls.filter((call) => call.startsWith('start')).length, 1);
  }
});

test('free ports for clients are looked for where clients come in', async () => {
  const around = surroundings(null);
  await runIn(around, 'protect', URL, '--host', '192.0.2.1');
  assert.deepEqual([...around.probed].toSorted(), ['127.0.0.1', '192.0.2.1']);
  const saved = surroundings(null);
  await runIn(saved, 'protect', URL, '--host', '192.0.2.1', '--save');
  assert.deepEqual([...saved.probed].toSorted(), ['127.0.0.1', '192.0.2.1']);
});

test('protect says why the authorization server that it brings does not come up', async () => {
  const around = surroundings(null);
  around.issuerFault = 'the local authorization server did not start in time';
  const { code, complaints } = await runIn(around, 'protect', URL);
  assert.equal(code, 2);
  assert.match(complaints, /^portcullis: the local authorization server did not start in time\.$/m);
  assert.ok(!around.calls.some((call) => call.startsWith('startText')));
});
