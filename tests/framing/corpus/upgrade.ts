import { type FramingCase, forwarded, refuse, refused, request, sequence } from '../case.ts';
import { bad, delivered, type ReplyCase } from '../reply-case.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const UPGRADE = ['Connection: Upgrade', 'Upgrade: websocket'] as const;
const VERSION = 'Sec-WebSocket-Version: 13';
const SOUND = [...UPGRADE, VERSION, `Sec-WebSocket-Key: ${KEY}`] as const;

/** A request to the one operation that offers WebSocket. */
function chat(fields: readonly string[], line = 'GET /chat HTTP/1.1', body = ''): Buffer {
  return request(line, ['Host: chat.test', ...fields], body);
}

const SMUGGLED = request('GET /plain HTTP/1.1', ['Host: chat.test']);
/** A text frame of a client whose masked payload is the beginning of a request. */
const FRAME = Buffer.concat([Buffer.of(0x81, 0x80 | 16, 0, 0, 0, 0), Buffer.from('GET /plain HTTP/')]);

/** What the origin, which does not switch, gets of a sound upgrade. */
const ASKED = forwarded({
  target: '/chat',
  present: [
    ['connection', 'Upgrade'],
    ['upgrade', 'websocket'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', KEY],
  ],
  absent: ['sec-websocket-extensions'],
});

const FAULTS: readonly (readonly [name: string, fields: readonly string[]])[] = [
  ['no key', [...UPGRADE, VERSION]],
  ['two keys', [...SOUND, `Sec-WebSocket-Key: ${KEY}`]],
  ['a short key', [...UPGRADE, VERSION, 'Sec-WebSocket-Key: AAAA']],
  ['a key with loose bits', [...UPGRADE, VERSION, 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAB==']],
  ['a key with a space', [...UPGRADE, VERSION, 'Sec-WebSocket-Key: AAAAAAAAAAA AAAAAAAAAA==']],
  ['no version', [...UPGRADE, `Sec-WebSocket-Key: ${KEY}`]],
  ['version 9999', [...UPGRADE, 'Sec-WebSocket-Version: 9999', `Sec-WebSocket-Key: ${KEY}`]],
  ['two versions', [...SOUND, VERSION]],
  ['a list of versions', [...UPGRADE, 'Sec-WebSocket-Version: 13, 8', `Sec-WebSocket-Key: ${KEY}`]],
  ['a list of protocols', ['Connection: Upgrade', 'Upgrade: websocket, h2c', VERSION, `Sec-WebSocket-Key: ${KEY}`]],
  ['two lines of protocols', [...SOUND, 'Upgrade: h2c']],
  ['a version of the protocol', ['Connection: Upgrade', 'Upgrade: websocket/13', VERSION, `Sec-WebSocket-Key: ${KEY}`]],
  ['a Connection that does not name it', ['Connection: keep-alive', 'Upgrade: websocket', VERSION]],
  ['a subprotocol that is no token', [...SOUND, 'Sec-WebSocket-Protocol: a b']],
];

/** WebSocket where it is offered: whatever becomes of the upgrade, nothing behind it is ever read as a request. */
export const upgradeCases: readonly FramingCase[] = [
  sequence('54: WebSocket: asked for, and not given', chat([...SOUND, 'Sec-WebSocket-Extensions: x']), [ASKED], {
    closes: true,
  }),
  sequence('54: WebSocket: a request behind it', Buffer.concat([chat(SOUND), SMUGGLED]), [ASKED], { closes: true }),
  sequence('54: WebSocket: a frame behind it', Buffer.concat([chat(SOUND), FRAME]), [ASKED], { closes: true }),
  sequence(
    '54: WebSocket: a request behind the refusal',
    [chat([...SOUND, 'Origin: https://evil.test']), SMUGGLED],
    [refused('origin-refused', 403)],
    { closes: true },
  ),
  sequence(
    '54: WebSocket: a frame and a request behind the refusal',
    [chat([...SOUND, 'Origin: null']), FRAME, SMUGGLED],
    [refused('origin-refused', 403)],
    { closes: true },
  ),
  ...FAULTS.map(([name, fields]) =>
    refuse(`56: WebSocket: ${name}`, Buffer.concat([chat(fields), SMUGGLED]), 'invalid-upgrade'),
  ),
  refuse(
    '56: WebSocket: a GET with a chunked body',
    chat([...SOUND, 'Transfer-Encoding: chunked'], undefined, '0\r\n\r\n'),
    ['invalid-upgrade', 'unexpected-body'],
  ),
  refuse('56: WebSocket: a GET with a body', chat([...SOUND, 'Content-Length: 5'], undefined, 'hello'), [
    'invalid-upgrade',
    'unexpected-body',
  ]),
  sequence('55: WebSocket: on an operation beside it', Buffer.concat([chat(SOUND, 'GET /plain HTTP/1.1'), SMUGGLED]), [
    forwarded({ target: '/plain', absent: ['upgrade', 'sec-websocket-key'] }),
    forwarded({ target: '/plain' }),
  ]),
  sequence(
    '55: WebSocket: by another method',
    Buffer.concat([chat([...SOUND, 'Content-Length: 2'], 'POST /chat HTTP/1.1', 'ok'), SMUGGLED]),
    [
      forwarded({ target: '/chat', body: 'ok', absent: ['upgrade', 'sec-websocket-key'] }),
      forwarded({ target: '/plain' }),
    ],
  ),
  sequence(
    '55: WebSocket: by HTTP/1.0',
    chat(SOUND, 'GET /chat HTTP/1.0'),
    [forwarded({ target: '/chat', absent: ['upgrade', 'sec-websocket-key'] })],
    { closes: true },
  ),
  sequence(
    '55: WebSocket: another protocol',
    Buffer.concat([chat(['Connection: Upgrade', 'Upgrade: h2c']), SMUGGLED]),
    [forwarded({ target: '/chat', absent: ['upgrade'] }), forwarded({ target: '/plain' })],
  ),
];

/** A head of the origin's. */
function head(status: string, ...fields: readonly string[]): string {
  return [`HTTP/1.1 ${status}`, ...fields, '', ''].join('\r\n');
}

const SWITCH = '101 Switching Protocols';
const ACCEPTED = `Sec-WebSocket-Accept: ${ACCEPT}`;
const WRONG: readonly (readonly [name: string, head: string])[] = [
  ['another accept', head(SWITCH, ...UPGRADE, 'Sec-WebSocket-Accept: AAAA')],
  ['no accept', head(SWITCH, ...UPGRADE)],
  ['two accepts', head(SWITCH, ...UPGRADE, ACCEPTED, ACCEPTED)],
  ['another protocol', head(SWITCH, 'Connection: Upgrade', 'Upgrade: h2c', ACCEPTED)],
  ['no Upgrade', head(SWITCH, 'Connection: Upgrade', ACCEPTED)],
  ['no Connection', head(SWITCH, 'Upgrade: websocket', ACCEPTED)],
  ['Connection: close', head(SWITCH, 'Connection: Upgrade, close', 'Upgrade: websocket', ACCEPTED)],
  ['an extension', head(SWITCH, ...UPGRADE, ACCEPTED, 'Sec-WebSocket-Extensions: permessage-deflate')],
  ['a subprotocol that nobody asked for', head(SWITCH, ...UPGRADE, ACCEPTED, 'Sec-WebSocket-Protocol: x')],
  ['a length', head(SWITCH, ...UPGRADE, ACCEPTED, 'Content-Length: 5')],
  ['chunks', head(SWITCH, ...UPGRADE, ACCEPTED, 'Transfer-Encoding: chunked')],
];

const details = { request: chat(SOUND, 'GET /reply HTTP/1.1'), lateBytes: SMUGGLED };
const FINAL = head('200 OK', 'Content-Length: 2');

/** What may come back for an upgrade, besides the switch. */
export const upgradeReplyCases: readonly ReplyCase[] = [
  ...WRONG.map(([name, text]) => bad(`23: WebSocket: 101 with ${name}`, text, 'upstream-malformed-reply', details)),
  ...WRONG.map(([name, text]) =>
    bad(
      `23: WebSocket: 101 with ${name}, and a reply behind it`,
      `${text}${FINAL}ok`,
      'upstream-malformed-reply',
      details,
    ),
  ),
  delivered('23: WebSocket: 200 in place of 101', `${FINAL}ok`, 'ok', { ...details, reusable: false }),
  delivered('23: WebSocket: 200, and frames behind it', `${FINAL}ok\x81\x05hello`, 'ok', {
    ...details,
    reusable: false,
  }),
  delivered(
    '23: WebSocket: 200 in chunks',
    `${head('200 OK', 'Transfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`,
    'ok',
    {
      ...details,
      reusable: false,
    },
  ),
];
