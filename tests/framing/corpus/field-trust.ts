import { type FramingCase, forward, get, post, refuse, request } from '../case.ts';

/** Names that a client may not give a value, with one it might try. */
const FORGED: readonly (readonly [item: number, name: string, value: string])[] = [
  [40, 'X-Original-URL', '/admin'],
  [40, 'X-Rewrite-URL', '/admin'],
  [41, 'X-Host', 'evil.test'],
  [41, 'X-Forwarded-Prefix', '/admin'],
  [41, 'X-Forwarded-Port', '1'],
  [41, 'X-Forwarded-Server', 'evil.test'],
  [41, 'X-Forwarded-Uri', '/admin'],
  [41, 'X-Forwarded-Method', 'DELETE'],
  [41, 'Forwarded', 'for=10.0.0.1;host=evil.test;proto=http'],
  [41, 'X-Real-IP', '10.0.0.1'],
  [41, 'True-Client-IP', '10.0.0.1'],
  [41, 'CF-Connecting-IP', '10.0.0.1'],
  [41, 'X-Client-Cert', 'forged'],
  [44, 'X-Portcullis-Subject', 'root'],
  [44, 'X-Portcullis-Roles', 'admin'],
  [44, 'X-Portcullis-Tenant', 'other'],
  [44, 'X-Portcullis-Anything', 'forged'],
];

const OVERRIDING = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'X-HttpMethod-Override'];

/** Names the gateway writes anew, with a value that must not survive. */
const REBUILT: readonly (readonly [name: string, value: string])[] = [
  ['X-Forwarded-For', '10.0.0.1'],
  ['X-Forwarded-Host', 'evil.test'],
  ['X-Forwarded-Proto', 'http'],
];

const spellings = (name: string): readonly string[] => [name, name.toLowerCase(), name.toUpperCase(), swapCase(name)];

const swapCase = (text: string): string =>
  [...text].map((letter, index) => (index % 2 === 0 ? letter.toLowerCase() : letter.toUpperCase())).join('');

const DOTTED = [
  'X.Forwarded.For',
  'X-Forwarded.For',
  'x.real.ip',
  'X.HTTP.Method.Override',
  'X.Original.URL',
  'x.portcullis.subject',
  'X-Portcullis.Roles',
];
const OTHERWISE_SPELT = ['X~Forwarded~For', 'X!Portcullis!Subject', "X-Portcullis'Roles", 'X*Real*IP'];

const FORWARDED_FOR: readonly (readonly [name: string, value: string])[] = [
  ['empty', ''],
  ['rubbish', 'not an address'],
  ['loopback first', '127.0.0.1, 10.0.0.1'],
  ['IPv4 inside IPv6', '::ffff:10.0.0.1'],
  ['a zone', 'fe80::1%eth0'],
  ['a port', '10.0.0.1:80'],
  ['brackets', '[2001:db8::1]:80'],
  ['only commas', ',,,'],
  ['unknown', 'unknown, _hidden'],
  ['a thousand entries', Array.from({ length: 1000 }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join(',')],
];

const METHOD_PARAMETERS: readonly (readonly [sent: string, expected: string])[] = [
  ['/c?_method=DELETE&a=1', '/c?a=1'],
  ['/c?a=1&_method=DELETE', '/c?a=1'],
  ['/c?a=1&_method=DELETE&b=2', '/c?a=1&b=2'],
  ['/c?a=1&_method=PUT&_method=DELETE', '/c?a=1'],
  ['/c?a=1&%5fmethod=DELETE', '/c?a=1'],
  ['/c?a=1&%5Fm%65thod=DELETE', '/c?a=1'],
  ['/c?a=1&_method', '/c?a=1'],
  ['/c?a=_method', '/c?a=_method'],
  ['/c?my_method=1', '/c?my_method=1'],
  ['/_method=DELETE', '/_method=DELETE'],
];

const CONNECTION_REFUSED = [
  'Authorization',
  'authorization',
  'AUTHORIZATION',
  'X-Forwarded-For',
  'x-forwarded-for',
  'X-Forwarded-Host',
  'X-Forwarded-Proto',
  'Host',
  'Content-Length',
  'Content-Type',
  'Transfer-Encoding',
  'Cookie',
  'X-Portcullis-Subject',
  'close, Authorization',
  'keep-alive, x-forwarded-for',
  'x-a, cookie',
];

const HOP_BY_HOP: readonly (readonly [name: string, fields: readonly string[], absent: readonly string[]])[] = [
  ['Keep-Alive', ['Keep-Alive: timeout=5'], ['keep-alive']],
  ['Connection: keep-alive', ['Connection: keep-alive', 'Keep-Alive: timeout=5'], ['keep-alive']],
  ['Proxy-Connection', ['Proxy-Connection: keep-alive'], ['proxy-connection']],
  ['Proxy-Authenticate', ['Proxy-Authenticate: Basic'], ['proxy-authenticate']],
  ['Proxy-Authorization', ['Proxy-Authorization: Basic YTpi'], ['proxy-authorization']],
  ['TE', ['TE: gzip'], ['te']],
  ['TE, named in Connection', ['Connection: TE', 'TE: gzip;q=0.5'], ['te']],
  ['Trailer', ['Trailer: X-A'], ['trailer']],
  ['a field named in Connection', ['Connection: X-Hop', 'X-Hop: 1'], ['x-hop']],
  ['a field named in Connection in lower case', ['Connection: x-hop', 'X-Hop: 1'], ['x-hop']],
  ['a field named in upper case', ['CONNECTION: X-HOP', 'x-hop: 1'], ['x-hop']],
  ['two fields named', ['Connection: X-Hop, X-Hop-Two', 'X-Hop: 1', 'X-Hop-Two: 2'], ['x-hop', 'x-hop-two']],
  [
    'named on two lines',
    ['Connection: X-Hop', 'X-Hop: 1', 'Connection: X-Hop-Two', 'X-Hop-Two: 2'],
    ['x-hop', 'x-hop-two'],
  ],
  ['named, and sent twice', ['Connection: X-Hop', 'X-Hop: 1', 'X-Hop: 2'], ['x-hop']],
  ['named after the field', ['X-Hop: 1', 'Connection: keep-alive, X-Hop'], ['x-hop']],
  ['named with empty members', ['Connection: , ,X-Hop,,', 'X-Hop: 1'], ['x-hop']],
  ['named without spaces', ['Connection:keep-alive,X-Hop', 'X-Hop:1'], ['x-hop']],
];

const TWICE: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['Authorization, the same', ['Authorization: Bearer a', 'Authorization: Bearer a']],
  ['Authorization, different', ['Authorization: Bearer a', 'Authorization: Bearer b']],
  ['Authorization, other case', ['Authorization: Bearer a', 'AUTHORIZATION: Bearer b']],
  ['Authorization, far apart', ['Authorization: Bearer a', 'X-A: 1', 'authorization: Basic YTpi']],
  ['Authorization, one empty', ['Authorization:', 'Authorization: Bearer a']],
  ['Cookie', ['Cookie: a=1', 'Cookie: b=2']],
  ['Cookie, other case', ['Cookie: a=1', 'cookie: a=2']],
  ['X-Api-Key', ['X-Api-Key: a', 'X-Api-Key: b']],
  ['X-Api-Key, other case', ['X-Api-Key: a', 'x-api-key: a']],
  ['X-Auth-Token', ['X-Auth-Token: a', 'X-Auth-Token: b']],
];

const CONTENT_TYPES = [
  'application/json',
  'application/json garbage',
  'application/json; charset=utf-7',
  'application/json; charset=utf-16',
  'APPLICATION/JSON',
  'application/json;charset="utf-8"',
  'application/json, text/plain',
  'text/plain; application/json',
  'application/json\t;charset=utf-8',
  '',
];

const json = '{"a":1}';
const withType = (...fields: readonly string[]): Buffer => post([...fields, `Content-Length: ${json.length}`], json);

/** Items 40 to 47 and 63: which fields of a client reach the origin. */
export const fieldTrustCases: readonly FramingCase[] = [
  ...FORGED.flatMap(([item, name, value]) =>
    spellings(name).map((spelling) =>
      forward(`${item}: forged: ${spelling}`, get('/c', `${spelling}: ${value}`), { absent: [name.toLowerCase()] }),
    ),
  ),
  ...FORGED.map(([item, name, value]) =>
    forward(`${item}: forged twice: ${name}`, get('/c', `${name}: ${value}`, `${name.toLowerCase()}: again`), {
      absent: [name.toLowerCase()],
    }),
  ),
  ...OVERRIDING.flatMap((name) =>
    spellings(name).map((spelling) =>
      refuse(`40: another method: ${spelling}`, get('/c', `${spelling}: DELETE`), 'method-override'),
    ),
  ),
  ...OVERRIDING.flatMap((name) => [
    refuse(`40: twice: ${name}`, get('/c', `${name}: GET`, `${name}: DELETE`), 'method-override'),
    refuse(`40: empty: ${name}`, get('/c', `${name}:`), 'method-override'),
  ]),
  ...[...DOTTED, ...OTHERWISE_SPELT].map((name) =>
    forward(`44: forged: ${name}`, get('/c', `${name}: forged`), { absent: [name.toLowerCase()] }),
  ),
  ...REBUILT.flatMap(([name, value]) =>
    spellings(name).map((spelling) => forward(`41: forged: ${spelling}`, get('/c', `${spelling}: ${value}`))),
  ),
  ...REBUILT.map(([name, value]) =>
    forward(`41: forged twice: ${name}`, get('/c', `${name}: ${value}`, `${name}: ${value}`)),
  ),
  ...FORWARDED_FOR.map(([name, value]) =>
    forward(`42: X-Forwarded-For: ${name}`, get('/c', `X-Forwarded-For: ${value}`)),
  ),
  ...METHOD_PARAMETERS.map(([sent, expected]) =>
    forward(
      `40: a method in the query: ${sent}`,
      request(`POST ${sent} HTTP/1.1`, ['Host: api.test', 'Content-Length: 0']),
      {
        method: 'POST',
        target: expected,
      },
    ),
  ),
  ...CONNECTION_REFUSED.map((value) =>
    refuse(
      `45: Connection: ${value}`,
      get('/c', `Connection: ${value}`, 'Authorization: Bearer a'),
      'connection-names-protected-header',
    ),
  ),
  refuse(
    '45: Connection on a second line names Authorization',
    get('/c', 'Connection: keep-alive', 'Authorization: Bearer a', 'connection: authorization'),
    'connection-names-protected-header',
  ),
  ...HOP_BY_HOP.map(([name, fields, absent]) => forward(`46: hop by hop: ${name}`, get('/c', ...fields), { absent })),
  forward('46: Connection: close ends here', get('/c', 'Connection: close'), { closes: true }),
  forward('46: Connection: CLOSE ends here', get('/c', 'CONNECTION: CLOSE'), { closes: true }),
  forward('46: close among others', get('/c', 'Connection: x-hop, close', 'X-Hop: 1'), {
    closes: true,
    absent: ['x-hop'],
  }),
  ...TWICE.map(([name, fields]) => refuse(`47: twice: ${name}`, get('/c', ...fields), 'duplicate-header')),
  forward('47: one Authorization', get('/c', 'Authorization: Bearer a'), { present: [['authorization', 'Bearer a']] }),
  forward('47: one Cookie', get('/c', 'Cookie: a=1; b=2'), { present: [['cookie', 'a=1; b=2']] }),
  forward('47: lists may come in several lines', get('/c', 'Accept: a/b', 'Accept: c/d'), {
    present: [
      ['accept', 'a/b'],
      ['accept', 'c/d'],
    ],
  }),
  ...CONTENT_TYPES.map((value) =>
    forward(`63: content type: ${value}`, withType(`Content-Type: ${value}`), {
      body: json,
      present: [['content-type', value]],
    }),
  ),
  forward('63: content type: white space around it', withType('Content-Type: \tapplication/json\t '), {
    body: json,
    present: [['content-type', 'application/json']],
  }),
  forward('63: content type: missing', withType(), { body: json, absent: ['content-type'] }),
  refuse(
    '63: content type: twice, the same',
    withType('Content-Type: application/json', 'Content-Type: application/json'),
    'duplicate-header',
  ),
  refuse(
    '63: content type: twice, different',
    withType('Content-Type: application/json', 'content-type: text/plain'),
    'duplicate-header',
  ),
];
