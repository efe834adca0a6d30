import { err, ok, type Result } from '../../base/index.ts';
import { member, secureUrl } from './reply-values.ts';

/** What a CA offers, and where (RFC 8555 §7.1.1). URLs are https. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** Where it says when a certificate is to be renewed (RFC 9773); null where it does not. */
  readonly renewalInfo: string | null;
  readonly needsExternalAccount: boolean;
  /** The names of the kinds of certificates it has. */
  readonly profiles: readonly string[];
}

/** Reads a directory; the error says what is wrong with it. */
export function readDirectory(document: unknown): Result<Directory, string> {
  const url = (name: string): string | null => secureUrl(member(document, name));
  const [newNonce, newAccount, newOrder] = [url('newNonce'), url('newAccount'), url('newOrder')] as const;
  if (newNonce === null || newAccount === null || newOrder === null) {
    return err('what lies there is no ACME directory with https URLs');
  }
  const meta = member(document, 'meta');
  const profiles = member(meta, 'profiles');
  return ok({
    newNonce,
    newAccount,
    newOrder,
    renewalInfo: url('renewalInfo'),
    needsExternalAccount: member(meta, 'externalAccountRequired') === true,
    profiles: typeof profiles === 'object' && profiles !== null ? Object.keys(profiles) : [],
  });
}
