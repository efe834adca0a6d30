import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeaderMap } from '../../../wire/index.ts';
import { stepsOf } from '../../exchange-fixture.test.ts';
import type { Exchange, ReplyView, ResponseEditor } from '../../exchange.ts';
import type { Operation } from '../../operation.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { CorsRules } from './config.ts';
import { CrossOrigin } from './cross-origin.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createCorsKind } from './kind.ts';
import { preflightMethod, preflightStep } from './preflight.ts';

/** Who may call, who comes, what becomes of a preflight for GET, and what a reply says. */
interface Golden {
  readonly name: string;
  readonly origins: CorsRules['origins'];
  readonly credentials?: boolean;
  readonly origin: string | null;
  readonly asks?: { readonly method?: string; readonly headers?: readonly string[]; readonly network?: string };
  readonly preflight: string;
  readonly reply: readonly string[];
}

const RULES: CorsRules = {
  origins: 'any',
  methods: ['GET', 'PUT'],
  headers: ['x-csrf'],
  expose: [],
  credentials: false,
  maxAgeMs: 90_500,
  privateNetwork: false,
};
const DOCUMENT = {
  components: {
    securitySchemes: {
      key: { type: 'apiKey', in: 'header', name: 'X-Key' },
      odd: { type: 'apiKey', in: 'header', name: 'x, y\r\nz' },
    },
  },
};
const SECURITY = ['key', 'odd'].map((scheme) => [{ scheme, scopes: [] }]);
const DESCRIBED = {
  described: { parameters: [{ name: 'X-Described', in: 'header' }], security: SECURITY },
} as unknown as Operation;

type Lines = Readonly<Record<string, readonly string[]>>;

const mapOf = (lines: Lines): HeaderMap =>
  ({
    size: Object.keys(lines).length,
    has: (name: string) => Object.hasOwn(lines, name),
    get: (name: string) => lines[name]?.join(', ') ?? null,
    all: (name: string) => lines[name] ?? [],
    entries: () =>
      Object.entries(lines)
        .map(([name, [value = '']]) => [name, value] as const)
        [Symbol.iterator](),
  }) as HeaderMap;

function headersOf({ origin, asks = {} }: Pick<Golden, 'origin' | 'asks'>): HeaderMap {
  return mapOf({
    ...(origin === null ? {} : { origin: [origin] }),
    'access-control-request-method': [asks.method ?? 'GET'],
    ...(asks.headers === undefined ? {} : { 'access-control-request-headers': asks.headers }),
    ...(asks.network === undefined ? {} : { 'access-control-request-private-network': [asks.network] }),
  });
}

const exchangeOf = (headers: HeaderMap): Exchange => ({ request: { method: 'GET', headers } }) as unknown as Exchange;

function answered(
  rules: CorsRules,
  headers: HeaderMap,
): { readonly words: string; readonly fields: readonly string[] } {
  const step = preflightStep(new CrossOrigin(rules), { ...DESCRIBED, document: DOCUMENT }, [
    'DELETE',
    'GET',
    'HEAD',
    'PUT',
  ]);
  const verdict = step.run(exchangeOf(headers)) as Verdict;
  if (verdict.kind === 'reply') {
    const { status, headers: fields } = verdict.response;
    return { words: String(status), fields: fields.map(([name, value]) => `${name}: ${value}`) };
  }
  assert.ok(verdict.kind === 'deny');
  const fields = (verdict.problem.headers ?? []).map(([name, value]) => `${name}: ${value}`);
  return { words: `${verdict.problem.code} ${verdict.rule}`, fields };
}

/** What is taken out of a reply, and what is said in it. */
function edited(rules: CorsRules | 'off', request: HeaderMap, reply: HeaderMap): { removed: string[]; said: string[] } {
  const removed: string[] = [];
  const said: string[] = [];
  const editor = {
    removeHeader: (name: string) => void removed.push(name),
    appendHeader: (name: string, value: string) => void said.push(`${name}: ${value}`),
  } as unknown as ResponseEditor;
  const { respond } = stepsOf(createCorsKind(), { rules }, '/x');
  assert.equal(respond?.run(exchangeOf(request), { headers: reply } as ReplyView, editor), PASS);
  return { removed, said };
}

for (const [file, list] of Object.entries({ passing, refused, bypass })) {
  for (const golden of list as readonly Golden[]) {
    test(`${file}: ${golden.name}`, () => {
      const { origins, credentials = false, preflight, reply } = golden;
      const rules = { ...RULES, origins, credentials };
      const headers = headersOf(golden);
      assert.equal(answered(rules, headers).words, preflight);
      const { said } = edited(rules, headers, mapOf({}));
      assert.deepEqual(
        said.filter((line) => !line.startsWith('access-control-expose-headers: ')),
        reply,
      );
    });
  }
}

test('a preflight is told the methods, the fields and the time, and a refused one nothing of these', () => {
  const rules: CorsRules = { ...RULES, origins: ['https://app.example'], credentials: true };
  assert.deepEqual(answered(rules, headersOf({ origin: 'https://app.example' })).fields, [
    'access-control-allow-origin: https://app.example',
    'access-control-allow-methods: GET, PUT',
    'access-control-allow-headers: authorization, content-type, accept, accept-language, content-language, x-described, x-key, x-csrf, x-portcullis-csrf',
    'access-control-max-age: 90',
    'vary: Origin, access-control-request-method, access-control-request-headers, access-control-request-private-network',
    'access-control-allow-credentials: true',
  ]);
  const refusedOnes = [
    headersOf({ origin: 'https://evil.example' }),
    headersOf({ origin: 'https://app.example', asks: { method: 'DELETE' } }),
    headersOf({ origin: 'https://app.example', asks: { headers: ['x-other'] } }),
    headersOf({ origin: 'https://app.example', asks: { headers: ['x-csrf,'.repeat(50), 'x-csrf,'.repeat(50)] } }),
  ];
  const many = headersOf({ origin: 'https://app.example', asks: { headers: ['x-csrf,'.repeat(99)] } });
  assert.equal(answered(rules, many).words, '204');
  for (const headers of refusedOnes)
    assert.ok(answered(rules, headers).fields.every((line) => line.startsWith('vary:')));
});

test('a request is a preflight by its method, its origin and the method that it asks for', () => {
  const headers = headersOf({ origin: 'https://app.example', asks: { method: 'patch' } });
  assert.equal(preflightMethod('OPTIONS', headers), 'patch');
  assert.equal(preflightMethod('GET', headers), null);
  assert.equal(preflightMethod('OPTIONS', headersOf({ origin: null })), null);
  assert.equal(preflightMethod('OPTIONS', mapOf({ origin: ['https://app.example'] })), null);
});

test('all that the upstream says of CORS is taken out, what there may come to be too', () => {
  const reply = mapOf({ 'access-control-allow-new': ['1'], 'access-control-odd_name': ['1'], etag: ['x'] });
  for (const rules of ['off', RULES] as const) {
    const { removed, said } = edited(rules, mapOf({}), reply);
    assert.equal(removed.length, 8);
    assert.ok(
      removed.includes('access-control-allow-new') && removed.every((name) => name.startsWith('access-control-')),
    );
    assert.equal(said.length > 0, rules !== 'off');
  }
});
