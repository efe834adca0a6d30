import { bytes, type Forwarded, forwarded, get, type Refused, refused } from '../case.ts';
import { PROTOCOL_ERROR } from '../http2-lane/frames.ts';
import type { Field } from '../http2-lane/hpack.ts';
import type { LaneCase, LaneRequest, Reset } from '../http2-lane/lane-case.ts';

const RESET: Reset = { kind: 'reset', code: PROTOCOL_ERROR };

const GET: readonly Field[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'api.test'],
  [':path', '/c'],
];
const POST: readonly Field[] = [[':method', 'POST'], ...GET.slice(1)];

/** The pseudo fields of a GET, one of them with another value, or without it. */
function getWith(name: string, value: string | null): readonly Field[] {
  return GET.flatMap((field): Field[] => (field[0] !== name ? [field] : value === null ? [] : [[name, value]]));
}

interface Details {
  readonly dresses?: LaneCase['dresses'];
  readonly data?: string;
  readonly trailers?: readonly Field[];
  readonly end?: LaneRequest['end'];
  readonly reach?: LaneCase['reach'];
}

function lane(name: string, fields: readonly Field[], outcome: LaneCase['outcome'], details: Details = {}): LaneCase {
  const { data, trailers, reach = 'none', dresses = 'all' } = details;
  const end = details.end ?? (trailers !== undefined ? 'trailers' : data === undefined ? 'head' : 'data');
  return {
    name,
    request: {
      fields,
      data: data === undefined ? null : bytes(data),
      end,
      ...(trailers === undefined ? {} : { trailers }),
    },
    outcome,
    reach,
    dresses,
  };
}

const reset = (name: string, fields: readonly Field[], details?: Details): LaneCase =>
  lane(name, fields, RESET, details);
const refuse = (name: string, fields: readonly Field[], outcome: Refused | Refused['codes'][number]): LaneCase =>
  lane(name, fields, typeof outcome === 'string' ? refused(outcome) : outcome);
const forward = (
  name: string,
  fields: readonly Field[],
  meant: Partial<Omit<Forwarded, 'kind' | 'body'>> = {},
  details: Details = {},
): LaneCase =>
  lane(
    name,
    fields,
    forwarded({ ...meant, body: details.data ?? '', method: meant.method ?? fields[0]?.[1] ?? '' }),
    details,
  );

const smuggled = get('/smuggled').toString('latin1');

/** Item 34: `:path`. */
const paths: readonly LaneCase[] = [
  reset('34: path: empty', getWith(':path', '')),
  reset('34: path: missing', getWith(':path', null)),
  reset('34: path: without a slash', getWith(':path', 'c')),
  reset('34: path: only a query', getWith(':path', '?x=1')),
  reset('34: path: an encoded slash', getWith(':path', '%2fc')),
  reset('34: path: a backslash', getWith(':path', '\\c')),
  reset('34: path: absolute-form', getWith(':path', 'https://api.test/c')),
  reset('34: path: absolute-form of another host', getWith(':path', 'http://evil.test/c')),
  reset('34: path: authority-form', getWith(':path', 'evil.test:443')),
  reset('34: path: the asterisk on a GET', getWith(':path', '*')),
  reset('34: path: more than the asterisk', [[':method', 'OPTIONS'], ...getWith(':path', '*/c').slice(1)]),
  reset('34: path: a space before it', getWith(':path', ' /c')),
  reset('34: path: a space behind it', getWith(':path', '/c ')),
  reset('34: path: a tab behind it', getWith(':path', '/c\t')),
  reset('34: path: NUL', getWith(':path', '/c\0')),
  reset('34: path: a line feed', getWith(':path', '/c\n')),
  reset('34: path: a carriage return', getWith(':path', '/c\rd')),
  reset('34: path: a request line', getWith(':path', `/c HTTP/1.1\r\nHost: api.test\r\n\r\n${smuggled}`)),
  refuse('34: path: a space', getWith(':path', '/c d'), 'malformed-target'),
  refuse('34: path: a version', getWith(':path', '/c HTTP/1.1'), 'malformed-target'),
  refuse('34: path: a fragment', getWith(':path', '/c#x'), 'malformed-target'),
  refuse('34: path: another host behind slashes', getWith(':path', '//evil.test/c'), 'empty-segment'),
  refuse('34: path: obs-text', getWith(':path', '/\xe9'), 'malformed-target'),
  refuse('34: path: an encoded line break', getWith(':path', '/%0d%0aHost:%20evil.test'), 'malformed-escape'),
];

/** Item 38: pseudo fields. */
const pseudoFields: readonly LaneCase[] = [
  ...GET.map(([name, value]) => reset(`38: twice: ${name}`, [...GET, [name, value]])),
  ...GET.map(([name, value]) => reset(`38: twice, another: ${name}`, [[name, `${value}x`], ...GET])),
  ...GET.map(([name, value]) =>
    reset(`38: behind an ordinary field: ${name}`, [...getWith(name, null), ['accept', '*/*'], [name, value]]),
  ),
  ...GET.map(([name, value]) =>
    reset(`38: again behind an ordinary field: ${name}`, [...GET, ['x', '1'], [name, value]]),
  ),
  ...[':method', ':scheme'].map((name) => reset(`38: missing: ${name}`, getWith(name, null))),
  refuse('38: missing: :authority, and no host', getWith(':authority', null), 'invalid-host'),
  reset('38: none at all', [['host', 'api.test']]),
  reset('38: no field at all', []),
  ...[':unknown', ':', ':status', ':Path', ':METHOD', ':host', '::path', ':path:'].map((name) =>
    reset(`38: unknown: ${name}`, [...GET, [name, '200']]),
  ),
  ...['', 'GET POST', ' GET', 'GET ', 'GET\0', 'G(T', 'GET,POST', 'A'.repeat(33), 'G\xc9T', 'GET\r\nx: 1'].map(
    (method) => reset(`38: method ${JSON.stringify(method)}`, getWith(':method', method)),
  ),
  reset('38: a method that is a request', getWith(':method', 'GET /smuggled HTTP/1.1\r\nHost: api.test\r\n\r\nGET')),
  ...['http', 'HTTPS', 'ftp', 'https:', 'https://evil.test/', 'h2', 'a b', '\xe9'].map((scheme) =>
    refuse(`38: scheme ${scheme}`, getWith(':scheme', scheme), 'malformed-target'),
  ),
  ...['', 'https\r\nx: 1', ' https', 'https\0'].map((scheme) =>
    reset(`38: scheme ${JSON.stringify(scheme)}`, getWith(':scheme', scheme)),
  ),
  ...['evil.test', 'small.test', '', 'api.test:443', 'api.test, evil.test', 'u@api.test'].map((host) =>
    refuse(`38: host beside the authority: ${JSON.stringify(host)}`, [...GET, ['host', host]], 'invalid-host'),
  ),
  refuse(
    '38: another authority than host',
    [...getWith(':authority', 'evil.test'), ['host', 'api.test']],
    'invalid-host',
  ),
  refuse('38: an empty authority beside a host', [...getWith(':authority', ''), ['host', 'api.test']], 'invalid-host'),
  refuse('38: two hosts beside the authority', [...GET, ['host', 'api.test'], ['host', 'api.test']], 'invalid-host'),
  reset('38: a line break in the authority', getWith(':authority', 'api.test\r\nx: 1')),
  reset('38: a request in the authority', getWith(':authority', `api.test\r\n\r\n${smuggled}`)),
  forward('38: host says the same as the authority', [...GET, ['host', 'API.test.']]),
  forward('38: host in place of the authority', [...getWith(':authority', null), ['host', 'api.test']]),
  forward('38: pseudo fields in another order', [...GET].reverse(), { method: 'GET' }),
];

const CONNECT: readonly Field[] = [
  [':method', 'CONNECT'],
  [':authority', 'api.test:443'],
];

/** Items 57 and 60: CONNECT, and what RFC 8441 makes of it, where it is not offered. */
const tunnels: readonly LaneCase[] = [
  refuse('57: CONNECT', CONNECT, refused('method-not-allowed', 405)),
  lane('57: CONNECT, and a request in its DATA', CONNECT, refused('method-not-allowed', 405), { data: smuggled }),
  reset('57: CONNECT with a path', [...CONNECT, [':path', '/c']]),
  reset('57: CONNECT with a scheme', [...CONNECT, [':scheme', 'https']]),
  reset('57: CONNECT with scheme and path', [...CONNECT, [':scheme', 'https'], [':path', '/c']]),
  reset('57: CONNECT without an authority', [[':method', 'CONNECT']]),
  reset('57: CONNECT with a host only', [
    [':method', 'CONNECT'],
    ['host', 'api.test'],
  ]),
  ...['websocket', 'connect-udp', 'WebSocket', ''].map((protocol) =>
    refuse(
      `60: extended CONNECT: ${JSON.stringify(protocol)}`,
      [...CONNECT, [':protocol', protocol], [':scheme', 'https'], [':path', '/c']],
      refused('method-not-allowed', 405),
    ),
  ),
  reset('60: a protocol without scheme and path', [...CONNECT, [':protocol', 'websocket']]),
  reset('60: a protocol on a GET', [...GET, [':protocol', 'websocket']]),
];

const length = (value: string): Field => ['content-length', value];

/** Items 1 to 6 and 17: lengths and bodies (RFC 9113 §8.1.1). */
const lengths: readonly LaneCase[] = [
  reset('2: less data than announced', [...POST, length('5')], { data: 'hell', reach: 'cut' }),
  reset('2: more data than announced', [...POST, length('5')], { data: 'hello!', reach: 'cut' }),
  reset('2: a request behind the announced data', [...POST, length('5')], {
    data: `hello${smuggled}`,
    reach: 'cut',
  }),
  reset('2: data where none is announced', [...POST, length('0')], { data: smuggled }),
  reset('2: announced, and the stream ends with the head', [...POST, length('5')]),
  reset('2: announced on a GET, and the stream ends with the head', [...GET, length('5')]),
  reset('2: announced, and only trailers come', [...POST, length('5')], { trailers: [['x', '1']], reach: 'cut' }),
  reset('2: an empty frame where data is announced', [...POST, length('5')], { data: '', reach: 'cut' }),
  forward('2: a length of zero, and the stream ends with the head', [...POST, length('0')]),
  forward('2: a length of zero, and an empty frame', [...POST, length('0')], {}, { data: '' }),
  forward('2: the length before trailers', [...POST, length('5')], {}, { data: 'hello', trailers: [['x', '1']] }),
  forward('2: no length', POST, {}, { data: 'hello' }),
  forward('2: no length, and an empty frame', POST, {}, { data: '' }),
  forward('2: no length, and a body that looks like chunks', POST, {}, { data: `0\r\n\r\n${smuggled}` }),
  forward('2: a body of two frames', [...POST, length('20000')], {}, { data: 'x'.repeat(20_000) }),
  refuse('3: two lengths that agree', [...POST, length('0'), length('0')], 'invalid-content-length'),
  reset('6: chunks', [...POST, ['transfer-encoding', 'chunked']], { data: `0\r\n\r\n${smuggled}` }),
  reset('6: chunks and a length', [...POST, length('0'), ['transfer-encoding', 'chunked']], { data: smuggled }),
  reset('6: a length that hides chunks', [...POST, ['x', 'a\r\ntransfer-encoding: chunked']], { data: smuggled }),
  reset('6: a name that hides chunks', [...POST, ['transfer-encoding: chunked\r\nx', 'a']], { data: smuggled }),
  lane('17: a GET with data and no length', GET, refused('unexpected-body'), { data: 'hello' }),
  lane('17: a HEAD with data', getWith(':method', 'HEAD'), refused('unexpected-body'), { data: 'hello' }),
  forward('17: a GET with an empty frame', GET, {}, { data: '' }),
  forward('17: a GET with trailers only', GET, {}, { trailers: [['x', '1']] }),
  forward('17: a DELETE with data', getWith(':method', 'DELETE'), {}, { data: 'hello' }),
];

const trailer = (name: string, ...trailers: readonly Field[]): LaneCase =>
  reset(`15: trailers: ${name}`, POST, { data: 'hello', trailers, reach: 'cut' });

const behind = { data: 'hello' } as const;

/** Item 15: trailers (RFC 9113 §8.1). */
const trailers: readonly LaneCase[] = [
  trailer('a pseudo field', [':path', '/d']),
  trailer('a status', ['x', '1'], [':status', '200']),
  trailer('an upper-case name', ['X-A', '1']),
  trailer('no name', ['', '1']),
  trailer('a line break', ['x', 'a\r\nb']),
  trailer('a connection field', ['connection', 'close']),
  trailer('an underscore', ['x_a', '1']),
  trailer('fifty-one', ...Array.from({ length: 51 }, (_, at): Field => [`x-${at}`, '1'])),
  trailer('more than 8 KiB', ['x', 'v'.repeat(8_192)]),
  forward('15: trailers: none', POST, {}, { ...behind, trailers: [] }),
  forward(
    '15: trailers: fifty',
    POST,
    {},
    { ...behind, trailers: Array.from({ length: 50 }, (): Field => ['x', '1']) },
  ),
  forward('15: trailers: a host and a length', POST, {}, { ...behind, trailers: [['host', 'evil.test'], length('9')] }),
  forward(
    '15: trailers: a credential',
    POST,
    { absent: ['authorization'] },
    { ...behind, trailers: [['authorization', 'a']] },
  ),
];

const crumbs = (...values: readonly string[]): Field[] => values.map((value) => ['cookie', value]);
const joined = (cookie: string): Partial<Forwarded> => ({ present: [['cookie', cookie]] });

/** Item 47: cookies in crumbs (RFC 9113 §8.2.3), and other fields twice. */
const repeats: readonly LaneCase[] = [
  forward('47: crumbs: two', [...GET, ...crumbs('a=1', 'b=2')], joined('a=1; b=2')),
  forward('47: crumbs: the same', [...GET, ...crumbs('a=1', 'a=1')], joined('a=1; a=1')),
  forward(
    '47: crumbs: with fields between',
    [...GET, ...crumbs('a=1'), ['x', '1'], ...crumbs('b=2')],
    joined('a=1; b=2'),
  ),
  forward('47: crumbs: empty ones', [...GET, ...crumbs('', 'a=1', '')], joined('a=1')),
  forward(
    '47: crumbs: two hundred',
    [...GET, ...crumbs(...Array<string>(200).fill('a'))],
    joined(Array(200).fill('a').join('; ')),
  ),
  refuse(
    '47: crumbs: one more',
    [...GET, ...crumbs(...Array<string>(201).fill('a'))],
    refused('header-too-large', 431),
  ),
  refuse(
    '47: crumbs: too long together',
    [...GET, ...crumbs('a'.repeat(9_000), 'b'.repeat(9_000))],
    refused('header-too-large', 431),
  ),
  reset('47: crumbs: a line break', [...GET, ...crumbs('a=1', 'b\r\nx: 1')]),
  reset('47: crumbs: a space before one', [...GET, ...crumbs('a=1', ' b=2')]),
  refuse('47: twice: authorization', [...GET, ['authorization', 'a'], ['authorization', 'a']], 'duplicate-header'),
];

const field = (name: string, value: string): readonly Field[] => [...GET, [name, value]];

/** Items 8, 9, 11, 45 and 46: fields (RFC 9113 §8.2). */
const fields: readonly LaneCase[] = [
  ...['X', 'x-A', '', ' x', 'x ', 'x:', 'x:y', 'x\r\ny', 'x\0', 'x\x7f', '\xe9', 'x\t', 'host\r\nx', '"x"', 'x/y'].map(
    (name) => reset(`9: name ${JSON.stringify(name)}`, field(name, '1')),
  ),
  ...[
    'a\r\nx-injected: 1',
    'a\nb',
    'a\rb',
    '\0',
    'a\0',
    ' a',
    'a ',
    '\ta',
    'a\t',
    ' ',
    '\r\n',
    '\r\n\r\nGET / HTTP/1.1',
  ].map((value) => reset(`11: value ${JSON.stringify(value)}`, field('x', value))),
  refuse('11: value with obs-text', field('x', '\xe9'), 'malformed-header-value'),
  refuse('11: value with delete', field('x', 'a\x7f'), 'malformed-header-value'),
  refuse('8: an underscore', field('x_y', '1'), 'underscore-in-header'),
  ...['connection', 'proxy-connection', 'keep-alive', 'upgrade', 'transfer-encoding'].map((name) =>
    reset(`45: ${name}, empty`, field(name, '')),
  ),
  reset('45: Connection names a credential', [...field('connection', 'authorization'), ['authorization', 'a']]),
  ...['', 'gzip', 'Trailers', 'trailers, gzip', 'trailers;q=1'].map((value) =>
    reset(`46: te ${JSON.stringify(value)}`, field('te', value)),
  ),
  reset('46: te, once right and once wrong', [...field('te', 'trailers'), ['te', 'gzip']]),
  forward('46: te: trailers', field('te', 'trailers'), { absent: ['te'] }),
  forward('46: settings of an upgrade', field('http2-settings', 'AAMAAABk'), { absent: ['http2-settings'] }),
  forward('9: a hundred fields', [...GET, ...Array.from({ length: 99 }, (): Field => ['x', '1'])]),
  refuse(
    '48: a hundred fields and an authority',
    [...GET, ...Array.from({ length: 100 }, (): Field => ['x', '1'])],
    refused('header-too-large', 431),
  ),
  refuse(
    '48: 900 fields',
    [...GET, ...Array.from({ length: 900 }, (): Field => ['x', '1'])],
    refused('header-too-large', 431),
  ),
  refuse('48: a head of 24 KiB', field('x', 'v'.repeat(24_000)), refused('header-too-large', 431)),
];

/** What only HTTP/2 can say, or says in another way; the numbers are those of the rules. */
export const http2Cases: readonly LaneCase[] = [
  ...paths,
  ...pseudoFields,
  ...tunnels,
  ...lengths,
  ...trailers,
  ...repeats,
  ...fields,
];
