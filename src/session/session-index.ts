import type { Keyring } from '../ports/index.ts';

const PURPOSE = 'session-index';

/** By what the sessions of one person are found; who has the store alone can't tell who it is. */
export function personOf(keyring: Pick<Keyring, 'mac'>, issuerId: string, subject: string): string {
  return keyed(keyring, ['person', issuerId, subject]);
}

/** By what the sessions are found that stand for one at the provider (`sid`). */
export function providerSessionOf(keyring: Pick<Keyring, 'mac'>, issuerId: string, sessionId: string): string {
  return keyed(keyring, ['session', issuerId, sessionId]);
}

/** The name of a logout token among those that were heard. */
export function heardLogoutOf(keyring: Pick<Keyring, 'mac'>, issuerId: string, tokenId: string): string {
  return keyed(keyring, ['logout', issuerId, tokenId]);
}

/** As JSON no two lists of names read alike. */
function keyed(keyring: Pick<Keyring, 'mac'>, names: readonly string[]): string {
  return Buffer.from(keyring.mac(PURPOSE, Buffer.from(JSON.stringify(names)))).toString('base64url');
}
