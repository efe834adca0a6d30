/** How a server that is asked about tokens is shown who asks; keys and secrets are references, files absolute paths. */
export type AskingClient =
  | { readonly kind: 'secret'; readonly secret: string; readonly place: 'header' | 'body' }
  | { readonly kind: 'key'; readonly key: string; readonly kid: string | null }
  | { readonly kind: 'certificate'; readonly certificate: string; readonly key: string };

/** How an issuer is asked what its tokens are worth (RFC 7662). */
export interface IntrospectionConfig {
  /** Null where the issuer's metadata says it. */
  readonly url: string | null;
  readonly clientId: string;
  readonly client: AskingClient;
  /** `opaque`: tokens that are no JWTs. `all`: its JWTs too, which are then not verified here. */
  readonly tokens: 'opaque' | 'all';
  /** What its opaque tokens begin with; null where it is asked about all of them. */
  readonly prefix: string | null;
  readonly cacheMs: number;
  readonly timeoutMs: number;
  /** Whether answers are JWTs (RFC 9701), signed with the issuer's keys. */
  readonly signed: boolean;
  readonly caFile: string | null;
  readonly path: string;
}
