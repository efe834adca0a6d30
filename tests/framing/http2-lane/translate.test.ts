import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forward, type FramingCase, get, plain, post, refuse, refused, request } from '../case.ts';
import type { LaneCase } from './lane-case.ts';
import { isMalformed } from './malformed.ts';
import { translate } from './translate.ts';

/** What a case becomes: for each of its requests the words behind its name, the outcome, and the request. */
function casesOf(subject: FramingCase): readonly LaneCase[] {
  const translation = translate(subject);
  assert.ok('cases' in translation, 'reason' in translation ? translation.reason : '');
  return translation.cases;
}

const kinds = (subject: FramingCase): string[] => casesOf(subject).map(({ outcome }) => outcome.kind);

test('a request line becomes pseudo fields, Host the authority, and names lose their case', () => {
  const [usual, raw, ...others] = casesOf(forward('46: x', get('/c?x=1', 'X-A:  1', 'x-b:2')));
  assert.deepEqual(usual?.request.fields, [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'api.test'],
    [':path', '/c?x=1'],
    ['x-a', ' 1'],
    ['x-b', '2'],
  ]);
  assert.deepEqual([usual.request.end, usual.outcome.kind], ['head', 'reset']);
  assert.deepEqual([raw?.request.fields.at(-2), raw?.outcome.kind, raw?.dresses], [['X-A', ' 1'], 'reset', 'plain']);
  assert.deepEqual(
    others.map(({ request: { fields }, outcome }) => [fields.at(-2), outcome.kind]),
    [[['x-a', '1'], 'forwarded']],
  );
});

test('chunks become data and trailers where the fields that mean them are left out', () => {
  const body = '5\r\nhello\r\n1;a\r\n!\r\n0\r\nX-T: 1\r\n\r\n';
  const subject = forward('15: x', post(['Transfer-Encoding: chunked'], body), { body: 'hello!' });
  const [usual, without] = casesOf(subject);
  assert.deepEqual([usual?.outcome.kind, usual?.request.data?.toString()], ['reset', body]);
  assert.deepEqual([without?.outcome.kind, without?.request.data?.toString()], ['forwarded', 'hello!']);
  assert.deepEqual([without?.request.end, without?.request.trailers], ['trailers', [['x-t', '1']]]);
  const broken = post(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nX-T : 1\r\n\r\n');
  assert.deepEqual(kinds(refuse('15: x', broken, 'malformed-chunk')), ['reset', 'reset']);
});

test('a length and chunks without the chunks are one length, right or wrong', () => {
  const both = (length: number): FramingCase =>
    refuse(
      '1: x',
      post([`Content-Length: ${length}`, 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
      'length-and-chunked',
    );
  assert.deepEqual(kinds(both(5)), ['reset', 'forwarded']);
  assert.deepEqual(kinds(both(15)), ['reset', 'reset']);
});

test('two hosts stand in two places, and an odd one in two', () => {
  const hosts = (...values: readonly string[]): FramingCase =>
    refuse(
      '35: x',
      request(
        'GET /c HTTP/1.1',
        values.map((value) => `Host: ${value}`),
      ),
      'invalid-host',
    );
  const places = (subject: FramingCase): unknown =>
    casesOf(subject).map(({ request: { fields }, outcome }) => [
      fields.filter(([name]) => name === ':authority' || name === 'host').flat(),
      outcome.kind,
    ]);
  assert.deepEqual(places(hosts('a', 'b')), [
    [['host', 'a', 'host', 'b'], 'refused'],
    [[':authority', 'a', 'host', 'b'], 'refused'],
  ]);
  assert.deepEqual(places(hosts('api.test', 'api.test'))?.toString().endsWith('forwarded'), true);
  assert.deepEqual(places(hosts('a b')), [
    [[':authority', 'a b'], 'refused'],
    [[':authority', 'api.test', 'host', 'a b'], 'refused'],
  ]);
  assert.deepEqual(places(hosts()), [[[], 'refused']]);
});

test('a body that stays away is waited for, unless the client ends', () => {
  const announced = post(['Content-Length: 9'], 'hello');
  assert.equal(casesOf(refuse('5: x', announced, 'body-too-large'))[0]?.request.end, 'nothing');
  const [ended] = casesOf(refuse('5: x', [announced, 'fin'], 'incomplete-request', { reach: 'cut' }));
  assert.deepEqual([ended?.request.end, ended?.outcome.kind, ended?.reach], ['data', 'reset', 'cut']);
});

test('what means nothing in HTTP/2 is said to', () => {
  for (const subject of [
    refuse('18: version HTTP/3', request('GET /c HTTP/3', []), 'unsupported-http-version'),
    plain('36: http port: GET', get('/c'), refused('plain-http', 403)),
    refuse('12: x', post(['Transfer-Encoding: chunked'], 'x'), 'malformed-chunk'),
  ])
    assert.ok('reason' in translate(subject), subject.name);
});

test('a request is malformed by RFC 9113 or left to the rules of HTTP/1.1', () => {
  const withField = (name: string, value: string): boolean =>
    isMalformed(
      [
        [':method', 'GET'],
        [':path', '/'],
        [name, value],
      ],
      0,
    );
  for (const [name, value] of [
    ['X', '1'],
    ['', '1'],
    ['x ', '1'],
    ['x', 'a\n'],
    ['x', ' a'],
    ['te', 'gzip'],
    ['connection', 'close'],
    ['content-length', '1'],
  ] as const)
    assert.equal(withField(name, value), true, `${name}: ${value}`);
  for (const [name, value] of [
    ['x_y', '1'],
    ['x', '\xe9'],
    ['x', '\x01'],
    ['te', 'trailers'],
    ['content-length', '+1'],
    ['content-length', '0'],
  ] as const)
    assert.equal(withField(name, value), false, `${name}: ${value}`);
  assert.equal(
    isMalformed(
      [
        [':method', 'GET'],
        [':path', 'c'],
      ],
      0,
    ),
    true,
  );
  assert.equal(
    isMalformed(
      [
        [':method', 'G T'],
        [':path', '/c'],
      ],
      0,
    ),
    true,
  );
  assert.equal(
    isMalformed(
      [
        [':method', 'OPTIONS'],
        [':path', '*'],
      ],
      0,
    ),
    false,
  );
});
