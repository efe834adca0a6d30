/** Stands for a Close frame without a code (RFC 6455 §7.1.5); it is never sent. */
export const NO_CLOSE_CODE = 1005;

/** What a Close frame of the gateway's own says (RFC 6455 §7.4.1, and the registry it founds). */
export const CloseCode = {
  goingAway: 1001,
  protocolError: 1002,
  policyViolation: 1008,
  messageTooBig: 1009,
  serviceRestart: 1012,
  badGateway: 1014,
} as const;

/** Any of them. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Whether a Close frame may say this code: those that stand for something else, and those that nobody has given a meaning, may not be sent. */
export function isCloseCode(code: number): boolean {
  if (code >= 3_000) return code <= 4_999;
  return code >= 1_000 && code <= 1_014 && code !== 1_004 && code !== NO_CLOSE_CODE && code !== 1_006;
}

/** A Close frame without a reason. `mask`: four octets where it goes to an upstream, null where it goes to a client (RFC 6455 §5.3). */
export function closeFrame(code: CloseCode, mask: Uint8Array | null): Buffer {
  if (mask === null) return Buffer.of(0x88, 2, code >>> 8, code & 0xff);
  const [first = 0, second = 0, third = 0, fourth = 0] = mask;
  return Buffer.of(0x88, 0x82, first, second, third, fourth, (code >>> 8) ^ first, (code & 0xff) ^ second);
}
