/** Names of keys, parameters and settings that bear secrets, as is customary, in lower case and with hyphens. */
const BEARING =
  /^(?:proxy-)?authorization$|^cookie$|(?:^|[-_.])(?:(?:api|access|private|secret|auth|app|application|account|functions?|subscription|service|master|shared|signing|encryption|storage)[-_]?key|(?:auth|access|refresh|api|bearer|session|vault)[-_]?token|token|secret|password|passwd|passphrase|passcode|pass|pwd|psk|credential)s?$/;

/** What bears a secret in the query of a URL besides. */
const BEARING_IN_QUERY = /^(?:key|code|sig|signature|auth)$/;

const LEAST_CHARACTERS = 16;
const MOST_CHARACTERS = 4_096;
const NAME_LIMIT_CHARACTERS = 256;
/** Bits a character: words of a language have less than this, and 16 random digits in hexadecimal mostly have more. */
const LEAST_BITS = 2.9;
/** Of letters alone, with no digit among them, so many are no word any more. */
const LEAST_LETTERS = 20;

/** Schemes whose credential is the secret itself (RFC 9110 §11.1, and what services have made up). */
const SCHEME = /^(?:Bearer|Token|ApiKey|GenieKey|Bot|Splunk|SSWS) +/i;
/** A credential in a line of words, where a name is said to be that: by itself a scheme may be a word like any other. */
const BEHIND_SCHEME =
  /[:=][ \t]{0,8}["']?(?:Bearer|Basic|Token|ApiKey|GenieKey|Bot|Splunk|SSWS) +([^\s"',]{16,4096})/gi;
const ANY_SCHEME = /^[A-Za-z][A-Za-z-]{1,31} +/;
/** One parameter of such, in place of the secret itself. */
const PARAMETER = /^[A-Za-z_-]{1,32}= *"?([^"]{1,4096}?)"?$/;

const PLACEHOLDER = /example|placeholder|changeme|change-me|your[-_]|x{6}|\*{4}|dummy|secret-?key|not-?a-/i;

/** Why a text is taken for a secret that has the form of none, in words; null where it is not. `name`: the key it stands at. */
export function disorderIn(text: string, name: string): string | null {
  if (isBearing(name) && isSecret(text)) return 'a secret, for it is without order at a key of such';
  if (SCHEME.test(text) && isDisorderly(text.replace(SCHEME, '')))
    return 'a credential, for it is without order behind a scheme';
  return bearsInUrl(text) ? 'a secret in a URL, for it is without order where such stand' : null;
}

/** Pairs of a name that bears secrets and a text without order, in a line of a comment. */
export function disorderInComment(line: string): boolean {
  for (const [, name = '', value = ''] of line.matchAll(
    /(?<![\w.-])([A-Za-z][\w.-]{0,63})["']?[ \t]*[:=][ \t]*["']?([^\s"',]{1,4096})/g,
  ))
    if (isBearing(name) && isDisorderly(value)) return true;
  for (const [, value = ''] of line.matchAll(BEHIND_SCHEME)) if (isDisorderly(value)) return true;
  return disorderIn(line.replace(/^[\s#]+/, ''), '') !== null;
}

/** Camel case has its words apart too. */
function isBearing(name: string): boolean {
  return (
    name.length <= NAME_LIMIT_CHARACTERS && BEARING.test(name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase())
  );
}

/** Cookies and parameters of a scheme stand one behind the other. */
function isSecret(text: string): boolean {
  return text
    .replace(ANY_SCHEME, '')
    .split(/[;,] */)
    .some((part) => isDisorderly(part) || isDisorderly(PARAMETER.exec(part)?.[1] ?? ''));
}

/** A parameter of a query that bears secrets by its name, or who signs in by nothing but a token (RFC 3986 §3.2.1). */
function bearsInUrl(text: string): boolean {
  const start = text.indexOf('://');
  if (start < 0) return false;
  const user = /^:\/\/([^\s/?#@:]{16,1024})@/.exec(text.slice(start))?.[1];
  if (user !== undefined && isDisorderly(user)) return true;
  for (const [, name = '', value = ''] of text.matchAll(/[?&;]([\w.-]{1,64})=([^&;#\s"']{16,2048})/g))
    if ((isBearing(name) || BEARING_IN_QUERY.test(name.toLowerCase())) && isDisorderly(value)) return true;
  return false;
}

/** Whether a text is one that nobody thought of: long, without spaces, of mixed characters, each as often as the next. */
function isDisorderly(value: string): boolean {
  if (value.length < LEAST_CHARACTERS || value.length > MOST_CHARACTERS) return false;
  // References, paths, URLs and addresses of mail are no secrets, and neither is what manuals write in the place of one.
  if (!/^[A-Za-z0-9+/=_.~!#$%&*^?|@-]+$/.test(value) || /^[./~]/.test(value) || PLACEHOLDER.test(value)) return false;
  if (/^[^@]+@[\w-]+(?:\.[\w-]+)+$/.test(value)) return false;
  if (isOfWords(value) || bitsPerCharacter(value) < LEAST_BITS) return false;
  const digits = value.replace(/[^0-9]/g, '').length;
  if (digits >= 2) return digits < value.length;
  return value.length >= LEAST_LETTERS && /[a-z]/.test(value) && /[A-Z]/.test(value) && !isCamelCase(value);
}

/** Words, years and versions, with something between them: a name that somebody gave. */
function isOfWords(value: string): boolean {
  const parts = value.split(/[-_.~/]/);
  return parts.length > 1 && parts.every((part) => /^(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,15}|v?[0-9]{1,4})$/.test(part));
}

function isCamelCase(value: string): boolean {
  return /^[A-Za-z]?[a-z]+(?:[A-Z][a-z]+)*[0-9]?$/.test(value);
}

/** The entropy of its characters (Shannon 1948). */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
