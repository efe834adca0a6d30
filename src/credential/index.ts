export { type AssertionKey, readAssertionKey } from './client-assertion.ts';
export { decodeBase64url } from './base64url.ts';
export { type EarlierIdToken, type IdTokenDemand, type VerifiedIdToken, verifyIdToken } from './id-token.ts';
export type { IdentityProfile, Judging } from './identity-profile.ts';
export {
  type Confirmation,
  meetsDemand,
  type ProofDemand,
  readConfirmation,
} from './confirmation.ts';
export type { DpopFault } from './dpop-fault.ts';
export { DpopNonces } from './dpop-nonce.ts';
export { DpopProofs, type HeldProof, type ProvenRequest } from './dpop-proof.ts';
export { IssuerKeys, type IssuerKeysOptions } from './issuer-keys.ts';
export { type FetchedKeys, fetchIssuerKeys } from './issuer-keys-fetch.ts';
export { fetchMetadata, type IssuerMetadata, namedAddress } from './issuer-metadata.ts';
export type { IssuerSource } from './issuer-source.ts';
export type { HeldKeys, IssuerKeysStatus } from './issuer-keys-keeper.ts';
export type { JwtFault } from './jwt-fault.ts';
export { type CheckedClaims, checkClaims } from './jwt-claims.ts';
export { type JsonBounds, type JsonReader, readJwt, readTokenObject, type UnverifiedJwt } from './jwt-text.ts';
export { isOpaqueToken, looksLikeJwt } from './token-form.ts';
export { isJsonObject, isName, type JwtClaims, numericDateMs } from './jwt-values.ts';
export { type VerifiedJwt, verifyJwt } from './jwt.ts';
export { type VerifiedLogoutToken, verifyLogoutToken } from './logout-token.ts';
export { type KeyRow, KEYS_STALE_AFTER_MS, keyTable } from './key-row.ts';
export { KEY_SET_LIMIT_BYTES, type KeySet, readKeySet } from './key-set.ts';
export { isIssuerOf, issuerNames, type IssuerNames, TENANT_PLACE } from './token-issuer.ts';
export { SIGNATURE_ALGORITHMS, type SignatureAlgorithm, type TokenProfile } from './token-profile.ts';
export type { ClientProof, IntrospectionReply, IntrospectionServer } from './introspection-server.ts';
export { askOnce, type IntrospectionCallPorts } from './introspection-call.ts';
export { type AskingPlaces, createAskingPlaces } from './asking-places.ts';
export { type IntrospectionOutcome, Introspector, type IntrospectorPorts } from './introspector.ts';
export { type AnswerProfile, readIntrospectionJwt } from './introspection-jwt.ts';
export {
  API_KEY_START,
  apiKeyChecksum,
  apiKeyWithin,
  type ApiKeyFault,
  isApiKeyEnvironment,
  isApiKeyId,
  makeApiKey,
  readApiKey,
} from './api-key.ts';
export { type ApiKeyHash, createApiKeyHash } from './api-key-hash.ts';
export {
  API_KEY_HASH_ROW,
  API_KEY_LIMIT,
  API_KEY_HASH_TABLE,
  API_KEY_TABLES,
  apiKeyTableOf,
  type ApiKeyHashRow,
  type ApiKeyRow,
} from './api-key-row.ts';
