const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const TIMEOUT = /^([0-9]{1,8})([HMSmun])$/;
/** A value has eight digits at most: what is longer in milliseconds is said in seconds. */
const MILLISECONDS_LIMIT = 99_999_999;

/** A `grpc-timeout` in milliseconds, which may be a fraction of one; null where it is none (gRPC over HTTP/2, Timeout). */
export function readTimeout(text: string): number | null {
  const found = TIMEOUT.exec(text);
  if (found === null) return null;
  return Number(found[1]) * (UNIT_MS[found[2] as string] as number);
}

/** The same written, rounded up to a whole millisecond or second; 0 and less is `1n`, the shortest that there is. */
export function writeTimeout(timeoutMs: number): string {
  if (timeoutMs <= 0) return '1n';
  const ms = Math.ceil(timeoutMs);
  return ms <= MILLISECONDS_LIMIT ? `${ms}m` : `${Math.min(Math.ceil(ms / 1_000), MILLISECONDS_LIMIT)}S`;
}
