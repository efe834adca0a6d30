import type { HttpsConfig } from './config.ts';

/** Whether clients of a host see a certificate that is said of it under `hosts`, by its name or by a pattern. */
export function hasOwnCertificate({ hosts }: Pick<HttpsConfig, 'hosts'>, name: string): boolean {
  return hosts.some((host) => host.certificate !== null && stands(host.name, name));
}

/** Whether what is said of `named`, a name or a pattern, is said of the host `name` (RFC 9525 §6.3). */
export function stands(named: string, name: string): boolean {
  return named === name || (named.startsWith('*.') && named === `*${name.slice(name.indexOf('.'))}`);
}
