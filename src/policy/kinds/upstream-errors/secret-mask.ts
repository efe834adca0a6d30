/** What stands where a secret was. */
const MASKED = '[masked]';

/** Each pattern's repetitions are bounded, and what is masked has 8 KiB. */
const MASKS: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [
    /-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]{0,8192}?(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g,
    MASKED,
  ],
  // Whole lines of head fields.
  [/\b((?:set-)?cookie|(?:proxy-)?authorization)(["']?\s{0,4}[:=]\s{0,4})[^\n]{1,8192}/gi, `$1$2${MASKED}`],
  [/\b(Bearer|Basic|Digest|Negotiate|ApiKey|Token)( {1,4})[\w.~+/=-]{6,8192}/gi, `$1$2${MASKED}`],
  // `password: x`, `"password":"x"`, the same escaped, `password=x`, `password => x`; lists and objects as well.
  [
    /((?:passw(?:or)?d|passphrase|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|shared[_-]?key|private[_-]?key|client[_-]?secret|authorization|credentials?|session(?:[_-]?id)?|jsessionid|phpsessid|csrf|xsrf|signature|otp|cvv|cvc|ssn|iban|connection[_-]?string|dsn|cookie)[\w-]{0,40}\\{0,4}["']?\s{0,4}(?:=>|[:=])\s{0,4})(?:\\{0,4}"(?:[^"\\\n]|\\[^]){0,8192}"?|\\{0,4}'(?:[^'\\\n]|\\[^]){0,8192}'?|[[{][^\]}]{0,8192}[\]}]?|[^\s"'&,;<>()]{1,8192})/gi,
    `$1${MASKED}`,
  ],
  [/([?&;](?:key|code|sig|auth|pass|user(?:name)?|id_token|assertion)=)[^\s"'&#<>]{1,8192}/gi, `$1${MASKED}`],
  [/\b([a-z][\w+.-]{0,30}:\/\/)[^\s/@"'<>]{1,600}@/gi, `$1${MASKED}@`],
  [/\beyJ[\w-]{8,8192}(?:\.[\w-]{0,8192}){0,4}/g, MASKED],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, MASKED],
  [
    /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|(?:sk|pk|rk|whsec)[_-](?:live_|test_|proj-|ant-)?|AIza|ya29\.|SG\.|npm_|dop_v1_|shpat_)[\w.-]{10,512}/g,
    MASKED,
  ],
];

/** Long runs without a space that have letters and digits: hardly anything but keys. */
const LONG_RUN = /[A-Za-z0-9_+=-]{40,8192}/g;
const CARD = /\b\d(?:[ -]?\d){12,18}\b/g;

/**
 * A text without what opens something: credentials, tokens, keys, passwords in JSON, forms, URLs and connection strings,
 * numbers of cards. More is masked rather than less. For short texts: it looks at each several times.
 */
export function maskSecrets(text: string): string {
  let masked = text;
  for (const [pattern, replacement] of MASKS) masked = masked.replace(pattern, replacement);
  masked = masked.replace(LONG_RUN, (run) => (/\d/.test(run) && /[A-Za-z]/.test(run) ? MASKED : run));
  return masked.replace(CARD, (digits) => (isCardNumber(digits) ? MASKED : digits));
}

const SECRET_FIELD = /auth|cookie|token|secret|passw|api-?key|session|signature|credential|csrf|xsrf/;

/** The value of a field as it may be kept. `name` is in lower case. */
export function maskField(name: string, value: string): string {
  return SECRET_FIELD.test(name) ? MASKED : maskSecrets(value);
}

/** By the check digit (ISO/IEC 7812-1, Luhn). */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, '');
  let sum = 0;
  for (let at = 0; at < digits.length; at++) {
    const digit = Number(digits[digits.length - 1 - at]);
    const doubled = at % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
