import type { Result } from '../base/index.ts';

/** A call the gateway makes for itself: key sets, descriptions, webhooks. Never a client's request. */
export interface EgressRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** For the whole call, resolution included. */
  readonly timeoutMs: number;
  /** The reply's body; more is a fault. */
  readonly limitBytes: number;
  /**
   * `public`: only addresses of the open internet. `named`: also private and loopback ones, since the operator wrote
   * the name into the configuration; link-local ones, where clouds keep credentials, never.
   */
  readonly reach: 'public' | 'named';
  /** CAs, PEM, that the other end is verified by instead of the well-known ones. */
  readonly ca?: string;
  /** A certificate, PEM, with those above it and its key, that the other end is shown where it asks for one (RFC 8705 §2). */
  readonly shows?: { readonly certificate: string; readonly key: string };
  /**
   * The connection is kept, and used again by the next call that says so and goes to the same place in the same way; for
   * calls that come often. One that a kept connection loses before anything of a reply has come is made once more over a
   * new one, so only for what may be asked twice.
   */
  readonly keeps?: boolean;
  /**
   * Gets the body of a reply with status 200 piece by piece, as it comes; that of the reply is empty then. For what goes
   * on for a while, such as a watch. What throws here ends the call as the fault `malformed-reply`.
   */
  readonly receive?: (piece: Uint8Array) => void;
  /** Ends the call early, as the fault `cancelled`: nobody waits for it any more. */
  readonly signal?: AbortSignal;
}

/** The reply to such a call, body whole. Header names are lower case. */
export interface EgressReply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Why a call gave no reply. */
export interface EgressFault {
  readonly reason:
    | 'forbidden-address'
    | 'unresolved'
    | 'unreachable'
    | 'untrusted'
    | 'timeout'
    | 'cancelled'
    | 'too-large'
    | 'malformed-url'
    | 'malformed-reply';
  readonly detail: string;
}

/** Calls to the outside. The address is checked after resolving and pinned; redirects are not followed. */
export interface Egress {
  call(request: EgressRequest): Promise<Result<EgressReply, EgressFault>>;
}
