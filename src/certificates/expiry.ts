import type { Alert } from '../ports/index.ts';
import type { CertificatePorts } from './keeper.ts';
import type { Validity } from './issue.ts';

const DAY_MS = 86_400_000;

/** How near its end a certificate is: a third of its life left, a sixth, a day, nothing. */
export type ExpiryLevel = 'third' | 'sixth' | 'day' | 'expired';

const SEVERITIES = {
  third: 'low',
  sixth: 'medium',
  day: 'high',
  expired: 'critical',
} as const satisfies Record<ExpiryLevel, Alert['severity']>;

/**
 * The level that `nowMs` has reached, null while more than a third of the life is left. Of a life under twelve days the
 * last level is a twelfth instead of 24 hours: a certificate for a day would otherwise be at its last level from the start.
 */
export function expiryLevel({ notBeforeMs, notAfterMs }: Validity, nowMs: number): ExpiryLevel | null {
  const lifeMs = notAfterMs - notBeforeMs;
  const leftMs = notAfterMs - nowMs;
  if (leftMs <= 0) return 'expired';
  if (leftMs <= Math.min(DAY_MS, lifeMs / 12)) return 'day';
  if (leftMs <= lifeMs / 6) return 'sixth';
  return leftMs <= lifeMs / 3 ? 'third' : null;
}

/** When the next level is reached; the end of life is the last. */
export function nextLevelMs({ notBeforeMs, notAfterMs }: Validity, nowMs: number): number {
  const lifeMs = notAfterMs - notBeforeMs;
  const leftMs = [lifeMs / 3, lifeMs / 6, Math.min(DAY_MS, lifeMs / 12), 0];
  return leftMs.map((left) => notAfterMs - left).find((atMs) => atMs > nowMs) ?? Infinity;
}

/** What is watched: `id` tells one certificate from its successor, `advice` tells what to do. */
export interface Expiring extends Validity {
  readonly id: string;
  readonly what: string;
  readonly advice: string;
}

/** Raises `certificate.expiring` once for each level that a certificate reaches, and not for the levels it skipped. */
export class ExpiryWatch {
  readonly #ports: CertificatePorts;
  readonly #raised = new Map<string, ExpiryLevel>();

  constructor(ports: CertificatePorts) {
    this.#ports = ports;
  }

  /** Looks at all certificates in use; one that is not among them any more is forgotten. */
  look(certificates: readonly Expiring[]): void {
    const nowMs = this.#ports.clock.now();
    const ids = new Set(certificates.map(({ id }) => id));
    for (const id of this.#raised.keys()) if (!ids.has(id)) this.#raised.delete(id);
    for (const certificate of certificates) this.#lookAt(certificate, nowMs);
  }

  #lookAt(certificate: Expiring, nowMs: number): void {
    const level = expiryLevel(certificate, nowMs);
    if (level === null || this.#raised.get(certificate.id) === level) return;
    this.#raised.set(certificate.id, level);
    const until = new Date(certificate.notAfterMs).toISOString();
    const message = `${certificate.what} ${level === 'expired' ? 'expired at' : 'expires at'} ${until}; ${certificate.advice}`;
    const fields = { notAfter: until, level };
    this.#ports.log.write(level === 'third' ? 'info' : 'warn', 'certificate.expiring', message, fields);
    this.#ports.alerts.raise({
      kind: 'certificate.expiring',
      key: `${certificate.id}:${level}`,
      severity: SEVERITIES[level],
      message,
      fields,
    });
  }
}
