import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemBody } from '../../../base/index.ts';
import { ask, type Asked, issuesWith, stepsWith } from './fixtures.test.ts';

function refusal(asked: Asked, errors: 'plain' | 'helpful' = 'plain') {
  const verdict = ask(stepsWith(asked, errors), asked);
  return verdict.kind === 'deny' ? verdict : assert.fail(verdict.kind);
}

test('the record is told in words of the rule why, and clients are told nothing of it', () => {
  const why = (asked: Asked): string => refusal(asked).problem.internal ?? '';
  assert.equal(why({ deny: { d: "request.method == 'POST'" } }), 'd denies this');
  assert.equal(why({ when: { w: "request.method == 'GET'" } }), 'w is not so');
  assert.equal(why({ deny: { d: "tenant == 'evil'" } }), "d can't be worked out: there is no `tenant`");
  assert.equal(why({ deny: { d: 'principal.claims.x == 1' } }), "d can't be worked out: there is no `x`");
  const { problem } = refusal({ deny: { d: "request.method == 'POST'" } });
  assert.doesNotMatch(problemBody(problem, 'id'), /POST|denies|not today/);
});

test('a helpful refusal tells the message of the rule alone', () => {
  const deny = { d: "request.method == 'POST'" };
  const when = { w: "request.method == 'GET'" };
  assert.deepEqual(refusal({ deny, when }, 'helpful').problem.errors, [{ detail: 'not today' }]);
  assert.deepEqual(refusal({ when }, 'helpful').problem.errors, [{ detail: 'too much' }]);
});

test('a body is read only where a rule names it, and never by strangers', () => {
  assert.equal(stepsWith({ deny: { d: "request.method == 'GET'" } }).decide, undefined);
  const steps = stepsWith({ deny: { d: 'request.body.a == 1' } });
  assert.equal(steps.authorize?.reads.request, 'none');
  assert.equal(steps.decide?.reads.request, 'parsed');
});

test('what an operation does not have can’t be named, and all that is wrong is told at once', () => {
  const issues: readonly (readonly [Asked, RegExp])[] = [
    [{ deny: { d: '1 == 1' } }, /says the same of every request/],
    [{ method: 'GET', deny: { d: 'request.body.a == 1' } }, /of orders\/GET .* a GET has no body here/],
    [{ when: { w: "address.country == 'DE'" } }, /rules ask nothing of this.*deny: \{ countries: \[…\] \}/],
    [{ when: { w: "address.name == 'DE'" } }, /nothing of this name.*there is: ip/],
    [{ deny: { d: "inNetwork(address.ip, '10.0.0.1/8')" } }, /bits set behind the first 8/],
    [{ deny: { d: 'inNetwork(address.ip, principal.subject)' } }, /written out/],
    [{ deny: { d: "inNetwork(now, '10.0.0.0/8')" } }, /asked of a text/],
    [{ deny: { d: 'inNetwork(address.ip)' } }, /an address and blocks/],
    [{ when: { w: 'assurance.bound == 1' } }, /can't be asked of string and int/],
  ];
  for (const [asked, wanted] of issues) assert.match(issuesWith(asked), wanted);
  assert.equal(issuesWith({ deny: { a: 'nothing == 1', b: '1 == 1' } }).split('\n').length, 2);
});
