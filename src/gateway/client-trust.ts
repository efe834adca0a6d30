import { createHash } from 'node:crypto';
import type { Problem } from '../base/index.ts';
import type { Configured, ClientTrustConfig } from '../config/compiled.ts';
import type { CanonicalRequest, ClientAuthorities, ClientCertificate } from '../wire/index.ts';

/** Who is let in to a host by its certificate: whoever the CAs vouch for, or of those who has one of the names. */
export class ClientTrust implements ClientAuthorities {
  readonly id: string;
  readonly caPem: string;
  readonly crlPem: string | null;
  /** Null where everybody is meant. */
  readonly #names: ReadonlySet<string> | null;
  /** The names of a certificate stand for as long as its session. */
  readonly #permitted = new WeakMap<ClientCertificate, boolean>();

  constructor(caPem: string, crlPem: string | null, names: readonly string[] | null) {
    this.id = createHash('sha256')
      .update(JSON.stringify([caPem, crlPem, names]))
      .digest('hex');
    this.caPem = caPem;
    this.crlPem = crlPem;
    this.#names = names === null ? null : new Set(names);
  }

  /** Whether a certificate that the CAs vouch for is one of those meant. */
  permits(client: ClientCertificate): boolean {
    const names = this.#names;
    if (names === null) return true;
    let permitted = this.#permitted.get(client);
    if (permitted === undefined) {
      permitted = names.has(`subject:${client.subject}`) || client.names.some((name) => covers(names, name));
      this.#permitted.set(client, permitted);
    }
    return permitted;
  }
}

const DNS_NAME = /^dns:[a-z0-9_-]+(\.[a-z0-9_-]+)+$/;

/** A wildcard stands for one whole first label (RFC 9525 §6.3), and for none that is a wildcard itself. */
function covers(names: ReadonlySet<string>, name: string): boolean {
  if (!name.startsWith('dns:')) return names.has(name);
  if (!DNS_NAME.test(name)) return false;
  return names.has(name) || names.has(`dns:*${name.slice(name.indexOf('.'))}`);
}

/** Which clients of which host must prove who they are. */
export class ClientTrusts {
  /** For hosts that are not named, and for clients that name none. */
  readonly #standard: ClientTrust | null;
  readonly #byHost: ReadonlyMap<string, ClientTrust | null>;

  constructor(standard: ClientTrust | null, byHost: ReadonlyMap<string, ClientTrust | null>) {
    this.#standard = standard;
    this.#byHost = byHost;
  }

  /** All there are, each once. */
  get all(): readonly ClientTrust[] {
    const all = [this.#standard, ...this.#byHost.values()].filter((trust) => trust !== null);
    return [...new Map(all.map((trust) => [trust.id, trust])).values()];
  }

  /** Of a canonical host, or of none; null where no certificate is asked for. */
  of(host: string | null): ClientTrust | null {
    const own = host === null ? undefined : this.#byHost.get(host);
    return own === undefined ? this.#standard : own;
  }
}

/** What is wrong in a configuration: a file that a trust names has not been read. */
export type UnreadFile = (path: string) => void;

/** The trusts that a configuration asks for; null where it asks for none, and then nothing is spent on it. */
export function trustsOf(
  { config, files }: Pick<Configured, 'config' | 'files'>,
  unread: UnreadFile,
): ClientTrusts | null {
  const { clients, hosts } = config.server.https;
  const all = [clients, ...hosts.map((host) => host.clients)];
  if (all.every((trust) => trust === null)) return null;
  const textOf = (file: string, path: string): string => {
    const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
    if (bytes === undefined) unread(path);
    return new TextDecoder().decode(bytes);
  };
  const trustOf = (wanted: ClientTrustConfig | null): ClientTrust | null => {
    if (wanted === null) return null;
    const { caFile, crlFile, names, path } = wanted;
    const crl = crlFile === null ? null : textOf(crlFile, `${path}.clientCrl`);
    return new ClientTrust(textOf(caFile, `${path}.clientCa`), crl, names);
  };
  return new ClientTrusts(trustOf(clients), new Map(hosts.map((host) => [host.name, trustOf(host.clients)])));
}

/** Why a request is refused for the session that it came over. */
export interface TrustFault {
  readonly problem: Problem;
  /** OpenSSL's code, or ours; for log and ledger. */
  readonly rule: string;
}

/**
 * Judges the session of a request by what its host asks of clients; null where it may come in. The certificate counts
 * for the host whose trust it was judged by and for no other, whatever name the handshake had: what was judged by
 * another, or by what was in force before, is misdirected (RFC 9110 §15.5.20), and comes again over a new connection.
 * Where no host asks for any, `trusts` is null, and no certificate was asked for.
 */
export function trustFault({ host, peer }: CanonicalRequest, trusts: ClientTrusts | null): TrustFault | null {
  if (trusts === null) return null;
  const wanted = trusts.of(host);
  const trust = peer.tls === null ? null : peer.tls.trust;
  if (wanted === null ? trust !== null : wanted.id !== trust) return MISDIRECTED;
  if (wanted === null || peer.tls === null) return null;
  const { client, clientFault } = peer.tls;
  if (clientFault !== null) return { problem: { code: 'client-certificate-refused' }, rule: clientFault };
  if (client === null) return MISSING;
  return wanted.permits(client) ? null : UNNAMED;
}

const MISDIRECTED: TrustFault = { problem: { code: 'misdirected-request' }, rule: 'CLIENT_TRUST_DIFFERS' };
const MISSING: TrustFault = { problem: { code: 'client-certificate-required' }, rule: 'CERTIFICATE_MISSING' };
const UNNAMED: TrustFault = { problem: { code: 'client-certificate-refused' }, rule: 'NAME_NOT_PERMITTED' };
