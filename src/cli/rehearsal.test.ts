import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KindTable, kindTable } from '../gateway/index.ts';
import { FOLDER, runIn, type Said, type Surroundings, surroundings } from './fake-context.test.ts';

const GUARDED = `version: 1
issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example }
apis:
  orders:
    routes: ['GET /orders', 'POST /orders']
    upstream: http://127.0.0.1:3001
    auth: [acme]
`;

type Kind = Parameters<typeof kindTable>[0][number];
type Steps = Kind extends { compile(...given: never): infer R }
  ? R extends { ok: true; value: ReadonlyMap<string, infer S> }
    ? S
    : never
  : never;

const NOTHING = { request: 'none', response: 'none' } as const;

/** Kinds that look for a token, want the role `customer`, and read what a customer posts. */
function kindsOf(): KindTable {
  const steps: Readonly<Record<string, Steps>> = {
    jwt: { authenticate: { reads: NOTHING, run: () => ({ kind: 'abstain' }) } },
    permission: {
      authorize: {
        reads: NOTHING,
        run: ({ principal }) =>
          principal?.roles.includes('customer')
            ? { kind: 'pass' }
            : { kind: 'deny', problem: { code: 'forbidden', internal: 'no role of theirs' }, rule: 'needs \x1b[31m' },
      },
      inspect: {
        reads: { request: 'parsed', response: 'none' },
        run: (exchange) => {
          const body = exchange.body('parsed');
          const sound = exchange.request.method === 'GET' || body.kind === 'json';
          const errors = [{ detail: 'must be JSON', pointer: '#' }];
          return sound ? { kind: 'pass' } : { kind: 'deny', problem: { code: 'invalid-body', errors } };
        },
      },
    },
  };
  return kindTable(
    [
      'credentials',
      'jwt',
      'possession',
      'revocation',
      'overlay',
      'permission',
      'rate',
      'openapi-request',
      'files',
      'output-encoding',
      'upstream-errors',
    ].map((kind) => ({
      kind,
      summary: kind,
      schema: null,
      sources: () => [],
      compile: (_config, { operations }) => ({
        ok: true,
        value: new Map(operations.map(({ id }) => [id, steps[kind] ?? {}])),
      }),
    })),
  );
}

function guarded(tests = ''): Surroundings {
  const around = surroundings(GUARDED + tests);
  around.kinds = kindsOf();
  return around;
}

const explained = (...more: readonly string[]): Promise<Said> => runIn(guarded(), 'explain', 'GET', '/orders', ...more);

test('explain --as tells what each policy says, and the request that would go upstream', async () => {
  const { code, out, complaints } = await explained('--as', 'roles=customer,subject=ada');
  assert.deepEqual([code, complaints], [0, '']);
  assert.match(out, /^ {2}authenticate +given caller +knows the caller$/m);
  assert.match(out, /^ {2}authorize +orders\/permission +passes$/m);
  assert.match(
    out,
    /^Passes: it goes upstream\.\n {2}GET http:\/\/127\.0\.0\.1:3001\/orders\n {2}added: x-forwarded-for,.*x-portcullis-roles$/m,
  );
});

test('a refusal names policy, rule and reason, and what is not reached any more', async () => {
  const { code, out } = await explained('--as', 'subject=eve');
  assert.equal(code, 1);
  assert.match(
    out,
    /^ {2}authorize +orders\/permission +refuses: forbidden \(needs \\u\{001b\}\[31m; no role of theirs\)$/m,
  );
  assert.match(out, /^ {2}inspect +orders\/permission +is not reached$/m);
  assert.match(
    out,
    /^Refused: 403 forbidden .*\n {2}by orders\/permission, rule needs \\u\{001b\}\[31m\n {2}no role of theirs$/m,
  );
});

test('a request is judged as a stranger’s where nobody is said to send it', async () => {
  for (const more of [[], ['--as', 'anonymous'], ['--header', 'a: b']]) {
    const { code, out } = await explained(...more);
    assert.equal(code, 1);
    assert.match(out, /orders\/jwt +finds no credential of its kind/);
    assert.match(out, /Refused: 401 unauthenticated/);
  }
});

test('headers and a body are judged as they stand', async () => {
  const ada = ['--as', 'roles=customer'];
  const around = guarded();
  around.files.put(`${FOLDER}/order.txt`, 'seven');
  const post = (...more: readonly string[]): Promise<Said> =>
    runIn(around, 'explain', 'POST', '/orders', ...ada, ...more);
  assert.match((await post('--body', '{"a":1}')).out, /Passes/);
  assert.match((await post('--body', '{"a":1,"a":2}')).out, /Refused: 400 malformed-body/);
  const text = await post(
    '--body',
    'order.txt',
    '--header',
    'Content-Type: text/plain',
    '--header',
    'x-portcullis-subject: root',
  );
  assert.match(text.out, /Refused: 400 invalid-body[^]*# must be JSON/);
  assert.match((await explained(...ada, '--body', '{}')).out, /Refused: 400 unexpected-body/);
  assert.match(
    (await explained(...ada, '--header', 'x-portcullis-subject: root')).out,
    /removed: x-portcullis-subject$/m,
  );
  assert.match((await explained(...ada, '--header', 'a_b: 1')).out, /Refused: 400 underscore-in-header/);
});

test('with --json the trail and the verdict are data', async () => {
  const { code, out } = await explained('--as', 'subject=eve', '--json');
  const { trail, verdict, route } = JSON.parse(out) as Record<string, { policy: string; code: string }> & {
    trail: object[];
  };
  assert.deepEqual([code, trail.length, verdict?.policy, verdict?.code], [1, 2, 'orders/permission', 'forbidden']);
  assert.ok(route !== undefined);
  const stranger = JSON.parse((await explained('--json')).out) as { trail: { policy: string; verdict: string }[] };
  assert.deepEqual(
    stranger.trail.map((step) => [step.policy, step.verdict]),
    [['orders/jwt', 'abstain']],
  );
});

const UNUSABLE = [
  [['--as', 'ada'], /--as: "ada" is no caller/],
  [['--as', 'role=ada'], /did you mean "roles"\?\n/],
  [['--header', 'nothing'], /--header takes 'name: value'/],
  [['--body', 'missing.json'], /the body can't be read/],
  [['--as', 'anonymous', '--as', 'anonymous'], /--as is given twice/],
] as const;

for (const [argv, words] of UNUSABLE) {
  test(`explain ${argv.join(' ')} is no question, and exits 2`, async () => {
    const { code, complaints } = await explained(...argv);
    assert.equal(code, 2);
    assert.match(complaints, words);
  });
}

const TESTS = `tests:
  - { do: GET /orders, expect: 401 }
  - { do: GET /orders, expect: unauthenticated }
  - { do: GET /orders, as: { subject: ada, roles: [customer] }, expect: pass }
  - { do: GET /orders, as: { subject: eve }, expect: forbidden }
  - { do: POST /orders, as: { roles: [customer] }, with: { body: { a: 1 } }, expect: pass }
  - { do: POST /orders, as: { roles: [customer] }, with: { body: 1, headers: { content-type: text/plain } }, expect: 400 }
  - { do: GET /none, expect: not-found }
`;

test('check runs the tests of the configuration, and says that all passed', async () => {
  const { code, out, complaints } = await runIn(guarded(TESTS), 'check');
  assert.deepEqual([code, complaints], [0, '']);
  assert.match(out, /\n7 tests of the configuration: all passed\.\n$/);
});

test('a test that fails is told with its line and what came instead, and the exit code is 1', async () => {
  const wrong = TESTS.replace('roles: [customer] }, expect: pass', 'roles: [customer] }, expect: 403')
    .replace('expect: forbidden', 'expect: pass')
    .replace('expect: not-found', 'expect: pass');
  const { code, out } = await runIn(guarded(wrong), 'check');
  assert.equal(code, 1);
  assert.match(out, /^portcullis\.yaml:12:5 failed GET \/orders\n {4}expected 403, came pass$/m);
  assert.match(
    out,
    /failed GET \/orders\n {4}expected pass, came 403 forbidden\n {4}Refused \(403 forbidden\): eve \(no roles\) may not call orders\/GET \/orders: it needs \\u\{001b\}/,
  );
  assert.match(out, /expected pass, came 404 not-found/);
  assert.match(out, /7 tests of the configuration: 3 failed\.\n$/);
});

test('with --json the tests are data, and without any there is nothing of them', async () => {
  const { code, out } = await runIn(guarded(TESTS.replace('expect: 401', 'expect: 404')), 'check', '--json');
  const { ok, tests } = JSON.parse(out) as { ok: boolean; tests: { passed: boolean; came: string; path: string }[] };
  assert.deepEqual([code, ok, tests.length], [1, true, 7]);
  assert.deepEqual([tests[0]?.passed, tests[0]?.came, tests[0]?.path], [false, '401 unauthenticated', 'tests[0]']);
  assert.deepEqual(
    tests.slice(1).map(({ passed }) => passed),
    Array.from({ length: 6 }, () => true),
  );
  assert.doesNotMatch((await runIn(guarded(), 'check')).out, /tests of the configuration/);
});
