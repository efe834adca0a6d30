import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ListEntries, ListMaterial, type ListRules } from '../../../lists/index.ts';
import type { Exchange } from '../../exchange.ts';
import type { CompileAt, Sources, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import type { ClaimValue } from '../../principal.ts';
import type { Verdict } from '../../verdict.ts';
import type { ListsConfig } from './config.ts';
import bypass from './golden/bypass.json' with { type: 'json' };
import passing from './golden/passing.json' with { type: 'json' };
import refused from './golden/refused.json' with { type: 'json' };
import { createListsKind } from './kind.ts';

interface Golden {
  readonly name: string;
  readonly operation?: string;
  readonly facts?: {
    readonly address?: string;
    readonly host?: string;
    readonly method?: string;
    readonly origins?: readonly string[] | null;
  };
  readonly claims?: Readonly<Record<string, ClaimValue>> | null;
  readonly verdict: string;
}

const NONE: Omit<ListRules, 'path'> = {
  addresses: null,
  except: null,
  countries: null,
  asns: null,
  reverseNames: null,
  hosts: null,
  origins: null,
  mailDomains: null,
  methods: null,
};

const entries = (...texts: readonly string[]): ListEntries => ({ entries: texts, files: [] });

const CONFIG: ListsConfig = {
  node: { deny: { ...NONE, mailDomains: entries('temp.example'), path: 'deny' }, allow: null },
  own: {
    deny: {
      ...NONE,
      addresses: entries('203.0.113.0/24', '2001:db8:bad::/48', '192.0.2.66'),
      except: entries('203.0.113.9'),
      hosts: entries('*.old.example'),
      origins: entries('https://evil.example', 'null'),
      methods: ['PATCH'],
      path: 'apis.orders.deny',
    },
    allow: {
      ...NONE,
      addresses: entries('192.0.2.0/24', '203.0.113.0/24', '2001:db8:1::/48'),
      path: 'apis.orders.allow',
    },
  },
  operations: {
    till: {
      deny: null,
      allow: { ...NONE, addresses: entries('192.0.2.8'), path: 'apis.orders.operations.till.allow' },
    },
    mail: {
      deny: null,
      allow: { ...NONE, mailDomains: entries('acme.example'), path: 'apis.orders.operations.mail.allow' },
    },
  },
  geo: { country: null, asn: null },
};

const kind = createListsKind();
const lists = new ListMaterial({ files: {}, live: null, names: null });

function stepsOf(name: string, config: ListsConfig = CONFIG): Steps {
  const at = { operations: [{ id: `orders/${name}`, name } as Operation] } as unknown as CompileAt;
  const compiled = kind.compile(config, at, { lists } as unknown as Sources);
  assert.ok(compiled.ok);
  return compiled.value.get(`orders/${name}`) ?? assert.fail('no steps');
}

function judged({ operation = 'list', facts = {}, claims }: Golden): string {
  const { admit, authorize } = stepsOf(operation);
  const { address = '192.0.2.1', host = 'api.example', method = 'GET', origins = null } = facts;
  const request = {
    ...{ peer: { address }, host, method },
    headers: { has: () => origins !== null, all: () => origins ?? [] },
  };
  const principal = claims === null || claims === undefined ? null : { claims };
  const exchange = { request, principal } as unknown as Exchange;
  for (const step of [admit, authorize]) {
    const verdict = step?.run(exchange) as Verdict | undefined;
    if (verdict?.kind === 'deny') return `${verdict.problem.code} ${verdict.rule}`;
  }
  return 'pass';
}

for (const [file, list] of Object.entries({ passing, refused, bypass }) as [string, readonly Golden[]][])
  for (const golden of list) test(`${file}: ${golden.name}`, () => assert.equal(judged(golden), golden.verdict));

test('operations without lists get no step, and those of one API share its gate', () => {
  assert.deepEqual(stepsOf('list', { ...CONFIG, node: null, own: null, operations: {} }), {});
  assert.equal(stepsOf('list', { ...CONFIG, node: null }).authorize, undefined);
  assert.equal(stepsOf('list').admit?.standing, true, 'streams that stand are judged by it again');
});
