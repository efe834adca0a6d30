import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Configured, configuredOf } from '../config/compiled.ts';
import { rightsCells } from './coverage-rights.ts';
import { gatheredOf } from './fixture.test.ts';
import { kindTable } from './kind-table.ts';

const TEXT = `deny:
  - { id: late, when: 'now.getHours() > 18' }
  - { id: them, when: 'principal.subject == "mallory"' }
issuers: { acme: { issuer: https://id.example, audience: a, jwks: discovery } }
apis:
  a:
    routes: ['GET /x/{id}', 'GET /y', 'GET /open']
    upstream: http://127.0.0.1:3001
    auth: [acme]
    operations:
      GET /open: { auth: public }
      GET /x/{id}:
        deny: [{ id: first, when: 'params.id == "1"', mode: observe }]
        when: ['params.id != "2"', 'params.id != "3"']
        object: 'params.id == principal.subject'
        fields:
          default: ['*']
        accepts: { default: [id] }
        observe: [object, accepts, needs]
        needs: a:b
`;

function told(operation: string): readonly string[] {
  const { config, place }: Configured = configuredOf(gatheredOf(TEXT, kindTable([])));
  const [api] = config.apis;
  assert.ok(api !== undefined);
  const lineOf = (path: string): string | null => String(place(path)?.line ?? 'nowhere');
  const cells = rightsCells({ api, own: api.operations[operation] ?? null, config, lineOf });
  return cells.map(({ aspect, holds, open, from }) => {
    assert.equal(aspect, 'authorization');
    return `${holds}${open ? '!' : ''} ${from}`;
  });
}

test('rules, objects and fields are told with their lines, and what only observes is open', () => {
  assert.deepEqual(told('GET /x/{id}'), [
    'denied by 2 rules 3',
    '1 rule that only observes! 14',
    'when 2 conditions 15',
    'a rule on the object, only observed! 16',
    'all fields of replies for everybody! 17',
    'fields of requests by role, only observed! 19',
    'needs only observed! 20',
  ]);
});

test('an operation of which nothing is said has the rules of its gateway alone', () => {
  assert.deepEqual(told('GET /y'), ['denied by 2 rules 3']);
});

test('a rule that names the caller is not told where nobody is known, since it is not asked there', () => {
  assert.deepEqual(told('GET /open'), ['denied by 1 rule 3']);
});
