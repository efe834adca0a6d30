import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, formatIssue, ok } from '../base/index.ts';
import { createGraphqlKind, type PolicyKind } from '../policy/index.ts';
import type { Comparable } from './config-change.ts';
import { diffConfigurations } from './diff.ts';
import { gather } from './gather.ts';
import type { GatherOptions } from './gather-work.ts';
import { parseConfig } from './parse.ts';

const FILE = '/etc/p/portcullis.yaml';
const KINDS = [createGraphqlKind() as unknown as PolicyKind<unknown>];
const SCHEMA =
  'type Query { orders(first: Int): [Order] }\ntype Order { id: ID! owner: User }\ntype User { mail: String }';

const configuration = (graphql: string, more = "routes: ['POST /graphql']"): string => `version: 1
issuers: { acme: { issuer: 'https://id.acme.example', audience: a, jwks: ./keys.json } }
roles: { developer: { can: [read] } }
apis:
  shop:
    upstream: http://127.0.0.1:3001
    auth: [acme]
    graphql: ${graphql}
    ${more}
`;

async function issuesOf(text: string, files: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  const all: Readonly<Record<string, string>> = { 'schema.graphql': SCHEMA, ...files };
  const parsed = parseConfig(text, { file: FILE, kinds: KINDS });
  if (!parsed.ok) return parsed.error.map(formatIssue);
  const read = async (path: string) => {
    const found = all[path.replace('/etc/p/', '')];
    return found === undefined ? err({ reason: 'missing', detail: '' }) : ok(Buffer.from(found));
  };
  const gathered = await gather(parsed.value, { files: { read }, revision: 1 } as unknown as GatherOptions);
  return gathered.ok ? [] : gathered.error.map(formatIssue);
}

const PLAIN = '{ schema: ./schema.graphql }';
const operations = (text: string): string => `routes: ['POST /graphql', 'GET /graphql']\n    operations: { ${text} }`;

test('what is sound has no issue', async () => {
  for (const text of [
    configuration(PLAIN),
    configuration('{ schema: ./schema.graphql, cost: off, introspection: [developer], batch: 5, depth: 3 }'),
    configuration(
      '{ schema: ./schema.graphql, cost: { fields: { Query.orders: { cost: 3, multipliers: [first] } } } }',
    ),
    configuration(
      PLAIN,
      operations(
        'Query.orders: { needs: read, limit: 5/min per user, rules: [\'principal.subject != "x"\'] }, User.mail: { needs: read }, POST /graphql: { body: 1KiB }',
      ),
    ),
    configuration(PLAIN, "routes: ['POST /graphql']\n    errors: helpful"),
  ]) {
    assert.deepEqual(await issuesOf(text), [], text);
  }
});

/** A configuration, what it is told, and the files beside it. */
const WRONG: readonly (readonly [text: string, words: RegExp, files?: Readonly<Record<string, string>>])[] = [
  [configuration('{}'), /yaml:8:\d+ apis\.shop\.graphql/],
  [configuration('{ schema: ./schema.graphql, depth: 0 }'), /graphql\.depth: expected a whole number from 1 to 100/],
  [configuration('{ schema: ./schema.graphql, aliasses: 3 }'), /did you mean "aliases"/],
  [
    configuration('{ schema: ./schema.graphql, only: persisted }'),
    /graphql\.only: no document would be taken \(name the file/,
  ],
  [
    configuration('{ schema: ./schema.graphql, introspection: [developr] }'),
    /introspection\[0\]: there is no role of this name \(did you mean "developer"\?\)/,
  ],
  [configuration('{ schema: ./schema.graphql, introspection: maybe }'), /expected off, on or a list of roles/],
  [
    configuration('{ schema: ./schema.graphql, cost: { fields: { orders: { cost: 1 } } } }'),
    /a field is called by its type and its name/,
  ],
  [
    configuration('{ schema: ./schema.graphql, cost: { fields: { Query.order: { cost: 1 } } } }'),
    /the schema has no field Query\.order \(did you mean "Query\.orders"\?\)/,
  ],
  [
    configuration('{ schema: ./schema.graphql, cost: { fields: { Query.orders: { multipliers: [last] } } } }'),
    /Query\.orders has no argument that is called like one of its multipliers/,
  ],
  [
    configuration(PLAIN, "routes: ['POST /graphql', 'GET /health', 'PUT /graphql']"),
    /routes\[2\]: GraphQL is asked by POST and by GET/,
  ],
  [configuration(PLAIN, "routes: ['* /{rest...}']"), /routes\[0\]: GraphQL is asked by POST and by GET/],
  [configuration(PLAIN, 'openapi: ./orders.json'), /GraphQL is spoken at routes that are written by hand/],
  [
    configuration(PLAIN, operations('Query.order: { needs: read }')),
    /yaml:10:\d+ .*the schema has no field of this name \(did you mean "Query\.orders"\?\)/,
  ],
  [configuration(PLAIN, operations('orders: { needs: read }')), /the API has no operation of this name/],
  [
    configuration(PLAIN, operations('Query.orders: { auth: public }')),
    /a field has `needs`, `when`, `limit` and `rules` of its own/,
  ],
  [configuration(PLAIN, operations('Query.orders: { body: 1KiB }')), /body: a field has/],
  [
    configuration(PLAIN, operations('GET /graphql: { websocket: on }')),
    /websocket: what is asked of GraphQL over WebSocket is not judged/,
  ],
  [
    configuration(PLAIN, operations('GET /graphql: { fields: { default: [id] } }')),
    /fields: members of GraphQL replies are called what clients like/,
  ],
  [configuration('{ schema: ./none.graphql }'), /apis\.shop\.graphql/],
  [
    configuration(PLAIN),
    /schema\.graphql:2:\d+ apis\.shop\.graphql\.schema: the schema: .*Expected Name/,
    { 'schema.graphql': 'type Query {\n a: }' },
  ],
  [configuration(PLAIN), /Unknown type "Nothing"/, { 'schema.graphql': 'type Query { a: Nothing }' }],
  [
    configuration('{ schema: ./schema.graphql, operations: ./list.json }'),
    /list\.json:1:1 .*is no JSON/,
    { 'list.json': 'x' },
  ],
  [
    configuration('{ schema: ./schema.graphql, operations: ./list.json }'),
    /the document [0-9a-f]{12} would be refused: Cannot query field "nothing"/,
    { 'list.json': '{"a":"{ nothing }"}' },
  ],
  [
    configuration('{ schema: ./schema.graphql, operations: ./list.json, depth: 1 }'),
    /would be refused: fields stand more than 1 deep/,
    { 'list.json': '{"a":"{ orders { id } }"}' },
  ],
];

test('what is wrong is told where it stands, with what to do', async () => {
  for (const [text, words, files] of WRONG) {
    const issues = (await issuesOf(text, files)).join('\n');
    assert.match(issues, words, text);
  }
});

function comparable(graphql: string | null): Comparable {
  const text = configuration(graphql ?? PLAIN).replace(graphql === null ? `graphql: ${PLAIN}` : '\0', '');
  const parsed = parseConfig(text, { file: FILE, kinds: KINDS });
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error.map(formatIssue).join('\n'));
  return { config: parsed.value.config, descriptions: {}, documents: {}, files: {}, secrets: {} };
}

test('what lets more pass is told as such, and what lets less as well', () => {
  const with_ = (more: string): string => `{ schema: ./schema.graphql${more} }`;
  const cases: readonly (readonly [from: string | null, to: string | null, told: readonly string[]])[] = [
    [PLAIN, PLAIN, []],
    [PLAIN, null, ['loosens requests of GraphQL are no longer judged']],
    [null, PLAIN, ['tightens requests are judged as GraphQL']],
    [null, with_(', cost: off'), ['loosens GraphQL: costs are not counted', 'tightens requests are judged as GraphQL']],
    [PLAIN, with_(', depth: 20'), ['loosens GraphQL: 20 fields within each other may be asked for, not 10']],
    [with_(', batch: 4'), PLAIN, ['tightens GraphQL: 1 operations may be sent together, not 4']],
    [PLAIN, with_(', introspection: on'), ['loosens GraphQL: everybody may ask for the schema']],
    [with_(', introspection: [developer]'), PLAIN, ['tightens GraphQL: nobody may ask for the schema']],
    [PLAIN, with_(', subscriptions: pass'), ['loosens GraphQL: subscriptions pass']],
    [PLAIN, with_(', errors: pass'), ['loosens GraphQL: errors go out with all that they tell']],
    [PLAIN, with_(', cost: off'), ['loosens GraphQL: costs are no longer counted']],
    [PLAIN, with_(', cost: { limit: 2000 }'), ['loosens GraphQL: a request may cost 2000 instead of 1000']],
    [PLAIN, with_(', cost: { list: 5 }'), ['changes GraphQL: fields cost otherwise']],
    [
      with_(', operations: ./a.json, only: persisted'),
      with_(', operations: ./a.json'),
      ['loosens GraphQL: documents pass that are not known'],
    ],
    [PLAIN, '{ schema: ./other.graphql }', ['changes GraphQL: another file has the schema']],
  ];
  for (const [from, to, told] of cases) {
    const changes = diffConfigurations(comparable(from), comparable(to)).map(
      ({ effect, message }) => `${effect} ${message}`,
    );
    assert.deepEqual(changes, told, `${from} to ${to}`);
  }
});
