import { type FramingCase, forward, forwarded, get, post, refuse, refused, request, sequence } from '../case.ts';

const GONE = ['upgrade', 'http2-settings'] as const;

const UPGRADES: readonly (readonly [item: number, name: string, fields: readonly string[]])[] = [
  [54, 'h2c', ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA']],
  [54, 'h2c, settings not named', ['Connection: Upgrade', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']],
  [54, 'h2c, lower case', ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABk']],
  [54, 'h2c, upper case', ['CONNECTION: UPGRADE, HTTP2-SETTINGS', 'UPGRADE: H2C', 'HTTP2-SETTINGS: AAMAAABk']],
  [54, 'h2c, without Connection', ['Upgrade: h2c', 'HTTP2-Settings: AAMAAABk']],
  [54, 'h2c, without settings', ['Connection: Upgrade', 'Upgrade: h2c']],
  [54, 'h2', ['Connection: Upgrade', 'Upgrade: h2']],
  [55, 'an unknown protocol', ['Connection: Upgrade', 'Upgrade: foo/1']],
  [55, 'TLS', ['Connection: Upgrade', 'Upgrade: TLS/1.0']],
  [55, 'a list', ['Connection: Upgrade', 'Upgrade: websocket, h2c']],
  [55, 'two lines', ['Connection: Upgrade', 'Upgrade: h2c', 'Upgrade: websocket']],
  [55, 'empty', ['Connection: Upgrade', 'Upgrade:']],
  [55, 'only in Connection', ['Connection: Upgrade']],
  [55, 'HTTP/2.0', ['Connection: Upgrade', 'Upgrade: HTTP/2.0']],
  [
    55,
    'websocket, which is not offered',
    [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ],
  ],
  [
    56,
    'websocket, wrong version',
    [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 9999',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ],
  ],
  [56, 'websocket, no key', ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13']],
  [56, 'websocket, foreign origin', ['Connection: Upgrade', 'Upgrade: websocket', 'Origin: https://evil.test']],
];

const limited = (line: string, fields: readonly string[] = []): Buffer =>
  request(line, ['Host: methods.test', ...fields]);

const OTHER_METHODS = [
  'get',
  'Get',
  'gET',
  'GETT',
  'GE',
  'FOO',
  'PURGE',
  'PROPFIND',
  'TRACK',
  'DEBUG',
  'CONNECT-UDP',
  'post',
  'DELETE',
  'X',
  'A'.repeat(32),
];

/** Items 54 to 60: methods, upgrades and tunnels. */
export const protocolSwitchCases: readonly FramingCase[] = [
  ...UPGRADES.map(([item, name, fields]) =>
    forward(`${item}: upgrade: ${name}`, get('/c', ...fields), { absent: GONE }),
  ),
  forward(
    '55: upgrade: on a POST with a body',
    post(['Connection: Upgrade', 'Upgrade: h2c', 'Content-Length: 5'], 'hello'),
    {
      body: 'hello',
      absent: GONE,
    },
  ),
  sequence(
    '55: upgrade: the bytes behind it are the next request',
    Buffer.concat([get('/c', 'Connection: Upgrade', 'Upgrade: h2c'), get('/second')]),
    [forwarded({ absent: GONE }), forwarded({ target: '/second' })],
  ),
  sequence(
    '54: upgrade: the preface of HTTP/2 behind it',
    [
      get('/c', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
      request('PRI * HTTP/2.0', [], 'SM\r\n\r\n'),
    ],
    [forwarded({ absent: GONE }), refused(['unsupported-http-version', 'malformed-target'])],
  ),
  refuse(
    '56: upgrade: a GET with a body',
    get('/c', 'Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 5'),
    'unexpected-body',
  ),
  ...['api.test:443', 'evil.test:443', 'evil.test:80', '127.0.0.1:22', '[::1]:443'].map((target) =>
    refuse(`57: CONNECT ${target}`, request(`CONNECT ${target} HTTP/1.1`, ['Host: api.test']), 'method-not-allowed', {
      status: 405,
    }),
  ),
  refuse(
    '57: CONNECT with the same Host',
    request('CONNECT api.test:443 HTTP/1.1', ['Host: api.test:443']),
    'method-not-allowed',
    {
      status: 405,
    },
  ),
  refuse(
    '57: CONNECT, and a request in the tunnel',
    Buffer.concat([request('CONNECT api.test:443 HTTP/1.1', ['Host: api.test:443']), get('/smuggled')]),
    'method-not-allowed',
    { status: 405 },
  ),
  ...['TRACE'].flatMap((method) => [
    refuse(`58: ${method}`, request(`${method} /c HTTP/1.1`, ['Host: api.test']), 'method-not-allowed', {
      status: 405,
      closes: 'either',
    }),
    refuse(
      `58: ${method} with Max-Forwards`,
      request(`${method} /c HTTP/1.1`, ['Host: api.test', 'Max-Forwards: 0']),
      'method-not-allowed',
      {
        status: 405,
        closes: 'either',
      },
    ),
    refuse(
      `58: ${method} with credentials`,
      request(`${method} /c HTTP/1.1`, ['Host: api.test', 'Cookie: a=1']),
      'method-not-allowed',
      {
        status: 405,
        closes: 'either',
      },
    ),
  ]),
  ...OTHER_METHODS.map((method) =>
    refuse(
      `${method === 'TRACK' ? 58 : 59}: method ${method} on a known path`,
      limited(`${method} /only HTTP/1.1`),
      'method-not-allowed',
      {
        status: 405,
        closes: false,
      },
    ),
  ),
  ...['get', 'FOO'].map((method) =>
    refuse(`59: method ${method} on an unknown path`, limited(`${method} /nowhere HTTP/1.1`), 'not-found', {
      status: 404,
      closes: false,
    }),
  ),
  forward('59: method GET on a known path', limited('GET /only HTTP/1.1'), { target: '/only' }),
  forward('59: method HEAD goes where GET is described', limited('HEAD /only HTTP/1.1'), {
    method: 'HEAD',
    target: '/only',
  }),
  forward('59: method POST on a known path', limited('POST /only/7 HTTP/1.1', ['Content-Length: 0']), {
    method: 'POST',
    target: '/only/7',
  }),
];
