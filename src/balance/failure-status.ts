/** Whether a server says by this status that it, or what stands behind it, can't answer now (RFC 9110 §15.6). */
export function isFailureStatus(status: number): status is 502 | 503 | 504 {
  return status === 502 || status === 503 || status === 504;
}
