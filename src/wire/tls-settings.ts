import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

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

/** A context for TLS 1.2 and 1.3 with the suites and groups of docs/guide. Throws where certificate and key don't fit; they have been checked before. */
export function createServerContext(material: ContextMaterial): SecureContext {
  return createSecureContext({
    cert: material.chainPem,
    key: Buffer.from(material.keyPem),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: SUITES,
    ecdhCurve: GROUPS,
    honorCipherOrder: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
    // Sessions of one certificate are never resumed under another.
    sessionIdContext: createHash('sha256').update(material.chainPem).digest('hex').slice(0, 32),
    ticketKeys: Buffer.from(material.ticketKeys),
  });
}

/**
 * Seals session tickets with another key (48 bytes) from now on; one sealed before leads to a full handshake. False where
 * this context can't change its key.
 */
export function replaceTicketKeys(context: SecureContext, ticketKeys: Uint8Array): boolean {
  const native = context.context as { setTicketKeys?: (keys: Buffer) => void } | undefined;
  if (typeof native?.setTicketKeys !== 'function') return false;
  native.setTicketKeys(Buffer.from(ticketKeys));
  return true;
}
