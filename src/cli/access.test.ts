import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../base/index.ts';
import type { AdminClient, GrantReport } from '../control/client.ts';
import { besideGateway, NOW_MS, runIn } from './fake-context.test.ts';

const GRANT: GrantReport = {
  ...{ id: 'g1', effect: 'deny', kind: 'subject', name: 'eve\u001b', issuer: 'acme', roles: [], permissions: [] },
  ...{ expiresAtMs: NOW_MS, reason: 'left', author: 'kim (admin)', createdAtMs: NOW_MS },
};

function gateway(answers: Partial<AdminClient> = {}) {
  const asked: unknown[] = [];
  const done = ok({ id: 'g2', everywhere: true });
  const around = besideGateway({
    grants: () => Promise.resolve(ok([GRANT])),
    addGrant: (draft, author) => (asked.push([draft, author]), Promise.resolve(done)),
    removeGrant: (id, author) => (asked.push([id, author]), Promise.resolve(done)),
    ...answers,
  });
  return { around, asked };
}

test('grants are listed, harmless on a terminal', async () => {
  const { around } = gateway();
  const { out, code } = await runIn(around, 'access', 'grants');
  assert.equal(code, 0);
  assert.match(out, /deny +all +subject eve\\u\{001b\} +acme +\d{4}-\S+Z +kim \(admin\) +left +g1/);
  assert.equal((JSON.parse((await runIn(around, 'access', 'grants', 'list', '--json')).out) as unknown[]).length, 1);
  const none = gateway({ grants: () => Promise.resolve(ok([])) });
  assert.match((await runIn(none.around, 'access', 'grants')).out, /Nothing is granted/);
});

test('a grant is asked for with all that was said, in the name of the user', async () => {
  const { around, asked } = gateway();
  const words = [
    '--issuer',
    'acme',
    '--subject',
    'ada',
    '--role',
    'a',
    '--role',
    'b',
    '--for',
    '8h',
    '--reason',
    'on call',
  ];
  const { out, code } = await runIn(around, 'access', 'grants', 'add', ...words);
  assert.deepEqual([code, out], [0, 'g2 is in force in every thread.\n']);
  const draft = { effect: 'add', kind: 'subject', issuer: 'acme', name: 'ada', reason: 'on call' };
  assert.deepEqual(asked, [
    [{ ...draft, roles: ['a', 'b'], permissions: [], all: false, forMs: 8 * 3_600_000 }, 'ada'],
  ]);
  await runIn(
    around,
    'access',
    'grants',
    'deny',
    '--issuer',
    'acme',
    '--client',
    'shop',
    '--all',
    '--reason',
    'stolen',
  );
  assert.deepEqual(asked[1], [
    {
      effect: 'deny',
      kind: 'client',
      issuer: 'acme',
      name: 'shop',
      reason: 'stolen',
      roles: [],
      permissions: [],
      all: true,
      forMs: null,
    },
    'ada',
  ]);
  const removed = await runIn(around, 'access', 'grants', 'remove', 'g1', '--author', 'bob');
  assert.deepEqual([removed.out, asked[2]], ['g2 is taken away in every thread.\n', ['g1', 'bob']]);
});

for (const [what, words, complaint] of [
  ['another thing', ['roles'], /knows no "roles"/],
  ['another action', ['grants', 'give'], /not "give"/],
  ['a removal of nothing', ['grants', 'remove'], /needs an ID/],
  ['too many words', ['grants', 'list', 'all'], /takes no more/],
  ['nobody', ['grants', 'add', '--issuer', 'a', '--role', 'r', '--reason', 'x'], /one of --subject/],
  ['two', ['grants', 'add', '--issuer', 'a', '--subject', 's', '--client', 'c', '--reason', 'x'], /one of --subject/],
  ['no issuer', ['grants', 'add', '--subject', 's', '--role', 'r', '--reason', 'x'], /--issuer NAME/],
  ['no reason', ['grants', 'add', '--issuer', 'a', '--subject', 's', '--role', 'r'], /--reason TEXT/],
  ['no time', ['grants', 'add', '--issuer', 'a', '--subject', 's', '--reason', 'x', '--for', 'ever'], /--for: /],
] as const) {
  test(`${what} is refused before anybody is asked`, async () => {
    const { around, asked } = gateway();
    const { code, complaints } = await runIn(around, 'access', ...words);
    assert.deepEqual([code, asked], [2, []]);
    assert.match(complaints, complaint);
    assert.match(complaints, /`portcullis access --help` says what there is\.\n$/);
  });
}

test('what was refused is told, and so is what is not in force everywhere yet', async () => {
  const words = ['--issuer', 'acme', '--subject', 'ada', '--role', 'a', '--reason', 'x'];
  const refusing = gateway({ addGrant: () => Promise.resolve(err('there is no role "a"')) });
  const said = await runIn(refusing.around, 'access', 'grants', 'add', ...words);
  assert.deepEqual([said.code, /nothing was changed: there is no role "a"/.test(said.complaints)], [1, true]);
  const missing = gateway({ removeGrant: () => Promise.resolve(ok(null)) });
  assert.equal((await runIn(missing.around, 'access', 'grants', 'remove', 'g9')).code, 1);
  const late = gateway({ addGrant: () => Promise.resolve(ok({ id: 'g3', everywhere: false })) });
  assert.match((await runIn(late.around, 'access', 'grants', 'add', ...words)).out, /not yet in every thread/);
});
