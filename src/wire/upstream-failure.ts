import type { UpstreamFailure } from './upstream-call.ts';

/** Codes of the system (ECONNRESET, ENOTFOUND, EAI_AGAIN …); those of TLS look different, except for EPROTO. */
const SYSTEM_CODE = /^E(?!PROTO$|RR_)[A-Z0-9_]+$/;

/** The upstream has refused us: over TLS 1.3 one hears of that when the connection seems to stand already. */
const REFUSED_US = /^ERR_SSL_[A-Z0-9]+_ALERT_[A-Z_]*(?:CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;

/** This machine has no descriptor or port left for another connection: that is not the upstream's fault. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS']);

/** A socket's error as a failure. `ready` tells whether the connection, TLS included, stood already. */
export function failureOf(fault: NodeJS.ErrnoException, ready: boolean): UpstreamFailure {
  const code = fault.code ?? 'error';
  if (ready) return { code: REFUSED_US.test(code) ? 'upstream-tls' : 'upstream-incomplete-reply', detail: code };
  if (EXHAUSTED.has(code)) return { code: 'upstream-overloaded', detail: code };
  if (code === 'ETIMEDOUT') return { code: 'upstream-timeout', detail: code };
  return { code: SYSTEM_CODE.test(code) ? 'upstream-unreachable' : 'upstream-tls', detail: code };
}
