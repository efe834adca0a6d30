import type { UpstreamFailure } from './upstream-call.ts';

/** Codes of the system (ECONNRESET, ENOTFOUND, EAI_AGAIN …); those of TLS look different, except for EPROTO. */
const SYSTEM_CODE = /^E(?!PROTO$|RR_)[A-Z0-9_]+$/;

/** This machine has no descriptor or port left for another connection: that is not the upstream's fault. */
const EXHAUSTED = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS']);

/** A socket's error as a failure. `ready` tells whether the connection, TLS included, stood already. */
export function failureOf(fault: NodeJS.ErrnoException, ready: boolean): UpstreamFailure {
  const code = fault.code ?? 'error';
  if (ready) return { code: 'upstream-incomplete-reply', detail: code };
  if (EXHAUSTED.has(code)) return { code: 'upstream-overloaded', detail: code };
  if (code === 'ETIMEDOUT') return { code: 'upstream-timeout', detail: code };
  return { code: SYSTEM_CODE.test(code) ? 'upstream-unreachable' : 'upstream-tls', detail: code };
}
