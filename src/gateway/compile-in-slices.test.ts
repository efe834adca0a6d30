import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { errorIssue, err, ok } from '../base/index.ts';
import { type Gathered, packGathered } from '../config/index.ts';
import { describeApi, type DescribedOperation } from '../openapi/index.ts';
import { createOpenapiRequestKind, deny, type PolicyKind } from '../policy/index.ts';
import { compile, compileInSlices, verify } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { gatheredOf, kindOf, NO_TABLES, step, valueOf } from './fixture.test.ts';
import type { Snapshot } from './snapshot.ts';

/** Its verdict says what it was compiled with. Operations with a `y` in their name it can't build. */
const KIND: PolicyKind<never> = {
  ...kindOf('p', {}),
  compile: (_config, { operations, api, roles }, got) => {
    const [operation] = operations;
    if (operation === undefined) return ok(new Map());
    const { responses, ...rest }: Partial<DescribedOperation> = operation.described ?? {};
    const said = JSON.stringify([rest, responses, pathsIn(got.document(api)), roles.permissionCount]);
    if (operation.name.includes('y')) return err([errorIssue('apis.a.policies.p', said)]);
    return ok(new Map([[operation.id, { admit: step<'admit'>(() => deny({ code: 'forbidden', internal: said })) }]]));
  },
};

/** A document that is read as it is needed has them in another order. */
function pathsIn(document: unknown): readonly string[] {
  return Object.keys((document as { paths?: object } | null)?.paths ?? {}).sort();
}

const CONTEXT = { kinds: kindTable([KIND, createOpenapiRequestKind()]), tables: NO_TABLES };

const TEXT = `roles: { admin: { can: ['a:read'] } }
apis:
  a:
    openapi: ./a.json
    upstream: http://127.0.0.1:3001
    auth: public
    policies: { p: {} }
  b:
    host: b.example
    routes: ['GET /x/{id}', '* /{rest...}']
    upstream: http://127.0.0.1:3001
    auth: public
`;

/** Gathered data with a description whose paths are these. */
function described(paths: Readonly<Record<string, readonly string[]>>): Gathered {
  const responses = { 200: { description: 'x' } };
  const items = Object.entries(paths).map(([path, methods]) => [
    path,
    {
      parameters: [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        name,
        in: 'path',
        required: true,
        schema: {},
      })),
      ...Object.fromEntries(methods.map((method) => [method, { responses, security: [{ oauth: [`${method}:it`] }] }])),
    },
  ]);
  const document = {
    openapi: '3.1.0',
    info: { title: 'A', version: '1' },
    paths: Object.fromEntries(items) as unknown,
    components: { securitySchemes: { oauth: { type: 'oauth2', flows: {} } } },
  };
  const bytes = Buffer.from(JSON.stringify(document));
  const json = new SharedArrayBuffer(bytes.length);
  new Uint8Array(json).set(bytes);
  const description = valueOf(describeApi(document, () => null));
  return gatheredOf(TEXT, CONTEXT.kinds, { descriptions: { a: description }, documents: { a: json } });
}

const inSlices = (gathered: Gathered, pause: () => Promise<void> = () => Promise.resolve()) =>
  compileInSlices(structuredClone(packGathered(gathered)), CONTEXT, pause);

const NOTHING = {} as never;

/** All that can be seen of a Snapshot. */
function seenOf(snapshot: Snapshot): unknown {
  const { revision, hash, apis, coverage, tables, strictTransport, roles } = snapshot;
  return {
    ...{ revision, hash, apis, coverage, tables, strictTransport, permissions: roles.permissionCount },
    operations: snapshot.operations.map(({ operation, bodyDescribed, bodyLimitBytes, api, plan: _plan, ...rest }) => {
      const { id, name, method, template, deprecated, described } = operation;
      return [id, name, method, template, deprecated, described, bodyDescribed, bodyLimitBytes, api.name, rest];
    }),
    plans: snapshot.operations.map((operation) => {
      const plan = operation.plan();
      return plan.ok
        ? plan.value.request.map(({ stage, policy, step: { run } }) => [
            stage,
            policy,
            stage === 'admit' ? run(NOTHING, NOTHING) : null,
          ])
        : plan.error;
    }),
  };
}

const PATHS = fc.dictionary(
  fc.constantFrom('/a', '/a/{id}', '/a/{id}.json', '/{any}/b', '/y', '/y/z', '/.portcullis/x'),
  fc.subarray(['get', 'put', 'post', 'delete'], { minLength: 1 }),
  { minKeys: 1 },
);

test('a configuration compiles to the same Snapshot, or the same issues, at once and in slices', async () => {
  await fc.assert(
    fc.asyncProperty(PATHS, async (paths) => {
      const gathered = described(paths);
      const whole = compile(gathered, CONTEXT);
      const sliced = await inSlices(gathered);
      assert.equal(sliced.ok, whole.ok);
      if (!whole.ok || !sliced.ok) return assert.deepEqual(sliced, whole);
      assert.deepEqual(seenOf(sliced.value), seenOf(whole.value));
      for (const path of ['/a', '/a/7', '/a/7.json', '/q/b', '/y', '/x/7', '/none'])
        for (const host of ['b.example', 'c.example', 'x'])
          for (const method of ['GET', 'PUT', 'HEAD']) {
            const seen: readonly unknown[] = [sliced.value, whole.value].map(({ router }): unknown => {
              const found = router.find(host, path, method);
              return found.kind === 'matched' ? [found.target.operation.id, found.params] : found;
            });
            assert.deepEqual(seen[0], seen[1], `${method} ${host}${path}`);
          }
    }),
    { numRuns: 60 },
  );
});

test('the thread has its turn after every few operations, and once nobody lets it go on nothing more is done', async () => {
  const paths = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`/p${index}`, ['get']]));
  const gathered = described(paths);
  let pauses = 0;
  const snapshot = valueOf(await inSlices(gathered, () => Promise.resolve(void pauses++)));
  assert.equal(snapshot.operations.length, 1_002);
  assert.ok(pauses >= 1_000 / 32, `${pauses} pauses`);
  let given = 0;
  const never = inSlices(gathered, () => (given++ < 3 ? Promise.resolve() : new Promise<void>(() => {})));
  assert.equal(await Promise.race([never, turn('waits')]), 'waits');
});

test('no description is read before its operation is asked for, and then once', async () => {
  const gathered = described({ '/a': ['get'], '/z': ['get', 'put'] });
  const parcel = packGathered(gathered);
  const snapshot = valueOf(await compileInSlices(parcel, CONTEXT, () => Promise.resolve()));
  const spoilt = Buffer.from(parcel.descriptions['a']?.operations.bytes ?? new SharedArrayBuffer(0));
  const operations = snapshot.operations.filter(({ api }) => api.name === 'a');
  const [first, , last] = operations.map(({ operation }) => operation);
  const before = first?.described;
  assert.equal(before?.id, 'GET /a');
  spoilt.fill(0x23);
  assert.equal(first?.described, before);
  assert.throws(() => last?.described, SyntaxError);
  const denied = operations.at(-1)?.plan();
  assert.ok(denied !== undefined && !denied.ok);
  assert.match(denied.error[0]?.message ?? '', /can't be built/);
});

test('routes without a host are bounded together with the hosts that they answer on', () => {
  const hosts = Array.from({ length: 450 }, (_, index) => `  h${index}:\n    host: h${index}.example\n${ONE}`);
  const routes = Array.from({ length: 450 }, (_, index) => `'GET /r${index}'`).join(', ');
  const text = `apis:\n${hosts.join('')}  all:\n    routes: [${routes}]\n    ${REST}`;
  const built = compile(gatheredOf(text, CONTEXT.kinds), CONTEXT);
  assert.ok(!built.ok);
  assert.deepEqual(
    built.error.map(({ path }) => path),
    ['apis.all'],
  );
  assert.match(built.error[0]?.message ?? '', /more than 200000 routes/);
});

test('mixed segments of one place are bounded, and the one too many is an issue', () => {
  const routes = Array.from({ length: 502 }, (_, index) => `'GET /{name}.t${index}'`);
  const textOf = (count: number) => `apis:\n  a:\n    routes: [${routes.slice(0, count).join(', ')}]\n    ${REST}`;
  assert.ok(compile(gatheredOf(textOf(500), CONTEXT.kinds), CONTEXT).ok);
  const built = compile(gatheredOf(textOf(502), CONTEXT.kinds), CONTEXT);
  assert.ok(!built.ok);
  assert.deepEqual(
    built.error.map(({ path, message }) => `${path} ${message}`),
    [500, 501].map(
      (index) => `apis.a /{name}.t${index} has text and a parameter in one segment, where 500 others do already`,
    ),
  );
});

const REST = 'upstream: http://127.0.0.1:3001\n    auth: public\n';
const ONE = `    routes: ['GET /own']\n    ${REST}`;

test('verifying reads each description and keeps none; an operation that serves keeps its own', async () => {
  const gathered = described({ '/a': ['get'], '/a/{id}': ['put'] });
  const snapshot = valueOf(await inSlices(gathered));
  const [serving, idle] = snapshot.operations;
  assert.ok(serving?.plan().ok);
  assert.deepEqual(verify(snapshot), []);
  // Whoever reads a description from now on finds none.
  const parcel = packGathered(gathered).descriptions['a'];
  assert.ok(parcel !== undefined);
  Buffer.from(parcel.operations.bytes).fill('#');
  assert.equal(serving.operation.described?.id, 'GET /a');
  assert.throws(() => idle?.operation.described, SyntaxError);
});
