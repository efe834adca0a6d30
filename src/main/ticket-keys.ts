import type { Clock, Random } from '../ports/index.ts';

/** What seals a session ticket: a name, a key for AES-256 and one for HMAC-SHA-256, as OpenSSL takes them. */
const TICKET_KEY_BYTES = 48;
/** A key that is stolen opens the sessions of so long a time. It costs each client of the last five minutes one handshake. */
const TICKET_KEY_MS = 12 * 3_600_000;

/** A ticket key. */
export function newTicketKeys(random: Random): Uint8Array {
  const keys = new Uint8Array(TICKET_KEY_BYTES);
  random.fill(keys);
  return keys;
}

/** Gives a new ticket key twice a day; returns what ends it. Keys of before are kept nowhere (RFC 5077 §5.5). */
export function rotateTicketKeys(clock: Clock, random: Random, use: (ticketKeys: Uint8Array) => void): () => void {
  const timer = clock.every(TICKET_KEY_MS, () => use(newTicketKeys(random)));
  return () => timer.cancel();
}
