import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemBody } from '../../../base/index.ts';
import { ask, issuesWith, stepsWith, written } from './fixtures.test.ts';

const RULES = written(
  ['request.body.start < request.body.end', 'the end lies behind the start'],
  'request.body.start > 0',
  ['request.body.currency in values.currencies', 'pay in EUR or USD'],
);

test('a helpful refusal tells the messages of all that is not met, and nothing of conditions or values', () => {
  const verdict = ask(stepsWith(RULES, 'putOrder', 'helpful'), { body: '{"start":0,"end":0,"currency":"hunter2"}' });
  assert.ok(verdict.kind === 'deny');
  assert.equal(verdict.rule, 'rules[0]');
  assert.deepEqual(verdict.problem.errors, [
    { detail: 'the end lies behind the start' },
    { detail: 'pay in EUR or USD' },
  ]);
  assert.doesNotMatch(problemBody(verdict.problem, 'id'), /hunter2|request\.body|values/);
});

test('a plain refusal tells only that a rule is not met', () => {
  const verdict = ask(stepsWith(RULES), { body: '{"start":0,"end":0}' });
  assert.ok(verdict.kind === 'deny');
  assert.equal(verdict.problem.errors, undefined);
  assert.equal(verdict.problem.detail, undefined);
});

test('explain is told why, in words of the condition alone', () => {
  const why = (rule: string, body: string): string => {
    const verdict = ask(stepsWith(written(rule)), { body });
    return verdict.kind === 'deny' ? (verdict.problem.internal ?? '') : verdict.kind;
  };
  assert.equal(why('request.body.start < 5', '{"hunter2":1}'), 'rules[0] there is no `start`');
  assert.equal(why('request.body.start < 5', '{"start":"hunter2"}'), 'rules[0] `<` wants two numbers, or two texts');
  assert.equal(why('request.body.start < 5', '{"start":7}'), 'rules[0] is not so');
  assert.equal(why('request.body.start', '{"start":7}'), 'rules[0] is neither true nor false');
});

test('a number is on a list by what it is worth, whatever its kind', () => {
  for (const rule of ['request.body.a', 'double(request.body.a)', 'request.body.b + request.body.b'])
    assert.equal(ask(stepsWith(written(`${rule} in values.sizes`)), { body: '{"a":1,"b":0.5}' }).kind, 'pass', rule);
  for (const value of ['2', '"1"', 'true', 'null', '[1]', '{}'])
    assert.equal(ask(stepsWith(written('request.body in values.sizes')), { body: value }).kind, 'deny', value);
});

test('many conditions cost a request no more than one may', () => {
  const dear = (least: number): string => `request.body.list.all(each, each + each + each > ${least})`;
  const body = JSON.stringify({ list: Array.from({ length: 10_000 }, () => 7) });
  const rules = written(...Array.from({ length: 10 }, (_, least) => dear(least)));
  assert.equal(ask(stepsWith(written(dear(0))), { body }).kind, 'pass');
  const verdict = ask(stepsWith(rules), { body });
  assert.match(verdict.kind === 'deny' ? (verdict.problem.internal ?? '') : verdict.kind, /^rules\[[1-9]\] /);
});

test('a body is read only where a condition names it, and what names none is asked first', () => {
  const head = stepsWith(written('request.params.id < 100')).decide;
  assert.equal(head?.reads.request, 'none');
  const both = stepsWith(written('request.params.id < 100', 'request.body.a == 1')).decide;
  assert.equal(both?.reads.request, 'parsed');
  assert.ok(both.head !== undefined);
  assert.equal(stepsWith(written('request.body.a == 1')).decide?.head, undefined);
  const bracketed = stepsWith(written('request["body"].a == 1'));
  assert.equal(bracketed.decide?.reads.request, 'parsed');
  assert.equal(ask(bracketed, { body: '{"a":1}' }).kind, 'pass');
});

test('an operation without conditions gets no step', () => {
  assert.deepEqual(stepsWith([], 'getOrder'), {});
});

test('what an operation does not have can’t be named', () => {
  const issues: readonly (readonly [string, RegExp, string?])[] = [
    [
      'request.query.form == 1',
      /character 15: `request.query.form`: the description has no such parameter .*did you mean "from"/,
      'getOrder',
    ],
    ['request.cookies.other == ""', /no such parameter/, 'getOrder'],
    ['request.params.ids == 5', /no such parameter.*did you mean "id"/],
    ['request.bdy.x == 1', /there is nothing of this name.*did you mean "body"/],
    ['body.x == 1', /there is nothing called `body`/],
    ['request.body.x in values.currency', /`values.currency`: there is nothing of this name/],
    ['request.query["na" + "me"] == ""', /a name in `request.query` is written out/, 'getOrder'],
    ['size(request.query) < 5', /`request.query` is no value itself/, 'getOrder'],
    ['has(request.query)', /asks for a value/, 'getOrder'],
    ['request.method == 5', /can't be asked of string and int/],
    ['request.method in values.quantity', /a range holds numbers/],
    ['5 in values.currencies && request.method != ""', /the list holds string, and this is int/],
    ['values.quantity == 5 || request.body.a', /is a range/],
    ['request.body.a == 1', /a GET has no body here/, 'getOrder'],
    ['request["body"].a == 1', /a GET has no body here/, 'getOrder'],
    ['1 == 1', /says the same of every request/],
    ['[1].all(request, request == 1)', /says the same of every request/],
    ['request.body.a + 1', /a condition is true or false, and this is int/],
    ['request.body.a.matches(request.body.b)', /one pattern, which is written out/],
    ['request.body.a.matches("(?i)a")', /this pattern has/],
    ['request.params.name == ""', /the path has no parameter of this name/, 'POST /plain/{id}'],
  ];
  for (const [rule, wanted, operation] of issues) assert.match(issuesWith(written(rule), operation), wanted, rule);
});

test('all that is wrong is told at once', () => {
  const issues = issuesWith(written('request.body.a == 1 && request.nothing', 'nothing == 1 || something'));
  assert.equal(issues.split('\n').length, 3);
});

test('of a route without a description all but the path is text, and need not be known', () => {
  const steps = stepsWith(
    written('request.query.q == "1" && request.headers.accept == "a" && request.params.id == "7"'),
    'POST /plain/{id}',
  );
  assert.equal(ask(steps, { query: 'q=1', headers: [['accept', 'a']] }).kind, 'pass');
  assert.equal(ask(steps, { query: 'q=1&q=1', headers: [['accept', 'a']] }).kind, 'deny');
  assert.equal(ask(steps, { query: 'q=%zz', headers: [['accept', 'a']] }).kind, 'deny');
});
