import type { CertificateMaterial } from '../ports/index.ts';
import { checkAuthorities, createServerContext, replaceTicketKeys, type ServerContext } from '../wire/index.ts';
import type { ChallengeCertificate } from './acme-challenges.ts';
import type { ClientTrust, ClientTrusts } from './client-trust.ts';

/** The certificate for a host; null only where there is none at all. */
export type ChooseCertificate = (
  materials: readonly CertificateMaterial[],
  serverName: string | null,
) => CertificateMaterial | null;

/** The contexts of one certificate: where clients are asked for none, and by the id of each trust that asked for one. */
interface Contexts {
  readonly plain: ServerContext;
  readonly judging: Map<string, ServerContext>;
}

const NONE: ReadonlyMap<string, Contexts> = new Map();

/** The TLS contexts of a thread: one for each certificate that is in use, and for each trust that clients are judged by. */
export class TlsContexts {
  readonly #choose: ChooseCertificate;
  #materials: readonly CertificateMaterial[] = [];
  #contexts = new Map<CertificateMaterial, Contexts>();
  #ticketKeys: Uint8Array | null = null;
  #trusts: ClientTrusts | null = null;
  readonly #challenges = new WeakMap<ChallengeCertificate, ServerContext>();

  constructor(choose: ChooseCertificate) {
    this.#choose = choose;
  }

  /** Takes these certificates in place of the last ones, with the key for session tickets. Throws where one can't be used; then the last ones stay. */
  replace(materials: readonly CertificateMaterial[], ticketKeys: Uint8Array): void {
    // By its text, since each message brings new objects: of hundreds one is new, and making one takes a millisecond.
    const made = new Map([...this.#contexts].map(([{ chainPem }, context]) => [chainPem, context]));
    const kept = this.#ticketKeys !== null && Buffer.from(this.#ticketKeys).equals(ticketKeys) ? made : NONE;
    const contexts = new Map<CertificateMaterial, Contexts>();
    for (const material of materials) {
      const plain = (): ServerContext => createServerContext({ ...material, ticketKeys });
      contexts.set(material, kept.get(material.chainPem) ?? { plain: plain(), judging: new Map() });
    }
    this.#materials = materials;
    this.#ticketKeys = ticketKeys;
    this.#contexts = contexts;
  }

  /** Session tickets are sealed with this from now on. Where clients are judged there are none. */
  replaceTicketKeys(ticketKeys: Uint8Array): void {
    this.#ticketKeys = ticketKeys;
    for (const [material, { plain, judging }] of this.#contexts)
      if (!replaceTicketKeys(plain, ticketKeys))
        this.#contexts.set(material, { plain: createServerContext({ ...material, ticketKeys }), judging });
  }

  /** Throws where clients can't be judged by one of these. */
  check(trusts: ClientTrusts): void {
    for (const trust of trusts.all) checkAuthorities(trust);
  }

  /**
   * Clients that come from now on are judged by these; null where none are. What only the last ones had is given up.
   * False where none were and none are.
   */
  trust(trusts: ClientTrusts | null): boolean {
    const kept = new Set((trusts?.all ?? []).map(({ id }) => id));
    for (const { judging } of this.#contexts.values())
      for (const id of judging.keys()) if (!kept.has(id)) judging.delete(id);
    const last = this.#trusts;
    this.#trusts = trusts;
    return last !== null || trusts !== null;
  }

  /** The context for a CA's look at a name. Throws where the certificate can't be used. */
  contextForChallenge(certificate: ChallengeCertificate): ServerContext {
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
  contextFor(serverName: string | null): ServerContext {
    const material = this.#choose(this.#materials, serverName);
    const contexts = material === null ? undefined : this.#contexts.get(material);
    if (material === null || contexts === undefined) throw new Error('no certificate');
    const trust = this.#trusts === null ? null : this.#trusts.of(serverName);
    return trust === null ? contexts.plain : this.#judging(material, contexts, trust);
  }

  /** Made at first use: most certificates are never asked for under most trusts. */
  #judging(material: CertificateMaterial, { judging }: Contexts, trust: ClientTrust): ServerContext {
    const made = judging.get(trust.id);
    if (made !== undefined) return made;
    if (this.#ticketKeys === null) throw new Error('no key for tickets');
    const context = createServerContext({ ...material, ticketKeys: this.#ticketKeys }, trust);
    judging.set(trust.id, context);
    return context;
  }
}
