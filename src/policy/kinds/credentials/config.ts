/** Where credentials may stand in a request's head. */
export interface Carriers {
  /** Tokens in the field Authorization, of the schemes Bearer and DPoP. */
  readonly authorization: boolean;
  /** Fields whose whole value is a credential, in lower case. */
  readonly fields: readonly string[];
  /** Names of cookies that are credentials. */
  readonly cookies: readonly string[];
  /** What becomes of a request whose query bears a token (RFC 6750 §2.3). */
  readonly query: 'refuse' | 'pass';
}

/** Where callers of an API show who they are. */
export interface CredentialsConfig {
  readonly api: Carriers;
  /** By operation name: of operations that say it themselves. */
  readonly operations: Readonly<Record<string, Carriers>>;
}
