import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseConfig } from '../config/index.ts';
import {
  createRewriteKind,
  type Exchange,
  type Operation,
  PASS,
  type RewriteConfig,
  type Verdict,
} from '../policy/index.ts';
import { canonicalizeTarget, HeaderFields } from '../wire/index.ts';
import { RequestEdits } from './edits.ts';
import { kindOf, step } from './fixture.test.ts';
import { startChat, switchReply } from './websocket-fixture.test.ts';

/** The step that rewrites the requests of one operation, as a configuration has it. */
function transformOf(template: string, rewrite: object) {
  const name = `GET ${template}`;
  const config = {
    version: 1,
    apis: {
      a: { routes: [name], upstream: 'http://127.0.0.1:1', auth: 'public', operations: { [name]: { rewrite } } },
    },
  };
  const parsed = parseConfig(JSON.stringify(config), { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  const use = parsed.value.config.apis[0]?.policies.find(({ kind }) => kind === 'rewrite');
  const operation = { id: `a/${name}`, api: 'a', name, template } as Operation;
  const roles = { permissionCount: 0 } as never;
  const issuers = { has: () => false, names: () => [] };
  const at = { name: 'a/rewrite', api: 'a', operations: [operation], roles, issuers };
  const compiled = createRewriteKind().compile(use?.config as RewriteConfig, at, {} as never);
  assert.ok(compiled.ok, compiled.ok ? '' : JSON.stringify(compiled.error));
  return compiled.value.get(operation.id)?.transform ?? assert.fail('no step');
}

type Asked = { readonly params?: Readonly<Record<string, string>>; readonly query?: string | null };

/** What the editor has behind the step, which throws where that is not canonical. */
function rewritten(transform: ReturnType<typeof transformOf>, { params = {}, query = null }: Asked) {
  const edits = new RequestEdits(new HeaderFields('', [], { seen: -1, lengths: -1 }));
  const exchange = { id: 'id', params, principal: null, request: { query, host: 'a.example', port: null } };
  const verdict = transform.run(exchange as unknown as Exchange, edits) as Verdict;
  return verdict.kind === 'pass' ? edits : null;
}

const REFUSED_OCTETS = /[\x00-\x1f\x7f]/g;

test('whatever stands in parameters, the path that goes upstream is canonical, or the request is refused', () => {
  const templates = ['/x/{id}', '/x/a{id}', '/x/{id}.json', '/x/{id}-{to}', '/{id}/x', '/.{id}', '/{to}/{id}/'];
  const steps = templates.map((path) => transformOf('/{id}/{to}', { path }));
  const value = fc
    .oneof(fc.string(), fc.string({ unit: fc.constantFrom('.', '%', ';', '2', 'e', '?', '#', 'é', ' ', '&', '+') }))
    .map((text) => text.toWellFormed().replaceAll(/[\x00-\x1f\x7f/\\]/g, '') || 'a');
  fc.assert(
    fc.property(fc.constantFrom(...steps), value, value, (step, id, to) => {
      const edits = rewritten(step, { params: { id, to } });
      if (edits === null) return;
      assert.equal(canonicalizeTarget(edits.path ?? '').fault, null);
    }),
    { numRuns: 1_000 },
  );
});

test('the rest of a request’s path goes on as it was', () => {
  const step = transformOf('/f/{rest...}', { path: '/store/{rest...}' });
  const segment = fc.string({ minLength: 1 }).map((text) => encodeURIComponent(text.toWellFormed()));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 5 }), (segments) => {
      const asked = canonicalizeTarget(`/f/${segments.join('/')}`);
      if (asked.fault !== null) return;
      const edits = rewritten(step, { params: { rest: decodeURIComponent(asked.path.slice(3)) } });
      assert.equal(edits?.path, `/store/${asked.path.slice(3)}`);
    }),
  );
});

test('of any canonical query and any edits the result is canonical, and holds of what is named nothing else', () => {
  const name = fc.constantFrom('a', 'b', 'a b', 'é', 'x[]', '&', 'c');
  const text = fc.string({ unit: fc.constantFrom('a', '1', ' ', '~', '&', '=', '%', '+', ';', '#', '/') });
  const query = fc
    .array(fc.tuple(fc.constantFrom('&', ';'), name, fc.option(fc.string())), { maxLength: 6 })
    .map((parts) => parts.map((part, at) => parameterOf(part, at === 0)).join(''));
  const values = fc.dictionary(
    name,
    text.map((value) => `x${value}x`),
    { maxKeys: 3, minKeys: 1 },
  );
  fc.assert(
    fc.property(query, fc.uniqueArray(name, { maxLength: 3 }), values, (sent, removed, set) => {
      const reading = canonicalizeTarget(`/?${sent}`);
      if (reading.fault !== null) return;
      const remove = removed.filter((each) => !Object.hasOwn(set, each));
      const step = transformOf('/x', { query: { set, ...(remove.length === 0 ? {} : { remove }) } });
      const edits = rewritten(step, { query: reading.query });
      const found = new URLSearchParams((edits?.query ?? '').replaceAll(';', '&'));
      for (const each of remove) assert.equal(found.has(each), false);
      for (const [key, value] of Object.entries(set)) assert.deepEqual(found.getAll(key), [value]);
    }),
    { numRuns: 300 },
  );
});

function parameterOf([mark, name, value]: readonly [string, string, string | null], first: boolean): string {
  const text = value === null ? '' : `=${encodeURIComponent(value.toWellFormed().replaceAll(REFUSED_OCTETS, ''))}`;
  return `${first ? '' : mark}${encodeURIComponent(name)}${text}`;
}

test('a WebSocket is opened at the path and for the host that are written, and its reply has the fields', async (t) => {
  const moved = kindOf('moved', {
    transform: step((_exchange, editor) => {
      editor.setPath('/socket');
      editor.setQuery('a=1');
      editor.setHost('chat.internal:81');
      return PASS;
    }),
    respond: step((_exchange, _reply, editor) => {
      editor.setHeader('x-a', 'b');
      return PASS;
    }),
  });
  const chat = await startChat(t, 'on', { kinds: [moved] });
  let asked = '';
  chat.onUpgrade = (end, head) => {
    asked = head;
    end.send(switchReply(head));
  };
  const { head } = await chat.open();
  assert.match(head, /^HTTP\/1\.1 101 [^]*\r\nx-a: b\r\n/);
  assert.match(asked, /^GET \/socket\?a=1 HTTP\/1\.1\r\nhost: chat\.internal:81\r\n/);
});
