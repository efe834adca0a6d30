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
 */
const MARKS = {
  host: drop | single | guarded,
  'content-length': drop | guarded,
  'transfer-encoding': drop | guarded,
  connection: drop,
  expect: drop | guarded,
  'keep-alive': drop,
  'proxy-connection': drop,
  'proxy-authenticate': drop,
  'proxy-authentication-info': drop,
  'proxy-authorization': drop,
  te: drop,
  trailer: drop,
  upgrade: drop,
  'http2-settings': drop,
  'content-type': single | guarded,
  'content-encoding': guarded,
  authorization: single | guarded,
  cookie: single | guarded,
  origin: single | guarded,
  range: single,
  'x-api-key': single | guarded,
  'api-key': single | guarded,
  apikey: single | guarded,
  'x-auth-token': single | guarded,
  'x-access-token': single | guarded,
  date: guarded,
  location: guarded,
  'set-cookie': guarded,
  'cache-control': guarded,
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
  via: guarded,
  'x-content-type-options': 0,
  'x-frame-options': 0,
  'referrer-policy': 0,
  'content-security-policy': 0,
  'strict-transport-security': 0,
  server: banner,
  'x-powered-by': banner,
  'x-powered-cms': banner,
  'x-aspnet-version': banner,
  'x-aspnetmvc-version': banner,
  'x-runtime': banner,
  'x-generator': banner,
  'x-drupal-cache': banner,
  'x-owa-version': banner,
  'x-backend-server': banner,
  'x-server-powered-by': banner,
  'x-php-version': banner,
  'x-turbo-charged-by': banner,
  'x-framework': banner,
} as const satisfies Record<string, number>;

type KnownName = keyof typeof MARKS;

const NAMES = Object.keys(MARKS) as readonly KnownName[];

/** The number of a known field; 0 is any other, 1 one that stands for a dropped field in disguise. */
export const FIELD = Object.fromEntries(NAMES.map((name, at) => [name, at + 2])) as Readonly<Record<KnownName, number>>;

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
} as const satisfies { readonly [Name in KnownName]?: number };

/** The presence bit of each field number; 0 for most. */
export const PRESENCE_BITS = Uint8Array.from([
  0,
  0,
  ...NAMES.map((name) => (Object.hasOwn(PRESENCE, name) ? PRESENCE[name as keyof typeof PRESENCE] : 0)),
]);

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

if (NAMES.some((name) => MARKS[name] & single && FIELD[name] >= 32))
  throw new Error('single fields are kept as bits of one word');

const HYPHEN = 0x2d;
const BUCKETS = 64 * 32;
const candidates: { readonly id: number; readonly octets: Uint8Array }[][] = Array.from({ length: BUCKETS }, () => []);
for (const name of NAMES)
  candidates[bucket(name.length, name.charCodeAt(0))]?.push({ id: FIELD[name], octets: Buffer.from(name) });

function bucket(length: number, first: number): number {
  return length < 64 ? (length << 5) | (first & 31) : 0;
}

/** The number of the field named by the octets from `start`; names are compared without case. */
export function fieldNumber(bytes: Uint8Array, start: number, length: number): number {
  const first = bytes[start] as number;
  for (const candidate of candidates[bucket(length, first)] as (typeof candidates)[number]) {
    if (candidate.octets.length === length && sameName(bytes, start, candidate.octets)) return candidate.id;
  }
  return OWN_FIRST[LOWER[first] as number] === 1 && hasOwnPrefix(bytes, start, length) ? DISGUISED_FIELD : OTHER_FIELD;
}

function sameName(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let at = 0; at < name.length; at++) if (LOWER[bytes[start + at] as number] !== name[at]) return false;
  return true;
}

function hasOwnPrefix(bytes: Uint8Array, start: number, length: number): boolean {
  for (const prefix of OWN_PREFIXES) if (length >= prefix.length && sameName(bytes, start, prefix)) return true;
  return false;
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
