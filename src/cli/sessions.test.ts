import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, ok } from '../base/index.ts';
import type { AdminClient, SessionSummary } from '../control/client.ts';
import { besideGateway, NOW_MS, runIn } from './fake-context.test.ts';

const SESSION: SessionSummary = {
  ...{ id: 'h1', issuer: 'acme', subject: 'eve\u001b', refreshes: true },
  ...{ startedAt: NOW_MS, usedAt: NOW_MS, endsAt: NOW_MS },
};

function gateway(answers: Partial<AdminClient> = {}) {
  const asked: unknown[] = [];
  const around = besideGateway({
    sessions: (person) => (asked.push(person), Promise.resolve(ok([SESSION]))),
    endSessions: (which, author) => (asked.push([which, author]), Promise.resolve(ok({ ended: 2 }))),
    ...answers,
  });
  return { around, asked };
}

test('sessions are listed, harmless on a terminal', async () => {
  const { around, asked } = gateway();
  const { out, code } = await runIn(around, 'sessions');
  assert.equal(code, 0);
  assert.match(out, /eve\\u\{001b\} +acme +\d{4}-\S+Z +\d{4}-\S+Z +\d{4}-\S+Z +h1/);
  assert.equal((JSON.parse((await runIn(around, 'sessions', 'list', '--json')).out) as unknown[]).length, 1);
  await runIn(around, 'sessions', '--issuer', 'acme', '--subject', 'ada');
  assert.deepEqual(asked, [null, null, { issuer: 'acme', subject: 'ada' }]);
  const none = gateway({ sessions: () => Promise.resolve(ok([])) });
  assert.match((await runIn(none.around, 'sessions')).out, /Nobody is signed in/);
});

test('one session is ended, or all of a person, in the name of the user', async () => {
  const { around, asked } = gateway();
  const { out, code } = await runIn(around, 'sessions', 'end', '--issuer', 'acme', '--subject', 'ada');
  assert.deepEqual([code, out], [0, '2 sessions ended.\n']);
  await runIn(around, 'sessions', 'end', 'h1', '--author', 'bob');
  assert.deepEqual(asked, [
    [{ issuer: 'acme', subject: 'ada' }, 'ada'],
    [{ id: 'h1' }, 'bob'],
  ]);
});

test('what is not there, or no gateway that answers, is told and is exit code 1', async () => {
  const none = gateway({ endSessions: () => Promise.resolve(ok({ ended: 0 })) });
  const { code, complaints } = await runIn(none.around, 'sessions', 'end', 'h9');
  assert.equal(code, 1);
  assert.match(complaints, /no such session/);
  const silent = gateway({ sessions: () => Promise.resolve(err('no answer in time')) });
  assert.equal((await runIn(silent.around, 'sessions')).code, 1);
});

for (const [what, words, told] of [
  ['half a person', ['--subject', 'ada'], /--issuer and --subject/],
  ['another action', ['begin'], /not "begin"/],
  ['nothing to end', ['end'], /needs a SESSION/],
  ['both', ['end', 'h1', '--issuer', 'a', '--subject', 'b'], /either one session/],
  ['a session to list', ['list', 'h1'], /takes no session/],
  ['too many words', ['end', 'h1', 'h2'], /no more/],
] as const) {
  test(`${what} is told, and is exit code 2`, async () => {
    const { around, asked } = gateway();
    const { code, complaints } = await runIn(around, 'sessions', ...words);
    assert.equal(code, 2);
    assert.match(complaints, told);
    assert.deepEqual(asked, []);
  });
}
