import { err, ok, type Result } from '../base/index.ts';
import { words } from './words.ts';

const LENGTH_LIMIT = 2_048;

/**
 * Reads the URL of something the gateway asks or trusts: https, or http on loopback, where nobody is between. It is
 * kept as it is written, since identifiers are compared character by character (RFC 8414 §2). No fragment, no user
 * name or password; a query only where `query` allows it.
 */
export function readWebUrl(value: string, { query }: { readonly query: boolean }): Result<string, string> {
  if (value.length > LENGTH_LIMIT) return err(`a URL here has at most ${LENGTH_LIMIT} characters`);
  const url = /[\x00-\x20\x7f\\]/.test(value) ? null : URL.parse(value);
  if (url === null || !/^https?:\/\/[^/]/i.test(value)) {
    return err(words('must be an https URL', 'such as https://id.acme.example'));
  }
  if (/^[^/]*\/\/[^/?#]*@/.test(value)) return err('a URL here can hold no user name or password');
  if (value.includes('#')) return err('a URL here can hold no fragment');
  if (!query && value.includes('?')) return err('a URL here can hold no query');
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return err(words('plain http is taken on loopback only: others could answer in its place', 'use https'));
  }
  return ok(value);
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}

/** Whether others are on the way to a URL who could read, or change, what is sent: over plain http to another machine. */
export function isClear(location: string): boolean {
  const url = URL.parse(location);
  return url?.protocol === 'http:' && !/^(localhost|127(\.[0-9]+){3}|\[::1\])$/.test(url.hostname);
}
