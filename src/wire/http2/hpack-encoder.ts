import { NAME_OF } from '../field-names.ts';
import type { FieldReceiver, HeaderFields } from '../header-fields.ts';
import type { OutgoingHead } from '../server.ts';
import type { OutgoingRequest } from '../write-head.ts';
import { STATIC_COUNT, STATIC_ENTRIES, STATIC_NAMES } from './hpack-static.ts';

// Blocks are text, one character an octet. None of them uses the dynamic table or Huffman's code: so one text serves all
// connections, nothing secret is ever compressed beside what an attacker chose (RFC 7541 §7.1), and there is no state.

/** A table size of 0 (RFC 7541 §6.3), to begin the first block of each connection: no size that the peer sets matters any more. */
export const NO_TABLE = '\x20';

const PLAIN = 0x00;
/** Others who pass the field on may not put it into a table either (RFC 7541 §6.2.3, §7.1.3). */
const NEVER_INDEXED = 0x10;
const INDEXED = 0x80;

/** An integer whose first octet has `mask` for it, beside `mark` (RFC 7541 §5.1). */
function integerText(value: number, mask: number, mark: number): string {
  if (value < mask) return String.fromCharCode(mark | value);
  let text = String.fromCharCode(mark | mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) text += String.fromCharCode(0x80 | (rest & 0x7f));
  return text + String.fromCharCode(rest);
}

/** Texts by number, each made when it is first needed: a thread that starts has no time for them. */
function newTexts(count: number): (string | undefined)[] {
  return new Array<string | undefined>(count).fill(undefined);
}

/** Few strings are as long. */
const KNOWN_STRING_LENGTHS = 1_024;
const lengthTexts = newTexts(KNOWN_STRING_LENGTHS);

/** What stands before a string (RFC 7541 §5.2). */
function lengthText(length: number): string {
  if (length >= KNOWN_STRING_LENGTHS) return integerText(length, 0x7f, 0);
  return (lengthTexts[length] ??= flat(integerText(length, 0x7f, 0)));
}

/** A literal field up to its value (RFC 7541 §6.2.2, §6.2.3). */
function nameText(name: string, mark: number): string {
  const index = STATIC_NAMES.get(name);
  return index === undefined
    ? integerText(0, 0x0f, mark) + lengthText(name.length) + name
    : integerText(index, 0x0f, mark);
}

/** A text in one piece, for what is made once and sent often. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

const SECRET_NAMES: ReadonlySet<string> = new Set(['set-cookie', 'authorization', 'cookie']);

function isSecret(name: string): boolean {
  return SECRET_NAMES.has(name) || name.startsWith('proxy-');
}

/**
 * Names and values in turn as fields of a block, in order; an interim head has `:status` first. Names are in lower case;
 * names and values come from the gateway's own code or have been checked, one character an octet.
 */
export function encodeFields(pairs: readonly string[]): string {
  let block = '';
  for (let at = 0; at < pairs.length; at += 2) {
    const value = pairs[at + 1] as string;
    block += ownName(pairs[at] as string) + lengthText(value.length) + value;
  }
  return block;
}

const ownNames = newTexts(STATIC_COUNT + 1);

/** What a field of our own begins with. */
function ownName(name: string): string {
  const index = STATIC_NAMES.get(name);
  if (index === undefined) return nameText(name, isSecret(name) ? NEVER_INDEXED : PLAIN);
  return (ownNames[index] ??= flat(nameText(name, isSecret(name) ? NEVER_INDEXED : PLAIN)));
}

/** Lines as HTTP/1.1 has them, each with its CRLF, as fields of a block. */
function encodeLines(lines: string): string {
  const pairs: string[] = [];
  for (let from = 0; from < lines.length; ) {
    const colon = lines.indexOf(': ', from);
    const end = lines.indexOf('\r\n', from);
    if (colon < 0 || end < colon) throw new TypeError('ready lines are not whole');
    pairs.push(lines.slice(from, colon), lines.slice(colon + 2, end));
    from = end + 2;
  }
  return encodeFields(pairs);
}

const passedOnNames = newTexts(NAME_OF.length);

/**
 * What a field begins with that is passed on. Whether its sender wants it in no table is not known any more, so that holds
 * for all of them.
 */
function passedOnName(number: number, name: string): string {
  if (NAME_OF[number] === undefined) return nameText(name, NEVER_INDEXED);
  return (passedOnNames[number] ??= flat(nameText(name, NEVER_INDEXED)));
}

let passedOn = '';
const receiver: FieldReceiver = {
  field(number, name, value) {
    passedOn += passedOnName(number, name) + lengthText(value.length) + value;
  },
};

/** The fields of a head or of trailers that are passed on, in order. */
export function encodeKept(fields: HeaderFields): string {
  passedOn = '';
  fields.eachKept(receiver);
  return passedOn;
}

/** A whole field of the static table (RFC 7541 §6.1), or that name and this value. */
function pseudoText(name: string, value: string): string {
  const index = STATIC_ENTRIES.findIndex(([known, whole]) => known === name && whole === value) + 1;
  return index > 0 ? integerText(index, 0x7f, INDEXED) : nameText(name, PLAIN) + lengthText(value.length) + value;
}

const STATUS_LIMIT = 600;
const statusFields = newTexts(STATUS_LIMIT);

function statusField(status: number): string {
  return (statusFields[status] ??= flat(pseudoText(':status', String(status))));
}

/** Lengths below this have their field made once: replies of an API are mostly short, and of few lengths. */
const KNOWN_LENGTHS = 8_192;
const lengthFields = newTexts(KNOWN_LENGTHS);

function lengthField(bytes: number): string {
  if (bytes >= KNOWN_LENGTHS) return encodeFields(['content-length', String(bytes)]);
  return (lengthFields[bytes] ??= flat(encodeFields(['content-length', String(bytes)])));
}

/** More closing texts than there are; what is beyond is encoded each time. */
const CLOSINGS_LIMIT = 256;

/** Encodes the heads of replies. One serves all connections of a thread: it keeps texts that depend on no client. */
export class ReplyHeadEncoder {
  #opening = '';
  #openingBlock = '';
  readonly #closings = new Map<string, string>();

  /** The block of a reply's head. `contentLength` is what it says of its body, or null where it says nothing. */
  encode(head: OutgoingHead, contentLength: number | null): string {
    const { status, fields, added, opening, requestId } = head;
    let block = statusField(status);
    if (fields !== null) block += encodeKept(fields);
    if (added.length > 0) block += encodeFields(added);
    if (opening !== '') {
      if (opening !== this.#opening) this.#open(opening);
      block += this.#openingBlock + lengthText(requestId.length) + requestId + this.#close(head.closing);
    } else block += encodeLines(requestId + head.closing);
    return contentLength === null ? block : block + lengthField(contentLength);
  }

  /** Lines, and then the name of the id's field. */
  #open(opening: string): void {
    if (!opening.endsWith(': ')) throw new TypeError('ready lines end before the id');
    const nameStart = opening.lastIndexOf('\n') + 1;
    const name = nameText(opening.slice(nameStart, -2), PLAIN);
    this.#openingBlock = flat(encodeLines(opening.slice(0, nameStart)) + name);
    this.#opening = opening;
  }

  /** The end of the id's line, and then whole lines. */
  #close(closing: string): string {
    const known = this.#closings.get(closing);
    if (known !== undefined) return known;
    if (!closing.startsWith('\r\n')) throw new TypeError('ready lines go on within the id');
    const block = flat(encodeLines(closing.slice(2)));
    if (this.#closings.size < CLOSINGS_LIMIT) this.#closings.set(closing, block);
    return block;
  }
}

/** Encodes the heads of requests to upstreams. */
export class RequestHeadEncoder {
  #authority = '';
  #authorityField = '';

  /** The block of a request's head. Its length is said where it is known and there is a body. */
  encode(request: OutgoingRequest, scheme: 'http' | 'https'): string {
    const { method, target, fields, lines, added, framing } = request;
    const authority = request.host ?? request.authority;
    if (authority !== this.#authority) {
      this.#authorityField = flat(pseudoText(':authority', authority));
      this.#authority = authority;
    }
    let block = (METHODS.get(method) ?? pseudoText(':method', method)) + SCHEMES[scheme] + this.#authorityField;
    block += PATH + lengthText(target.length) + target;
    if (fields !== null) block += encodeKept(fields);
    if (lines !== undefined) block += encodeLines(lines);
    if (added.length > 0) block += encodeFields(added);
    return framing.kind === 'length' ? block + lengthField(framing.bytes) : block;
  }
}

const METHODS: ReadonlyMap<string, string> = new Map(
  ['GET', 'POST'].map((method) => [method, pseudoText(':method', method)] as const),
);
const SCHEMES = { http: pseudoText(':scheme', 'http'), https: pseudoText(':scheme', 'https') };
const PATH = nameText(':path', NEVER_INDEXED);
