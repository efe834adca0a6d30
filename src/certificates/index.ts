import { ok, type Result } from '../base/index.ts';
import type { CertificateMaterial, Certificates } from '../ports/index.ts';
import { type KeySource, openFileCertificates } from './file-certificates.ts';
import type { CertificateKeeper, CertificatePorts } from './keeper.ts';
import { openLocalCertificate } from './local-certificate.ts';

export { chooseCertificate } from './choose.ts';
export { localCaPath } from './local-ca.ts';

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
  const listeners = new Set<(all: readonly CertificateMaterial[]) => void>();
  const keeper = await openKeeper(options, () => {
    for (const listener of listeners) if (keeper.ok) listener(keeper.value.current());
  });
  if (!keeper.ok) return keeper;
  return ok({
    current: () => keeper.value.current(),
    localCaPem: () => keeper.value.localCaPem(),
    onChange: (listener) => {
      // Wrapped, so that one function given twice is two listeners, each stopped by its own.
      const own = (all: readonly CertificateMaterial[]): void => listener(all);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
    setNames: (names) => keeper.value.setNames(names),
    close: () => {
      listeners.clear();
      keeper.value.close();
    },
  });
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
