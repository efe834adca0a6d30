import type { Alerts } from '../ports/index.ts';

/** Raises the alert that an upstream does not prove what it is, or refuses what we are. */
export function tellUntrusted(alerts: Alerts['raise'], api: string, detail: string): void {
  const message = `there is no TLS connection with the upstream of ${api}: ${detail}`;
  alerts({ kind: 'upstream.untrusted', key: api, severity: 'high', message, fields: { detail } });
}
