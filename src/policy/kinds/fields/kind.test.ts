import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DescribedOperation } from '../../../openapi/index.ts';
import { answered, issuesOf, OTHER_OPERATION, type Replied, stepsOf, wordsOf } from './fixture.test.ts';

const steps = stepsOf();
const ETAG = ['etag', '"v1"'] as const;
const body = '{"id":1,"x":2}';

/** The tag that a caller gets. */
function tagFor(roles: readonly string[] | null, more: Partial<Replied> = {}): string {
  return answered(steps, { roles, body, headers: [ETAG], ...more }).headers['etag'] ?? assert.fail('no tag');
}

/** What the upstream gets to hear of these conditions. */
function sent(asked: Readonly<Record<string, string>>, replied: Partial<Replied> = {}, of = steps) {
  return answered(of, { asked, body, ...replied }).sent;
}

test('tags differ by what passes, and do not tell what the upstream’s own was', () => {
  const tags = [null, ['support'], ['lead'], ['root']].map((roles) => tagFor(roles));
  assert.equal(new Set(tags).size, 4);
  assert.equal(tagFor(['customer']), tags[0]);
  assert.equal(tagFor(null, { body: '{"id":1}' }), tags[0]);
  assert.ok(tags.every((tag) => !tag.includes('v1')));
  assert.match(tagFor(null, { headers: [['etag', 'W/"v1"']] }), /^W\//);
});

test('whoever asks whether what they have still holds is answered for what they may see alone', () => {
  const mine = tagFor(['support']);
  const others = tagFor(['root']);
  assert.deepEqual(sent({ 'if-none-match': `"x", ${mine}` }, { roles: ['support'] }), { 'if-none-match': '"v1"' });
  for (const tag of [others, '"v1"', '*', `${mine}, "`, 'W/"v1"', mine.replace('pf-', 'pg-')])
    assert.deepEqual(sent({ 'if-none-match': tag }, { roles: ['support'] }), {}, tag);
  assert.deepEqual(
    sent({ 'if-none-match': mine, 'if-modified-since': 'x', 'a-im': 'vcdiff' }, { roles: ['root'] }),
    {},
  );
  assert.deepEqual(sent({ 'if-none-match': others }, { roles: ['root'] }), { 'if-none-match': '"v1"' });
});

test('no tag or time that somebody guessed is held against the upstream’s own by who reads', () => {
  const mine = tagFor(['support']);
  for (const method of ['GET', 'HEAD', 'QUERY']) {
    const match = (tag: string, replied: Replied = {}) => sent({ 'if-match': tag }, { method, ...replied });
    assert.deepEqual(match(mine, { roles: ['support'] }), { 'if-match': '"v1"' });
    for (const tag of [mine, '"v1"', 'W/"v1"', '"v1", "v2"', '*, "v1"', `"v1", ${mine}`])
      assert.deepEqual(match(tag), { 'if-match': '"pf-"' }, tag);
    assert.deepEqual(match('*'), { 'if-match': '*' });
    assert.deepEqual(sent({ 'if-unmodified-since': 'x', 'if-none-match': '"v1"' }, { method }), {});
  }
  const unasked = answered(steps, { method: 'QUERY', status: 304, headers: [ETAG] });
  assert.equal(wordsOf(unasked.verdict), 'upstream-refused-body shop.getOrder.fields');
});

test('of a problem its own members pass as words and numbers alone', () => {
  const problem = (text: string) => answered(steps, { status: 400, type: 'application/problem+json', body: text }).body;
  assert.equal(problem('{"id":1,"title":"x","status":400,"ssn":1}'), '{"id":1,"title":"x","status":400}');
  assert.equal(problem('{"id":1,"title":"x","detail":{"ssn":1}}'), '{"id":1}');
  assert.equal(problem('{"id":1,"instance":["078"],"title":"x"}'), '{"id":1}');
  assert.equal(problem('[{"id":1,"detail":"078"}]'), '[{"id":1}]');
});

test('unchanged is believed where it was asked, and names the tag anew', () => {
  const asked = { 'if-none-match': tagFor(['support']) };
  const unchanged = answered(steps, { roles: ['support'], asked, status: 304, headers: [ETAG] });
  assert.equal(wordsOf(unchanged.verdict), 'pass');
  assert.equal(unchanged.headers['etag'], asked['if-none-match']);
  const revived = answered(steps, { roles: null, asked, status: 304, headers: [ETAG] });
  assert.equal(wordsOf(revived.verdict), 'upstream-refused-body shop.getOrder.fields');
});

test('who changes something names it by the tag that they were given, at any operation of the API', () => {
  const mine = tagFor(['support']);
  for (const each of [steps, stepsOf({}, OTHER_OPERATION)]) {
    const write = (asked: Readonly<Record<string, string>>) => sent(asked, { method: 'PUT' }, each);
    assert.deepEqual(write({ 'if-match': mine }), { 'if-match': '"v1"' });
    assert.deepEqual(write({ 'if-match': `"x", ${mine}` }), { 'if-match': '"x", "v1"' });
    assert.deepEqual(write({ 'if-none-match': '*' }), { 'if-none-match': '*' });
    assert.deepEqual(write({ 'if-match': '"v1"' }), { 'if-match': '"v1"' });
  }
  assert.deepEqual(sent({ 'if-match': mine }, { method: 'PUT' }, stepsOf({ api: 'other' })), { 'if-match': mine });
  const reading = sent({ 'if-none-match': mine }, {}, stepsOf({}, OTHER_OPERATION));
  assert.deepEqual(reading, { 'if-none-match': mine });
});

test('what was true of the whole alone does not leave, and no cache that many share keeps what is one caller’s', () => {
  const headers = [
    ['last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['accept-ranges', 'bytes'],
    ['repr-digest', 'sha-256=:x:'],
    ['content-digest', 'sha-256=:x:'],
    ['signature', 'x=:y:'],
    ['cache-control', 'public, max-age=60, s-maxage=600'],
    ['acme-cdn-cache-control', 'max-age=600'],
    ['x-total', '7'],
  ];
  const left = answered(steps, { body, headers }).headers;
  assert.deepEqual(left, {
    'content-type': 'application/json',
    'cache-control': 'private, max-age=60',
    'x-total': '7',
  });
  assert.equal(answered(steps, { body }).headers['cache-control'], 'private, no-store');
  const same = answered(stepsOf({ lists: { default: ['id'] } }), { body, headers }).headers;
  assert.equal(same['cache-control'], 'public, max-age=60, s-maxage=600');
});

test('who only observes tells what would go by names that are known, and changes nothing', () => {
  const observing = stepsOf({ observed: true });
  const outcome = answered(observing, {
    body: '{"id":1,"customer":{"name":"Ada","tom@acme.example":2},"secret-7":3}',
    headers: [ETAG],
    roles: ['support'],
  });
  assert.equal(wordsOf(outcome.verdict), 'note reply-fields-withheld shop.getOrder.fields 2: customer.*, *');
  assert.equal(outcome.isReplaced, false);
  assert.equal(outcome.headers['etag'], '"v1"');
  const { verdict } = answered(observing, { body: '{"id":1' });
  assert.equal(wordsOf(verdict), 'upstream-refused-body shop.getOrder.fields');
  assert.equal(answered(observing, { asked: { 'if-none-match': '"v1"' }, status: 304 }).verdict.kind, 'pass');
  assert.equal(answered(observing, { body: '{"id":1}' }).verdict.kind, 'pass');
});

test('all that is larger than anybody reads is refused, and what is not passes', () => {
  const page = (count: number): string => JSON.stringify(Array.from({ length: count }, (_, id) => ({ id, x: 1 })));
  const outcome = answered(steps, { body: page(100_000) });
  assert.equal(outcome.verdict.kind, 'pass');
  assert.ok(!outcome.body.includes('x'));
  assert.equal(answered(steps, { body: page(130_000) }).verdict.kind, 'deny');
  const lines = (count: number, line: string) =>
    answered(steps, { type: 'application/x-ndjson', body: line.repeat(count) }).verdict.kind;
  for (const line of ['{}\n', '\n', '{"id":1,"x":2}\n']) {
    assert.equal(lines(250_000, line), 'pass');
    assert.equal(lines(250_001, line), 'deny');
  }
});

const REPLIES = (type: string) => ({
  openapi: '3.1.0',
  paths: {
    '/orders': {
      get: {
        responses: {
          200: {
            content: {
              [type]: {
                schema: {
                  properties: {
                    id: {},
                    status: {},
                    note: {},
                    customer: { properties: { name: {}, ssn: {} } },
                    items: { items: { properties: { sku: {} } } },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
});

function described(type: string, schema: boolean): DescribedOperation {
  const pointer = `/paths/~1orders/get/responses/200/content/${type.replaceAll('/', '~1')}/schema`;
  const content = [{ mediaRange: type, pointer: '', schemaPointer: schema ? pointer : null, itemSchemaPointer: null }];
  return { responses: [{ status: '200', pointer: '', headers: [], content }] } as unknown as DescribedOperation;
}

test('a field that the description does not have is an issue, where it has a schema', () => {
  const given = (lists: Readonly<Record<string, readonly string[]>>, schema = true, type = 'application/json') =>
    issuesOf({ lists, described: described(type, schema), document: REPLIES(type) });
  assert.deepEqual(given({ default: ['id', 'items.sku'], support: ['customer.name'] }), []);
  assert.deepEqual(given({ default: ['id', 'items.skew'], support: ['*', '-customer.snn'] }), [
    'fields.default[1]: the description has no field "skew" below "items" (there is: sku)',
    'fields.support[1]: the description has no field "snn" below "customer" (did you mean "ssn"?)',
  ]);
  assert.deepEqual(given({ default: ['idd'] }, false), []);
  assert.deepEqual(given({ default: ['id'], boss: ['note'] }), ['fields.boss: there is no role called "boss"']);
  assert.deepEqual(given({ default: ['id'] }, true, 'text/csv'), [
    'fields: the description has no reply of JSON, and no fields can be taken out of any other (take `fields` away, or describe the JSON)',
  ]);
  assert.deepEqual(given({ default: ['id'] }, true, 'application/*'), []);
  const grpc = { responses: [], grpc: {} } as unknown as DescribedOperation;
  assert.match(issuesOf({ described: grpc }).join(), /^fields: messages of gRPC are not JSON/);
});
