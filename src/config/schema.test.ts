import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { PolicyKind } from '../policy/index.ts';
import { referencePage } from './reference-page.ts';
import { jsonSchema } from './schema.ts';

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | false;
  readonly anyOf?: readonly Node[];
}

const kind: PolicyKind<unknown> = {
  kind: 'header',
  summary: 'Wants a header.',
  schema: z.strictObject({ name: z.string().meta({ description: 'Which | one.' }) }),
  sources: () => [],
  compile: () => ({ ok: true, value: new Map() }),
};

/** Every object of the schema with its key path. */
function objectsOf(node: Node, path: string): [string, Node][] {
  const forms = node.anyOf ?? [node];
  return forms.flatMap((form): [string, Node][] => {
    const children = Object.entries(form.properties ?? {});
    const named: [string, Node][] = form.additionalProperties ? [['NAME', form.additionalProperties]] : [];
    const below = [...children, ...named].flatMap(([key, child]) => objectsOf(child, `${path}.${key}`));
    return form.properties === undefined ? below : [[path, form], ...below];
  });
}

test('the JSON Schema is draft 2020-12, closed everywhere, and describes every key', () => {
  const root = jsonSchema([kind]);
  assert.equal(root.$schema, 'https://json-schema.org/draft/2020-12/schema');
  const objects = objectsOf(root as Node, '');
  assert.ok(objects.length > 8);
  for (const [path, node] of objects) {
    assert.equal(node.additionalProperties, false, path);
    for (const [key, child] of Object.entries(node.properties ?? {})) {
      assert.ok((child.description ?? '') !== '', `${path}.${key} is described`);
    }
  }
});

test('policies are a key only where there are kinds', () => {
  const apiKeys = (kinds: readonly PolicyKind<unknown>[]): string[] => {
    const { properties } = jsonSchema(kinds) as Node;
    const api = properties?.apis?.additionalProperties;
    return api ? Object.keys(api.properties ?? {}) : [];
  };
  assert.ok(apiKeys([]).includes('auth') && !apiKeys([]).includes('policies'));
  assert.deepEqual(apiKeys([kind]), [...apiKeys([]), 'policies']);
});

test('the reference page has a row for every key of the schema, and keeps its tables whole', () => {
  const page = referencePage([kind]);
  for (const [path, node] of objectsOf(jsonSchema([kind]) as Node, '')) {
    for (const key of Object.keys(node.properties ?? {})) {
      assert.ok(page.includes(`| \`${`${path}.${key}`.slice(1)}\` |`), `${path}.${key}`);
    }
  }
  for (const line of page.split('\n').filter((row) => row.startsWith('|'))) {
    assert.equal(line.replaceAll('\\|', '').split('|').length, 6, line);
  }
});
