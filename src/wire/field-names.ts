import { BANNER_FIELDS, type BannerName } from '../base/index.ts';
import { LOWER, REQUEST_NAME } from './octets.ts';

/** What the codec does with a field it knows. Several marks may hold together. */
export const FieldMark = {
  /** Never forwarded as it came: framing, hop-by-hop, or rebuilt by the gateway. */
  drop: 1,
  /** May stand once in a request. */
  single: 2,
  /** Belongs to both ends: Connection may not name it. */
  guarded: 4,
  /** Says in a reply what software runs behind the gateway: never forwarded to clients. */
  banner: 8,
} as const;

const { drop, single, guarded, banner } = FieldMark;

/**
 * The fields the codec knows. Names that identify, forward or override are the gateway's own to write,
 * so a client's are dropped (docs/threat-model.md, forged identity); hop-by-hop fields end here (RFC 9110 §7.6.1).
 * The first thirty have a bit each in what a scan has seen: what is asked of most heads stands among them.
 */
const MARKS = {
  host: drop | single | guarded,
  'content-length': drop | guarded,
  'transfer-encoding': drop | guarded,
  connection: drop,
  expect: drop | guarded,
  'keep-alive': drop,
  authorization: single | guarded,
  cookie: single | guarded,
  origin: single | guarded,
  range: single,
  'x-api-key': single | guarded,
  'api-key': single | guarded,
  apikey: single | guarded,
  'x-auth-token': single | guarded,
  'x-access-token': single | guarded,
  'content-type': single | guarded,
  date: guarded,
  'cache-control': guarded,
  'x-content-type-options': 0,
  'x-frame-options': 0,
  'referrer-policy': 0,
  'content-security-policy': 0,
  'strict-transport-security': 0,
  'set-cookie': guarded,
  location: guarded,
  'content-location': 0,
  link: 0,
  refresh: 0,
  expires: 0,
  'content-encoding': guarded,
  'proxy-connection': drop,
  'proxy-authenticate': drop,
  'proxy-authentication-info': drop,
  'proxy-authorization': drop,
  te: drop,
  trailer: drop,
  upgrade: drop,
  'sec-websocket-key': drop,
  'sec-websocket-version': drop,
  'sec-websocket-protocol': drop,
  'sec-websocket-extensions': drop,
  'sec-websocket-accept': drop,
  'http2-settings': drop,
  vary: guarded,
  etag: guarded,
  forwarded: drop | guarded,
  'x-forwarded': drop | guarded,
  'x-forwarded-for': drop | guarded,
  'x-forwarded-host': drop | guarded,
  'x-forwarded-proto': drop | guarded,
  'x-forwarded-protocol': drop | guarded,
  'x-forwarded-scheme': drop | guarded,
  'x-forwarded-ssl': drop | guarded,
  'x-forwarded-port': drop | guarded,
  'x-forwarded-prefix': drop | guarded,
  'x-forwarded-path': drop | guarded,
  'x-forwarded-server': drop | guarded,
  'x-forwarded-uri': drop | guarded,
  'x-forwarded-url': drop | guarded,
  'x-forwarded-method': drop | guarded,
  'x-forwarded-by': drop | guarded,
  'x-forwarded-user': drop | guarded,
  'x-forwarded-email': drop | guarded,
  'x-forwarded-groups': drop | guarded,
  'x-forwarded-access-token': drop | guarded,
  'x-forwarded-preferred-username': drop | guarded,
  'x-forwarded-client-cert': drop | guarded,
  'x-forwarded-tls-client-cert': drop | guarded,
  'x-forwarded-tls-client-cert-info': drop | guarded,
  'x-real-ip': drop | guarded,
  'x-host': drop | guarded,
  'x-client-ip': drop | guarded,
  'x-cluster-client-ip': drop | guarded,
  'x-remote-ip': drop | guarded,
  'x-remote-addr': drop | guarded,
  'x-remote-user': drop | guarded,
  'x-user': drop | guarded,
  'x-original-host': drop | guarded,
  'x-original-forwarded-for': drop | guarded,
  'x-originating-ip': drop | guarded,
  'x-url-scheme': drop | guarded,
  'true-client-ip': drop | guarded,
  'cf-connecting-ip': drop | guarded,
  'fastly-client-ip': drop | guarded,
  'client-ip': drop | guarded,
  'x-client-cert': drop | guarded,
  'x-client-dn': drop | guarded,
  'x-ssl-client-cert': drop | guarded,
  'x-ssl-client-verify': drop | guarded,
  'x-ssl-client-dn': drop | guarded,
  'ssl-client-cert': drop | guarded,
  'client-cert': drop | guarded,
  'client-cert-chain': drop | guarded,
  'x-original-url': drop | guarded,
  'x-original-uri': drop | guarded,
  'x-original-method': drop | guarded,
  'x-rewrite-url': drop | guarded,
  'x-http-method': drop | guarded,
  'x-http-method-override': drop | guarded,
  'x-method-override': drop | guarded,
  'x-portcullis': drop | guarded,
  'x-authenticated-user': drop | guarded,
  'x-auth-user': drop | guarded,
  'x-auth-username': drop | guarded,
  'x-auth-email': drop | guarded,
  'x-auth-roles': drop | guarded,
  'x-auth-groups': drop | guarded,
  'x-userinfo': drop | guarded,
  'x-consumer': drop | guarded,
  'x-credential-identifier': drop | guarded,
  'x-credential-username': drop | guarded,
  'x-anonymous-consumer': drop | guarded,
  'x-realip': drop | guarded,
  'real-ip': drop | guarded,
  'remote-user': drop | guarded,
  'remote-addr': drop | guarded,
  proxy: drop | guarded,
  'x-script-name': drop | guarded,
  'x-rewrite-uri': drop | guarded,
  'x-override-url': drop | guarded,
  'x-httpmethod-override': drop | guarded,
  'x-http-host-override': drop | guarded,
  'x-arr-clientcert': drop | guarded,
  'x-client-verify': drop | guarded,
  'x-tls-client-cert': drop | guarded,
  'x-accel-redirect': drop | guarded,
  'x-sendfile': drop | guarded,
  'x-middleware-subrequest': drop | guarded,
  'x-request-id': drop | guarded,
  via: guarded | banner,
  ...(Object.fromEntries(Object.keys(BANNER_FIELDS).map((name) => [name, banner])) as Record<BannerName, number>),
} as const satisfies Record<string, number>;

type KnownName = keyof typeof MARKS;

const NAMES = Object.keys(MARKS) as readonly KnownName[];

/** The number of a known field; 0 is any other, 1 one that stands for a dropped field in disguise. */
export const FIELD = Object.fromEntries(NAMES.map((name, at) => [name, at + 2])) as Readonly<Record<KnownName, number>>;

/** The name of each known field by its number; none where any of several may be meant. */
export const NAME_OF: readonly (string | undefined)[] = [undefined, undefined, ...NAMES];

/** The number of each known field by its name in lower case: for names that come from elsewhere. */
export const NUMBER_OF: ReadonlyMap<string, number> = new Map(NAMES.map((name) => [name, FIELD[name]]));

/** Any field the codec does not know. */
export const OTHER_FIELD = 0;

/** A dropped field in another spelling, or one of the gateway's own names. */
export const DISGUISED_FIELD = 1;

/** What holds for each field number. */
export const FIELD_MARKS = Uint8Array.from([0, drop | guarded, ...NAMES.map((name) => MARKS[name])]);

/** The fields that `HeaderFields.present` tells of, each by a bit of its own. */
export const PRESENCE = {
  'content-type': 1,
  date: 2,
  'cache-control': 4,
  'x-content-type-options': 8,
  'x-frame-options': 16,
  'referrer-policy': 32,
  'content-security-policy': 64,
  'strict-transport-security': 128,
  'set-cookie': 256,
  location: 512,
  'content-location': 1_024,
  link: 2_048,
  refresh: 4_096,
  expires: 8_192,
} as const satisfies { readonly [Name in KnownName]?: number };

/** Fields with a number below this are told apart by bits: that of a number is `1 << number`. */
export const BIT_NUMBERS = 32;

/** The bits of the fields that may stand once in a request. */
export const SINGLE_BITS = NAMES.reduce((bits, name) => bits | (MARKS[name] & single ? 1 << FIELD[name] : 0), 0);

/** The number of the first field of `PRESENCE`; the others follow in its order, so their bits lie side by side. */
export const FIRST_PRESENT = FIELD['content-type'];

/** The marks that any field of `PRESENCE` has. */
export const PRESENCE_MARKS = Object.keys(PRESENCE).reduce((marks, name) => marks | MARKS[name as KnownName], 0);

/** No known name is as long. */
const LENGTH_LIMIT = 64;

if (NAMES.some((name) => MARKS[name] & single && FIELD[name] >= BIT_NUMBERS) || NAMES.length > 253)
  throw new Error('single fields are kept as bits of one word, and numbers as octets');
if (NAMES.some((name) => name.length >= LENGTH_LIMIT)) throw new Error('a name is too long to be found');
for (const [name, bit] of Object.entries(PRESENCE))
  if (1 << (FIELD[name as KnownName] - FIRST_PRESENT) !== bit || FIELD[name as KnownName] >= BIT_NUMBERS)
    throw new Error(`${name} is not in its place`);

/** Prefixes that only the gateway may write. */
const OWN_PREFIXES = [
  'x-portcullis-',
  'xportcullis-',
  'x-consumer-',
  'x-auth-request-',
  'x-authenticated-',
  'x-forwarded-',
  'x-webauth-',
  'x-ssl-client-',
  'x-amzn-oidc-',
  'x-goog-authenticated-',
  'x-ms-client-principal',
  'ssl-client-',
  'forwarded-',
].map((prefix) => Buffer.from(prefix));

/** The first letters of those, so that most names need no further look. */
const OWN_FIRST = new Uint8Array(256);
for (const prefix of OWN_PREFIXES) OWN_FIRST[prefix[0] as number] = 1;

const HYPHEN = 0x2d;

// Names are found by their length and first letter. All lies in a few octets, since little of it is ever near a processor
// that does other things meanwhile: of each such place the first number, of each number the next one (0: none), and where
// its name stands among the octets of all.
const firstNumbers = new Uint8Array(LENGTH_LIMIT * 32);
const nextNumbers = new Uint8Array(256);
const nameStarts = new Uint16Array(256);
const nameOctets = Buffer.from(NAMES.join(''), 'latin1');
for (const [at, name] of NAMES.entries()) {
  const number = at + 2;
  const where = place(name.length, name.charCodeAt(0));
  nextNumbers[number] = firstNumbers[where] as number;
  firstNumbers[where] = number;
  nameStarts[number + 1] = (nameStarts[number] as number) + name.length;
}

/** Longer names than any that is known share a place with no name at all. */
function place(length: number, first: number): number {
  return length < LENGTH_LIMIT ? (length << 5) | (first & 31) : 0;
}

/** The number of the field named by the octets from `start`; names are compared without case. */
export function fieldNumber(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] as number;
  let number = firstNumbers[place(length, first)] as number;
  while (number !== OTHER_FIELD) {
    if (isNamed(bytes, start, number)) return number;
    number = nextNumbers[number] as number;
  }
  return OWN_FIRST[LOWER[first] as number] === 1 && hasOwnPrefix(bytes, start, length) ? DISGUISED_FIELD : OTHER_FIELD;
}

/** Whether these octets are the name of that number, which is as long as theirs. */
function isNamed(bytes: Uint8Array, start: number, number: number): boolean {
  const from = nameStarts[number] as number;
  const end = nameStarts[number + 1] as number;
  // In a token, this bit is the case of letters, and what they are compared with are letters, digits and hyphens.
  for (let at = from; at < end; at++) if (((bytes[start + at - from] as number) | 32) !== nameOctets[at]) return false;
  return true;
}

function hasOwnPrefix(bytes: Uint8Array, start: number, length: number): boolean {
  for (const prefix of OWN_PREFIXES) if (length >= prefix.length && holdsName(bytes, start, prefix)) return true;
  return false;
}

function holdsName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) if (LOWER[bytes[start + at] as number] !== name[at]) return false;
  return true;
}

/**
 * The number of a field whose name holds token characters besides letters, digits and hyphen. Some servers turn all of
 * those into one character, so `x.forwarded.for` could pass for `x-forwarded-for`: such a name is dropped.
 */
export function oddFieldNumber(bytes: Uint8Array, start: number, length: number): number {
  const plain = Uint8Array.prototype.slice.call(bytes, start, start + length);
  for (let at = 0; at < length; at++) if (REQUEST_NAME[plain[at] as number] !== 1) plain[at] = HYPHEN;
  const number = fieldNumber(plain, 0, length);
  return number !== OTHER_FIELD && (FIELD_MARKS[number] as number) !== 0 ? DISGUISED_FIELD : OTHER_FIELD;
}
