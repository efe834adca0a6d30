import { createHash } from 'node:crypto';
import type { ProblemCode } from '../base/index.ts';
import type { BodyFraming, HeaderMap } from './message.ts';
import type { ReplyHead } from './reply-head.ts';

/** A client that asks to speak WebSocket from here on (RFC 6455 §4.1; RFC 8441 §5). */
export interface UpgradeOffer {
  readonly protocol: 'websocket';
  /** Sec-WebSocket-Key as it came; empty over HTTP/2, which has none. */
  readonly key: string;
  /** What Sec-WebSocket-Protocol names, in order. */
  readonly subprotocols: readonly string[];
}

/** An upgrade to WebSocket was asked for, and not as it must be. */
export type UpgradeFault = ProblemCode & 'invalid-upgrade';

/** What of a request's head tells whether it asks for an upgrade. */
export interface UpgradeHead {
  readonly method: string;
  readonly minorVersion: 0 | 1;
  readonly fields: HeaderMap;
  readonly framing: BodyFraming;
}

/** There is no other version (RFC 6455 §4.1). */
const WEBSOCKET_VERSION = '13';
/** Appended to a key before it is hashed (RFC 6455 §1.3). */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** 16 octets in base64, in the one spelling that has no loose bits. */
const KEY = /^[A-Za-z0-9+/]{21}[AQgw]==$/;
/** A token with blanks around it. An expression that only takes blanks away would look from each of many for the end. */
const LISTED_TOKEN = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]{1,128})[ \t]*$/;
/** More names than this nobody chooses from. */
const SUBPROTOCOL_LIMIT = 32;
const INVALID: UpgradeFault = 'invalid-upgrade';

/**
 * Reads the upgrade to WebSocket that a request over HTTP/1.1 asks for. Null where it asks for none: other protocols,
 * HTTP/1.0, and an Upgrade that Connection does not stand beside (RFC 9110 §7.8) ask for nothing that is offered. One that
 * is not exactly as RFC 6455 §4.2.1 says is a fault.
 */
export function readUpgrade({
  method,
  minorVersion,
  fields,
  framing,
}: UpgradeHead): UpgradeOffer | UpgradeFault | null {
  const upgrades = fields.all('upgrade');
  const isMeant = upgrades.some((value) => /websocket/i.test(value));
  if (!isMeant || minorVersion === 0 || !fields.has('connection')) return null;
  if (upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== 'websocket') return INVALID;
  if (method !== 'GET' || framing.kind !== 'none' || !names(fields.get('connection'), 'upgrade')) return INVALID;
  const keys = fields.all('sec-websocket-key');
  const key = keys[0] ?? '';
  return keys.length === 1 && KEY.test(key) ? offerOf(fields, key) : INVALID;
}

/** The offer that these fields make besides the key; a fault where they are not as they must be. */
export function offerOf(fields: HeaderMap, key: string): UpgradeOffer | UpgradeFault {
  const versions = fields.all('sec-websocket-version');
  const subprotocols = readSubprotocols(fields);
  if (versions.length !== 1 || versions[0] !== WEBSOCKET_VERSION || subprotocols === null) return INVALID;
  return { protocol: 'websocket', key, subprotocols };
}

/** Names of subprotocols, each once (RFC 6455 §11.3.4); null where they are not that. */
function readSubprotocols(fields: HeaderMap): readonly string[] | null {
  const value = fields.get('sec-websocket-protocol');
  if (value === null) return [];
  const listed = value.split(',', SUBPROTOCOL_LIMIT + 1);
  const subprotocols = new Set(listed.map((name) => LISTED_TOKEN.exec(name)?.[1]));
  const areSound = listed.length <= SUBPROTOCOL_LIMIT && subprotocols.size === listed.length;
  return areSound && !subprotocols.has(undefined) ? ([...subprotocols] as string[]) : null;
}

/** Whether a list of tokens holds this one, in any case. */
function names(list: string | null, token: string): boolean {
  return (list ?? '').split(',').some((entry) => entry.trim().toLowerCase() === token);
}

/** Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${GUID}`).digest('base64');
}

/** The field lines that ask an upstream for an upgrade. No extension is ever asked for. */
export function upgradeLines({ key, subprotocols }: UpgradeOffer): string {
  const chosen = subprotocols.length === 0 ? '' : `sec-websocket-protocol: ${subprotocols.join(', ')}\r\n`;
  const version = `sec-websocket-version: ${WEBSOCKET_VERSION}\r\n`;
  return `connection: Upgrade\r\nupgrade: websocket\r\n${version}sec-websocket-key: ${key}\r\n${chosen}`;
}

/**
 * What is wrong with a 101 as the answer to this upgrade (RFC 6455 §4.1), for the log; null where it is as it must be.
 * An extension would be one that nobody asked for, and a body one that nobody could tell from frames.
 */
export function switchFault(asked: UpgradeOffer, head: ReplyHead): string | null {
  const { fields } = head;
  const upgrades = fields.all('upgrade');
  if (upgrades.length !== 1 || upgrades[0]?.toLowerCase() !== 'websocket') return '101 to another protocol';
  // Where a body is announced, the connection could not be kept either.
  if (!head.keepAlive || !names(fields.get('connection'), 'upgrade'))
    return '101 with a body, with close, or without Connection: upgrade';
  const accepts = fields.all('sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== acceptOf(asked.key)) return '101 with another Sec-WebSocket-Accept';
  if (fields.has('sec-websocket-extensions')) return '101 with an extension';
  const chosen = fields.all('sec-websocket-protocol');
  const wasAsked = chosen.length === 0 || (chosen.length === 1 && asked.subprotocols.includes(chosen[0] as string));
  return wasAsked ? null : '101 with a subprotocol that was not asked for';
}
