import { ok, type Result } from '../base/index.ts';
import type { CertificateMaterial, Certificates } from '../ports/index.ts';
import type { AcmeOptions } from './acme/acme-certificates.ts';
import { type KeySource, openFileCertificates } from './file-certificates.ts';
import type { CertificateKeeper, CertificatePorts } from './keeper.ts';
import { openLocalCertificate } from './local-certificate.ts';

export { chooseCertificate } from './choose.ts';
export type { AcmePorts } from './acme/acme-certificates.ts';
export type { ChallengeAnswer, PublishAnswers } from './acme/challenge.ts';
export type { AcmeSettings, AuthoritySettings, ChallengeKind } from './acme/settings.ts';
export type { CertificatePorts } from './keeper.ts';
export { localCaPath } from './local-ca.ts';
export { type HostCertificate, type HostCertificates, joinCertificates } from './several.ts';

/**
 * Where certificates come from. `local`: a CA of our own in `folder` (absolute, `certificates` in the data folder), for
 * `names` beside localhost, 127.0.0.1 and ::1. `file`: a PEM chain, leaf first, and its key.
 */
export type CertificateSource =
  | { readonly kind: 'local'; readonly folder: string; readonly names: readonly string[] }
  | { readonly kind: 'file'; readonly certificatePath: string; readonly key: KeySource };

/** What `openCertificates` takes. */
export interface CertificateOptions {
  readonly source: CertificateSource;
  readonly ports: CertificatePorts;
}

/** The certificates of a running gateway, kept fresh until `close`. `current()` is never empty. */
export interface CertificateService extends Certificates {
  /**
   * The hosts that the configuration names from now on. With a local CA the certificate is made anew where they differ,
   * and `onChange` has called back when this resolves; with files a host they do not cover is a warning in the log.
   * An error is in words for the operator: the certificate before stays, and the attempt is repeated unless the names
   * themselves are wrong.
   */
  setNames(names: readonly string[]): Promise<Result<void, string>>;
  /** Ends renewing and watching; nobody is called back afterwards. */
  close(): void;
}

/**
 * Opens the certificates of one source. An error says in words for the operator why there is nothing to serve with: the
 * files are missing, damaged, expired, weak or do not belong together, or the local CA cannot be opened.
 */
export async function openCertificates(options: CertificateOptions): Promise<Result<CertificateService, string>> {
  const listeners: Listeners = new Set();
  let open: CertificateKeeper | null = null;
  const keeper = await openKeeper(options, () => tell(listeners, open));
  if (!keeper.ok) return keeper;
  open = keeper.value;
  return ok(serviceOf(open, listeners));
}

/** Certificates by ACME. Nothing is asked of a CA before `begin`: it calls back, and somebody must listen by then. */
export interface AcmeService extends CertificateService {
  begin(): void;
}

/** Opens the certificates that CAs have given so far; others come behind `begin`. Never waits for a CA. */
export async function openAcmeService(options: Omit<AcmeOptions, 'changed'>): Promise<Result<AcmeService, string>> {
  // Loaded here and now: most gateways have their certificates from elsewhere, and start without it.
  const { openAcmeCertificates } = await import('./acme/acme-certificates.ts');
  const listeners: Listeners = new Set();
  let open: CertificateKeeper | null = null;
  const keeper = await openAcmeCertificates({ ...options, changed: () => tell(listeners, open) });
  if (!keeper.ok) return keeper;
  open = keeper.value;
  return ok({ ...serviceOf(open, listeners), begin: () => keeper.value.begin() });
}

type Listeners = Set<(all: readonly CertificateMaterial[]) => void>;

function tell(listeners: Listeners, keeper: CertificateKeeper | null): void {
  for (const listener of listeners) if (keeper !== null) listener(keeper.current());
}

function serviceOf(keeper: CertificateKeeper, listeners: Listeners): CertificateService {
  return {
    current: () => keeper.current(),
    localCaPem: () => keeper.localCaPem(),
    onChange: (listener) => {
      // Wrapped, so that one function given twice is two listeners, each stopped by its own.
      const own = (all: readonly CertificateMaterial[]): void => listener(all);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    setNames: (names) => keeper.setNames(names),
    close: () => {
      listeners.clear();
      keeper.close();
    },
  };
}

function openKeeper(
  { source, ports }: CertificateOptions,
  changed: () => void,
): Promise<Result<CertificateKeeper, string>> {
  switch (source.kind) {
    case 'local':
      return openLocalCertificate({ folder: source.folder, names: source.names, ports, changed });
    case 'file':
      return openFileCertificates({ certificatePath: source.certificatePath, key: source.key, ports, changed });
  }
}
