import { err, ok, type Result } from '../base/index.ts';
import type { CertificateMaterial, Certificates } from '../ports/index.ts';
import { withoutNames } from './choose.ts';
import { type KeySource, openFileCertificates } from './file-certificates.ts';
import type { CertificateKeeper, CertificatePorts } from './keeper.ts';

/** A certificate in files for one host, or for all that a name such as `*.acme.example` stands for; the name is canonical. */
export interface HostCertificate {
  /** All that the configuration says of it: one with the same id is the same, and is not opened again. */
  readonly id: string;
  readonly name: string;
  /** Absolute. */
  readonly certificatePath: string;
  readonly key: KeySource;
}

/** Why a host's certificate can't be served, in words for the operator. */
export interface HostCertificateFault {
  readonly name: string;
  readonly words: string;
}

/** What is served for single hosts, beside what is served for all others. */
export interface HostCertificates extends Certificates {
  /**
   * Opens what is new among these, and serves nothing of it yet: the configuration that names them may be refused. What
   * was opened for another one that was refused is let go.
   */
  prepare(wanted: readonly HostCertificate[]): Promise<Result<void, HostCertificateFault>>;
  /** Serves those with these ids from now on, and lets go of all others. What was not prepared is not served. */
  follow(ids: readonly string[]): void;
  /** Ends watching; nobody is called back afterwards. `standard` is somebody else's to close. */
  close(): void;
}

/** Joins the certificates of single hosts with `standard`, which is for all others, and stands first. */
export function joinCertificates(standard: Certificates, ports: CertificatePorts): HostCertificates {
  return new SeveralCertificates(standard, ports);
}

interface Opened {
  readonly id: string;
  readonly name: string;
  readonly keeper: CertificateKeeper;
}

class SeveralCertificates implements HostCertificates {
  readonly #standard: Certificates;
  readonly #ports: CertificatePorts;
  readonly #listeners = new Set<(all: readonly CertificateMaterial[]) => void>();
  readonly #stop: () => void;
  /** By all that is said of each. */
  readonly #opened = new Map<string, Opened>();
  #served: readonly Opened[] = [];
  #closed = false;

  constructor(standard: Certificates, ports: CertificatePorts) {
    this.#standard = standard;
    this.#ports = ports;
    this.#stop = standard.onChange(() => this.#tell());
  }

  current(): readonly CertificateMaterial[] {
    const own = this.#served.flatMap(({ name, keeper }) =>
      // For what the configuration says and nothing else: whatever more the file may name.
      keeper.current().map((material) => ({ ...material, names: [name] })),
    );
    const named = this.#served.map(({ name }) => name);
    return [...withoutNames(this.#standard.current(), named), ...own];
  }

  localCaPem(): string | null {
    return this.#standard.localCaPem();
  }

  onChange(listener: (all: readonly CertificateMaterial[]) => void): () => void {
    const own = (all: readonly CertificateMaterial[]): void => listener(all);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  async prepare(wanted: readonly HostCertificate[]): Promise<Result<void, HostCertificateFault>> {
    this.#letGo(new Set([...wanted.map(({ id }) => id), ...this.#served.map(({ id }) => id)]));
    for (const { id, name: host, certificatePath, key } of wanted) {
      if (this.#opened.has(id)) continue;
      const changed = (): void => this.#changed(id);
      const keeper = await openFileCertificates({ host, certificatePath, key, ports: this.#ports, changed });
      if (!keeper.ok) return err({ name: host, words: keeper.error });
      // Whoever closed meanwhile has closed all that was open then.
      if (this.#closed) {
        keeper.value.close();
        break;
      }
      this.#opened.set(id, { id, name: host, keeper: keeper.value });
    }
    return ok(undefined);
  }

  follow(ids: readonly string[]): void {
    const before = this.#served;
    this.#served = ids.flatMap((id) => this.#opened.get(id) ?? []);
    this.#letGo(new Set(ids));
    const same = before.length === this.#served.length && before.every((one, at) => one === this.#served[at]);
    if (!same) this.#tell();
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#listeners.clear();
    for (const { keeper } of this.#opened.values()) keeper.close();
    this.#opened.clear();
  }

  #letGo(kept: ReadonlySet<string>): void {
    for (const { id, keeper } of this.#opened.values()) {
      if (kept.has(id)) continue;
      keeper.close();
      this.#opened.delete(id);
    }
  }

  #changed(id: string): void {
    const opened = this.#opened.get(id);
    if (opened !== undefined && this.#served.includes(opened)) this.#tell();
  }

  #tell(): void {
    const all = this.current();
    for (const listener of this.#listeners) listener(all);
  }
}
