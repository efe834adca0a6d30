export { KEY_LIMIT, type KeyRow, KEYS_STALE_AFTER_MS, keyTable } from './key-row.ts';
export { SIGNATURE_ALGORITHMS, type SignatureAlgorithm, type TokenProfile } from './token-profile.ts';
