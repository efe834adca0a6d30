import { err, ok, type Result } from '../base/index.ts';
import { canonicalName, readNameEntry } from './domain-name.ts';

const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/(\[[0-9a-f:.]+\]|[^\s/?#@:[\]\\]+)(?::([0-9]{1,5}))?$/;
const STANDARD_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', ws: '80', wss: '443' };

/** An origin (RFC 6454 §4), taken apart. `port` is empty where it is the scheme's. */
export interface Origin {
  readonly scheme: string;
  readonly host: string;
  readonly port: string;
}

/**
 * What an Origin field says; `opaque` for `null` (RFC 6454 §7.1), and null for what is no origin. The host is canonical:
 * a dot at the end, other cases and a written standard port are no other origin.
 */
export function readOrigin(text: string): Origin | 'opaque' | null {
  const lower = text.trim().toLowerCase();
  if (lower === 'null') return 'opaque';
  const found = ORIGIN.exec(lower);
  if (found === null) return null;
  const [, scheme = '', written = '', port = ''] = found;
  const host = written.startsWith('[') || /^[0-9.]+$/.test(written) ? written : canonicalName(written);
  if (host === null) return null;
  return { scheme, host, port: port === STANDARD_PORTS[scheme] ? '' : port };
}

/** How an origin stands in a list. */
export function originText({ scheme, host, port }: Origin): string {
  return `${scheme}://${host}${port === '' ? '' : `:${port}`}`;
}

/** An entry of a list of origins, canonical. */
export function readOriginEntry(text: string): Result<string, string> {
  if (text === 'null') return ok(text);
  if (!text.includes('://')) return readNameEntry(text);
  const wild = text.includes('://*.');
  const origin = readOrigin(wild ? text.replace('://*.', '://') : text);
  if (origin === null || origin === 'opaque')
    return err('expected an origin such as https://app.example, or a name of a host');
  return ok(originText({ ...origin, host: wild ? `*.${origin.host}` : origin.host }));
}
