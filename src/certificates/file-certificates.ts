import { err, ok, type Result, type Secret } from '../base/index.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { type CheckedPair, checkPair } from './certificate-pair.ts';
import { coversName } from './choose.ts';
import { ExpiryWatch, nextLevelMs } from './expiry.ts';
import type { CertificateKeeper, CertificatePorts } from './keeper.ts';
import { canonicalName } from './names.ts';
import { Schedule } from './schedule.ts';

const CHAIN_LIMIT_BYTES = 256 * 1024;
const KEY_LIMIT_BYTES = 64 * 1024;
// Certificate and key are two files, and whoever replaces them writes one after the other.
const SETTLE_MS = 2_000;
/** A certificate may have hundreds of names. */
const NAMES_TOLD = 5;

/** Where the private key comes from: a file, or bytes that were read from a secret. */
export type KeySource = { readonly path: string } | { readonly secret: Secret };

/** A certificate and key that somebody else renews. Paths are absolute. */
export interface FileCertificateOptions {
  readonly certificatePath: string;
  readonly key: KeySource;
  /** The one name it is for, canonical: it must be good for that. Absent: whichever it names. */
  readonly host?: string;
  readonly ports: CertificatePorts;
  /** Called after the certificate was replaced, not for the first one. */
  readonly changed: () => void;
}

/**
 * Reads a certificate and key from files, checks them (an error says in words for the operator what is wrong), and takes
 * up each good replacement. A bad one is logged at once, and raised as an alert if it is still bad 2 s later; until it is
 * mended the old certificate serves, even past its end.
 */
export async function openFileCertificates(
  options: FileCertificateOptions,
): Promise<Result<CertificateKeeper, string>> {
  const read = await readPair(options);
  if (!read.ok) return read;
  const pair = checkFor(options, read.value);
  if (!pair.ok) return pair;
  const keeper = new FileCertificates(options, pair.value, read.value);
  const started = await keeper.start();
  return started.ok ? ok(keeper) : started;
}

interface PairBytes {
  readonly certificate: Uint8Array;
  readonly key: Uint8Array;
}

class FileCertificates implements CertificateKeeper {
  readonly #options: FileCertificateOptions;
  readonly #expiry: ExpiryWatch;
  readonly #schedule: Schedule;
  readonly #unwatch: readonly (() => void)[];
  #pair: CheckedPair;
  #bytes: PairBytes;
  #names: readonly string[] = [];
  #refusedAtMs: number | null = null;
  #closed = false;

  constructor(options: FileCertificateOptions, pair: CheckedPair, bytes: PairBytes) {
    this.#options = options;
    this.#pair = pair;
    this.#bytes = bytes;
    this.#expiry = new ExpiryWatch(options.ports);
    const { clock, random, files } = options.ports;
    const failed = (reason: string, inRow: number): void => this.#failed(reason, inRow);
    this.#schedule = new Schedule({ clock, random, work: () => this.#takeUp(), failed });
    const paths = [options.certificatePath, ...('path' in options.key ? [options.key.path] : [])];
    this.#unwatch = paths.map((path) => files.watch(path, () => void this.#schedule.run()));
  }

  start(): Promise<Result<void, string>> {
    this.#warn(this.#pair.warnings);
    return this.#schedule.run();
  }

  current(): readonly CertificateMaterial[] {
    return [this.#pair.material];
  }

  localCaPem(): null {
    return null;
  }

  /** Never fails: which hosts the files are good for is not ours to decide; a host they do not cover is a warning. */
  setNames(names: readonly string[]): Promise<Result<void, string>> {
    this.#names = names;
    this.#warnOfUncovered();
    return Promise.resolve(ok(undefined));
  }

  close(): void {
    this.#closed = true;
    this.#schedule.close();
    for (const stop of this.#unwatch) stop();
  }

  /** Also runs without a call from the watch, once an hour: not every file system tells of every change. */
  async #takeUp(): Promise<Result<{ readonly dueMs: number }, string>> {
    const read = await readPair(this.#options);
    if (!read.ok) return read;
    if (!this.#closed && !sameBytes(read.value, this.#bytes)) {
      const pair = checkFor(this.#options, read.value);
      if (!pair.ok) return pair;
      this.#replace(pair.value, read.value);
    }
    this.#refusedAtMs = null;
    this.#look();
    return ok({ dueMs: nextLevelMs(this.#pair, this.#options.ports.clock.now()) });
  }

  #replace(pair: CheckedPair, bytes: PairBytes): void {
    this.#pair = pair;
    this.#bytes = bytes;
    const notAfter = new Date(pair.notAfterMs).toISOString();
    const message = `took up the new ${what(this.#options)}`;
    this.#options.ports.log.write('info', 'certificate.replaced', message, { notAfter, fingerprint: pair.fingerprint });
    this.#warn(pair.warnings);
    this.#warnOfUncovered();
    this.#options.changed();
  }

  #failed(reason: string, inRow: number): void {
    const until = new Date(this.#pair.notAfterMs).toISOString();
    const { host, certificatePath } = this.#options;
    const files = host === undefined ? 'the certificate files' : `the certificate files for ${host}`;
    const message = `${files} cannot be used, the certificate before them stays until ${until}: ${reason}`;
    const { log, alerts, clock } = this.#options.ports;
    log.write('warn', 'certificate.refused', message, { attempts: inRow });
    this.#look();
    const nowMs = clock.monotonic();
    this.#refusedAtMs ??= nowMs;
    if (nowMs - this.#refusedAtMs < SETTLE_MS) return this.#schedule.runAfter(SETTLE_MS);
    const key = `${host ?? ''}:${certificatePath}:refused`;
    alerts.raise({ kind: 'certificate.expiring', key, severity: 'high', message });
  }

  #look(): void {
    const { notBeforeMs, notAfterMs, fingerprint } = this.#pair;
    const { host } = this.#options;
    const expiring = { what: `the ${what(this.#options)}`, advice: 'put a newer one in its place' };
    // Of a file that several hosts have each host is told by itself.
    const id = host === undefined ? fingerprint : `${host}:${fingerprint}`;
    this.#expiry.look([{ ...expiring, id, notBeforeMs, notAfterMs }]);
  }

  #warn(warnings: readonly string[]): void {
    for (const warning of warnings) {
      this.#options.ports.log.write('warn', 'certificate.doubtful', `${this.#options.certificatePath}: ${warning}`);
    }
  }

  #warnOfUncovered(): void {
    const uncovered = this.#names.filter((text) => {
      const name = canonicalName(text);
      return !name.ok || !coversName(this.#pair.material.names, name.value);
    });
    if (uncovered.length > 0) this.#warn([`the certificate is not good for ${uncovered.join(', ')}`]);
  }
}

/** The pair in these bytes, where it may be served. */
function checkFor(
  { certificatePath, host, ports }: FileCertificateOptions,
  bytes: PairBytes,
): Result<CheckedPair, string> {
  const pair = checkPair(bytes.certificate, bytes.key, ports.clock.now());
  if (!pair.ok) return err(`${certificatePath}: ${pair.error}`);
  const { names } = pair.value.material;
  if (host === undefined || coversName(names, host)) return pair;
  const listed = names.slice(0, NAMES_TOLD).join(', ');
  return err(
    `${certificatePath}: the certificate is for ${listed}${names.length > NAMES_TOLD ? ' and others' : ''}, not for ${host}`,
  );
}

function what({ host, certificatePath }: FileCertificateOptions): string {
  return host === undefined ? `certificate in ${certificatePath}` : `certificate for ${host} in ${certificatePath}`;
}

async function readPair({ certificatePath, key, ports }: FileCertificateOptions): Promise<Result<PairBytes, string>> {
  const certificate = await ports.files.read(certificatePath, CHAIN_LIMIT_BYTES);
  if (!certificate.ok) return err(certificate.error.detail);
  if ('secret' in key) return ok({ certificate: certificate.value, key: key.secret.reveal() });
  const read = await ports.files.read(key.path, KEY_LIMIT_BYTES);
  return read.ok ? ok({ certificate: certificate.value, key: read.value }) : err(read.error.detail);
}

function sameBytes(one: PairBytes, other: PairBytes): boolean {
  return Buffer.compare(one.certificate, other.certificate) === 0 && Buffer.compare(one.key, other.key) === 0;
}
