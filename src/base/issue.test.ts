import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorIssue, formatIssue } from './issue.ts';

const place = { file: 'portcullis.yaml', line: 12, column: 5 };

test('an issue is one line that says where, what and how to mend it', () => {
  assert.equal(
    formatIssue(errorIssue('apis.orders.auth', 'is missing', { place, fix: 'name an issuer, or public' })),
    'portcullis.yaml:12:5 apis.orders.auth: is missing (name an issuer, or public)',
  );
});

test('what an issue does not have leaves no trace in its line', () => {
  assert.equal(formatIssue(errorIssue('apis', 'is empty')), 'apis: is empty');
  assert.equal(formatIssue(errorIssue('', 'is not YAML', { place })), 'portcullis.yaml:12:5 is not YAML');
  assert.equal(formatIssue(errorIssue('', 'no')), 'no');
});

test('an error issue stops compilation and has neither place nor fix unless given', () => {
  assert.deepEqual(errorIssue('a', 'b'), { severity: 'error', path: 'a', place: null, message: 'b', fix: null });
});
