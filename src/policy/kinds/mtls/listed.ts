import type { ClientCertificate } from '../../../wire/index.ts';
import type { CertificateEntry } from './config.ts';

const DNS_NAME = /^dns:[a-z0-9_-]+(?:\.[a-z0-9_-]+)+$/;

/** Finds what is said of a certificate. */
export class ListedCertificates {
  readonly #byName = new Map<string, CertificateEntry[]>();

  constructor(entries: readonly CertificateEntry[]) {
    for (const entry of entries) {
      const known = this.#byName.get(entry.match);
      if (known === undefined) this.#byName.set(entry.match, [entry]);
      else known.push(entry);
    }
  }

  /** Every entry that it fits, each once. */
  of(certificate: ClientCertificate): readonly CertificateEntry[] {
    const { fingerprint256, subject, names, issuer } = certificate;
    const asked = new Set([`sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`, `subject:${subject}`]);
    for (const name of names) for (const each of spellingsOf(name)) asked.add(each);
    return [...asked].flatMap((name) =>
      (this.#byName.get(name) ?? []).filter((entry) => entry.issuer === null || entry.issuer === issuer),
    );
  }
}

/** A wildcard stands for one whole first label (RFC 9525 §6.3), and for none that is a wildcard itself. */
function spellingsOf(name: string): readonly string[] {
  if (!name.startsWith('dns:')) return [name];
  return DNS_NAME.test(name) ? [name, `dns:*${name.slice(name.indexOf('.'))}`] : [];
}
