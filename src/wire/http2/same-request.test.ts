import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeaderFields } from '../header-fields.ts';
import { newAuthorityMemory, readRequestHead, type RequestHead, TARGET_LIMIT_BYTES } from '../request-head.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { REQUEST_RULES } from './hpack-field.ts';
import { RequestBlock } from './request-block.ts';
import { type Http2RequestReading, newHeadMemory } from './request-head.ts';

/** A request in no protocol's words yet. */
interface Draft {
  readonly method: string;
  readonly path: string;
  /** The value of Host; null: there is none. */
  readonly host: string | null;
  /** Host stands among the fields of HTTP/2, as their first one, and not as `:authority`. */
  readonly hostIsField: boolean;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

function overHttp1({ method, path, host, fields }: Draft): ReturnType<typeof readRequestHead> {
  const all = host === null ? fields : [['Host', host] as const, ...fields];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
  return readRequestHead(bytes, bytes.length - 2, newAuthorityMemory());
}

const block = new RequestBlock();

function overHttp2({ method, path, host, hostIsField, fields }: Draft): Http2RequestReading {
  const pairs: (readonly [string, string])[] = [
    [':method', method],
    [':path', path],
    [':scheme', 'https'],
  ];
  // HTTP/2 may name the host a second time, as `:authority`; two of Host it may not have either.
  const isField = hostIsField || fields.some(([name]) => name.toLowerCase() === 'host');
  if (host !== null) pairs.push([isField ? 'host' : ':authority', host]);
  pairs.push(...fields.map(([name, value]) => [name.toLowerCase(), value] as const));
  const bytes = Buffer.concat(pairs.map(([name, value]) => Buffer.concat([ZERO, literal(name), literal(value)])));
  const decoder = new HpackDecoder(REQUEST_RULES, 4_096, { fieldsPerBlock: 1_000 });
  block.clear();
  assert.equal(decoder.decode(bytes, 0, bytes.length, block), null);
  const hasBody = fields.some(([name, value]) => name.toLowerCase() === 'content-length' && value !== '0');
  return block.read(newHeadMemory(), { scheme: 'https', ended: !hasBody });
}

const ZERO = Buffer.of(0);

/** A string of a header block, not Huffman coded (RFC 7541 §5.2). */
function literal(text: string): Buffer {
  const length = [Math.min(text.length, 127)];
  if (text.length >= 127) {
    let rest = text.length - 127;
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), Buffer.from(text, 'latin1')]);
}

/** The fields in order, cookies behind the others, as HTTP/2 has them. */
function entriesOf(fields: HeaderFields): (readonly [string, string])[] {
  const entries = [...fields.entries()];
  const isCookie = ([name]: readonly [string, string]): boolean => name === 'cookie';
  return [...entries.filter((entry) => !isCookie(entry)), ...entries.filter(isCookie)];
}

function keptOf(fields: HeaderFields): string[] {
  return [...fields.kept()].map(([name, value]) => `${name}: ${value}`).sort();
}

function assertSameHead(over1: RequestHead, over2: Http2RequestReading): void {
  assert.ok(over2.fault === null, `HTTP/2 refuses it: ${over2.fault}`);
  const facts = ({ method, authority, path, query, expectsContinue, bytes }: RequestHead | typeof over2): unknown => ({
    ...{ method, authority, path, query, expectsContinue, bytes },
  });
  assert.deepEqual(facts(over2), facts(over1));
  assert.deepEqual(entriesOf(over2.fields), entriesOf(over1.fields));
  assert.deepEqual(keptOf(over2.fields), keptOf(over1.fields));
  assert.equal(over2.fields.present, over1.fields.present);
  const { framing } = over1;
  assert.equal(Math.max(over2.contentLength, 0), framing.kind === 'length' ? framing.bytes : 0);
}

/** What HTTP/1.1 says of a first line, HTTP/2 says of pseudo fields, and resets the stream. */
function isPseudoFault({ method, path }: Draft): boolean {
  const sound = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}$/.test(method) && method !== 'CONNECT';
  return !sound || !(path.startsWith('/') || (path === '*' && method === 'OPTIONS'));
}

function assertSame(draft: Draft): void {
  const over1 = overHttp1(draft);
  const over2 = overHttp2(draft);
  // An authority that is no text, or a path that is too long, may be seen before it is seen that another field is none.
  const faults = ['malformed-pseudo-header', 'malformed-header-value'];
  if (draft.path.length > TARGET_LIMIT_BYTES) faults.push('target-too-long');
  if (isPseudoFault(draft)) assert.ok(faults.includes(over2.fault ?? 'none'), `not ${over2.fault}`);
  else if (over1.fault === null) assertSameHead(over1, over2);
  // A line that crosses the bound may be wrong behind it, where HTTP/1.1 does not look any more.
  else if (over1.fault === 'header-too-large') assert.notEqual(over2.fault, null);
  else assert.equal(over2.fault, over1.fault);
}

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'get', 'FOO', 'TRACE', 'A'.repeat(32)];
const BAD_METHODS = ['', 'A'.repeat(33), 'G(T', 'G\xc9T', 'GET,PUT', 'CONNECT'];

const method = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...METHODS) },
  { weight: 1, arbitrary: fc.constantFrom(...BAD_METHODS) },
);

const pathPiece = fc.oneof(
  fc.constantFrom('/', 'a', 'B', '.', '..', '%', '%2e', '%2F', '%41', '%c3%a9', '%00', ';', '?', '&', '=', '[', '#'),
  fc.constantFrom('\\', '\xe9', '\x01', '\x7f', '_method', '*', '"', '~', '%zz', '//', '+', 'a'.repeat(3_000)),
);
const path = fc.oneof(
  {
    weight: 60,
    arbitrary: fc.constantFrom('/', '/c', '/v1/%6frders?x[0]=%7e', '/a%20b', '/c?_method=PUT&a', '/%C3%A9'),
  },
  { weight: 20, arbitrary: fc.array(pathPiece, { maxLength: 6 }).map((pieces) => `/${pieces.join('')}`) },
  { weight: 1, arbitrary: fc.constantFrom('*', 'a', '?x', 'http:/a.test', '%2f', '*/a', `/${'a'.repeat(8_192)}`) },
);

const host = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom('a.test', 'A.TEST.', 'a.test:8443', '[::1]:1', '127.0.0.1') },
  { weight: 3, arbitrary: fc.constantFrom('', 'u@a.test', 'a b', 'a..test', '[::1', 'a.test:0', '\xe4.test', 'a\0') },
  { weight: 1, arbitrary: fc.constant(null) },
);

/** Fields of which few values are sound, or two are too many. */
const STRICT = [
  ['content-length', ['0', '5', '5', '05', '+5', '', '9007199254740992', '5,5']],
  ['expect', ['100-continue', '100-Continue', 'x', '', 'a, b']],
  ['host', ['a.test', 'b.test']],
  ['authorization', ['Bearer a', '']],
] as const;

const KNOWN = [
  ['content-length', ['5']],
  ['content-type', ['application/json']],
  ['te', ['trailers']],
  ['trailer', ['x-a']],
  ['x-forwarded-for', ['10.0.0.1']],
  ['x.forwarded.for', ['10.0.0.1']],
  ['x-portcullis-roles', ['root']],
  ['proxy-authorization', ['Basic YTpi']],
  ['x-http-method-override', ['DELETE']],
  ['accept', ['*/*', 'a/b']],
  ['date', ['x']],
  ['cache-control', ['no-store']],
  ['x-api-key', ['k']],
] as const;

const oneOf = (table: typeof STRICT | typeof KNOWN): fc.Arbitrary<readonly [string, string]> =>
  fc
    .constantFrom(...table)
    .chain(([name, values]) => fc.tuple(fc.constantFrom(name, name.toUpperCase()), fc.constantFrom(...values)));
const NAME_PIECES = ['x', 'Y', '-', '7', '.', '~', '!', 'a'.repeat(60)];
const piecesOfName = fc.array(fc.constantFrom(...NAME_PIECES), { maxLength: 2 }).map((pieces) => pieces.join(''));
// One thing wrong at most: of two, HTTP/2 names the one that resets the stream.
const wrongInName = fc.constantFrom('', '', '_', '__', ' x', '(', '\xe9', '\0', '\x7f', '"');
const name = fc
  .tuple(piecesOfName, wrongInName, piecesOfName)
  .map((parts) => parts.join(''))
  .filter((text) => !text.startsWith(' '));
const VALUE_PIECES = ['a', 'b c', ',', '\t', ':', '"', '\xe9', '\0', '\x01', '\x7f', 'v'.repeat(4_000)];
const value = fc.array(fc.constantFrom(...VALUE_PIECES), { maxLength: 3 }).map((pieces) => pieces.join('').trim());
const plain = fc.tuple(fc.constantFrom('x-a', 'X-B', 'accept', 'x'), fc.constantFrom('1', '', 'a b', 'v'.repeat(500)));

const field: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  { weight: 2, arbitrary: oneOf(STRICT) },
  { weight: 15, arbitrary: oneOf(KNOWN) },
  { weight: 20, arbitrary: plain },
  {
    weight: 1,
    arbitrary: fc.tuple(
      name.filter((text) => /^[^ ]/.test(text)),
      fc.constantFrom('1', ''),
    ),
  },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom('x', 'accept'), value) },
);
const cookie = fc.option(fc.constantFrom(['cookie', 'a=1; b=2'] as const, ['Cookie', ''] as const), { nil: undefined });

const fields = fc
  .tuple(fc.array(field, { maxLength: 6 }), cookie, fc.nat({ max: 6 }), fc.constantFrom(0, 0, 0, 0, 98, 99, 100))
  .map(([list, crumb, place, fillers]) => [
    ...list.slice(0, place),
    ...(crumb === undefined ? [] : [crumb]),
    ...list.slice(place),
    ...Array.from({ length: fillers }, () => ['x', '1'] as const),
  ]);

const draft: fc.Arbitrary<Draft> = fc.record({ method, path, host, hostIsField: fc.boolean(), fields });

test('a request is the same over HTTP/2 and over HTTP/1.1, or is refused for the same reason', () => {
  fc.assert(fc.property(draft, assertSame), { numRuns: 2_500 });
});

test('both outcomes are common among the requests that are compared', () => {
  const outcomes = fc.sample(draft, { numRuns: 1_000, seed: 1 }).map((sample) => overHttp1(sample).fault);
  const sound = outcomes.filter((fault) => fault === null).length;
  assert.ok(sound > 200 && sound < 800, `${sound} of 1000 are sound`);
  assert.ok(new Set(outcomes).size > 12, [...new Set(outcomes)].join(' '));
});

const SOUND: Draft = { method: 'POST', path: '/c', host: 'a.test', hostIsField: false, fields: [] };

test('a connection field resets the stream wherever it stands, also where HTTP/1.1 forwards without it', () => {
  const connectionField = fc.oneof(
    fc.tuple(
      fc.constantFrom('connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'),
      fc.constantFrom('', 'close', 'chunked', 'keep-alive', 'h2c', 'timeout=5', 'x-a', 'trailers'),
    ),
    fc.tuple(fc.constant('te'), fc.constantFrom('', 'gzip', 'Trailers', 'trailers, gzip', 'trailers;q=1', 'chunked')),
  );
  fc.assert(
    fc.property(fc.array(plain, { maxLength: 4 }), connectionField, fc.nat({ max: 4 }), (others, extra, place) => {
      const withExtra = [...others.slice(0, place), extra, ...others.slice(place)];
      const reading = overHttp2({ ...SOUND, fields: withExtra });
      assert.deepEqual(reading, { fault: 'connection-specific-field', malformed: true });
    }),
  );
});

test('a line break, a NUL or white space at an end of a value is never taken, wherever it stands', () => {
  const value = fc.tuple(fc.string({ maxLength: 5 }), fc.constantFrom('\r', '\n', '\0', '\r\nx: 1'), fc.string());
  const broken = fc.oneof(
    value.map((parts) => parts.join('')),
    fc.constantFrom(' a', 'a ', '\ta', 'a\t', ' ', '\t'),
  );
  const names = ['x-a', 'cookie', 'authorization', 'content-length', ':path', ':authority', 'expect', 'te', 'host'];
  fc.assert(
    fc.property(fc.constantFrom(...names), broken, (name, text) => {
      const values = text.replace(/[^\0-\x7f]/g, '');
      const reading =
        name === ':path'
          ? overHttp2({ ...SOUND, path: `/${values}` })
          : name === ':authority'
            ? overHttp2({ ...SOUND, host: values })
            : overHttp2({ ...SOUND, fields: [[name, values]] });
      const unless = name === ':path' && /^[ \t]./.test(values) && !/[\r\n\0]|[ \t]$/.test(values);
      if (unless) assert.equal(reading.fault, 'malformed-target');
      else assert.deepEqual(reading, { fault: 'malformed-header-value', malformed: true });
    }),
  );
});
