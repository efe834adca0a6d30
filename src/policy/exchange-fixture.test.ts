// No tests here: exchanges and editors for the kinds that act on requests that may pass. Kept apart from the product by its name.
import assert from 'node:assert/strict';
import { formatIssue } from '../base/index.ts';
import { parseTemplate } from '../openapi/index.ts';
import type { Exchange, ReplyView, RequestEditor, ResponseEditor } from './exchange.ts';
import type { PolicyKind, Sources, Steps } from './kind.ts';
import type { Operation } from './operation.ts';
import type { PathText } from './path-text.ts';
import { createRoleTable } from './role-table.ts';
import type { Verdict } from './verdict.ts';
import type { Reference, WrittenText } from './written-text.ts';

/** What a request is like. */
export interface Asked {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string | null;
  readonly host?: string;
  readonly port?: number | null;
  readonly address?: string;
  /** Its subject and roles; null for nobody. */
  readonly caller?: { readonly subject: string; readonly roles: readonly string[] } | null;
}

/** An exchange of that request. */
export function exchangeOf({
  params = {},
  query = null,
  host = 'api.acme.example',
  port = null,
  address = '192.0.2.7',
  caller = null,
}: Asked): Exchange {
  const request = { method: 'GET', host, port, path: '/', query, peer: { address } };
  return { id: 'id-1', request, params, principal: caller } as unknown as Exchange;
}

/** A template that is written as the configuration has it. */
export function pathText(template: string): PathText {
  const read = parseTemplate(template);
  assert.ok(read.ok, template);
  return { text: read.value.text, segments: read.value.segments };
}

/** A text of these pieces. */
export function written(...pieces: readonly (string | Reference)[]): WrittenText {
  return { text: '', pieces };
}

/** The steps that a kind makes for an operation with this template. */
export function stepsOf<C>(kind: PolicyKind<C>, config: C, template: string, sources: Partial<Sources> = {}): Steps {
  const compiled = compiledFor(kind, config, template, sources);
  assert.ok(compiled.ok, compiled.ok ? '' : compiled.error.map(formatIssue).join('\n'));
  return [...compiled.value.values()][0] ?? assert.fail('no steps');
}

/** What a kind has against such an operation, an issue a line. */
export function issuesOf<C>(kind: PolicyKind<C>, config: C, template: string, sources: Partial<Sources> = {}): string {
  const compiled = compiledFor(kind, config, template, sources);
  assert.ok(!compiled.ok, 'it has nothing against it');
  return compiled.error.map(formatIssue).join('\n');
}

function compiledFor<C>(kind: PolicyKind<C>, config: C, template: string, sources: Partial<Sources>) {
  const name = `GET ${template}`;
  const operation = { id: `users/${name}`, api: 'users', name, template, described: null } as unknown as Operation;
  const issuers = { has: () => false, names: () => [] };
  const roles = createRoleTable([], []);
  const at = { name: `users/${kind.kind}`, api: 'users', operations: [operation], roles, issuers };
  return kind.compile(config, at, sources as Sources);
}

/** Runs the one step before the upstream, and says what it did in short words. */
export function ruled(steps: Steps, asked: Asked): string {
  const edits: string[] = [];
  const note =
    (what: string) =>
    (...given: readonly unknown[]): void =>
      void edits.push([what, ...given].join(' '));
  const editor: RequestEditor = {
    setHeader: note('set'),
    appendHeader: note('add'),
    removeHeader: note('remove'),
    setPath: note('path'),
    setQuery: note('query'),
    setHost: note('host'),
  };
  const exchange = exchangeOf(asked);
  const step = steps.admit ?? steps.authorize ?? steps.decide;
  const verdict = (steps.transform?.run(exchange, editor) ?? step?.run(exchange) ?? { kind: 'pass' }) as Verdict;
  return [...edits, wordsOf(verdict)].join(', ');
}

/** What the step of `respond` does to a reply. */
export function edited(steps: Steps, asked: Asked): readonly string[] {
  const edits: string[] = [];
  const editor: ResponseEditor = {
    setHeader: (name, value) => void edits.push(`set ${name} ${value}`),
    appendHeader: (name, value) => void edits.push(`add ${name} ${value}`),
    removeHeader: (name) => void edits.push(`remove ${name}`),
    replaceBody: () => assert.fail('a body is not rewritten'),
  };
  const verdict = steps.respond?.run(exchangeOf(asked), {} as ReplyView, editor) as Verdict;
  assert.equal(verdict.kind, 'pass');
  return edits;
}

function wordsOf(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'pass':
    case 'wait':
      return verdict.kind;
    case 'deny': {
      const { code, headers = [], detail } = verdict.problem;
      return [
        code,
        ...headers.map(([name, value]) => `${name} ${value}`),
        ...(detail === undefined ? [] : [detail]),
      ].join(' ');
    }
    case 'reply': {
      const { status, headers, body } = verdict.response;
      return [status, ...headers.map(([name, value]) => `${name} ${value}`), Buffer.from(body).toString()]
        .join(' ')
        .trimEnd();
    }
  }
}
