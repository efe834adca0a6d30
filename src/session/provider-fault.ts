/**
 * Why a provider did not give what it was asked for. `words` are for the operator, and hold nothing that it sent but the
 * code of an error.
 *
 * - `unavailable`: it can't be reached, or can't answer now. What was asked may be asked again.
 * - `refused`: it said no, with a code of OAuth (RFC 6749 §4.1.2.1, §5.2).
 * - `untrusted`: what it sent can't be used.
 */
export interface ProviderFault {
  readonly kind: 'unavailable' | 'refused' | 'untrusted';
  /** The code where it said no; empty otherwise. */
  readonly code: string;
  readonly words: string;
}

/** It can't be reached, or can't answer now. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

/** It answered in a way that nothing is read of. */
export class ProviderUnreadable extends Error {
  override readonly name = 'ProviderUnreadable';
}

/** What it is called in words; a code that no code of OAuth looks like is not repeated. */
function errorCode(value: unknown): string {
  return typeof value === 'string' && /^[a-z][a-z_]{0,63}$/.test(value) ? value : 'unknown_error';
}

/** What a call through openid-client has thrown. */
export function faultOf(thrown: unknown): ProviderFault {
  const chain = causesOf(thrown);
  const unavailable = chain.find((one) => one instanceof ProviderUnavailable);
  if (unavailable !== undefined) return { kind: 'unavailable', code: '', words: unavailable.message };
  const unreadable = chain.find((one) => one instanceof ProviderUnreadable);
  if (unreadable !== undefined) return { kind: 'untrusted', code: '', words: unreadable.message };
  const [first] = chain;
  const said: unknown = first !== undefined && 'error' in first ? first.error : undefined;
  if (said !== undefined) {
    const code = errorCode(said);
    return { kind: 'refused', code, words: `it said no: ${code}` };
  }
  const code: unknown = first !== undefined && 'code' in first ? first.code : undefined;
  // A 401 with a challenge, whose words are not read.
  if (code === 'OAUTH_WWW_AUTHENTICATE_CHALLENGE') {
    return { kind: 'refused', code: 'invalid_client', words: 'it said no: it does not know us by what we show it' };
  }
  const name = typeof code === 'string' && /^[A-Z_]{1,64}$/.test(code) ? code : 'unknown fault';
  return { kind: 'untrusted', code: '', words: `what it sent can't be used: ${name}` };
}

/** An error and what caused it; nobody nests more than a few. */
function causesOf(thrown: unknown): readonly Error[] {
  const chain: Error[] = [];
  for (let one = thrown; one instanceof Error && chain.length < 8; one = one.cause) chain.push(one);
  return chain;
}
