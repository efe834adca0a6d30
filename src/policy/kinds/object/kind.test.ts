import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplyView } from '../../exchange.ts';
import { exchangeOf, GET, issuesWith, judged, stepsWith, type Written } from './fixtures.test.ts';

const OWN: Written = { allow: 'response.ownerId == principal.subject' };
const EACH: Written = { allow: 'item.ownerId == principal.subject', each: ['items'] };
const PATH: Written = { allow: 'params.id in principal.claims.orders' };
const BODY: Written = { allow: 'request.body.tenant == principal.tenant' };

test('a rule has the steps that it needs, and no reply is collected for what is known before', () => {
  assert.deepEqual(Object.keys(stepsWith(PATH)), ['authorize']);
  assert.deepEqual(Object.keys(stepsWith(BODY, 'POST /orders')), ['authorize', 'decide']);
  assert.deepEqual(Object.keys(stepsWith(OWN)), ['authorize', 'transform', 'respond']);
  assert.equal(stepsWith(BODY, 'POST /orders').authorize?.reads.request, 'none');
  const { respond } = stepsWith({ allow: `${PATH.allow} || ${OWN.allow}` });
  const concerns = (id: string, source: 'upstream' | 'gateway'): boolean | undefined => {
    const exchange = exchangeOf({ id });
    void stepsWith({ allow: `${PATH.allow} || ${OWN.allow}` }).authorize?.run(exchange);
    return respond?.concerns?.(exchange, { source } as ReplyView);
  };
  assert.equal(concerns('9', 'upstream'), true);
  assert.equal(concerns('7', 'upstream'), false);
  assert.equal(concerns('9', 'gateway'), false);
  // Where nobody asked before, the reply decides.
  assert.equal(respond?.concerns?.(exchangeOf({}), { source: 'upstream' } as ReplyView), true);
  assert.deepEqual(respond?.withholds, ['hints', 'trailers']);
});

test('a body is not collected for a request that its head decides', () => {
  const { authorize } = stepsWith({ allow: `principal.tenant == "north" && ${BODY.allow}` }, 'POST /orders');
  const verdict = authorize?.run(exchangeOf({ principal: { tenant: 'south' }, method: 'POST' }));
  assert.deepEqual(verdict, {
    kind: 'deny',
    problem: { code: 'not-found', internal: 'a.object is not so' },
    rule: 'a.object',
  });
});

test('a body that is still to come is neither there nor not there', () => {
  const ask = (allow: string, body: string): string =>
    judged(stepsWith({ allow }, 'POST /orders'), { operation: 'POST /orders', method: 'POST', body }).end;
  assert.equal(ask('!has(request.body)', '{}'), 'before: not-found');
  assert.equal(ask('!has(request.body)', ''), 'passes');
  assert.equal(ask('has(request.body) && principal.tenant == "north"', '{}'), 'passes');
  assert.equal(ask('has(request.body) || principal.tenant == "north"', ''), 'passes');
  const { authorize } = stepsWith({ allow: '!has(request.body)' }, 'POST /orders');
  assert.deepEqual(authorize?.run(exchangeOf({})), { kind: 'pass' });
});

test('conditions of the client’s stay behind where the reply must be seen, and go on where it need not', () => {
  const headers = { 'if-none-match': '"1"', 'if-modified-since': 'x', 'if-match': '*', 'if-unmodified-since': 'x' };
  const reply = { body: '{"ownerId":"ada"}' };
  assert.deepEqual(judged(stepsWith(OWN), { headers, reply }).unsent, Object.keys(headers));
  assert.deepEqual(judged(stepsWith(OWN), { reply }).unsent, []);
  const known = stepsWith({ allow: `"customer" in principal.roles || ${OWN.allow}` });
  assert.deepEqual(judged(known, { headers, reply }).unsent, []);
});

test('what was judged for one caller is for no cache that others share', () => {
  const controls: readonly (readonly [string | null, string])[] = [
    [null, 'private, no-store'],
    ['public', 'private'],
    ['public, max-age=60, s-maxage=90', 'private, max-age=60'],
    ['Public,Max-Age=60,proxy-revalidate', 'private, Max-Age=60'],
    ['no-store', 'private, no-store'],
    ['private, max-age=5', 'private, max-age=5'],
    ['private="a, public", max-age=5', 'private, no-store'],
    ['private=note, max-age=60', 'private, max-age=60'],
    ['publicity=1', 'private, publicity=1'],
  ];
  for (const [said, kept] of controls) {
    const fields = said === null ? {} : { 'cache-control': said };
    const { set } = judged(stepsWith(OWN), { reply: { fields, body: '{"ownerId":"ada"}' } });
    assert.deepEqual(set, { 'cache-control': kept }, String(said));
  }
  const fields = { 'cdn-cache-control': 'max-age=60', 'surrogate-control': 'max-age=60' };
  assert.deepEqual(
    judged(stepsWith(OWN), { reply: { fields, body: '{"ownerId":"ada"}' } }).removed.toSorted(),
    Object.keys(fields),
  );
});

test('of an error only what it means stays', () => {
  const fields = { etag: '"1"', 'set-cookie': 'a=b', x_owner: 'bob', 'retry-after': '7', location: '/x' };
  const { end, removed, set, body } = judged(stepsWith(OWN), { reply: { status: 503, fields, body: 'bob’s' } });
  assert.equal(end, 'reply: pass');
  assert.deepEqual(removed.toSorted(), ['content-type', 'etag', 'location', 'set-cookie', 'x_owner']);
  assert.deepEqual(set, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
  assert.equal((JSON.parse(body ?? '') as { status: number }).status, 503);
  const odd = { 'x owner': 'bob' };
  assert.equal(judged(stepsWith(OWN), { reply: { status: 503, fields: odd } }).end, 'reply: upstream-refused-body');
});

test('a list keeps nothing that was true of all of it', () => {
  const { removed } = judged(stepsWith(EACH), { reply: { body: '{"items":[]}' } });
  assert.deepEqual(removed, ['etag', 'last-modified', 'accept-ranges']);
});

test('elements that nobody has the time to ask are not taken for others’', () => {
  const rule: Written = { each: ['items'], allow: 'item.list.all(each, each + each + each >= 0)' };
  const items = Array.from({ length: 100 }, () => ({ list: Array.from({ length: 1_000 }, () => 1) }));
  const { end, why } = judged(stepsWith(rule), { reply: { body: JSON.stringify({ items }) } });
  assert.equal(end, 'reply: upstream-refused-body');
  assert.equal(why, 'a.object: the list is too much to look at');
  const few = { items: items.slice(0, 3) };
  assert.equal(judged(stepsWith(rule), { reply: { body: JSON.stringify(few) } }).end, 'reply: pass');
});

test('a long list is a list like any other', () => {
  const items = Array.from({ length: 60_000 }, (_, at) => ({ ownerId: at % 3 === 0 ? 'ada' : 'bob' }));
  const { end, body } = judged(stepsWith(EACH), { reply: { body: JSON.stringify({ items }) } });
  assert.equal(end, 'reply: pass');
  const kept = (JSON.parse(body ?? '') as { items: { ownerId: string }[] }).items;
  assert.equal(kept.length, 20_000);
  assert.ok(kept.every(({ ownerId }) => ownerId === 'ada'));
});

test('records are told why, in words of the rule alone', () => {
  const why = (rule: Written, body: string, id = '7'): string | null =>
    judged(stepsWith(rule), { id, reply: { body } }).why;
  assert.equal(why(OWN, '{"ownerId":"hunter2"}'), 'a.object is not so');
  assert.equal(why(OWN, '{"hunter2":1}'), 'a.object there is no `ownerId`');
  assert.equal(why(PATH, '', '9'), 'a.object is not so');
  assert.equal(why(EACH, '{"hunter2":[]}'), 'a.object: the body has no list where `each` says');
  assert.match(why(OWN, 'hunter2') ?? '', /^a\.object: json: /);
  const observed = judged(stepsWith({ ...EACH, observed: true }), {
    reply: { body: '{"items":[{},{"ownerId":"ada"}]}' },
  });
  assert.equal(observed.why, 'a.object does not hold of 1 of 2 elements');
});

test('while it is only observed, what needs no judging is not told of', () => {
  const steps = stepsWith({ ...OWN, observed: true });
  for (const status of [304, 400, 404, 500]) assert.equal(judged(steps, { reply: { status } }).end, 'reply: pass');
  assert.equal(judged(steps, { reply: { status: 302 } }).end, 'reply: upstream-refused-body');
  // It was told of before.
  const exchange = exchangeOf({ method: 'HEAD' });
  const before = steps.authorize?.run(exchange) as { kind: string } | undefined;
  assert.equal(before?.kind, 'deny');
  assert.equal(steps.respond?.concerns?.(exchange, { source: 'upstream' } as ReplyView), false);
});

test('what a rule can’t be asked is an issue', () => {
  const issues: readonly (readonly [Written, RegExp, string?])[] = [
    [OWN, /what a POST does is done when its reply comes.*name what is known before/, 'POST /orders'],
    [OWN, /what a DELETE does is done/, 'DELETE /orders/{id}'],
    [OWN, /what a OPTIONS does is done/, 'OPTIONS /orders/{id}'],
    [EACH, /what a PUT does is done/, 'PUT /orders/{id}'],
    [{ ...EACH, allow: 'request.body.a == 1 && item.b == 2' }, /the body of the request or the reply/, 'QUERY /orders'],
    [{ ...EACH, allow: 'response.ownerId == principal.subject' }, /names nothing of the elements.*name `item`/],
    [{ allow: 'item.ownerId == principal.subject' }, /there is nothing called `item`/],
    [{ allow: '1 == 1' }, /the same of every request/],
    [{ allow: 'request.body.a == 1' }, /a GET has no body here/],
    [
      { allow: 'params.orderId in principal.claims.orders' },
      /the path has no parameter of this name.*did you mean "id"|the path has no parameter of this name.*there is: id/,
    ],
    [{ allow: 'response.ownerId' + ' == principal.subjcet' }, /there is nothing of this name.*did you mean "subject"/],
    [{ allow: 'principal.subject + "x"' }, /a condition is true or false/],
  ];
  for (const [rule, wanted, operation] of issues) assert.match(issuesWith(rule, operation ?? GET), wanted, rule.allow);
  const inBody = { inBody: true, template: '' } as const;
  assert.match(issuesWith(OWN, 'Query.order', inBody), /Query\.order has no reply of its own/);
});

test('all that is wrong is told at once, with the place in the rule', () => {
  const issues = issuesWith({ allow: 'nothing == 1 || response.a == something' }, 'POST /orders').split('\n');
  assert.equal(issues.length, 3);
  assert.match(issues[0] ?? '', /object: character 1: there is nothing called `nothing`/);
});
