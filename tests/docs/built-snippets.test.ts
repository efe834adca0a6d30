import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import { create, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { parse, stringify } from 'yaml';
import { createMemoryTables } from '../../src/adapters/index.ts';
import { err, formatIssue, type Issue, ok, Secret } from '../../src/base/index.ts';
import { gather, packGathered, parseConfig } from '../../src/config/index.ts';
import { compileWhole, verify } from '../../src/gateway/index.ts';
import { createOfflineKinds, listKinds } from '../../src/main/kinds.ts';
import type { Egress, Files, Secrets } from '../../src/ports/index.ts';
import { type Block, blocksOf, pages } from './pages.ts';

/** The pages on bodies and on the APIs of others. */
const PAGES = /guide\/(validation|files|xml|graphql|sanitizing|leaks|egress|grpc)\.md$/;

/** A document with these operations: method, path, and name where it has one. */
const described = (...operations: readonly (readonly [method: string, path: string, name?: string])[]): string =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Snippet', version: '1' },
    paths: Object.fromEntries(operations.map(([method, path, name]) => [path, { [method]: operationOf(path, name) }])),
  });

function operationOf(path: string, name?: string): object {
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, word]) => ({
    ...{ name: word, in: 'path', required: true, schema: { type: 'string' } },
  }));
  const responses = { 200: { description: 'done' } };
  return { parameters, responses, ...(name === undefined ? {} : { operationId: name }) };
}

/** What the snippets name and do not show. */
const FILES: Readonly<Record<string, () => string | Uint8Array>> = {
  'schema.graphql': () => `
    type Query { orders: [Order!], search(text: String, top: Int): [Order!] }
    type Mutation { refund(order: ID!): Order }
    type Order { id: ID! owner: User }
    type User { id: ID! email: String }`,
  'orders.binpb': orderService,
  'payments.openapi.yaml': () => described(['post', '/charges'], ['get', '/charges/{id}']),
  'orders.openapi.yaml': () => described(['get', '/orders', 'listOrders'], ['get', '/export', 'exportOrders']),
  'notes.openapi.yaml': () => described(['get', '/notes']),
};

function orderService(): Uint8Array {
  const method = ['Refund', 'Export', 'Import'].map((name) => ({
    name,
    inputType: '.orders.v1.Order',
    outputType: '.orders.v1.Order',
  }));
  const [messageType, service] = [[{ name: 'Order' }], [{ name: 'Orders', method }]];
  const file = [{ name: 'orders.proto', package: 'orders.v1', syntax: 'proto3', messageType, service }];
  return toBinary(FileDescriptorSetSchema, create(FileDescriptorSetSchema, { file }));
}

const files = {
  read: async (path: string) => {
    const file = FILES[basename(path)];
    return file === undefined ? err({ reason: 'not-found', detail: 'a snippet names it' }) : ok(Buffer.from(file()));
  },
} as Partial<Files> as Files;
const secrets: Secrets = { resolve: async () => ok(new Secret(Buffer.from('a-sample-of-a-secret-0123456789'))) };
const egress: Egress = { call: async () => err({ reason: 'unreachable', detail: 'no page is on the network' }) };
const kinds = createOfflineKinds();

const blocks = pages()
  .filter(({ path }) => PAGES.test(path))
  .flatMap(blocksOf)
  .filter(({ info }) => info === 'yaml complete' || info === 'yaml part');

test('there are such snippets', () => assert.ok(blocks.length >= 10, String(blocks.length)));

for (const block of blocks) {
  test(`all that the configuration at ${block.page}:${block.line} says can be built`, async () => {
    assert.deepEqual((await issuesOf(block)).map(formatIssue), []);
  });
}

async function issuesOf({ info, text }: Block): Promise<readonly Issue[]> {
  const base = { version: 1, apis: { api: { routes: ['GET /'], upstream: 'http://127.0.0.1:3000', auth: 'public' } } };
  const whole = info === 'yaml complete' ? text : stringify({ ...base, ...(parse(text) as object) });
  const parsed = parseConfig(whole, { file: '/etc/portcullis/portcullis.yaml', kinds: listKinds(kinds) });
  if (!parsed.ok) return parsed.error;
  const gathered = await gather(parsed.value, { files, secrets, egress, revision: 1 });
  if (!gathered.ok) return gathered.error;
  const tables = createMemoryTables({ log: { write() {} } });
  const snapshot = compileWhole(packGathered(gathered.value), { kinds, tables });
  return snapshot.ok ? verify(snapshot.value) : snapshot.error;
}
