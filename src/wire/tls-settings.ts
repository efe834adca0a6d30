import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { VouchingAuthorities } from './vouching-authorities.ts';

/** AEAD suites with forward secrecy only; TLS 1.3 first. */
const SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** The post-quantum group first. The slash asks a client that knows it but guessed another one to use it (RFC 9846 §4.2.8: HelloRetryRequest). */
const GROUPS = 'X25519MLKEM768/X25519:P-256:P-384';

/** A certificate with its key, and the key that session tickets are sealed with (48 bytes). */
export interface ContextMaterial {
  readonly chainPem: string;
  readonly keyPem: Uint8Array;
  readonly ticketKeys: Uint8Array;
}

/** Who vouches for clients: CAs, and what these have revoked, where that counts. Both are PEM. */
export interface ClientAuthorities {
  /** Names these very CAs, lists and whatever else sessions are judged by. */
  readonly id: string;
  readonly caPem: string;
  readonly crlPem: string | null;
}

/** What the clients of a session are judged by. */
export interface JudgedBy {
  /** Of the client trust. */
  readonly id: string;
  readonly authorities: VouchingAuthorities;
}

/** A context for sessions, and what clients are judged by; null where no certificate is asked for. */
export interface ServerContext {
  readonly secure: SecureContext;
  readonly trust: JudgedBy | null;
}

/**
 * A context for TLS 1.2 and 1.3 with the suites and groups of docs/guide; with `authorities` clients are asked for a
 * certificate. Throws where certificate and key don't fit, or CAs and CRLs can't be read; they have been checked before.
 */
export function createServerContext(
  material: ContextMaterial,
  authorities: ClientAuthorities | null = null,
): ServerContext {
  const { chainPem } = material;
  const plain = constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION;
  const secure = createSecureContext({
    cert: chainPem,
    key: Buffer.from(material.keyPem),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: SUITES,
    ecdhCurve: GROUPS,
    honorCipherOrder: true,
    // A session that is resumed says of its client what was found when it began, or nothing: none is, where it counts.
    secureOptions: authorities === null ? plain : plain | constants.SSL_OP_NO_TICKET,
    sessionIdContext: sessionsOf(chainPem, authorities),
    ticketKeys: Buffer.from(material.ticketKeys),
    ...(authorities === null ? {} : judgingOptions(authorities)),
  });
  if (authorities === null) return { secure, trust: null };
  return { secure, trust: { id: authorities.id, authorities: new VouchingAuthorities(authorities.caPem) } };
}

/** Throws where no context can be made that judges clients by these. */
export function checkAuthorities(authorities: ClientAuthorities): void {
  createSecureContext(judgingOptions(authorities));
}

function judgingOptions({ caPem, crlPem }: ClientAuthorities): SecureContextOptions {
  // An empty text is none to Node: it would believe the public CAs, and ask nobody what is revoked.
  if (!caPem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('no CA');
  if (crlPem?.includes('-----BEGIN X509 CRL-----') === false) throw new Error('no revocation list');
  return { ca: caPem, ...(crlPem === null ? {} : { crl: crlPem }) };
}

/** Sessions of one certificate are never resumed under another, nor where clients are judged by something else. */
function sessionsOf(chainPem: string, authorities: ClientAuthorities | null): string {
  const hash = createHash('sha256').update(chainPem);
  if (authorities !== null) hash.update(`\n${authorities.id}`);
  return hash.digest('hex').slice(0, 32);
}

/**
 * Seals session tickets with another key (48 bytes) from now on; one sealed before leads to a full handshake. False where
 * this context can't change its key.
 */
export function replaceTicketKeys({ secure }: ServerContext, ticketKeys: Uint8Array): boolean {
  const native = secure.context as { setTicketKeys?: (keys: Buffer) => void } | undefined;
  if (typeof native?.setTicketKeys !== 'function') return false;
  native.setTicketKeys(Buffer.from(ticketKeys));
  return true;
}
