import { err, ok, type Result } from '../base/index.ts';
import { words } from './words.ts';

/** Reads the host that clients name, without a port: a full name or an address, in its canonical form. The error is in `words`. */
export function readHost(value: string): Result<string, string> {
  const lower = value.toLowerCase().replace(/\.$/, '');
  const canonical = URL.parse(`http://${lower}/`)?.hostname ?? '';
  if (/^(\[[^\]]*\]|[^:[\]]+):[0-9]*$/.test(value)) {
    return err(words('a host is named without a port', 'the ports stand below `server`'));
  }
  if (value.includes('*')) return err('a host is one full name; patterns are not read');
  const plain = /^\[[0-9a-f:.]+\]$/.test(canonical) || isDomainName(canonical);
  if (!plain || /[/?#@\\%\s]/.test(value)) return err(words('this is no host name', 'write it like api.acme.example'));
  return canonical === value ? ok(value) : err(words('a host is written in its canonical form', `write ${canonical}`));
}

/** The names that the gateway reads in requests (RFC 1123 §2.1); others could never be matched. */
function isDomainName(host: string): boolean {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  return host.length <= 253 && new RegExp(`^${label}(?:\\.${label})*$`).test(host);
}
