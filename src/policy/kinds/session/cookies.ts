/** The cookie that bears a session: sent to this host alone, over TLS alone, and never to scripts (rfc6265bis §4.1.3.2). */
export const SESSION_COOKIE = '__Host-portcullis-session';
/** What the cookies that bind an attempt to sign in to one browser begin with. */
const ATTEMPT_COOKIE_PREFIX = '__Host-portcullis-login-';

/** 256 bits in base64url without padding; the last character has two bits that are zero. */
const SESSION_ID = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const ATTEMPT_NAME = /^[A-Za-z0-9_-]{8}$/;
const ATTEMPT_SECRET = /^[A-Za-z0-9_-]{16,64}$/;
/** So many attempts to sign in may a browser have open at once: the older ones are forgotten when another begins. */
const ATTEMPT_LIMIT = 8;
/** So many are ended by one reply, whose head proxies on the way must still take. */
const ENDED_AT_ONCE = 16;

/** What a request’s cookies say of a session. */
export type ShownSession =
  | { readonly kind: 'none' }
  /** Two of that name: whose request it is can't be told. */
  | { readonly kind: 'several' }
  /** A value that was never ours. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'id'; readonly id: string };

const NONE: ShownSession = Object.freeze({ kind: 'none' });
const SEVERAL: ShownSession = Object.freeze({ kind: 'several' });
const MALFORMED: ShownSession = Object.freeze({ kind: 'malformed' });

/**
 * The session that a Cookie field bears, its values joined; null for a request without one. Pairs are parted as browsers
 * write them (RFC 6265 §4.2.1). Names are compared as they are: in another case it is no `__Host-` cookie to browsers, and
 * may be anybody's.
 */
export function shownSession(field: string | null): ShownSession {
  if (field === null) return NONE;
  const first = nextNamed(field, SESSION_COOKIE, 0);
  if (first < 0) return NONE;
  const from = first + SESSION_COOKIE.length + 1;
  if (nextNamed(field, SESSION_COOKIE, from) >= 0) return SEVERAL;
  const semicolon = field.indexOf(';', from);
  const value = field.slice(from, semicolon < 0 ? field.length : semicolon);
  return field.charCodeAt(from - 1) === EQUALS && SESSION_ID.test(value) ? { kind: 'id', id: value } : MALFORMED;
}

/** Where the next pair of this name begins, from `from` on; -1 where there is none. A name without `=` is one too. */
function nextNamed(field: string, name: string, from: number): number {
  for (let at = field.indexOf(name, from); at >= 0; at = field.indexOf(name, at + 1)) {
    if (!beginsPair(field, at)) continue;
    const behind = field.charCodeAt(at + name.length);
    if (Number.isNaN(behind) || ENDS_NAME.has(behind)) return at;
  }
  return -1;
}

const SPACE = 0x20;
const TAB = 0x09;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
/** White space behind a name is taken off by servers that read loosely. */
const ENDS_NAME: ReadonlySet<number> = new Set([EQUALS, SEMICOLON, SPACE, TAB]);

function beginsPair(field: string, at: number): boolean {
  for (let before = at - 1; before >= 0; before--) {
    const code = field.charCodeAt(before);
    if (code === SEMICOLON) return true;
    if (code !== SPACE && code !== TAB) return false;
  }
  return true;
}

/** The secrets of attempts that a request bears, by the names of the attempts, the oldest first (RFC 6265 §5.4). */
export function shownAttempts(field: string | null): ReadonlyMap<string, string> {
  const shown = new Map<string, string>();
  if (field === null || !field.includes(ATTEMPT_COOKIE_PREFIX)) return shown;
  for (const pair of field.split(';')) {
    const text = pair.trimStart();
    if (!text.startsWith(ATTEMPT_COOKIE_PREFIX)) continue;
    const equals = text.indexOf('=');
    const name = text.slice(ATTEMPT_COOKIE_PREFIX.length, equals);
    const secret = text.slice(equals + 1);
    // Of two of one name neither binds anything.
    if (!ATTEMPT_NAME.test(name) || !ATTEMPT_SECRET.test(secret) || shown.has(name)) shown.set(name, '');
    else shown.set(name, secret);
  }
  return shown;
}

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** The Set-Cookie value that gives a browser its session; it ends with the browser, or when the session does. */
export function sessionCookie(id: string): string {
  return `${SESSION_COOKIE}=${id}; ${ATTRIBUTES}`;
}

/** The Set-Cookie value that takes a session away. */
export const NO_SESSION_COOKIE = `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;

/**
 * The Set-Cookie values for an attempt that begins: its own, and the end of the oldest ones that the browser still has, so
 * that whoever opens two hundred tabs sends no head that is too large. Of very many not all are ended at once.
 */
export function attemptCookies(
  {
    attempt,
    secret,
    maxAgeSeconds,
  }: { readonly attempt: string; readonly secret: string; readonly maxAgeSeconds: number },
  shown: ReadonlyMap<string, string>,
): readonly string[] {
  const others = [...shown.keys()].filter((name) => name !== attempt && ATTEMPT_NAME.test(name));
  const tooMany = others.slice(0, Math.min(ENDED_AT_ONCE, Math.max(0, others.length - ATTEMPT_LIMIT + 1)));
  return [
    `${ATTEMPT_COOKIE_PREFIX}${attempt}=${secret}; ${ATTRIBUTES}; Max-Age=${maxAgeSeconds}`,
    ...tooMany.map(endOfAttempt),
  ];
}

/** The Set-Cookie value that ends an attempt. */
export function endOfAttempt(name: string): string {
  return `${ATTEMPT_COOKIE_PREFIX}${name}=; ${ATTRIBUTES}; Max-Age=0`;
}

/** Whether a text can be the name of an attempt. */
export function isAttemptName(name: string): boolean {
  return ATTEMPT_NAME.test(name);
}
