import { z } from 'zod';
import { err, ok, type Result } from '../base/index.ts';
import type { WebSocketConfig } from './config.ts';
import { duration, parsed, size, uniqueList } from './scalars.ts';
import { readWebOrigin } from './web-origin.ts';
import { words } from './words.ts';

const ORIGIN_LIMIT = 100;
const SUBPROTOCOL_LIMIT = 32;
const FRAMES_LIMIT = 1_000_000;
const RATE_FORM = 'write it like 200/s';
const PERIODS_MS: Readonly<Record<string, number>> = { s: 1_000, min: 60_000 };

const origin = parsed(readWebOrigin).meta({ title: 'origin', description: 'Such as https://app.acme.example.' });
const subprotocol = parsed(readSubprotocol).meta({ title: 'subprotocol' });

const details = z.strictObject({
  origins: z
    .union([z.literal('any'), uniqueList(origin, { least: 1, most: ORIGIN_LIMIT, what: 'origin' })], {
      error: words('expected `any`, or a list of origins', 'such as [https://app.acme.example]'),
    })
    .optional()
    .meta({
      description: 'Which web pages may open one. Without it only those of the host that the request names.',
    }),
  message: size({ from: '1B', to: '64MiB' }, 'The largest message, either way.').prefault('1MiB'),
  rate: parsed(readRate, words('a rate is text', RATE_FORM))
    .prefault('200/s')
    .meta({ title: 'NUMBER/UNIT', description: 'How many frames a client may send; so many may come at once.' }),
  idle: duration('5m', { from: '1s', to: '1h' }, 'It is closed when so long nothing comes from either side.'),
  subprotocols: uniqueList(subprotocol, { least: 1, most: SUBPROTOCOL_LIMIT, what: 'subprotocol' })
    .optional()
    .meta({ description: 'The subprotocols that clients may ask for. Without it all are passed on.' }),
});

/** The key `websocket` of an operation. */
export const webSocketSchema = z
  .union([z.enum(['on', 'off']), details], {
    error: words('expected on, off, or the settings of WebSocket connections', 'write websocket: on'),
  })
  .optional()
  .meta({ description: 'Whether clients may upgrade to WebSocket (GET operations only).' });

/** Null where WebSocket is not offered. */
export function toWebSocket(raw: z.output<typeof webSocketSchema>): WebSocketConfig | null {
  if (raw === undefined || raw === 'off') return null;
  const { origins, message, rate, idle, subprotocols } = raw === 'on' ? details.parse({}) : raw;
  return {
    origins: origins ?? 'own',
    messageBytes: message,
    rate,
    idleMs: idle,
    subprotocols: subprotocols ?? null,
  };
}

function readSubprotocol(text: string): Result<string, string> {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/.test(text) ? ok(text) : err('this is no name of a subprotocol');
}

function readRate(text: string): Result<WebSocketConfig['rate'], string> {
  const [, digits = '', unit = ''] = /^([1-9][0-9]{0,6})\/([a-z]+)$/.exec(text) ?? [];
  const count = Number(digits);
  const periodMs = Object.hasOwn(PERIODS_MS, unit) ? PERIODS_MS[unit] : undefined;
  if (periodMs === undefined || count < 1 || count > FRAMES_LIMIT)
    return err(words(`a rate is a number up to ${FRAMES_LIMIT} and a unit, s or min`, RATE_FORM));
  return ok({ count, periodMs });
}
