import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { type ParsedConfig, parseConfig } from '../config/index.ts';
import { FOLDER, runIn, type Surroundings, surroundings } from './fake-context.test.ts';

const FILE = `${FOLDER}/portcullis.yaml`;

function document(title: string, scope: string): string {
  const responses = { 200: { description: 'fine' } };
  return JSON.stringify({
    openapi: '3.1.0',
    info: { title, version: '1' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths: {
      [`/${scope}`]: {
        get: { security: [{ token: [`${scope}:read`] }], responses },
        post: { security: [{ token: [`${scope}:write`] }], responses },
        delete: { responses },
      },
    },
  });
}

function around(): Surroundings {
  const made = surroundings(null);
  made.files.put(`${FOLDER}/orders.json`, document('Orders API', 'orders'));
  made.files.put(`${FOLDER}/more.json`, document('Orders API', 'more'));
  made.files.put(`${FOLDER}/odd.json`, document('42 «constructor»!', 'odd'));
  return made;
}

function written(surrounding: Surroundings): ParsedConfig['config'] {
  const result = parseConfig(surrounding.files.text(FILE) ?? '', { file: FILE, kinds: [] });
  assert.ok(result.ok, result.ok ? '' : result.error.map(formatIssue).join('\n'));
  return result.value.config;
}

test('a document becomes an API with its name, a place for the issuer, limits and two roles', async () => {
  const here = around();
  const { code, out, complaints } = await runIn(here, 'init', 'orders.json', '--upstream', 'http://localhost:4000');
  assert.deepEqual([code, complaints], [0, '']);
  const { apis, roles, issuers } = written(here);
  assert.deepEqual(
    apis.map(({ name, basePath, source, upstream, auth, limits }) => [
      name,
      basePath,
      source,
      upstream.targets[0]?.port,
      auth,
      limits.length,
    ]),
    [['orders', '', { kind: 'openapi', location: `${FOLDER}/orders.json` }, 4000, ['main'], 2]],
  );
  assert.deepEqual(
    roles.map(({ name, can, includes }) => [name, can, includes]),
    [
      ['orders-reader', ['orders:read'], []],
      ['orders-writer', ['orders:write'], ['orders-reader']],
    ],
  );
  assert.equal(issuers[0]?.issuer, 'https://id.example.com');
  assert.match(out, /Wrote portcullis\.yaml with 1 API:/);
  assert.match(out, /portcullis check/);
  assert.doesNotMatch(out, /where each API runs/);
});

test('what is written is what `check` takes as sound, with a warning where it is to be filled in', async () => {
  const here = around();
  await runIn(here, 'init', 'orders.json');
  const { code, complaints } = await runIn(here, 'check');
  assert.equal(code, 0);
  assert.equal([...complaints.matchAll(/warning issuers\.main\..*\n +this place is to be filled in/g)].length, 2);
});

test('a title of words that say nothing, or with a number first, still makes a name', async () => {
  for (const [title, name] of [
    ['API 2.0', 'api'],
    ['Swagger 2 Petstore', 'petstore'],
    ['OpenAPI', 'api'],
  ] as const) {
    const here = around();
    here.files.put(`${FOLDER}/titled.json`, document(title, 'titled'));
    assert.equal((await runIn(here, 'init', 'titled.json')).code, 0, title);
    assert.deepEqual(
      written(here).apis.map((api) => api.name),
      [name],
    );
  }
});

test('several documents have names, paths and upstreams of their own', async () => {
  const here = around();
  const { code, out, complaints } = await runIn(here, 'init', 'orders.json', 'more.json', 'odd.json');
  assert.deepEqual([code, complaints], [0, '']);
  assert.deepEqual(
    written(here).apis.map(({ name, basePath, upstream }) => [name, basePath, upstream.targets[0]?.port]),
    [
      ['orders', '/orders', 3000],
      ['orders-2', '/orders-2', 3001],
      ['api', '/api', 3002],
    ],
  );
  assert.match(out, /^ {2}orders-2: from more\.json, at https:\/\/localhost:8443\/orders-2$/m);
  assert.match(out, /where each API runs/);
});

test('without a document everything is routed', async () => {
  const here = around();
  assert.equal((await runIn(here, 'init')).code, 0);
  const [api] = written(here).apis;
  assert.deepEqual(api?.source, { kind: 'routes', routes: [{ method: '*', template: '/{rest...}' }] });
  assert.deepEqual(api?.auth, ['main']);
});

test('a file that is there stays as it is', async () => {
  const here = around();
  here.files.put(FILE, 'mine: true');
  const { code, out, complaints } = await runIn(here, 'init', 'orders.json');
  assert.deepEqual([code, out], [2, '']);
  assert.match(complaints, /portcullis\.yaml is there already and stays as it is/);
  assert.doesNotMatch(complaints, /can't be used/);
  assert.equal(here.files.text(FILE), 'mine: true');
});

const REFUSED = [
  [['nowhere.json'], /error nowhere\.json\n {4}there is no file/],
  [['orders.json', '--upstream', 'localhost:3000'], /error --upstream\n {4}an upstream is an http or https URL/],
  [['orders.json', '--upstream', 'http://127.0.0.1:8443'], /error --upstream\n/],
  [['broken.json'], /broken\.json/],
  [Array.from({ length: 101 }, () => 'orders.json'), /at most 100 documents/],
  [['--openapi', 'orders.json'], /no option --openapi/],
] as const;

for (const [argv, words] of REFUSED) {
  test(`init ${argv.slice(0, 3).join(' ')} writes nothing`, async () => {
    const here = around();
    here.files.put(`${FOLDER}/broken.json`, '{"openapi": "3.1.0"');
    const { code, out, complaints } = await runIn(here, 'init', ...argv);
    assert.deepEqual([code, out, here.files.text(FILE)], [2, '', null]);
    assert.match(complaints, words);
  });
}
