import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createIssueLog, quoted } from './issue-log.ts';

test('each issue stands with its pointer and its place', () => {
  const log = createIssueLog((pointer) => ({ file: 'api.yaml', line: pointer.length, column: 1 }));
  log.error('/paths', 'must be an object', 'write one');
  log.warn('/info', 'has no title');
  assert.deepEqual(log.finish(), {
    failed: true,
    issues: [
      {
        severity: 'error',
        path: '/paths',
        place: { file: 'api.yaml', line: 6, column: 1 },
        message: 'must be an object',
        fix: 'write one',
      },
      {
        severity: 'warning',
        path: '/info',
        place: { file: 'api.yaml', line: 5, column: 1 },
        message: 'has no title',
        fix: null,
      },
    ],
  });
});

test('warnings alone are no failure', () => {
  const log = createIssueLog(() => null);
  log.warn('', 'told');
  assert.equal(log.finish().failed, false);
});

test('a flood is cut off and counted, and warnings never crowd out errors', () => {
  const log = createIssueLog(() => null);
  for (let count = 0; count < 5000; count += 1) log.warn('', 'again');
  log.error('/last', 'the one that matters');
  const { issues, failed } = log.finish();
  assert.equal(failed, true);
  assert.equal(issues.length, 1002);
  assert.equal(issues[1000]?.path, '/last');
  assert.match(issues[1001]?.message ?? '', /4000 more/);
  assert.equal(issues[1001]?.severity, 'warning');
});

test('quoted text is short and on one line', () => {
  assert.equal(quoted('a'), '`a`');
  assert.equal(quoted('a\n\u001b[31mb'), '`a��[31mb`');
  assert.ok(quoted('x'.repeat(10_000)).length < 130);
});
