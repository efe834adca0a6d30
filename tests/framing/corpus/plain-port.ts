import { type FramingCase, get, plain, refused, request } from '../case.ts';

const redirected = { kind: 'answered', status: 308 } as const;

/** The plain http port redirects or refuses, and reads as strictly as the TLS port. The numbers are those of the rules that hold on both. */
export const plainPortCases: readonly FramingCase[] = [
  plain('36: http port: GET', get('/c'), redirected),
  plain('36: http port: GET with a query', get('/c?x=1'), redirected),
  plain('17: http port: HEAD', request('HEAD /c HTTP/1.1', ['Host: api.test']), redirected),
  plain('47: http port: GET with a credential', get('/c', 'Authorization: Bearer a'), refused('plain-http', 403)),
  plain('47: http port: GET with a cookie', get('/c', 'Cookie: a=1'), refused('plain-http', 403)),
  plain(
    '17: http port: POST',
    request('POST /c HTTP/1.1', ['Host: api.test', 'Content-Length: 0']),
    refused('plain-http', 403),
  ),
  plain(
    '1: http port: length and chunked',
    request('POST /c HTTP/1.1', ['Host: api.test', 'Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    refused('length-and-chunked'),
  ),
  plain('4: http port: a wrong length', get('/c', 'Content-Length: +5'), refused('invalid-content-length')),
  plain('6: http port: a wrong coding', get('/c', 'Transfer-Encoding: cow'), refused('invalid-transfer-encoding')),
  plain('9: http port: a space before the colon', get('/c', 'X-A : 1'), refused('malformed-header')),
  plain('10: http port: a bare line feed', get('/c', 'X-A: 1\nX-B: 2'), refused('bare-line-break')),
  plain('24: http port: a dot segment', get('/a/../c'), refused('dot-segment')),
  plain('28: http port: an encoded line break', get('/%0d%0aSet-Cookie:%20a=1'), refused('malformed-escape')),
  plain('29: http port: a second host in the path', get('//evil.test/c'), refused('empty-segment')),
  plain('35: http port: two hosts', get('/c', 'Host: evil.test'), refused(['invalid-host', 'duplicate-header'])),
  plain(
    '35: http port: user information in Host',
    request('GET /c HTTP/1.1', ['Host: api.test@evil.test']),
    refused('invalid-host'),
  ),
  plain(
    '37: http port: an unknown host',
    request('GET /c HTTP/1.1', ['Host: evil.test']),
    refused('misdirected-request', 421),
  ),
];
