import assert from 'node:assert/strict';
import { test } from 'node:test';
import { err, errorIssue, ok } from '../base/index.ts';
import type { AdminClient } from '../control/client.ts';
import { besideGateway, FOLDER, NOW_MS, runIn, type Surroundings } from './fake-context.test.ts';

const STATUS = { configuration: `${FOLDER}/portcullis.yaml`, revision: 4 };

function running(answers: Partial<AdminClient>): Surroundings {
  const status = () => Promise.resolve(ok(STATUS)) as unknown as ReturnType<AdminClient['status']>;
  const around = besideGateway({ status, ...answers });
  around.files.put(`${FOLDER}/next.yaml`, 'version: 1\n');
  return around;
}

test('apply sends the text in the name of the user, or of whoever --author names', async () => {
  const sent: string[] = [];
  const around = running({
    apply: (text, author) => {
      sent.push(`${author}: ${Buffer.from(text).toString()}`);
      return Promise.resolve(ok({ revision: 5 }));
    },
  });
  const { code, out } = await runIn(around, 'apply', 'next.yaml');
  assert.deepEqual([code, out], [0, 'Revision 5 is in force, and in the configuration file.\n']);
  assert.deepEqual(JSON.parse((await runIn(around, 'apply', 'next.yaml', '--json')).out), { revision: 5 });
  await runIn(around, 'apply', 'next.yaml', '--author', `bob\u0007${'x'.repeat(200)}`);
  assert.deepEqual(sent.slice(0, 2), ['ada: version: 1\n', 'ada: version: 1\n']);
  assert.equal(sent[2], `bob?${'x'.repeat(96)}: version: 1\n`);
});

test('a text that was refused is told at its own lines, and exits 2', async () => {
  const place = { file: STATUS.configuration, line: 7, column: 5 };
  const elsewhere = { file: '/docs/o.yaml', line: 1, column: 1 };
  const issues = [errorIssue('apis.a', 'is wrong', { place }), errorIssue('x', 'is wrong', { place: elsewhere })];
  const refusing = { apply: () => Promise.resolve(err(issues)), diff: () => Promise.resolve(err(issues)) };
  for (const verb of ['apply', 'diff']) {
    const { code, complaints } = await runIn(running(refusing), verb, 'next.yaml');
    assert.equal(code, 2);
    assert.match(complaints, /^next\.yaml:7:5 error apis\.a\n/);
    assert.match(complaints, /^\/docs\/o\.yaml:1:1/m);
    assert.match(complaints, /refused: 2 errors\. The old one stays/);
  }
});

test('a file that can not be read or is too large is told before anybody is asked', async () => {
  const { code, complaints } = await runIn(running({}), 'apply', 'missing.yaml');
  assert.deepEqual([code, /missing\.yaml can't be read/.test(complaints)], [2, true]);
  assert.equal((await runIn(running({}), 'apply', '~/x')).code, 2);
  assert.equal((await runIn(running({}), 'apply')).code, 2);
  assert.equal((await runIn(running({}), 'diff', 'missing.yaml')).code, 2);
});

test('rollback asks for the one before, or for a number, and for nothing else', async () => {
  const asked: (number | null)[] = [];
  const around = running({
    rollback: (revision) => (asked.push(revision), Promise.resolve(ok({ revision: 5 }))),
  });
  assert.match((await runIn(around, 'rollback')).out, /^Revision 5 is in force.*\.rejected\)\.\n$/);
  assert.equal((await runIn(around, 'rollback', '3')).code, 0);
  for (const odd of ['x', '0', '-1', '1.5', '1e3', '3 ']) {
    assert.equal((await runIn(around, 'rollback', '--', odd)).code, 2, odd);
  }
  assert.equal((await runIn(around, 'rollback', '1', '2')).code, 2);
  assert.equal((await runIn(around, 'rollback', '1', '--list')).code, 2);
  assert.deepEqual(asked, [null, 3]);
});

test('rollback --list shows the history and which one is in force', async () => {
  const entry = (revision: number, outcome: 'installed' | 'refused', author: string) => ({
    revision,
    outcome,
    author,
    at: NOW_MS,
    hash: 'ab'.repeat(32),
  });
  const list = [entry(5, 'refused', 'eve\u001b[2J'), entry(4, 'installed', 'ada (admin)')];
  const around = running({ revisions: () => Promise.resolve(ok(list)) });
  assert.deepEqual((await runIn(around, 'rollback', '--list')).out.split('\n'), [
    '  5  refused    2026-11-21T12:00:00.000Z  abababababab  eve\\u{001b}[2J',
    '* 4  installed  2026-11-21T12:00:00.000Z  abababababab  ada (admin)',
    '',
  ]);
  assert.equal((JSON.parse((await runIn(around, 'rollback', '--list', '--json')).out) as unknown[]).length, 2);
  const mute = running({ revisions: () => Promise.resolve(err('no answer in time')) });
  assert.equal((await runIn(mute, 'rollback', '--list')).code, 1);
});

test('diff marks what loosens, and its exit code says whether anything differs', async () => {
  const wanted: unknown[] = [];
  const changes = [
    { api: 'a', operation: 'GET /x', about: 'limits', effect: 'loosens', message: 'the limit\u0007 is gone' },
    { api: null, operation: null, about: 'roles', effect: 'tightens', message: 'less' },
    { api: 'a', operation: null, about: 'upstream', effect: 'changes', message: 'other' },
  ] as const;
  let answer: readonly (typeof changes)[number][] = changes;
  const around = running({
    diff: (of) => (wanted.push(typeof of === 'number' ? of : Buffer.from(of).toString()), Promise.resolve(ok(answer))),
  });
  const { code, out } = await runIn(around, 'diff', 'next.yaml');
  assert.equal(code, 1);
  assert.deepEqual(out.split('\n'), [
    '!  a GET /x  limits    the limit\\u{0007} is gone',
    '+            roles     less',
    '~  a         upstream  other',
    '',
    '3 changes, 1 loosens the protection.',
    '',
  ]);
  assert.deepEqual(JSON.parse((await runIn(around, 'diff', '7', '--json')).out), { changes });
  answer = [];
  const same = await runIn(around, 'diff');
  assert.deepEqual([same.code, same.out], [0, 'Nothing would change.\n']);
  assert.deepEqual([wanted.slice(0, 2), String(wanted[2]).startsWith('version: 1')], [['version: 1\n', 7], true]);
  assert.equal((await runIn(around, 'diff', 'a', 'b')).code, 2);
});

test('where nobody answers, that is a finding', async () => {
  const around = running({
    apply: () => Promise.resolve(err('no answer in time')),
    rollback: () => Promise.resolve(err('no answer in time')),
    diff: () => Promise.resolve(err('no answer in time')),
  });
  for (const argv of [['apply', 'next.yaml'], ['rollback'], ['diff']] as const) {
    const { code, complaints } = await runIn(around, ...argv);
    assert.deepEqual([code, /can't be asked: no answer in time/.test(complaints)], [1, true], argv[0]);
  }
});
