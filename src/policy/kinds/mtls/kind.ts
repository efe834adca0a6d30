import { ok } from '../../../base/index.ts';
import type { ClientCertificate } from '../../../wire/index.ts';
import { thumbprintOf } from '../../client-thumbprint.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { type PolicyKind, READS_NOTHING, type RoleTable, type Step, type Steps } from '../../kind.ts';
import { Notes } from '../../notes.ts';
import type { Principal } from '../../principal.ts';
import { ABSTAIN, type AuthenticateVerdict, deny, PASS, type Verdict } from '../../verdict.ts';
import { countCredentials } from '../credentials/kind.ts';
import { certificateSubject } from './certificate-name.ts';
import type { CertificateClients, CertificateEntry, CertificateUse, MtlsConfig } from './config.ts';
import { ListedCertificates } from './listed.ts';

const MISSING = deny({ code: 'client-certificate-required' }, 'CERTIFICATE_MISSING');

const refused = (rule: string): Verdict => deny({ code: 'client-certificate-refused' }, rule);

/** The certificate is that of a proxy, which shows it for all of its clients. */
const OF_PROXY = refused('CERTIFICATE_OF_PROXY');
const EXPIRED = refused('CERT_HAS_EXPIRED');
const UNLISTED = refused('CERTIFICATE_UNLISTED');
const SEVERAL = refused('SEVERAL_ENTRIES');
const TWO_CALLERS = deny({ code: 'several-credentials' }, 'certificate');
const NAMELESS = refused('SUBJECT_UNCLEAR');

/**
 * The kind `mtls`: who is calling, by the certificate that the client has proven to have in the handshake, and that the
 * CAs of its host vouch for. The word `mtls` in `auth` makes it. Where another credential is in the head, that says who
 * calls, and the certificate is what it may be bound to (RFC 8705 §3).
 */
export function createMtlsKind(): PolicyKind<MtlsConfig> {
  // A role table is made for one Snapshot.
  const bySnapshot = new WeakMap<RoleTable, Callers>();
  return {
    kind: 'mtls',
    summary: 'Certificates of clients that the CAs of their host vouch for',
    schema: null,
    sources: () => [],
    compile: (config, { operations, roles }) => {
      const known = bySnapshot.get(roles);
      const callers = known ?? new Callers(config.clients, roles);
      if (known === undefined) bySnapshot.set(roles, callers);
      return compileEach(operations, (operation) => {
        const own = Object.hasOwn(config.operations, operation.name);
        const use = own ? saidOf(config.operations, operation) : config.api;
        return ok(use === null ? {} : stepsFor(use, callers));
      });
    },
  };
}

function stepsFor(use: CertificateUse, callers: Callers): Steps {
  const authenticate = authenticateStep(use, callers);
  return use.alone ? { authenticate } : { authenticate, authorize: OTHER_CALLER };
}

/**
 * Who signed in otherwise shows a certificate all the same, since clients are asked for one: it names a second caller, unless
 * it is what the token is bound to (RFC 8705 §3).
 */
const OTHER_CALLER: Step<'authorize'> = {
  reads: READS_NOTHING,
  run({ principal, request: { peer } }): Verdict {
    const certificate = peer.tls === null ? null : peer.tls.client;
    // One of a proxy names nobody.
    if (principal === null || certificate === null || peer.via.length > 0) return PASS;
    return principal.confirmation?.certificate === thumbprintOf(certificate) ? PASS : TWO_CALLERS;
  },
};

function authenticateStep({ others, alone }: CertificateUse, callers: Callers): Step<'authenticate'> {
  return {
    reads: READS_NOTHING,
    run(exchange): AuthenticateVerdict {
      const { peer } = exchange.request;
      if (countCredentials(exchange, others) > 0) return ABSTAIN;
      const certificate = peer.tls === null ? null : peer.tls.client;
      if (certificate === null) return alone ? MISSING : ABSTAIN;
      if (peer.via.length > 0) return alone ? OF_PROXY : ABSTAIN;
      // A connection may outlast the certificate that it began with.
      if (exchange.startedAtMs >= certificate.notAfterMs) return EXPIRED;
      return callers.judge(certificate);
    },
  };
}

/** Whom certificates are of; judged once for a session, whose certificate is one object for as long as it stands. */
class Callers {
  readonly #clients: CertificateClients;
  readonly #roles: RoleTable;
  readonly #listed: ListedCertificates;
  readonly #judged = new WeakMap<ClientCertificate, AuthenticateVerdict>();

  constructor(clients: CertificateClients, roles: RoleTable) {
    this.#clients = clients;
    this.#roles = roles;
    this.#listed = new ListedCertificates(clients.certificates);
  }

  judge(certificate: ClientCertificate): AuthenticateVerdict {
    const known = this.#judged.get(certificate);
    if (known !== undefined) return known;
    const verdict = this.#judge(certificate);
    this.#judged.set(certificate, verdict);
    return verdict;
  }

  #judge(certificate: ClientCertificate): AuthenticateVerdict {
    const { subject: part, unlisted } = this.#clients;
    const entries = this.#listed.of(certificate);
    const [entry = null] = entries;
    // Whose rights it has must not depend on the order of the list.
    if (entries.length > 1) return SEVERAL;
    if (entry === null && unlisted === 'refuse') return UNLISTED;
    const subject = entry?.subject ?? certificateSubject(certificate, part);
    if (subject === null || certificate.issuer === '') return NAMELESS;
    return { kind: 'identified', principal: this.#principalOf(certificate, subject, entry) };
  }

  #principalOf(certificate: ClientCertificate, subject: string, entry: CertificateEntry | null): Principal {
    const { issuer, notAfterMs, names } = certificate;
    const thumbprint = thumbprintOf(certificate);
    const roles = entry?.roles ?? [];
    const scopes = entry?.scopes ?? null;
    const granted = this.#roles.permissionsOf(roles);
    return Object.freeze({
      kind: 'certificate',
      issuer,
      subject,
      clientId: subject,
      credentialId: thumbprint,
      sessionId: null,
      tenant: entry?.tenant ?? null,
      roles,
      scopes,
      permissions: scopes === null ? granted : granted.intersect(this.#roles.named(scopes)),
      claims: Object.freeze({ dn: certificate.subject, names }),
      assurance: Object.freeze({ acr: null, amr: Object.freeze([]), authTimeMs: null }),
      // The handshake has proven that the client holds the key.
      confirmation: Object.freeze({ key: null, certificate: thumbprint }),
      expiresAtMs: notAfterMs,
      notes: new Notes(),
    } satisfies Principal);
  }
}
