import type { PolicyKind } from '../policy/index.ts';
import { jsonSchema } from './schema.ts';

type Plain = string | number | boolean | null;

/** The parts of a JSON Schema that the page shows. */
interface Node {
  readonly type?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: Plain | object;
  readonly const?: Plain;
  readonly enum?: readonly Plain[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | false;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly { readonly required?: readonly string[] }[];
}

interface Row {
  readonly key: string;
  readonly value: string;
  readonly standard: string;
  readonly description: string;
}

/**
 * The reference page of the configuration, in Markdown, from the JSON Schema alone: a key that the schema has
 * is on the page, and nothing else.
 */
export function referencePage(kinds: readonly PolicyKind<unknown>[]): string {
  const root = jsonSchema(kinds) as Node;
  const sections = Object.entries(root.properties ?? {}).map(([key, node]) =>
    section(key, node, isRequired(root, key)),
  );
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# Configuration

<!-- Generated from src/config; do not edit. \`npm run docs:reference\` writes it anew. -->

One file, \`portcullis.yaml\`. Editors complete it with [portcullis.schema.json](portcullis.schema.json): put
\`# yaml-language-server: $schema=PATH/portcullis.schema.json\` on its first line.

- It is YAML 1.2, one document, at most 1 MiB. Tags, merge keys and duplicate keys are refused.
- An unknown key is an error that names the line, the column and the key that was probably meant.
- Relative paths start at the configuration file.
- Durations are whole numbers with a unit: \`250ms\`, \`30s\`, \`10m\`, \`24h\`, \`90d\`. Sizes: \`512B\`, \`16KiB\`, \`10MiB\`.
- A secret is only ever a reference, \`\${env:NAME}\` or \`\${file:PATH}\`. Elsewhere a reference is an error.
- In the tables, NAME stands for a name of your own.
`;

function section(key: string, node: Node, required: boolean): string {
  const rows = rowsOf(key, node, required);
  const lines = rows.map((row) => `| \`${row.key}\` | ${row.value} | ${row.standard} | ${row.description} |`);
  return [`## ${key}`, '', '| key | value | default | |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
}

/** A row for a key, and rows for all keys below it, whichever of its forms has them. */
function rowsOf(key: string, node: Node, required: boolean): Row[] {
  const forms = allFormsOf(node);
  const own: Row = {
    key,
    value: anyWords(node, ', or '),
    standard: required ? 'required' : defaultWords(node.default),
    description: cell(node.description ?? ''),
  };
  return [own, ...forms.flatMap((form) => rowsBelow(key, form))];
}

function rowsBelow(key: string, node: Node): Row[] {
  const inner = node.additionalProperties;
  const named = inner === undefined || inner === false ? [] : rowsOf(`${key}.NAME`, inner, false);
  const rows = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    rowsOf(`${key}.${name}`, child, isRequired(node, name)),
  );
  const listed = node.items === undefined ? [] : allFormsOf(node.items).flatMap((form) => rowsBelow(`${key}[]`, form));
  return [...rows, ...named, ...listed];
}

/** Its forms, and those of its forms. */
function allFormsOf(node: Node): readonly Node[] {
  return node.anyOf === undefined ? [node] : node.anyOf.flatMap(allFormsOf);
}

function formsOf(node: Node): readonly Node[] {
  return node.anyOf ?? [node];
}

function isRequired(parent: Node, key: string): boolean {
  return parent.required?.includes(key) === true;
}

/** A node that has a title is called by it, whatever its forms are. */
function anyWords(node: Node, between: string): string {
  return node.title === undefined ? formsOf(node).map(valueWords).join(between) : cell(node.title);
}

function valueWords(node: Node): string {
  if (node.title !== undefined) return cell(node.title);
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (node.items !== undefined) return `list of ${anyWords(node.items, ' or ')}`;
  if (node.type === 'integer' || node.type === 'number') {
    const whole = node.type === 'integer' ? 'whole number' : 'number';
    return node.minimum === undefined || node.maximum === undefined ? whole : `${node.minimum} to ${node.maximum}`;
  }
  if (node.oneOf !== undefined) {
    return `keys, exactly one of ${node.oneOf
      .flatMap((one) => one.required ?? [])
      .map((one) => `\`${one}\``)
      .join(' and ')}`;
  }
  if (node.type === 'object') return node.properties === undefined ? 'one entry a name' : 'keys';
  return node.type === 'boolean' ? '`true`, `false`' : (node.type ?? 'any');
}

/** Defaults of keys that hold keys stand at those. */
function defaultWords(value: Plain | object | undefined): string {
  return value === undefined || typeof value === 'object' ? '' : `\`${String(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ');
}
