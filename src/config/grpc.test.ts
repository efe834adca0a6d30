import assert from 'node:assert/strict';
import { test } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { FieldDescriptorProtoSchema, FieldOptionsSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { err, formatIssue, ok } from '../base/index.ts';
import { configuredOf } from './configured.ts';
import { diffConfigurations } from './diff.ts';
import { gather } from './gather.ts';
import type { Gathered } from './gathered.ts';
import type { GatherOptions } from './gather-work.ts';
import { packGathered, unpackGathered } from './parcel.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/p/portcullis.yaml';

function setOf(...methods: readonly string[]): Uint8Array {
  const types = { inputType: '.orders.v1.Order', outputType: '.orders.v1.Order' };
  const method = methods.map((name) => ({ name, serverStreaming: name === 'Watch', ...types }));
  const field = [{ name: 'unit_price', number: 1, type: 5, label: 1 }] as never;
  const messageType = [{ name: 'Order', field }];
  const service = [{ name: 'Orders', method }];
  const file = [{ name: 'orders.proto', package: 'orders.v1', syntax: 'proto3', messageType, service }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

const ORDERS = setOf('Get', 'Watch');

function configuration(more = '', upstream = 'http://127.0.0.1:3001'): string {
  return `version: 1
apis:
  orders:
    descriptors: orders.binpb
    upstream: ${upstream}
    auth: public
${more}`;
}

async function gathered(text: string, set: Uint8Array | null = ORDERS): Promise<Gathered | readonly string[]> {
  const files: GatherOptions['files'] = {
    read: async (path, limitBytes) => {
      if (path !== '/etc/p/orders.binpb' || set === null) return err({ reason: 'missing', detail: '' });
      return set.byteLength > limitBytes ? err({ reason: 'too-large', detail: '' }) : ok(set);
    },
  } as GatherOptions['files'];
  const parsed = parseConfig(text, { file: FILE, kinds: [] });
  if (!parsed.ok) return parsed.error.map(formatIssue);
  const result = await gather(parsed.value, { files, revision: 1 } as GatherOptions);
  return result.ok ? result.value : result.error.map(formatIssue);
}

async function fine(text: string, set: Uint8Array = ORDERS): Promise<Gathered> {
  const result = await gathered(text, set);
  assert.ok('config' in result, JSON.stringify(result));
  return result;
}

test('the methods of a descriptor set are the operations, over HTTP/2', async () => {
  const result = await fine(configuration());
  const [api] = result.config.apis;
  assert.equal(api?.upstream.protocol, 'h2');
  assert.equal(api.bodyLimitBytes, 4 * 1_048_576);
  assert.deepEqual(
    api.policies.map(({ kind, path }) => [kind, path]),
    [
      ['grpc', 'apis.orders.descriptors'],
      ['grpc-messages', 'apis.orders.descriptors'],
    ],
  );
  for (const configured of [configuredOf(result), unpackGathered(packGathered(result))]) {
    const listed = [...configured.operations('orders')];
    assert.deepEqual(
      listed.map(({ id, method, template, grpc }) => [id, method, template, grpc]),
      [
        ['orders.v1.Orders/Get', 'POST', '/orders.v1.Orders/Get', 'neither'],
        ['orders.v1.Orders/Watch', 'POST', '/orders.v1.Orders/Watch', 'server'],
      ],
    );
    assert.equal(listed[1]?.described().grpc, 'server');
  }
});

test('an operation is called by its service and method, and has keys of its own', async () => {
  const own = '    body: 1MiB\n    operations: { orders.v1.Orders/Get: { limit: 5/min per address, body: 1KiB } }';
  const [api] = (await fine(configuration(own))).config.apis;
  assert.equal(api?.bodyLimitBytes, 1_048_576);
  assert.equal(api.operations['orders.v1.Orders/Get']?.bodyLimitBytes, 1_024);
});

test('what is said of a service holds for its methods, and each may say otherwise key by key', async () => {
  const signedIn = `issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, algorithms: [ES256], jwks: https://id.acme.example/jwks }
roles: { all: { can: [orders:read, orders:watch] } }
`;
  const own = `    auth: [acme]
    operations:
      orders.v1.Orders/*: { needs: orders:read, limit: 100/h per user, body: 1MiB }
      orders.v1.Orders/Get: { needs: orders:watch, body: 1KiB }
      orders.v1.Orders/Watch: { limit: 5/h per user }
`;
  const text = configuration(own).replace('    auth: public\n', '').replace('apis:', `${signedIn}apis:`);
  const [api] = (await fine(text)).config.apis;
  assert.deepEqual(
    Object.entries(api?.operations ?? {}).map(([name, { needs, limits, bodyLimitBytes }]) => [
      ...[name, needs, limits.map((limit) => limit.text), bodyLimitBytes],
    ]),
    [
      ['orders.v1.Orders/Get', ['orders:watch'], ['100/h per user'], 1_024],
      ['orders.v1.Orders/Watch', ['orders:read'], ['5/h per user', '100/h per user'], 1_048_576],
    ],
  );
  assert.deepEqual(
    api?.policies.map(({ kind }) => kind),
    ['grpc', 'credentials', 'jwt', 'possession', 'revocation', 'overlay', 'permission', 'rate', 'grpc-messages'],
  );
  const permission = api.policies.find(({ kind }) => kind === 'permission');
  assert.deepEqual(permission?.config, {
    operations: { 'orders.v1.Orders/Get': ['orders:watch'], 'orders.v1.Orders/Watch': ['orders:read'] },
    ...{ open: [], closed: [], openByDefault: false },
  });
});

test('what is only observed of a service is of a method too, but for the keys that it says itself', async () => {
  const own = `    operations:
      orders.v1.Orders/*: { object: request.host == 'a.example', when: request.host != 'b.example', observe: [object] }
      orders.v1.Orders/Get: { object: request.host == 'c.example', when: request.path != '/x' }
`;
  const [api] = (await fine(configuration(own))).config.apis;
  assert.deepEqual(
    Object.entries(api?.operations ?? {}).map(([name, { access }]) => [
      ...[name, access.observe, access.when.map(({ text }) => text)],
    ]),
    [
      ['orders.v1.Orders/Get', [], ["request.path != '/x'", "request.host != 'b.example'"]],
      ['orders.v1.Orders/Watch', ['object'], ["request.host != 'b.example'"]],
    ],
  );
});

test('rules of a service are asked besides those of a method', async () => {
  const own = `    operations:
      orders.v1.Orders/*: { rules: [request.host == 'a.example'] }
      orders.v1.Orders/Get: { rules: [request.path != '/x'] }
`;
  const [api] = (await fine(configuration(own))).config.apis;
  assert.deepEqual(
    Object.entries(api?.operations ?? {}).map(([name, { rules }]) => [name, ...rules.map(({ text }) => text)]),
    [
      ['orders.v1.Orders/Get', "request.path != '/x'", "request.host == 'a.example'"],
      ['orders.v1.Orders/Watch', "request.host == 'a.example'"],
    ],
  );
  assert.deepEqual(
    api?.policies.map(({ kind }) => kind),
    ['grpc', 'grpc-messages', 'conditions'],
  );
});

test('times of a service are those of its methods that do not stream', async () => {
  const own = `    operations:
      orders.v1.Orders/*: { timeout: 2s, deadline: 5s }
      orders.v1.Orders/Get: { timeout: 1s }
`;
  const [api] = (await fine(configuration(own))).config.apis;
  assert.deepEqual(
    Object.entries(api?.operations ?? {}).map(([name, { timeoutMs, deadlineMs }]) => [name, timeoutMs, deadlineMs]),
    [
      ['orders.v1.Orders/Get', 1_000, 5_000],
      ['orders.v1.Orders/Watch', null, null],
    ],
  );
});

test('what a service and its method say must hold together', async () => {
  const open = `issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, algorithms: [ES256], jwks: https://id.acme.example/jwks }
`;
  const own = `    auth: [acme]
    operations:
      orders.v1.Orders/*: { auth: public }
      orders.v1.Orders/Watch: { limit: 5/h per user }
`;
  const text = configuration(own).replace('    auth: public\n', '').replace('apis:', `${open}apis:`);
  const result = await gathered(text);
  assert.ok(Array.isArray(result));
  assert.match(result.join('\n'), /per user. counts callers, and nobody is known where anybody may call/);
  const stranger = await gathered(configuration("    operations: { 'orders.v1.Other/*': { body: 1KiB } }"));
  assert.ok(Array.isArray(stranger));
  assert.match(stranger.join('\n'), /no operation of this name/);
});

test('what can not be is told at its line', async () => {
  const cases: readonly (readonly [string, RegExp, (Uint8Array | null)?])[] = [
    [
      configuration('    operations: { orders.v1.Orders/Gte: { body: 1KiB } }'),
      /no operation of this name.*orders\.v1\.Orders\/Get/s,
    ],
    [configuration('', '{ targets: [http://127.0.0.1:3001], protocol: http1 }'), /gRPC is spoken over HTTP\/2 only/],
    [configuration("    routes: ['GET /x']"), /either an OpenAPI document, or routes, or gRPC descriptors/],
    [configuration('    openapi: x.yaml'), /either an OpenAPI document, or routes, or gRPC descriptors/],
    [configuration('    errors: helpful'), /told no more than a status/],
    [configuration('    validate: strict\n    responseHeaders: described'), /no descriptor says anything of metadata/],
    [configuration(), /there is no file \/etc\/p\/orders\.binpb/, null],
    [configuration(), /\/etc\/p\/orders\.binpb is no descriptor set/, Buffer.from('syntax = "proto3";')],
    [configuration(), /\/etc\/p\/orders\.binpb describes no method of any service/, Buffer.alloc(0)],
    [configuration(), /is larger than 16384 KiB/, Buffer.alloc(16 * 1_048_576 + 1)],
  ];
  for (const [text, words, set = ORDERS] of cases) {
    const result = await gathered(text, set);
    assert.ok(Array.isArray(result), text);
    assert.match(result.join('\n'), words);
    assert.match(result.join('\n'), /portcullis\.yaml:[3-9]:/);
  }
});

test('rules in options of fields are warned of, for nothing enforces them', async () => {
  // An option of a field that is of protovalidate: number 1159, with rules that ask for something (required, 25).
  const options = Buffer.from('ba4803c80101', 'hex');
  const field = create(FieldDescriptorProtoSchema, { name: 'id', number: 1, type: 9, label: 1 });
  field.options = fromBinary(FieldOptionsSchema, options);
  const types = { inputType: '.a.Order', outputType: '.a.Order' };
  const file = [
    {
      ...{ name: 'a.proto', package: 'a', syntax: 'proto3', messageType: [{ name: 'Order', field: [field] }] },
      service: [{ name: 'S', method: [{ name: 'Do', ...types }] }],
    },
  ];
  const set = toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
  const [warning] = (await fine(configuration(), set)).warnings;
  assert.match(warning?.message ?? '', /^a\.Order\.id has rules/);
  assert.deepEqual([warning?.severity, warning?.path], ['warning', 'apis.orders.descriptors']);
  assert.deepEqual((await fine(configuration())).warnings, []);
});

test('rules on messages are warned of where these are only observed, and where a name is close to a field', async () => {
  const ruled = (rule: string, more = ''): string =>
    configuration(`${more}    operations: { orders.v1.Orders/Get: { rules: ['${rule}'] } }`);
  const words = async (text: string): Promise<readonly string[]> => (await fine(text)).warnings.map(formatIssue);
  assert.deepEqual(await words(ruled('request.body.unitPrice > 5')), []);
  assert.match(
    (await words(ruled('request.body.untPrice > 5'))).join(),
    /no message has a field "untPrice" .*unitPrice/,
  );
  assert.match((await words(ruled('request.body.unitPrice > 5', '    validate: observe\n'))).join(), /only observed/);
});

test('another method makes another configuration, and is a change of its own; other octets are none', async () => {
  const [one, other] = [await fine(configuration()), await fine(configuration(), setOf('Get', 'Watch', 'Cancel'))];
  assert.notEqual(one.hash, other.hash);
  const changes = diffConfigurations(one, other).map(({ operation, about, effect }) => [operation, about, effect]);
  assert.deepEqual(changes, [
    ['orders.v1.Orders/Cancel', 'routes', 'loosens'],
    [null, 'validation', 'changes'],
  ]);
  const renamed = Buffer.from(ORDERS);
  renamed.write('Orders.proto', renamed.indexOf('orders.proto'));
  assert.equal((await fine(configuration(), renamed)).hash, one.hash);
});
