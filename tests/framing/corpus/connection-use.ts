import { type FramingCase, bytes, forward, forwarded, get, post, refuse, refused, request, sequence } from '../case.ts';

const smuggled = get('/smuggled').toString('latin1');
const second = get('/second');
const third = get('/third');

const AFTER_ERRORS: readonly (readonly [name: string, first: Buffer, code: Parameters<typeof refused>[0]])[] = [
  ['a wrong length', post(['Content-Length: +5'], 'hello'), 'invalid-content-length'],
  ['two lengths', post(['Content-Length: 5', 'Content-Length: 6'], 'hello'), 'invalid-content-length'],
  ['length and chunked', post(['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'), 'length-and-chunked'],
  ['a wrong coding', post(['Transfer-Encoding: cow'], '0\r\n\r\n'), 'invalid-transfer-encoding'],
  ['a broken field', get('/c', 'X-A : 1'), 'malformed-header'],
  ['an underscore', get('/c', 'X_A: 1'), 'underscore-in-header'],
  ['a missing Host', request('GET /c HTTP/1.1', []), 'invalid-host'],
  ['a wrong version', request('GET /c HTTP/1.2', ['Host: api.test']), 'unsupported-http-version'],
  ['a dot segment', get('/c/../d'), 'dot-segment'],
  ['a NUL', get('/c', 'X-A: \0'), 'malformed-header-value'],
  ['a long target', get(`/${'a'.repeat(8192)}`), 'target-too-long'],
];

const TAKES_BODY = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const NO_BODY = ['GET', 'HEAD'] as const;

const EVERY_BYTE = String.fromCharCode(...Array(256).keys());

const withBody = (method: string, fields: readonly string[], body: string): Buffer =>
  request(`${method} /c HTTP/1.1`, ['Host: api.test', ...fields], body);

const EXPECTATIONS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['two in one line', ['Expect: y 100-continue']],
  ['a list', ['Expect: 100-continue, 100-continue']],
  ['a list with an unknown one', ['Expect: 100-continue, 200-ok']],
  ['two lines', ['Expect: 100-continue', 'Expect: 100-continue']],
  ['two lines that differ', ['Expect: 100-continue', 'expect: 200-ok']],
  ['empty', ['Expect:']],
];

const UNKNOWN_EXPECTATIONS = [
  '200-ok',
  '100-continued',
  '100',
  'continue',
  '100-continue;q=1',
  '"100-continue"',
  'x=y',
];

/** Items 16, 17 and 20: what follows what on one connection. */
export const connectionUseCases: readonly FramingCase[] = [
  ...AFTER_ERRORS.map(([name, first, code]) =>
    sequence(`16: nothing is read after ${name}`, Buffer.concat([first, second]), [
      refused(code, code === 'target-too-long' ? 414 : 400),
    ]),
  ),
  sequence('16: two requests in one write', Buffer.concat([get('/c'), second]), [
    forwarded(),
    forwarded({ target: '/second' }),
  ]),
  sequence('16: three requests in one write', Buffer.concat([get('/c'), second, third]), [
    forwarded(),
    forwarded({ target: '/second' }),
    forwarded({ target: '/third' }),
  ]),
  sequence('16: a body by length, then a request', Buffer.concat([post(['Content-Length: 5'], 'hello'), second]), [
    forwarded({ body: 'hello' }),
    forwarded({ target: '/second' }),
  ]),
  sequence('16: a length that cuts the body short', post(['Content-Length: 2'], `he${smuggled}`), [
    forwarded({ body: 'he' }),
    forwarded({ target: '/smuggled' }),
  ]),
  sequence('16: a length that takes in the next request', post([`Content-Length: ${smuggled.length}`], smuggled), [
    forwarded({ body: smuggled }),
  ]),
  sequence('16: a good request, then a broken one', Buffer.concat([get('/c'), get('/d', 'X-A : 1'), third]), [
    forwarded(),
    refused('malformed-header'),
  ]),
  sequence('16: a good request, then rubbish', Buffer.concat([get('/c'), bytes('rubbish\r\n\r\n')]), [
    forwarded(),
    refused('malformed-request-line'),
  ]),
  sequence('16: a body longer than its length', post(['Content-Length: 5'], 'hello world\r\n\r\n'), [
    forwarded({ body: 'hello' }),
    refused('malformed-request-line'),
  ]),
  sequence('16: no length, but bytes that look like a body', post([], 'a=1&b=2\r\n\r\n'), [
    forwarded({ method: 'POST' }),
    refused('malformed-request-line'),
  ]),
  sequence(
    '16: Connection: close, then a request',
    Buffer.concat([get('/c', 'Connection: close'), second]),
    [forwarded()],
    {
      closes: true,
    },
  ),
  forward('16: a CRLF before the request line', bytes(`\r\n${get('/c').toString('latin1')}`)),
  sequence('16: a CRLF between two requests', Buffer.concat([get('/c'), bytes('\r\n'), second]), [
    forwarded(),
    forwarded({ target: '/second' }),
  ]),
  sequence(
    '16: a request that waits for the reply before it',
    [get('/c'), { until: 'HTTP/1.1 200' }, second, { until: '/second' }, third],
    [forwarded(), forwarded({ target: '/second' }), forwarded({ target: '/third' })],
  ),
  ...NO_BODY.flatMap((method) => [
    refuse(`17: ${method} with a body by length`, withBody(method, ['Content-Length: 5'], 'hello'), 'unexpected-body'),
    refuse(
      `17: ${method} with a chunked body`,
      withBody(method, ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
      'unexpected-body',
    ),
    refuse(
      `17: ${method} with a request for a body`,
      withBody(method, [`Content-Length: ${smuggled.length}`], smuggled),
      'unexpected-body',
    ),
  ]),
  refuse(
    '17: GET with an empty chunked body',
    withBody('GET', ['Transfer-Encoding: chunked'], '0\r\n\r\n'),
    'unexpected-body',
  ),
  forward('17: GET with a length of zero', get('/c', 'Content-Length: 0')),
  forward('17: HEAD', withBody('HEAD', [], ''), { method: 'HEAD' }),
  ...TAKES_BODY.flatMap((method) => [
    forward(`17: ${method} with a body by length`, withBody(method, ['Content-Length: 5'], 'hello'), {
      method,
      body: 'hello',
    }),
    forward(
      `17: ${method} with a chunked body`,
      withBody(method, ['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
      { method, body: 'hello' },
    ),
    forward(`17: ${method} without a body`, withBody(method, [], ''), { method }),
  ]),
  forward('17: a body of every byte', post(['Content-Length: 256'], EVERY_BYTE), { body: EVERY_BYTE }),
  ...EXPECTATIONS.map(([name, fields]) =>
    refuse(`20: expectations: ${name}`, post([...fields, 'Content-Length: 5'], 'hello'), 'invalid-expect'),
  ),
  ...UNKNOWN_EXPECTATIONS.map((value) =>
    refuse(
      `20: expectation: ${value}`,
      post([`Expect: ${value}`, 'Content-Length: 5'], 'hello'),
      'expectation-failed',
      {
        status: 417,
      },
    ),
  ),
  refuse('20: expectation: 100-continue without a body', get('/c', 'Expect: 100-continue'), 'invalid-expect'),
  refuse('20: expectation: unknown, without a body', get('/c', 'Expect: 200-ok'), 'invalid-expect'),
  refuse(
    '20: expectation: with a length of zero',
    post(['Expect: 100-continue', 'Content-Length: 0']),
    'invalid-expect',
  ),
  forward(
    '20: the gateway itself says to continue',
    [post(['Expect: 100-continue', 'Content-Length: 5']), { until: 'HTTP/1.1 100' }, bytes('hello')],
    { body: 'hello', absent: ['expect'] },
  ),
  forward(
    '20: the gateway itself says to continue with chunks',
    [
      post(['Expect: 100-Continue', 'Transfer-Encoding: chunked']),
      { until: 'HTTP/1.1 100' },
      bytes('5\r\nhello\r\n0\r\n\r\n'),
    ],
    { body: 'hello', absent: ['expect'] },
  ),
  forward('20: the body comes without waiting', post(['Expect: 100-continue', 'Content-Length: 5'], 'hello'), {
    body: 'hello',
    absent: ['expect'],
  }),
  sequence(
    '20: a refused expectation, and the body comes all the same',
    request(
      'POST /nowhere HTTP/1.1',
      ['Host: route.test', 'Expect: 100-continue', `Content-Length: ${smuggled.length}`],
      smuggled,
    ),
    [refused('not-found', 404)],
    { closes: 'either' },
  ),
  sequence(
    '20: a refused request, and its body looks like the next one',
    request('POST /nowhere HTTP/1.1', ['Host: route.test', `Content-Length: ${smuggled.length}`], smuggled),
    [refused('not-found', 404)],
    { closes: 'either' },
  ),
  sequence(
    '20: a refused request with chunks, and the data looks like the next one',
    request(
      'POST /nowhere HTTP/1.1',
      ['Host: route.test', 'Transfer-Encoding: chunked'],
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
    ),
    [refused('not-found', 404)],
    { closes: 'either' },
  ),
  forward(
    '20: HTTP/1.0 does not know expectations',
    request('POST /c HTTP/1.0', ['Host: api.test', 'Expect: 100-continue', 'Content-Length: 5'], 'hello'),
    { body: 'hello', closes: true, absent: ['expect'] },
  ),
];
