import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Comparable } from './config-change.ts';
import { CHANGE_LIMIT, diffConfigurations } from './diff.ts';
import { parseConfig } from './parse.ts';

const BASE = `version: 1
issuers:
  acme: { issuer: https://id.acme.example, audience: https://api.acme.example, algorithms: [ES256], jwks: discovery }
  other: { issuer: https://id.other.example, audience: https://api.acme.example, algorithms: [ES256], jwks: discovery }
roles:
  customer: { can: [orders:read] }
apis:
  orders:
    routes: ['GET /orders', 'POST /orders']
    upstream: https://127.0.0.1:3001
    auth: [acme]
    limit: [100/min per user]
    operations:
      'POST /orders': { needs: orders:write, body: 16KiB }
`;

/** What of a configuration is compared; `described` gives an API's operations where a document would. */
function read(text: string): Comparable {
  const parsed = parseConfig(text, { file: '/etc/portcullis.yaml', kinds: [] });
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.error));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

/** The differences after replacing a piece of the text: effect, subject and words. */
function changesBy(...edits: readonly (readonly [from: string, to: string])[]): readonly string[] {
  let text = BASE;
  for (const [from, to] of edits) {
    assert.ok(text.includes(from), from);
    text = text.replace(from, to);
  }
  return diffConfigurations(read(BASE), read(text)).map(
    ({ effect, api, operation, about, message }) =>
      `${effect} ${[api, operation].filter((part) => part !== null).join(' ')}|${about}: ${message}`,
  );
}

test('equal configurations differ in nothing, whatever their lines', () => {
  assert.deepEqual(changesBy(), []);
  assert.deepEqual(changesBy(['version: 1\n', 'version: 1\n# a remark\n\n']), []);
});

for (const [what, edits, expected] of [
  [
    'opening',
    [
      ['auth: [acme]', 'auth: public'],
      ['    limit: [100/min per user]\n', ''],
      ['{ needs: orders:write, body: 16KiB }', '{ body: 16KiB }'],
    ],
    [
      'loosens orders|limits: the limit 100/min per user no longer holds',
      'loosens orders GET /orders|authentication: everybody may call it, without signing in',
      'loosens orders POST /orders|authentication: everybody may call it, without signing in',
    ],
  ],
  [
    'another issuer',
    [['auth: [acme]', 'auth: [acme, other]']],
    [
      'loosens orders GET /orders|authentication: other opens it too',
      'loosens orders POST /orders|authentication: other opens it too',
    ],
  ],
  [
    'a higher limit',
    [['100/min', '1000/min']],
    [
      'loosens orders|limits: the limit 100/min per user no longer holds',
      'changes orders|limits: the limit 1000/min per user holds',
    ],
  ],
  [
    'a lower limit',
    [['100/min', '10/min']],
    [
      'tightens orders|limits: the limit 100/min per user gives way to a tighter one',
      'tightens orders|limits: the limit 10/min per user holds',
    ],
  ],
  [
    'the same limit for other callers',
    [['per user', 'per address']],
    [
      'loosens orders|limits: the limit 100/min per user no longer holds',
      'tightens orders|limits: the limit 100/min per address holds',
    ],
  ],
  [
    'a permission less',
    [['{ needs: orders:write, body: 16KiB }', '{ body: 16KiB }']],
    ['loosens orders POST /orders|authorization: it needs nothing but sign-in instead of orders:write'],
  ],
  [
    'a permission more',
    [['needs: orders:write', 'needs: [orders:write, orders:read]']],
    ['tightens orders POST /orders|authorization: it needs orders:read and orders:write instead of orders:write'],
  ],
  [
    'another permission',
    [['needs: orders:write', 'needs: orders:read']],
    ['loosens orders POST /orders|authorization: it needs orders:read instead of orders:write'],
  ],
  [
    'a larger body',
    [['body: 16KiB', 'body: 32KiB']],
    ['loosens orders POST /orders|limits: a body may have 32768 bytes instead of 16384'],
  ],
  [
    'another priority',
    [['body: 16KiB', 'body: 16KiB, priority: high']],
    ['changes orders POST /orders|limits: its priority under overload is high instead of normal'],
  ],
  [
    'routes',
    [["'GET /orders', 'POST", "'GET /carts', 'POST"]],
    [
      'tightens orders GET /orders|routes: the operation is gone',
      'changes orders GET /carts|routes: the operation is new, and needs nothing but sign-in',
    ],
  ],
  [
    'a new operation',
    [
      ["'GET /orders', ", "'GET /orders', 'DELETE /orders', "],
      ['    operations:\n', "    operations:\n      'DELETE /orders': { needs: orders:write }\n"],
    ],
    ['changes orders DELETE /orders|routes: the operation is new, and needs orders:write'],
  ],
  [
    'a host',
    [['    auth: [acme]\n', '    host: a.example\n    auth: [acme]\n']],
    ['changes orders|routes: it stands at a.example/ instead of any host/'],
  ],
  [
    'an upstream in clear',
    [['https://127.0.0.1:3001', 'http://127.0.0.1:3001']],
    ['loosens orders|upstream: requests go to http://127.0.0.1:3001 instead of https://127.0.0.1:3001'],
  ],
  [
    'another upstream',
    [['https://127.0.0.1:3001', 'https://[::1]:3002/in']],
    ['changes orders|upstream: requests go to https://[::1]:3002/in instead of https://127.0.0.1:3001'],
  ],
  [
    'an upstream whose targets are found',
    [['upstream: https://127.0.0.1:3001', 'upstream: { discover: { dns: https://orders.internal }, retries: 0 }']],
    [
      'changes orders|upstream: requests go to the addresses of orders.internal, port 443, by https instead of https://127.0.0.1:3001',
      "changes orders|upstream: the upstream's certificate must name orders.internal",
    ],
  ],
  [
    'addresses that names may stand for',
    [
      [
        'upstream: https://127.0.0.1:3001',
        'upstream: { targets: [https://127.0.0.1:3001], allowAddresses: [127.0.0.0/8, "::1"] }',
      ],
    ],
    ['loosens orders|upstream: targets may also be at 127.0.0.0/8, ::1'],
  ],
  [
    'the protocol of an upstream',
    [['upstream: https://127.0.0.1:3001', 'upstream: { targets: [https://127.0.0.1:3001], protocol: h2 }']],
    ['changes orders|upstream: the upstream is spoken to in HTTP/2'],
  ],
  [
    'what a role may',
    [['can: [orders:read]', 'can: [orders:write]']],
    [
      'loosens |roles: the role customer may orders:write',
      'tightens |roles: the role customer may no longer orders:read',
    ],
  ],
  [
    'an audience',
    [
      [
        'acme.example, audience: https://api.acme.example',
        'acme.example, audience: [https://api.acme.example, https://x.example]',
      ],
    ],
    ['loosens |issuers: issuer acme: the audience https://x.example is taken too'],
  ],
  [
    'an algorithm',
    [['algorithms: [ES256], jwks', 'algorithms: [RS256], jwks']],
    [
      'loosens |issuers: issuer acme: the algorithm RS256 is taken too',
      'tightens |issuers: issuer acme: the algorithm ES256 is no longer taken',
    ],
  ],
  [
    'tenants and domains',
    [
      [
        'other: { issuer: https://id.other.example,',
        "other: { issuer: 'https://id.other.example', hd: [acme.example],",
      ],
    ],
    ['tightens |issuers: issuer other: only the domain (hd) acme.example is let in'],
  ],
  [
    'tokens that must be bound',
    [['jwks: discovery }\n  other', 'jwks: discovery, proof: dpop }\n  other']],
    ['tightens |issuers: issuer acme: its tokens have to be bound to a key of the client'],
  ],
  [
    'nonces in proofs',
    [['    auth: [acme]\n', '    auth: [acme]\n    dpop: { nonce: required }\n']],
    ['tightens orders|authentication: proofs need a nonce of the gateway’s'],
  ],
  [
    'tokens in queries',
    [['auth: [acme]', 'auth: [acme]\n    tokensInQuery: pass']],
    ['loosens orders|upstream: queries may bear tokens'],
  ],
  [
    'who tells where tokens are had',
    [['auth: [acme]', 'auth: [acme]\n    metadata: off']],
    ['tightens orders|replies: clients are not told where tokens are had'],
  ],
  [
    'where keys come from',
    [['jwks: discovery }\n  other', 'jwks: https://evil.example/jwks }\n  other']],
    ['loosens |issuers: issuer acme: its keys come from elsewhere (url)'],
  ],
  [
    'records',
    [['version: 1\n', 'version: 1\naudit: off\n']],
    ['loosens |records: requests are no longer recorded, which needs a restart'],
  ],
  [
    'a port',
    [['version: 1\n', 'version: 1\nadmin: { port: 9444 }\n']],
    ['changes |server: `admin` changes, which needs a restart'],
  ],
  [
    'credentials',
    [['    auth: [acme]\n', '    auth: [acme]\n    credentials: pass\n']],
    ['loosens orders|upstream: credentials go on to the upstream'],
  ],
  [
    'errors of an upstream, said of the API',
    [['    auth: [acme]\n', '    auth: [acme]\n    upstreamErrors: pass\n']],
    ['loosens orders|replies: errors of the upstream go out as they are, with all that they tell'],
  ],
  [
    'errors of an upstream, said of an operation',
    [['body: 16KiB }', 'body: 16KiB, upstreamErrors: pass }']],
    ['loosens orders POST /orders|replies: errors of the upstream go out as they are, with all that they tell'],
  ],
  [
    'leaks, said of the API, and one operation left out',
    [
      ['    auth: [acme]\n', '    auth: [acme]\n    leaks: { cards: mask }\n'],
      ['body: 16KiB }', 'body: 16KiB, leaks: off }'],
    ],
    ['tightens orders|replies: replies are looked into for what must not leave: cards mask'],
  ],
  [
    'errors of an upstream, but of one operation',
    [
      ['    auth: [acme]\n', '    auth: [acme]\n    upstreamErrors: pass\n'],
      ['body: 16KiB }', 'body: 16KiB, upstreamErrors: replace }'],
    ],
    ['loosens orders|replies: errors of the upstream go out as they are, with all that they tell'],
  ],
] as const) {
  test(`a person can judge what becomes of ${what}`, () => {
    assert.deepEqual(changesBy(...edits), expected);
  });
}

test('errors of an upstream that are replaced again tighten, and a new API that lets them pass loosens', () => {
  const passing = BASE.replace('    auth: [acme]\n', '    auth: [acme]\n    upstreamErrors: pass\n');
  const told = (from: Comparable, to: Comparable) =>
    diffConfigurations(from, to).flatMap(({ effect, message }) =>
      message.startsWith('errors of') ? [`${effect} ${message}`] : [],
    );
  assert.deepEqual(told(read(passing), read(BASE)), ['tightens errors of the upstream are replaced']);
  const next = read(passing.replace('  orders:\n', '  carts:\n'));
  const words = 'loosens errors of the upstream go out as they are, with all that they tell';
  assert.deepEqual(told(read(BASE), next), [words]);
});

test('an API that comes and one that goes are told, and an open one loosens', () => {
  const legacy = `  legacy: { routes: ['GET /old'], upstream: http://127.0.0.1:1, auth: public }\n`;
  const [without, within] = [read(BASE), read(BASE + legacy)];
  const told = (from: Comparable, to: Comparable) =>
    diffConfigurations(from, to).map(({ effect, api, operation }) => [effect, api, operation]);
  assert.deepEqual(told(without, within), [
    ['loosens', 'legacy', 'GET /old'],
    ['changes', 'legacy', null],
  ]);
  assert.deepEqual(told(within, without), [['tightens', 'legacy', null]]);
});

test('an API that answers for every host loosens', () => {
  const named = BASE.replace('    auth: [acme]\n', '    host: a.example\n    auth: [acme]\n');
  const [first] = diffConfigurations(read(named), read(BASE));
  assert.deepEqual([first?.effect, first?.about], ['loosens', 'routes']);
});

test('a new name hides nothing of what an API does without', () => {
  const lax = '    auth: [acme]\n    credentials: pass\n    securityHeaders: off\n';
  const next = BASE.replace('  orders:\n', '  carts:\n').replace('    auth: [acme]\n', lax);
  const loosening = diffConfigurations(read(BASE), read(next)).filter(({ effect }) => effect === 'loosens');
  assert.deepEqual(
    loosening.map(({ api, about }) => [api, about]),
    [
      ['carts', 'upstream'],
      ['carts', 'replies'],
    ],
  );
});

test('nor what its upstream lets out or serves more than another', () => {
  const upstream =
    'upstream: { targets: [https://127.0.0.1:3001], allowAddresses: [::1], mirror: { url: https://10.0.0.9:1 }, health: { whenAllDown: serve } }';
  const next = BASE.replace('  orders:\n', '  carts:\n').replace('upstream: https://127.0.0.1:3001', upstream);
  const loosening = diffConfigurations(read(BASE), read(next)).filter(({ effect }) => effect === 'loosens');
  assert.deepEqual(
    loosening.map(({ api, message }) => `${api}: ${message}`),
    [
      'carts: copies of 100 % of requests go to 10.0.0.9:1 (GET, HEAD, OPTIONS)',
      'carts: targets may also be at ::1',
      'carts: while all targets fail their checks, requests are served all the same',
    ],
  );
});

test('nor whose pages may call it, and what its operations let out', () => {
  const next = BASE.replace('  orders:\n', '  carts:\n')
    .replace('    auth: [acme]\n', "    auth: [acme]\n    cors: { origins: '*' }\n")
    .replace('body: 16KiB }', 'body: 16KiB, upstreamErrors: pass }');
  const loosening = diffConfigurations(read(BASE), read(next)).filter(({ effect }) => effect === 'loosens');
  assert.deepEqual(
    loosening.map(({ api, operation, message }) => [api, operation, message]),
    [
      ['carts', null, 'pages of any origin may call it and read its replies'],
      ['carts', 'POST /orders', 'errors of the upstream go out as they are, with all that they tell'],
    ],
  );
});

test('a rule of an operation is told where it is new, and where it no longer holds', () => {
  const own: readonly [string, string] = ['body: 16KiB }', "body: 16KiB, rules: [request.host == 'a'] }"];
  assert.deepEqual(changesBy(own), ["tightens orders POST /orders|validation: the rule request.host == 'a' holds"]);
  assert.deepEqual(
    diffConfigurations(read(BASE.replace(...own)), read(BASE)).map(({ effect, message }) => `${effect}: ${message}`),
    ["loosens: the rule request.host == 'a' no longer holds"],
  );
});

test('values with names are told where they are others, also by the bytes of their file', () => {
  const own = '    values: { rooms: ./rooms.txt }\n    auth: [acme]\n';
  assert.deepEqual(changesBy(['apis:', 'values: { currencies: [EUR] }\napis:'], ['    auth: [acme]\n', own]), [
    'changes |validation: the values currencies are new',
    'changes orders|validation: the values rooms are new',
  ]);
  const held = (text: string): Comparable => ({
    ...read(BASE.replace('    auth: [acme]\n', own)),
    files: { '/etc/rooms.txt': Buffer.from(text) },
  });
  assert.deepEqual(
    diffConfigurations(held('["a"]'), held('["b"]')).map(({ about, message }) => [about, message]),
    [['validation', 'apis.orders.values.rooms: the values of the file are others']],
  );
});

test('other bytes under the same name are told by what they are for, and secrets never by their value', () => {
  const text = BASE.replace('jwks: discovery }\n  other', 'jwks: ./keys.json }\n  other').replace(
    'upstream: https://127.0.0.1:3001',
    'upstream: { targets: [https://127.0.0.1:3001], ca: ./ca.pem }',
  );
  const held = (content: string): Comparable => {
    const bytes = Buffer.from(content);
    const files = { '/etc/keys.json': bytes, '/etc/ca.pem': bytes, '/etc/chain.pem': bytes };
    return { ...read(text), files, secrets: { '${env:KEY}': bytes } };
  };
  const told = diffConfigurations(held('hunter1'), held('hunter2'));
  assert.deepEqual(
    told.map(({ effect, api, message }) => [effect, api, message]),
    [
      ['loosens', null, 'issuer acme: its file holds other keys'],
      ['changes', 'orders', 'the file of the CA that vouches for the upstream has changed'],
      ['changes', null, 'the file /etc/chain.pem has changed'],
      ['changes', null, 'the secret ${env:KEY} has another value'],
    ],
  );
  assert.deepEqual(diffConfigurations(held('hunter1'), held('hunter1')), []);
  assert.deepEqual(diffConfigurations(read(text), { ...read(text), files: held('x').files }), []);
});

test('what a description says counts like what the configuration says', () => {
  const text = `version: 1\napis:\n  a: { openapi: ./o.json, upstream: http://127.0.0.1:1, auth: [x] }\nissuers:\n  x: { issuer: https://x.example, audience: a, jwks: discovery }\n`;
  const described = (scopes: readonly string[] | null, document = '{}'): Comparable => {
    const bytes = new SharedArrayBuffer(document.length);
    Buffer.from(bytes).write(document);
    const operation = {
      id: 'list',
      method: 'GET',
      template: '/l',
      deprecated: false,
      security: scopes === null ? null : [[{ scheme: 's', scopes }]],
    };
    return {
      ...read(text),
      documents: { a: bytes },
      descriptions: { a: { operations: [operation] } },
    } as unknown as Comparable;
  };
  const effects = (from: Comparable, to: Comparable) =>
    diffConfigurations(from, to).map(({ effect, about }) => `${effect} ${about}`);
  assert.deepEqual(effects(described(['r']), described(['r'])), []);
  assert.deepEqual(effects(described(['r']), described(null)), ['loosens authorization']);
  assert.deepEqual(effects(described(['r']), described([])), ['loosens authorization']);
  assert.deepEqual(effects(described(null), described(['r'])), ['tightens authorization']);
  assert.deepEqual(effects(described(null), described([])), []);
  assert.deepEqual(effects(described(['r']), described(['r'], '{ }')), ['changes validation']);
});

test('an operation that observes loosens under a new name too, and alternatives that ask for the same differ in nothing', () => {
  const side = (id: string, alternatives: readonly (readonly string[])[], validate: string): Comparable => {
    const text = `version: 1\napis:\n  a: { openapi: ./o.json, upstream: http://127.0.0.1:1, auth: [x], validate: ${validate} }\nissuers:\n  x: { issuer: https://x.example, audience: a, jwks: discovery }\n`;
    const security = alternatives.map((scopes) => [{ scheme: 's', scopes }]);
    const operation = { id, method: 'GET', template: '/l', deprecated: false, security };
    return { ...read(text), descriptions: { a: { operations: [operation] } } } as unknown as Comparable;
  };
  const messages = (from: Comparable, to: Comparable) =>
    diffConfigurations(from, to).map(({ effect, message }) => `${effect}: ${message}`);
  assert.deepEqual(messages(side('list', [['r']], 'requests'), side('listAll', [['r']], 'observe')), [
    'loosens: requests and replies that differ from the description are only recorded',
    'tightens: the operation is gone',
    'changes: the operation is new, and needs r',
  ]);
  assert.deepEqual(
    messages(side('l', [['r'], ['w']], 'requests'), side('l', [['w'], ['r'], ['r', 'w']], 'requests')),
    [],
  );
  assert.deepEqual(messages(side('l', [['r', 'w']], 'requests'), side('l', [['w'], ['r', 'w']], 'requests')), [
    'loosens: it needs w, or r and w instead of r and w',
  ]);
});

test('no more changes than anybody reads, and what loosens is never left out unsaid', () => {
  const many = (name: string): string =>
    `version: 1\napis:\n  a: { routes: [${Array.from({ length: 2_500 }, (_, at) => `'GET /${name}${at}'`).join(', ')}], upstream: http://127.0.0.1:1, auth: public }\n`;
  const changes = diffConfigurations(read(many('x')), read(many('y')));
  assert.equal(changes.length, CHANGE_LIMIT);
  assert.deepEqual([changes.at(-1)?.message, changes.at(-1)?.effect], ['3001 more changes', 'loosens']);
});

test('whatever limits are written, nothing that is looser than before goes unmarked', () => {
  const rule = fc.record({
    count: fc.integer({ min: 1, max: 50 }),
    unit: fc.constantFrom('s', 'min', 'h'),
    per: fc.constantFrom('user', 'address'),
  });
  const list = fc.uniqueArray(rule, {
    minLength: 1,
    maxLength: 3,
    selector: ({ count, unit, per }) => `${count}${unit}${per}`,
  });
  const text = (rules: readonly { count: number; unit: string; per: string }[]): string =>
    BASE.replace(
      '[100/min per user]',
      JSON.stringify(rules.map(({ count, unit, per }) => `${count}/${unit} per ${per}`)),
    );
  fc.assert(
    fc.property(list, list, (was, is) => {
      const changes = diffConfigurations(read(text(was)), read(text(is)));
      const periods = { s: 1, min: 60, h: 3_600 } as const;
      // Every old rule must have a new one that allows no more, or something is marked.
      const holds = was.every((old) =>
        is.some(
          (next) =>
            next.per === old.per &&
            next.count <= old.count &&
            next.count * periods[old.unit as 's'] <= old.count * periods[next.unit as 's'],
        ),
      );
      assert.equal(
        changes.some(({ effect }) => effect === 'loosens'),
        !holds,
      );
    }),
    { numRuns: 60 },
  );
});
