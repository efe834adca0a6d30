import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FOLDER, runIn, surroundings } from './fake-context.test.ts';

const URL = 'http://127.0.0.1:3000';

test('protect runs a configuration that routes everything to the URL, and says that the API is open', async () => {
  const around = surroundings(null);
  const { code, out, text } = await runIn(around, 'protect', URL);
  assert.equal(code, 0);
  assert.deepEqual(around.calls, [`startText ${FOLDER}/portcullis.yaml`]);
  assert.match(text ?? '', /routes: \['\* \/\{rest\.\.\.\}'\]\n {4}upstream: http:\/\/127\.0\.0\.1:3000\n/);
  assert.match(out, /stands before http:\/\/127\.0\.0\.1:3000\./);
  assert.match(out, /^ {2}https +https:\/\/localhost:8443$/m);
  assert.match(out, /^ {2}CA +\/data\/ca\.pem/m);
  assert.match(out, /^ {2}curl --cacert \/data\/ca\.pem https:\/\/localhost:8443\/$/m);
  assert.match(out, /open to everybody \(auth: public\)/);
  assert.deepEqual([...around.files.held.keys()], [], 'nothing is written');
});

test('the curl line names a path of the document, and quotes what a shell would read otherwise', async () => {
  const around = surroundings(null);
  const paths = { '/orders': { post: { responses: {} } }, "/it's": { get: { responses: {} } } };
  around.files.put(
    `${FOLDER}/api.json`,
    JSON.stringify({ openapi: '3.1.0', info: { title: 't', version: '1' }, paths }),
  );
  around.ready = { ...around.ready, ca: '/my data/ca.pem', http: null };
  const { code, out, text, complaints } = await runIn(around, 'protect', URL, '--openapi', 'api.json');
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

test('--save writes portcullis.yaml with the standard ports, and runs that file', async () => {
  const around = surroundings(null);
  around.busyPorts = [8443];
  const { code, complaints } = await runIn(around, 'protect', URL, '--save', '--json');
  assert.equal(code, 0);
  assert.deepEqual(around.calls, [`start ${FOLDER}/portcullis.yaml json`]);
  assert.match(
    around.files.text(`${FOLDER}/portcullis.yaml`) ?? '',
    /https: \{ port: 8443,[^]*upstream: http:\/\/127\.0\.0\.1:3000\n/,
  );
  assert.match(complaints, /Wrote portcullis\.yaml/);
});

test('--save never overwrites, and runs nothing then', async () => {
  const around = surroundings('mine: true');
  const { code, complaints } = await runIn(around, 'protect', URL, '--save');
  assert.equal(code, 2);
  assert.match(complaints, /portcullis\.yaml is there already and stays as it is/);
  assert.equal(around.files.text(`${FOLDER}/portcullis.yaml`), 'mine: true');
  assert.deepEqual(around.calls, []);
});
