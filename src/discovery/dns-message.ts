import { decode, encode, type Answer } from 'dns-packet';
import { canonicalAddress, err, ok, type Result } from '../base/index.ts';

/** What is asked for. */
export type RecordType = 'A' | 'AAAA' | 'SRV';

/** One host of a service, and how much of the traffic it is to get (RFC 2782). */
export interface ServiceRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly host: string;
}

/**
 * What a reply says. `answer`: addresses or services, as was asked. `alias`: the name is another one, of which the reply
 * says no more. `none`: there is no such name, or it has nothing of the type (RFC 2308). `failed`: the server could not
 * say. `aliases`: how many were followed in this reply. Times to live are in seconds.
 */
export type DnsReply =
  | {
      readonly kind: 'answer';
      readonly addresses: readonly string[];
      readonly services: readonly ServiceRecord[];
      readonly ttlSeconds: number;
      readonly aliases: number;
    }
  | { readonly kind: 'alias'; readonly name: string; readonly ttlSeconds: number; readonly aliases: number }
  | { readonly kind: 'none'; readonly ttlSeconds: number; readonly aliases: number }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'failed'; readonly detail: string };

/** Of a chain of aliases so many are followed, over all replies; a longer one leads nowhere (RFC 1034 §3.6.2 asks for few). */
export const ALIAS_LIMIT = 8;
/** What fits into one datagram on nearly every path (RFC 9715). */
const PAYLOAD_BYTES = 1_232;
const HEADER_BYTES = 12;
/** Of one reply; a service has fewer hosts, and its targets are bounded once more. */
const RECORD_LIMIT = 4_096;
/** Where a server says of what is not there nothing about for how long (RFC 2308 §5 leaves that open). */
const NEGATIVE_TTL_SECONDS = 5;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];
const NXDOMAIN = 3;

/** Names as they are asked for: letters, digits, `-` and `_` (RFC 2782), at most 253 characters, no dot at the end. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/;

/** Whether this is a name that can be asked for; in lower case, without a dot at its end. */
export function isQueryName(name: string): boolean {
  return NAME.test(name);
}

/** A question with recursion wanted and EDNS(0) (RFC 6891). `name` is one by `isQueryName`. */
export function writeQuestion(id: number, name: string, type: RecordType): Uint8Array {
  return new Uint8Array(
    encode({
      type: 'query',
      id,
      flags: 0x0100,
      questions: [{ name, type, class: 'IN' }],
      additionals: [
        {
          type: 'OPT',
          name: '.',
          udpPayloadSize: PAYLOAD_BYTES,
          extendedRcode: 0,
          ednsVersion: 0,
          flags: 0,
          flag_do: false,
          options: [],
        },
      ],
    }),
  );
}

/**
 * Whether a message is a reply to a question: the same id, and the very question, in whatever case. Together with a port
 * by chance that is what a stranger has to guess (RFC 5452 §4).
 */
export function isReplyTo(question: Uint8Array, message: Uint8Array): boolean {
  // Behind the question that was sent stands an OPT record of eleven bytes.
  const end = question.length - 11;
  if (message.length < end || message[0] !== question[0] || message[1] !== question[1]) return false;
  const isReply = ((message[2] as number) & 0xf8) === 0x80;
  if (!isReply || message[4] !== 0 || message[5] !== 1) return false;
  for (let at = HEADER_BYTES; at < end; at++) {
    if (lower(message[at] as number) !== lower(question[at] as number)) return false;
  }
  return true;
}

function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** Reads a reply to a question for this name, which `isReplyTo` has taken. What can't be read is a failure of the server. */
export function readReply(message: Uint8Array, name: string, type: RecordType): DnsReply {
  const flags = message[2] as number;
  if ((flags & 0x02) !== 0) return { kind: 'truncated' };
  const code = (message[3] as number) & 0x0f;
  if (code !== 0 && code !== NXDOMAIN) {
    return { kind: 'failed', detail: `the server answered ${RCODES[code] ?? `with code ${code}`}` };
  }
  const records = recordsOf(message);
  if (!records.ok) return { kind: 'failed', detail: records.error };
  const followed = follow(records.value.answers, name);
  if (followed === null) return { kind: 'failed', detail: 'its aliases lead round in a circle, or on for too long' };
  const answer = answerOf(records.value.answers, type, followed);
  if (answer !== null) return answer;
  // NXDOMAIN is said of the last name of a chain (RFC 6604 §3).
  if (code === 0 && followed.name !== name && !hasStart(records.value.authorities))
    return { kind: 'alias', ...followed };
  const negative = negativeTtl(records.value.authorities);
  const ttlSeconds = Math.min(followed.ttlSeconds, negative);
  return { kind: 'none', ttlSeconds, aliases: followed.aliases };
}

interface Records {
  readonly answers: readonly Answer[];
  readonly authorities: readonly Answer[];
}

function recordsOf(message: Uint8Array): Result<Records, string> {
  try {
    const { answers = [], authorities = [] } = decode(Buffer.from(message));
    if (answers.length + authorities.length > RECORD_LIMIT) return err('the reply has too many records');
    return ok({ answers, authorities });
  } catch {
    return err('the reply can not be read');
  }
}

interface Followed {
  readonly name: string;
  readonly ttlSeconds: number;
  readonly aliases: number;
}

/** The name that another one stands for at last, and for how long; null where that comes to no end. */
function follow(answers: readonly Answer[], asked: string): Followed | null {
  let name = asked;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let aliases = 0; aliases <= ALIAS_LIMIT; aliases++) {
    const alias = answers.find((record) => record.type === 'CNAME' && isOf(record, name));
    if (alias === undefined || alias.type !== 'CNAME') return { name, ttlSeconds, aliases };
    name = plain(alias.data);
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias));
    if (!isQueryName(name)) return null;
  }
  return null;
}

function answerOf(answers: readonly Answer[], type: RecordType, followed: Followed): DnsReply | null {
  const addresses = new Set<string>();
  const services: ServiceRecord[] = [];
  let { ttlSeconds } = followed;
  for (const record of answers) {
    if (record.type !== type || !isOf(record, followed.name)) continue;
    ttlSeconds = Math.min(ttlSeconds, ttlOf(record));
    if (record.type === 'A' || record.type === 'AAAA') {
      const address = canonicalAddress(record.data);
      if (address !== null) addresses.add(address);
    } else if (record.type === 'SRV') {
      const { priority = 0, weight = 0, port, target } = record.data;
      services.push({ priority, weight, port, host: plain(target) });
    }
  }
  if (addresses.size === 0 && services.length === 0) return null;
  return { kind: 'answer', addresses: [...addresses], services, ttlSeconds, aliases: followed.aliases };
}

function isOf(record: Answer, name: string): boolean {
  return 'class' in record && record.class === 'IN' && plain(record.name) === name;
}

/** Names differ in nothing by their case (RFC 4343); the root is the empty name. */
function plain(name: string): string {
  return name === '.' ? '' : name.toLowerCase();
}

/** A time with its highest bit set counts as none (RFC 2181 §8). */
function ttlOf(record: Answer): number {
  const ttl = 'ttl' in record ? (record.ttl ?? 0) : 0;
  return ttl > 0x7fff_ffff || ttl < 0 ? 0 : ttl;
}

function hasStart(authorities: readonly Answer[]): boolean {
  return authorities.some(({ type }) => type === 'SOA');
}

/** How long nothing is there: the lesser of what the zone says and how long it says it (RFC 2308 §5). */
function negativeTtl(authorities: readonly Answer[]): number {
  const start = authorities.find((record) => record.type === 'SOA');
  if (start === undefined || start.type !== 'SOA') return NEGATIVE_TTL_SECONDS;
  return Math.min(ttlOf(start), start.data.minimum ?? 0);
}
