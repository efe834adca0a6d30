import fc from 'fast-check';
import { type Change, changed, changeOf } from './mutation.ts';

/** What stands behind every head: frames to who agreed to the upgrade, and never a request. */
const BEHIND = Buffer.from('GET /behind HTTP/1.1\r\nHost: api.test\r\n\r\n');

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The usual line, or in one of so many cases something else in its place: other lines, or none. */
function line(usual: readonly string[], odd: readonly (readonly string[])[]): fc.Arbitrary<readonly string[]> {
  return fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...usual.map((text) => [text])) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

const UPGRADE = line(
  ['Upgrade: websocket', 'upgrade:WebSocket', 'UPGRADE: websocket '],
  [
    [],
    ['Upgrade: websocket, h2c'],
    ['Upgrade: h2c, websocket'],
    ['Upgrade: h2c'],
    ['Upgrade: websocket/13'],
    ['Upgrade: "websocket"'],
    ['Upgrade: websockets'],
    ['Upgrade:'],
    ['Upgrade: websocket', 'Upgrade: websocket'],
    ['Upgrade: h2c', 'Upgrade: websocket'],
    ['Upgrade : websocket'],
    ['Upgrade:', ' websocket'],
  ],
);
const CONNECTION = line(
  ['Connection: Upgrade', 'Connection: keep-alive, upgrade', 'connection: UPGRADE'],
  [
    [],
    ['Connection: keep-alive'],
    ['Connection: close'],
    ['Connection: Upgrade, close'],
    ['Connection: upgraded'],
    ['Connection: "Upgrade"'],
    ['Connection: ,Upgrade,'],
    ['Connection: Upgrade, Sec-WebSocket-Key'],
    ['Connection: Upgrade, Host, Upgrade'],
    ['Connection: keep-alive', 'Connection: Upgrade'],
    ['Proxy-Connection: Upgrade'],
  ],
);
const VERSION = line(
  ['Sec-WebSocket-Version: 13'],
  [
    [],
    ['Sec-WebSocket-Version: 8'],
    ['Sec-WebSocket-Version: 13, 8'],
    ['Sec-WebSocket-Version: 013'],
    ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 13'],
    ['Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 8'],
  ],
);
const KEY_LINE = line(
  [`Sec-WebSocket-Key: ${KEY}`, 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA=='],
  [
    [],
    ['Sec-WebSocket-Key:'],
    ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR=='],
    ['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j'],
    [`Sec-WebSocket-Key: ${KEY}${KEY}`],
    [`Sec-WebSocket-Key: ${KEY}, ${KEY}`],
    [`Sec-WebSocket-Key: ${KEY}`, `Sec-WebSocket-Key: ${KEY}`],
  ],
);
const SUBPROTOCOL = fc.constantFrom('chat.v1', 'chat.v2', 'Chat.v1', 'a', 'a b', '', ' b ', '\td', '"q"', 'é');
const MORE = fc.array(
  fc.oneof(
    fc.array(SUBPROTOCOL, { maxLength: 4 }).map((names) => `Sec-WebSocket-Protocol: ${names.join(',')}`),
    fc.constantFrom('Sec-WebSocket-Extensions: permessage-deflate', 'Sec-WebSocket-Extensions: ;;', 'Origin: null'),
    fc.constantFrom('Sec-WebSocket-Accept: x', 'HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA', 'Cookie: a=b'),
  ),
  { maxLength: 2 },
);
const FRAMING = line(
  ['Host: api.test'],
  [
    ['Host: api.test', 'Content-Length: 0'],
    ['Host: api.test', `Content-Length: ${BEHIND.length}`],
    ['Host: api.test', 'Transfer-Encoding: chunked'],
    ['Host: api.test', 'Expect: 100-continue'],
  ],
);
const START = line(
  ['GET /chat HTTP/1.1', 'GET /chat?room=1 HTTP/1.1'],
  [['POST /chat HTTP/1.1'], ['GET /chat HTTP/1.0'], ['get /chat HTTP/1.1'], ['HEAD /chat HTTP/1.1']],
);

/** A head that asks for an upgrade, or nearly so, perhaps with some of its octets changed; `BEHIND` follows it. */
export const UPGRADES: fc.Arbitrary<Buffer> = fc
  .record({
    start: START,
    lines: fc.tuple(UPGRADE, CONNECTION, VERSION, KEY_LINE, FRAMING, MORE),
    rotate: fc.nat(8),
    changes: fc.oneof(
      { weight: 7, arbitrary: fc.constant([] as Change[]) },
      { weight: 1, arbitrary: fc.array(changeOf(4), { minLength: 1, maxLength: 2 }) },
    ),
  })
  .map(({ start, lines, rotate, changes }) => {
    const all = lines.flat();
    const turned = [...all.slice(rotate % all.length), ...all.slice(0, rotate % all.length)];
    const head = Buffer.from([...start, ...turned, '', ''].join('\r\n'), 'latin1');
    return Buffer.concat([changes.reduce(changed, head), BEHIND]);
  });
