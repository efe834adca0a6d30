import { createHash } from 'node:crypto';
import type { IssuerConfig } from '../jwt/config.ts';
import type { IntrospectionConfig } from './config.ts';

/** An issuer that is asked. */
export type AskedIssuer = IssuerConfig & { readonly introspection: IntrospectionConfig };

/** Which issuers are asked about the tokens of an API. */
export interface IntrospectingConfig {
  /** Those of the API's `auth`. */
  readonly issuers: readonly AskedIssuer[];
  /** By operation name: those of operations that say it themselves. */
  readonly operations: Readonly<Record<string, readonly AskedIssuer[]>>;
  readonly credentials: 'remove' | 'pass';
}

/** Of what is asked at the desk. */
export const INTROSPECTION = 'introspection';

/** What the control side answers where a server did not take the question: that may be for the sake of the token. */
export const NOT_TAKEN = 'not-taken';

/**
 * What threads and the control side call a server: by all that is said of it, so that a configuration in which a name means
 * another server never has that one asked.
 */
export function askedServer({ name, issuer, introspection }: AskedIssuer): string {
  const said = JSON.stringify([issuer, { ...introspection, path: null }]);
  return `${name}#${createHash('sha256').update(said).digest('hex').slice(0, 32)}`;
}

/** Whether an issuer is asked. */
export function isAsked(issuer: IssuerConfig): issuer is AskedIssuer {
  return issuer.introspection !== null;
}

/** Whether its JWTs are verified here, by its keys. */
export function verifiesHere({ introspection }: IssuerConfig): boolean {
  return introspection?.tokens !== 'all';
}

/** Whether its keys are needed for what is sent as a token; who signs in with it needs them besides. */
export function needsKeys(issuer: IssuerConfig): boolean {
  return verifiesHere(issuer) || issuer.introspection?.signed === true;
}
