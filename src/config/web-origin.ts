import { err, ok, type Result } from '../base/index.ts';
import { words } from './words.ts';

const LIMIT_CHARACTERS = 300;
const WILD = '://*.';

/** An origin as browsers write it (RFC 6454 §6.2), so that comparing texts is enough. */
export function readWebOrigin(text: string): Result<string, string> {
  return readOrigin(text, (origin) => origin);
}

/** `shown` makes of an origin what a person is to write. */
function readOrigin(text: string, shown: (origin: string) => string): Result<string, string> {
  const found = /^([a-z][a-z0-9+.-]*):\/\/[^/?#@\\\s*]+$/.exec(text);
  if (found === null || text.length > LIMIT_CHARACTERS)
    return err(words('an origin is a scheme, a host and perhaps a port', 'such as https://app.acme.example'));
  if (!/^https?$/.test(found[1] as string)) return ok(text);
  const canonical = URL.parse(text)?.origin ?? null;
  if (canonical === null) return err('this is no origin');
  return canonical === text ? ok(text) : err(words('an origin is written as browsers do', `write ${shown(canonical)}`));
}

/**
 * The same, or one with `*.` in the place of the host's first label: `https://*.app.example`. Two labels must follow, for
 * nobody owns all names below one; only `localhost` is this machine.
 */
export function readOriginPattern(text: string): Result<string, string> {
  if (!text.includes(WILD)) return readWebOrigin(text);
  const plain = text.replace(WILD, '://');
  const read = readOrigin(plain, (origin) => origin.replace('://', WILD));
  if (!read.ok) return read;
  const host = URL.parse(plain)?.hostname ?? '';
  if (/^[0-9.]+$|^\[/.test(host)) return err(words('an address has no names below it', 'write the origin itself'));
  // A dot at the end makes no label.
  return /\.[^.]/.test(host) || host === 'localhost'
    ? ok(text)
    : err(words(`names below ${host} are not one owner’s`, 'such as https://*.app.example'));
}
