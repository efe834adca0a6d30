import { isIP } from 'node:net';
import { err, ok, type Result } from '../base/index.ts';
import { DEFAULT_PORTS } from './authority.ts';
import { words } from './words.ts';

/** The parts of an upstream's URL. `host` has no brackets around an IPv6 address. */
export interface UpstreamUrl {
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  readonly pathPrefix: string;
}

const LENGTH_LIMIT = 2048;

/**
 * Reads the URL of an upstream: http or https, a host, perhaps a port and a path that is put before every request's.
 * The text is checked before the WHATWG parser sees it, since that one mends what should be said: it drops line breaks,
 * turns backslashes and reads `0x7f.1` as an address. Errors never repeat the text: it may hold a password.
 */
export function parseUpstreamUrl(text: string): Result<UpstreamUrl, string> {
  if (text.length > LENGTH_LIMIT) return err(words(`is longer than ${LENGTH_LIMIT} characters`));
  if (!/^https?:\/\//.test(text)) {
    return err(words('an upstream is an http or https URL', 'write it as http://127.0.0.1:3001'));
  }
  if (/[\x00-\x20\x7f\\]/.test(text)) return err(words('a URL holds no spaces, backslashes or control characters'));
  const [, authority = '', path = ''] = /^https?:\/\/([^/?#]*)(.*)$/.exec(text) ?? [];
  if (authority.includes('@')) {
    return err(words('a URL here can hold no user name or password', 'take away what stands before the `@`'));
  }
  if (/[?#]/.test(path)) return err(words("an upstream's URL has no query and no fragment"));
  const url = URL.parse(text);
  if (url === null) return err(words('this is no URL with a host and a port', 'write it as http://127.0.0.1:3001'));
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0 && !isHostName(host)) return err(words('the host of this URL is no host name and no address'));
  const written = authority.toLowerCase().replace(/:[0-9]*$/, '');
  if (written !== url.hostname) {
    return err(words('the host of this URL is written in an unusual way', `write ${url.hostname}`));
  }
  if (url.port === '0') return err(words('an upstream has a port other than 0'));
  const pathPrefix = parsePathPrefix(path);
  if (!pathPrefix.ok) return pathPrefix;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? DEFAULT_PORTS[scheme] : Number(url.port);
  return ok({ scheme, host, port, pathPrefix: pathPrefix.value });
}

function parsePathPrefix(path: string): Result<string, string> {
  const prefix = path.replace(/\/$/, '');
  return prefix === '' || isPlainPath(prefix)
    ? ok(prefix)
    : err(words('the path of this URL must be in its plainest form', 'write it like /internal/v1, nothing encoded'));
}

/** Whether a path is like `/v1` or `/internal/v1`: no empty or dot segments, nothing that could be encoded in two ways. */
export function isPlainPath(path: string): boolean {
  return /^(\/[A-Za-z0-9\-._~!$&'()*+,=:@]+)+$/.test(path) && !/\/\.{1,2}(\/|$)/.test(path);
}

/** Names of services on private networks may have a `_`, though no public host has. */
function isHostName(text: string): boolean {
  return text.length <= 253 && /^(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*$/.test(text);
}
