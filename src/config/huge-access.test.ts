import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatIssue } from '../base/index.ts';
import { createRoleTable } from '../policy/index.ts';
import { parseConfig } from './parse.ts';

const API =
  'apis: { a: { routes: [POST /x], upstream: "http://127.0.0.1:3001", auth: [acme], operations: { POST /x: { %s } } } }';
const HEAD = 'version: 1\nissuers: { acme: { issuer: https://id.acme.example, audience: api } }\n';

function read(roles: string, own = 'needs: p'): ReturnType<typeof parseConfig> {
  return parseConfig(`${HEAD}roles: ${roles}\n${API.replace('%s', own)}\n`, { file: '/p.yaml', kinds: [] });
}

function issuesOf(read: ReturnType<typeof parseConfig>): readonly string[] {
  return read.ok ? [] : read.error.map(formatIssue);
}

function many(count: number, role: (at: number) => string): string {
  return `{ ${Array.from({ length: count }, (_, at) => `r${at}: ${role(at)}`).join(', ')} }`;
}

const ISSUES_LIMIT = 200;

test('100,000 roles are refused by their bytes, before anything is read of them', () => {
  const issues = issuesOf(read(many(100_000, () => '{}')));
  assert.equal(issues.length, 1);
  assert.match(issues[0] ?? '', /is larger than 1024 KiB/);
});

test('more roles than are read are refused in one issue', () => {
  const issues = issuesOf(read(many(20_000, () => '{}')));
  assert.ok(issues.length >= 1 && issues.length <= ISSUES_LIMIT, issues.slice(0, 3).join('\n'));
});

test('a thousand roles in a chain, in a ring, and that all include all, come to an end', () => {
  const count = 1_000;
  assert.deepEqual(issuesOf(read(many(count, (at) => (at === 0 ? '{ can: [p] }' : `{ includes: [r${at - 1}] }`)))), []);
  const ring = issuesOf(read(many(count, (at) => `{ includes: [r${(at + 1) % count}] }`)));
  assert.ok(ring.length >= 1 && ring.length <= ISSUES_LIMIT);
  assert.match(ring.join('\n'), /these roles include each other/);
  const dense = 100;
  const all = Array.from({ length: dense }, (_, at) => `r${at}`);
  const web = issuesOf(
    read(many(dense, (at) => `{ includes: [${all.filter((name) => name !== `r${at}`).join(', ')}] }`)),
  );
  assert.ok(web.length >= 1 && web.length <= ISSUES_LIMIT);
});

test('lists of fields have bounds on roles, entries and depth', () => {
  const bounded = (own: string): string => issuesOf(read('{ r: { can: [p] } }', own)).join('\n');
  const roles = Array.from({ length: 1_001 }, (_, at) => `r${at}: [x]`).join(', ');
  assert.match(bounded(`accepts: { default: [], ${roles} }`), /at most 1000 roles are read/);
  const entries = Array.from({ length: 1_001 }, (_, at) => `f${at}`).join(', ');
  assert.match(bounded(`accepts: { default: [${entries}] }`), /accepts\.default/);
  const deep = Array.from({ length: 33 }, () => 'a').join('.');
  assert.match(bounded(`accepts: { default: [${deep}] }`), /32 deep at most/);
  assert.match(bounded(`accepts: { default: [${'a'.repeat(257)}] }`), /256 characters at most/);
});

test('with a thousand roles as with ten a caller’s rights are one set, found once', () => {
  for (const count of [10, 1_000]) {
    const roles = Array.from({ length: count }, (_, at) => ({
      ...{ name: `r${at}`, can: [`p${at}`], includes: at === 0 ? [] : [`r${at - 1}`] },
    }));
    const table = createRoleTable(roles, []);
    const held = [`r${count - 1}`];
    assert.equal(table.permissionsOf(held), table.permissionsOf([...held]));
    assert.equal(table.rolesOf(held), table.rolesOf([...held]));
    assert.equal(table.rolesOf(held).size, count);
  }
});
