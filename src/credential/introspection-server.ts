/** How the gateway shows an introspection server who it is; texts and keys are secrets. */
export type ClientProof =
  /** RFC 6749 §2.3.1: in the field Authorization, or in the body. */
  | { readonly kind: 'secret'; readonly secret: string; readonly place: 'header' | 'body' }
  /** `private_key_jwt`, RFC 7523 §2.2; the key is PEM. */
  | { readonly kind: 'key'; readonly key: string; readonly kid: string | null }
  /** `tls_client_auth` and `self_signed_tls_client_auth`, RFC 8705 §2; both are PEM. */
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string };

/** A server that says what a token is worth (RFC 7662), and as whom it is asked. */
export interface IntrospectionServer {
  /** What the configuration calls its issuer. */
  readonly name: string;
  readonly issuer: string;
  /** Null where the issuer's metadata says it. */
  readonly url: string | null;
  readonly clientId: string;
  readonly proof: ClientProof;
  /** Whether it answers with a JWT (RFC 9701), and nothing else is taken. */
  readonly signed: boolean;
  readonly timeoutMs: number;
  /** CAs, PEM, that it is verified by; null for the well-known ones. */
  readonly ca: string | null;
}

/**
 * What a server said of a token, unread; `not-taken` where it did not take the question, and `unavailable` where it said
 * nothing that could be.
 */
export type IntrospectionReply =
  | { readonly kind: 'answered'; readonly body: Uint8Array }
  | { readonly kind: 'not-taken' }
  | { readonly kind: 'unavailable' };
