/** A program that nobody here wrote, and the tests in which it is asked or asks. */
export interface IdentityPeer {
  readonly name: string;
  /** Where it is had from. */
  readonly from: string;
  readonly tests: readonly { readonly file: string; readonly says: string }[];
}

const ISSUERS = 'tests/peers/issuers.test.ts';
const FOREIGN = 'tests/system/foreign-issuer.test.ts';
const BOUND = 'tests/system/bound-token-clients.test.ts';
const CERTIFICATES = 'tests/peers/client-certificates.test.ts';
const BROWSER = 'tests/peers/sessions.test.ts';

/** Who brings credentials. */
export const CLIENTS: readonly IdentityPeer[] = [
  {
    name: 'curl',
    from: 'Debian: curl',
    tests: [
      { file: FOREIGN, says: 'a token that curl got from the issuer opens what its role and its scope permit' },
      { file: BOUND, says: 'curl is let in with the certificate of its token, over HTTP/1.1 and HTTP/2' },
      { file: CERTIFICATES, says: 'curl over TLS ' },
    ],
  },
  {
    name: 'undici',
    from: 'npm: undici',
    tests: [{ file: FOREIGN, says: 'undici is served with the same token again and again' }],
  },
  {
    name: 'openid-client',
    from: 'npm: openid-client',
    tests: [
      { file: BOUND, says: 'openid-client gets a token for a key for ' },
      { file: BOUND, says: 'a token that nobody can read is bound as its provider says' },
    ],
  },
  {
    name: 'dpop',
    from: 'npm: dpop',
    tests: [{ file: 'tests/system/possession.test.ts', says: 'a client with a key for ' }],
  },
  { name: 'OpenSSL', from: 'Debian: openssl', tests: [{ file: CERTIFICATES, says: 'openssl s_client with ' }] },
  { name: 'HAProxy', from: 'Debian: haproxy', tests: [{ file: CERTIFICATES, says: 'HAProxy as a client shows ' }] },
  { name: 'Chromium', from: 'Debian: chromium', tests: [{ file: BROWSER, says: 'in Chromium ' }] },
];

/** Who issues them. */
export const PROVIDERS: readonly IdentityPeer[] = [
  {
    name: 'oidc-provider',
    from: 'npm: oidc-provider',
    tests: [
      { file: 'tests/system/introspection-provider.test.ts', says: 'oidc-provider is asked about its opaque tokens' },
      { file: BOUND, says: 'openid-client gets a token for a key for ' },
      { file: 'tests/system/sessions.test.ts', says: 'who opens a page signs in at the provider, comes back to it' },
      { file: 'tests/system/sessions-logout.test.ts', says: 'a provider’s own logout token ends the session' },
    ],
  },
  {
    name: 'oauth2-mock-server',
    from: 'npm: oauth2-mock-server',
    tests: [
      { file: FOREIGN, says: 'a token that curl got from the issuer opens what its role and its scope permit' },
      {
        file: 'tests/system/sessions-mock-server.test.ts',
        says: 'people sign in with a provider that was made by others',
      },
    ],
  },
  { name: 'Glewlwyd', from: 'Debian: glewlwyd', tests: [{ file: ISSUERS, says: 'access tokens of Glewlwyd (C)' }] },
  {
    name: 'Keycloak',
    from: 'Java 17, and Keycloak from Maven Central',
    tests: [{ file: ISSUERS, says: 'access tokens of Keycloak (Java)' }],
  },
];
