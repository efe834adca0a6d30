import { createSecureContext, type SecureContext } from 'node:tls';

/** A certificate with those above it, and its key; both PEM. */
export interface UpstreamIdentity {
  readonly chainPem: string;
  readonly keyPem: Uint8Array;
}

/** What a context is made of: `ca` (PEM) takes the place of the public CAs. */
interface ContextParts {
  readonly ca: string | null;
  readonly identity?: UpstreamIdentity | null;
}

/** Stands for the identity of whoever has none. */
const NOBODY: object = {};

/** The context that was made last, and of what. It lives no longer than whoever uses it. */
let last: {
  readonly ca: string | null;
  readonly identity: WeakRef<object>;
  readonly context: WeakRef<SecureContext>;
} | null = null;

/**
 * The CAs that may vouch for an upstream, and the certificate it is shown. Reading them takes milliseconds, and what was
 * read up to a megabyte: the targets of one upstream, which are opened one after the other, share it.
 */
export function upstreamContext({ ca, identity = null }: ContextParts): SecureContext {
  const who = identity ?? NOBODY;
  const known = last !== null && last.ca === ca && last.identity.deref() === who ? last.context.deref() : undefined;
  if (known !== undefined) return known;
  const shown = identity === null ? {} : { cert: identity.chainPem, key: Buffer.from(identity.keyPem) };
  const context = createSecureContext({ minVersion: 'TLSv1.2', ...(ca === null ? {} : { ca }), ...shown });
  last = { ca, identity: new WeakRef(who), context: new WeakRef(context) };
  return context;
}
