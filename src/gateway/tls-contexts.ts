import type { SecureContext } from 'node:tls';
import type { CertificateMaterial } from '../ports/index.ts';
import { createServerContext, replaceTicketKeys } from '../wire/index.ts';
import type { ChallengeCertificate } from './acme-challenges.ts';

/** The certificate for a host; null only where there is none at all. */
export type ChooseCertificate = (
  materials: readonly CertificateMaterial[],
  serverName: string | null,
) => CertificateMaterial | null;

const NONE: ReadonlyMap<string, SecureContext> = new Map();

/** The TLS contexts of a thread, one for each certificate that is in use. */
export class TlsContexts {
  readonly #choose: ChooseCertificate;
  #materials: readonly CertificateMaterial[] = [];
  #contexts = new Map<CertificateMaterial, SecureContext>();
  #ticketKeys: Uint8Array | null = null;
  readonly #challenges = new WeakMap<ChallengeCertificate, SecureContext>();

  constructor(choose: ChooseCertificate) {
    this.#choose = choose;
  }

  /** Takes these certificates in place of the last ones, with the key for session tickets. Throws where one can't be used; then the last ones stay. */
  replace(materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void {
    // By its text, since each message brings new objects: of hundreds one is new, and making one takes a millisecond.
    const made = new Map([...this.#contexts].map(([{ chainPem }, context]) => [chainPem, context]));
    const kept = this.#ticketKeys !== null && Buffer.from(this.#ticketKeys).equals(ticketKeys) ? made : NONE;
    const contexts = new Map<CertificateMaterial, SecureContext>();
    for (const material of materials) {
      contexts.set(material, kept.get(material.chainPem) ?? createServerContext({ ...material, ticketKeys }));
    }
    this.#materials = materials;
    this.#ticketKeys = ticketKeys;
    this.#contexts = contexts;
  }

  /** Session tickets are sealed with this from now on. */
  replaceTicketKeys(ticketKeys: Uint8Array): void {
    this.#ticketKeys = ticketKeys;
    for (const [material, context] of this.#contexts)
      if (!replaceTicketKeys(context, ticketKeys))
        this.#contexts.set(material, createServerContext({ ...material, ticketKeys }));
  }

  /** The context for a CA's look at a name. Throws where the certificate can't be used. */
  contextForChallenge(certificate: ChallengeCertificate): SecureContext {
    const made = this.#challenges.get(certificate);
    if (made !== undefined) return made;
    if (this.#ticketKeys === null) throw new Error('no key for tickets');
    const { chainPem, keyPem } = certificate;
    const material = { chainPem, keyPem: new TextEncoder().encode(keyPem), ticketKeys: this.#ticketKeys };
    const context = createServerContext(material);
    this.#challenges.set(certificate, context);
    return context;
  }

  /** The context for the host of a ClientHello. Throws where there is none. */
  contextFor(serverName: string | null): SecureContext {
    const material = this.#choose(this.#materials, serverName);
    const context = material === null ? undefined : this.#contexts.get(material);
    if (context === undefined) throw new Error('no certificate');
    return context;
  }
}
