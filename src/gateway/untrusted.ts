import type { Alerts } from '../ports/index.ts';
import { ADDRESS_REFUSED, type UpstreamFailure } from '../wire/index.ts';

/**
 * Raises an alert where an upstream failed for what may be somebody else: it does not prove what it is, refuses what we
 * are, or has a name that stands for no address which an upstream may have.
 */
export function tellUntrusted(alerts: Alerts['raise'], api: string, { code, detail }: UpstreamFailure): void {
  if (detail === ADDRESS_REFUSED) {
    const message = `the upstream of ${api} has a name that stands for no address which an upstream may have`;
    alerts({ kind: 'upstream.address-refused', key: api, severity: 'high', message });
  } else if (code === 'upstream-tls') {
    const message = `there is no TLS connection with the upstream of ${api}: ${detail}`;
    alerts({ kind: 'upstream.untrusted', key: api, severity: 'high', message, fields: { detail } });
  }
}
