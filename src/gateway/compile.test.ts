import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { err, errorIssue, type Issue, ok } from '../base/index.ts';
import type { Gathered } from '../config/index.ts';
import { describeApi } from '../openapi/index.ts';
import { type CompileAt, PASS, type PolicyKind } from '../policy/index.ts';
import { compile, verify } from './compile.ts';
import { kindTable } from './kind-table.ts';
import { gatheredOf, kindOf, NO_TABLES, snapshotOf, step, valueOf } from './fixture.test.ts';
import type { Snapshot } from './snapshot.ts';

const NO_KINDS = kindTable([]);
const UPSTREAM = 'upstream: http://127.0.0.1:3001\n    auth: public\n';

/** APIs by name, each with the lines given. */
function apis(...given: readonly (readonly [name: string, lines: string])[]): string {
  return `apis:\n${given.map(([name, lines]) => `  ${name}:\n    ${lines}\n    ${UPSTREAM}`).join('')}`;
}

function issuesOf(gathered: Gathered, kinds = NO_KINDS): readonly Issue[] {
  const snapshot = compile(gathered, { kinds, tables: NO_TABLES });
  return snapshot.ok ? [] : snapshot.error;
}

function found(snapshot: Snapshot, path: string, method = 'GET'): string {
  const result = snapshot.router.find('x.example', path, method);
  return result.kind === 'matched' ? result.target.operation.id : result.kind;
}

/** A description with the paths given. */
function described(paths: Record<string, unknown>) {
  const document = { openapi: '3.1.0', info: { title: 'A', version: '1' }, paths };
  return valueOf(describeApi(document, () => null));
}

test('routes written by hand become operations with their API and template', () => {
  const gathered = gatheredOf(apis(['a', "routes: ['GET /x/{id}', '* /y/{rest...}']"]), NO_KINDS, { revision: 7 });
  const snapshot = snapshotOf(gathered, NO_KINDS);
  assert.deepEqual([snapshot.revision, snapshot.hash], [7, gathered.hash]);
  assert.deepEqual(
    snapshot.operations.map(({ operation }) => [operation.id, operation.method, operation.template]),
    [
      ['a/GET /x/{id}', 'GET', '/x/{id}'],
      ['a/* /y/{rest...}', '*', '/y/{rest...}'],
    ],
  );
  assert.equal(found(snapshot, '/x/7'), 'a/GET /x/{id}');
  assert.equal(snapshot.operations[0]?.bodyDescribed, false);
});

test('the base path stands before every template', () => {
  const text = apis(['a', "routes: ['GET /x', 'GET /']\n    basePath: /v1"]);
  const snapshot = snapshotOf(gatheredOf(text, NO_KINDS), NO_KINDS);
  assert.equal(found(snapshot, '/v1/x'), 'a/GET /x');
  assert.equal(found(snapshot, '/v1/'), 'a/GET /');
  assert.equal(found(snapshot, '/v1'), 'notFound');
  assert.equal(found(snapshot, '/x'), 'notFound');
  assert.equal(snapshot.operations[0]?.operation.template, '/v1/x');
});

test('an operation may have a body limit of its own', () => {
  const text = apis([
    'a',
    "routes: ['POST /x', 'POST /y']\n    body: 1KiB\n    operations: { 'POST /y': { body: 5B } }",
  ]);
  const snapshot = snapshotOf(gatheredOf(text, NO_KINDS), NO_KINDS);
  assert.deepEqual(
    snapshot.operations.map((operation) => operation.bodyLimitBytes),
    [1_024, 5],
  );
});

test('names of Object.prototype are names like any other', () => {
  const operations = ['constructor', 'toString'];
  const paths = Object.fromEntries(
    operations.map((id) => [`/${id}`, { get: { operationId: id, responses: { default: { description: 'x' } } } }]),
  );
  const gathered = gatheredOf(apis(['a', 'openapi: ./a.yaml\n    body: 7B']), NO_KINDS, {
    descriptions: { a: described(paths) },
  });
  const snapshot = snapshotOf(gathered, kindTable([kindOf('openapi-request', {})]));
  for (const id of operations) {
    const operation = snapshot.operations.find((each) => each.operation.name === id);
    assert.equal(operation?.bodyLimitBytes, 7);
    assert.equal(valueOf(operation?.plan() ?? err('none')).signInNeeded, false);
  }
});

test('a described body lets a GET have one', () => {
  const content = { 'application/json': {} };
  const responses = { default: { description: 'x' } };
  const paths = { '/a': { get: { requestBody: { content }, responses } }, '/b': { get: { responses } } };
  const gathered = gatheredOf(apis(['a', 'openapi: ./a.yaml']), NO_KINDS, { descriptions: { a: described(paths) } });
  assert.deepEqual(
    snapshotOf(gathered, NO_KINDS).operations.map((operation) => operation.bodyDescribed),
    [true, false],
  );
});

test('everything that is wrong with the routes is told at once, with its line', () => {
  const text = apis(
    ['a', "routes: ['GET /.portcullis/x', 'GET /x', 'POST /y']"],
    ['b', "routes: ['DELETE /x', '* /.portcullis']"],
    ['c', "routes: ['GET /y']"],
  );
  const issues = issuesOf(gatheredOf(text, NO_KINDS));
  assert.deepEqual(
    issues.map(({ path, message, place }) => [path, message, place?.line]),
    [
      ['apis.a', "/.portcullis/x lies under /.portcullis/, which is the gateway's own", 3],
      ['apis.b', "/.portcullis lies under /.portcullis/, which is the gateway's own", 7],
      ['apis.b', 'answers DELETE /x, where a/GET /x does already', 7],
      ['apis.c', 'answers GET /y, where a/POST /y does already', 11],
    ],
  );
  assert.ok(issues.every((issue) => issue.fix !== null));
});

test('the names under .well-known that are ours can not be claimed, others can', () => {
  const ours = ['/acme-challenge', '/acme-challenge/{token}', '/oauth-protected-resource/{rest...}'];
  const theirs = ['/acme-challenges', '/{name}', '/openid-configuration', '/oauth-protected-resources/x'];
  for (const path of ours) {
    const issues = issuesOf(gatheredOf(apis(['a', `routes: ['GET /.well-known${path}']`]), NO_KINDS));
    assert.match(issues[0]?.message ?? '', /lies under \/\.well-known\/[a-z-]+\/, which is the gateway's own/, path);
  }
  const routes = theirs.map((path) => `'GET /.well-known${path}'`).join(', ');
  const snapshot = snapshotOf(gatheredOf(apis(['a', `routes: [${routes}]`]), NO_KINDS), NO_KINDS);
  assert.equal(found(snapshot, '/.well-known/openid-configuration'), 'a/GET /.well-known/openid-configuration');
  assert.equal(found(snapshot, '/.well-known/acme-challenge'), 'notFound');
});

test('a base path can not lead into the own paths either', () => {
  const issues = issuesOf(gatheredOf(apis(['a', "routes: ['GET /x']\n    basePath: /.portcullis"]), NO_KINDS));
  assert.equal(issues.length, 1);
});

test('APIs with different hosts may share a path', () => {
  const text = apis(
    ['a', "routes: ['GET /x']\n    host: one.example"],
    ['b', "routes: ['GET /x']\n    host: two.example"],
  );
  assert.deepEqual(issuesOf(gatheredOf(text, NO_KINDS)), []);
});

test('an upstream whose CA was not read is never trusted on the word of another', () => {
  const gathered = gatheredOf(apis(['a', "routes: ['GET /x']"]), NO_KINDS);
  const api = gathered.config.apis[0];
  assert.ok(api !== undefined);
  const config = { ...gathered.config, apis: [{ ...api, upstream: { ...api.upstream, caFile: '/ca.pem' } }] };
  assert.deepEqual(
    issuesOf({ ...gathered, config }).map((issue) => issue.path),
    ['apis.a.upstream.ca'],
  );
  const read = { ...gathered, config, files: { '/ca.pem': new TextEncoder().encode('PEM') } };
  assert.equal(snapshotOf(read, NO_KINDS).apis[0]?.upstreamCa, 'PEM');
});

test('an upstream is shown a certificate only with its key', () => {
  const gathered = gatheredOf(apis(['a', "routes: ['GET /x']"]), NO_KINDS);
  const api = gathered.config.apis[0] ?? assert.fail();
  const identity = { certificate: '/us.pem', key: '${file:/us.key}' };
  const config = { ...gathered.config, apis: [{ ...api, upstream: { ...api.upstream, identity } }] };
  const files = { '/us.pem': Buffer.from('CHAIN') };
  const secrets = { '${file:/us.key}': Buffer.from('KEY') };
  const paths = (more: object): readonly string[] => issuesOf({ ...gathered, config, ...more }).map(({ path }) => path);
  assert.deepEqual(paths({}), ['apis.a.upstream.cert', 'apis.a.upstream.key']);
  assert.deepEqual(paths({ secrets }), ['apis.a.upstream.cert']);
  assert.deepEqual(paths({ files }), ['apis.a.upstream.key']);
  const [built] = snapshotOf({ ...gathered, config, files, secrets }, NO_KINDS).apis;
  assert.deepEqual(built?.upstreamIdentity, { chainPem: 'CHAIN', keyPem: secrets['${file:/us.key}'] });
});

test('an upstream is named as its Host field says it', () => {
  const authority = (url: string): string | undefined => {
    const text = apis(['a', "routes: ['GET /x']"]).replace('http://127.0.0.1:3001', url);
    return snapshotOf(gatheredOf(text, NO_KINDS), NO_KINDS).apis[0]?.authority;
  };
  assert.equal(authority('http://a.example'), 'a.example');
  assert.equal(authority('http://a.example:81'), 'a.example:81');
  assert.equal(authority("'http://[::1]:3001'"), '[::1]:3001');
  assert.equal(authority('https://a.example:443'), 'a.example');
});

const WITH_P = `${apis(['a', "routes: ['GET /x', 'GET /y']"])}    policies: { p: {} }\n`;

/** What `verify` says when the policies are of the kinds given. */
function verified(kind: PolicyKind<never>): readonly Issue[] {
  const kinds = kindTable([kind]);
  return verify(snapshotOf(gatheredOf(WITH_P, kinds), kinds));
}

/** A kind that compiles in the way given. */
function compiling(run: PolicyKind<unknown>['compile']): PolicyKind<never> {
  const kind: PolicyKind<unknown> = { kind: 'p', summary: 'x', schema: z.unknown(), sources: () => [], compile: run };
  return kind as unknown as PolicyKind<never>;
}

test('a plan is built at first use, and once', () => {
  let built = 0;
  const kinds = kindTable([kindOf('p', () => ({ admit: step(() => PASS, { release: () => built++ }) }))]);
  const counted = kindTable([
    compiling((config, at, got) => {
      built++;
      return (kinds.get('p') as PolicyKind<unknown>).compile(config, at, got);
    }),
  ]);
  const snapshot = snapshotOf(gatheredOf(WITH_P, counted), counted);
  assert.equal(built, 0);
  const plan = snapshot.operations[0]?.plan();
  assert.equal(snapshot.operations[0]?.plan(), plan);
  assert.equal(built, 1);
  assert.equal(plan?.ok === true && plan.value.request.length, 1);
});

test('a kind that nobody knows is an issue, and nothing passes without it', () => {
  const kinds = kindTable([kindOf('p', {})]);
  const snapshot = snapshotOf(gatheredOf(WITH_P, kinds), NO_KINDS);
  assert.equal(snapshot.operations[0]?.plan().ok, false);
  const issues = verify(snapshot);
  assert.deepEqual(
    issues.map(({ path, message }) => [path, message]),
    [['apis.a.policies.p', 'there is no kind of policy called p']],
  );
  assert.equal(issues[0]?.place?.file, '/etc/portcullis.yaml');
});

test('a kind that throws, or forgets an operation, is an issue and not an open door', () => {
  const thrown = verified(
    compiling(() => {
      throw new Error('boom');
    }),
  );
  assert.deepEqual(
    thrown.map((issue) => issue.message),
    ["the policy can't be built: boom"],
  );
  const forgotten = verified(compiling(() => ok(new Map())));
  assert.match(forgotten[0]?.message ?? '', /gave no steps for a\/GET \/x/);
  assert.equal(forgotten.length, 2);
});

test('issues of a kind come through, each once, with a line', () => {
  const issues = verified(
    compiling(() => err([errorIssue('apis.a.policies.p', 'one'), errorIssue('apis.a.policies.p', 'two')])),
  );
  assert.deepEqual(
    issues.map(({ message, place }) => [message, place?.line]),
    [
      ['one', 7],
      ['two', 7],
    ],
  );
});

test('a kind that asks for what was not gathered is an issue', () => {
  const issues = verified(
    compiling((_config, _at, got) => {
      got.secret('${env:NAME}');
      return ok(new Map());
    }),
  );
  assert.match(issues[0]?.message ?? '', /was not asked for/);
});

test('a kind sees where it is and what was gathered for it', () => {
  const seen: unknown[] = [];
  const kinds = kindTable([
    compiling((config, at, got) => {
      seen.push(
        config,
        at.name,
        at.api,
        at.operations.map((operation) => operation.id),
        got.file('a.txt'),
      );
      seen.push(Buffer.from(got.secret('${env:A}').reveal()).toString(), got.secret('${env:A}').toString());
      return ok(new Map(at.operations.map((operation) => [operation.id, {}])));
    }),
  ]);
  const bytes = Uint8Array.of(1);
  const more = { files: { 'a.txt': bytes }, secrets: { '${env:A}': new TextEncoder().encode('s3') } };
  const snapshot = snapshotOf(gatheredOf(WITH_P, kinds, more), kinds);
  assert.equal(snapshot.operations[0]?.plan().ok, true);
  assert.deepEqual(seen, [{}, 'a/p', 'a', ['a/GET /x'], bytes, 's3', '[redacted]']);
});

/** A kind in the place of `permission`, and where it was asked to compile. */
function seeingKind() {
  const seen: CompileAt[] = [];
  const kind: PolicyKind<unknown> = {
    kind: 'permission',
    summary: 'x',
    schema: null,
    sources: () => [],
    compile: (_config, at) => {
      seen.push(at);
      return ok(new Map(at.operations.map((operation) => [operation.id, {}])));
    },
  };
  return { seen, kinds: kindTable([kind as never, kindOf('jwt', {}), kindOf('openapi-request', {})]) };
}

const WITH_ROLES = `issuers:
  acme: { issuer: https://id.acme.example, audience: api }
  other: { issuer: https://id.other.example, audience: api }
roles:
  customer: { can: [orders:read] }
  support: { includes: [customer], can: [orders:refund] }
apis:
  a:
    openapi: ./a.yaml
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations:
      drop: { needs: orders:delete }
`;

test('one table of roles and permissions serves all policies and the Snapshot, with all that operations need', () => {
  const responses = { default: { description: 'x' } };
  const paths = {
    '/x': { get: { operationId: 'get', security: [{ o: ['orders:read', 'orders:audit'] }], responses } },
    '/y': { get: { operationId: 'drop', responses } },
  };
  const { seen, kinds } = seeingKind();
  const gathered = gatheredOf(WITH_ROLES, kinds, { descriptions: { a: described(paths) } });
  const snapshot = snapshotOf(gathered, kinds);
  assert.deepEqual(verify(snapshot), []);
  assert.equal(seen.length, 2);
  assert.ok(seen.every(({ roles }) => roles === snapshot.roles));
  const { roles } = snapshot;
  assert.equal(roles.permissionCount, 4);
  for (const name of ['orders:read', 'orders:refund', 'orders:delete', 'orders:audit']) {
    assert.notEqual(roles.permission(name), null, name);
  }
  assert.ok(roles.permissionsOf(['support']).includes(roles.named(['orders:read', 'orders:refund'])));
  assert.ok(!roles.permissionsOf(['support']).includes(roles.named(['orders:delete'])));
});

test('policies know the issuers that the configuration names, and no others', () => {
  const { seen, kinds } = seeingKind();
  const paths = { '/y': { get: { operationId: 'drop', responses: { default: { description: 'x' } } } } };
  verify(snapshotOf(gatheredOf(WITH_ROLES, kinds, { descriptions: { a: described(paths) } }), kinds));
  const issuers = seen[0]?.issuers;
  assert.deepEqual(issuers?.names(), ['acme', 'other']);
  assert.deepEqual(
    ['acme', 'other', 'toString', '__proto__', ''].map((name) => issuers?.has(name)),
    [true, true, false, false, false],
  );
});

test('the tables that policies need are told once each', () => {
  const declaration = { name: 'keys', rowLimit: 1, staleAfterMs: 1, whenStale: 'deny' } as const;
  const kind: PolicyKind<unknown> = {
    kind: 'p',
    summary: 'x',
    schema: z.unknown(),
    sources: () => [{ kind: 'table', declaration }],
    compile: (_config, at) => ok(new Map(at.operations.map((operation) => [operation.id, {}]))),
  };
  const kinds = new Map([['p', kind]]);
  const both = `${apis(['b', "routes: ['GET /z']"])}    policies: { p: {} }\n${WITH_P.replace('apis:\n', '')}`;
  const tables = snapshotOf(gatheredOf(both, kinds), kinds).tables;
  assert.deepEqual(
    tables.map((table) => [table.declaration, table.kind, table.path.endsWith('.policies.p'), table.place?.file]),
    [[declaration, 'p', true, '/etc/portcullis.yaml']],
  );
  let rowLimit = 1;
  const other = () => [{ kind: 'table', declaration: { ...declaration, rowLimit: rowLimit++ } }] as const;
  const differing = new Map([['p', { ...kind, sources: other }]]);
  assert.equal(snapshotOf(gatheredOf(both, differing), differing).tables.length, 2);
  const broken = new Map([['p', { ...kind, sources: () => assert.fail('boom') }]]);
  assert.match(issuesOf(gatheredOf(WITH_P, broken), broken)[0]?.message ?? '', /can't say what it needs: boom/);
});

test('whichever kind reads what bodies name makes operations of it, to which no route leads', () => {
  const reading = (kind: string) => ({ ...kindOf(kind, {}), namedInBodies: () => ['Query.one', 'Query.two'] });
  const kinds = kindTable([reading('reads'), reading('reads-too'), kindOf('plain', {})]);
  const textOf = (policies: string): string => apis(['a', `routes: ['POST /x']\n    policies: ${policies}`]);
  const snapshot = snapshotOf(gatheredOf(textOf('{ plain: {}, reads: {} }'), kinds), kinds);
  assert.deepEqual(
    snapshot.operations.map(({ operation }) => `${operation.id} ${operation.inBody}`),
    ['a/POST /x false', 'a/Query.one true', 'a/Query.two true'],
  );
  assert.deepEqual([...(snapshot.operations[0]?.children?.keys() ?? [])], ['Query.one', 'Query.two']);
  assert.equal(found(snapshot, '/x', 'POST'), 'a/POST /x');
  assert.equal(snapshotOf(gatheredOf(textOf('{ plain: {} }'), kinds), kinds).operations[0]?.children, null);
  const [issue] = issuesOf(gatheredOf(textOf('{ reads: {}, reads-too: {} }'), kinds), kinds);
  assert.deepEqual(
    [issue?.path, issue?.message],
    ['apis.a.policies.reads-too', 'a/reads says already what bodies name'],
  );
});

test('where nobody can say what bodies name there is no Snapshot', () => {
  const reading = {
    ...kindOf('reads', {}),
    namedInBodies: (_config: never, got: { file(path: string): Uint8Array }) => [String(got.file('/a.graphql'))],
  };
  const kinds = kindTable([reading]);
  const [issue] = issuesOf(gatheredOf(apis(['a', "routes: ['POST /x']\n    policies: { reads: {} }"]), kinds), kinds);
  assert.match(issue?.message ?? '', /nobody can say what bodies name: the file \/a\.graphql was not asked for/);
});
