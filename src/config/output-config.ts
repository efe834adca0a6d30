/** What replies of an upstream are cleaned of, and get, on their way to clients. */
export interface OutputConfig {
  /** Null where they get none. */
  readonly securityHeaders: SecurityHeadersConfig | null;
  /** Headers that tell of software, in lower case: taken out besides those that the codec knows, or left in. */
  readonly banners: { readonly pass: boolean; readonly also: readonly string[]; readonly keep: readonly string[] };
  /** Null where cookies pass as they come. */
  readonly cookies: { readonly readable: readonly string[]; readonly crossSite: readonly string[] } | null;
  /** Null where they pass as they come. `allow`: where else redirects may lead, as origins and schemes; null for anywhere. */
  readonly locations: { readonly allow: readonly string[] | null } | null;
  /** Whether JSON that a browser would read as a page is encoded. */
  readonly encode: boolean;
}

/** Security headers, where they differ from the standard ones. */
export interface SecurityHeadersConfig {
  /** By name in lower case: the value, or null for one that is left out. */
  readonly said: Readonly<Record<string, string | null>>;
  /** Whether browsers are told to report to the gateway. */
  readonly reports: boolean;
  /** Whether what is said here takes the place of what the upstream says. */
  readonly override: boolean;
}
