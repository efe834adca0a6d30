/** An issuer, and where its keys are: its metadata says it, or the URL of the JWK Set itself is known. */
export interface IssuerSource {
  /** What the configuration calls it. */
  readonly name: string;
  /** Its identifier: an https URL, or http on loopback. */
  readonly issuer: string;
  /** CAs, PEM, that it is verified by; not there where those of the system vouch for it. */
  readonly ca?: string;
  readonly origin: { readonly kind: 'discovery' } | { readonly kind: 'url'; readonly url: string };
}
