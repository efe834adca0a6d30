import { join } from 'node:path';
import { err, ok, type Result } from '../base/index.ts';
import type { CertificateMaterial } from '../ports/index.ts';
import { type Expiring, ExpiryWatch } from './expiry.ts';
import { namesOf } from './inspect.ts';
import { issueLeaf, type Validity } from './issue.ts';
import type { CertificateKeeper, CertificatePorts } from './keeper.ts';
import { BACKDATED_MS, KEYRING_PURPOSE, type LocalCa, openLocalCa, readLocalCa } from './local-ca.ts';
import { localNames, sameNames } from './names.ts';
import { bundle, type ChainAndKey, chainPem, keyPem, parseBundle } from './pem.ts';
import { fraction, Schedule } from './schedule.ts';

const DAY_MS = 86_400_000;
const LEAF_LIFE_MS = 30 * DAY_MS;
const FILE_LIMIT_BYTES = 256 * 1024;
const LEAF_CONTEXT = 'local-leaf';
// The levels of expiry are shares of a life. A third of the CA's ten years would be too early to bother anybody.
const CA_WARNED_OVER_MS = 90 * DAY_MS;

/** Which certificate to keep: `folder` is absolute, `names` come beside those of the own machine. */
export interface LocalCertificateOptions {
  readonly folder: string;
  readonly names: readonly string[];
  readonly ports: CertificatePorts;
  /** Called after the certificate was replaced, not for the first one. */
  readonly changed: () => void;
}

interface Served extends Validity {
  readonly material: CertificateMaterial;
  readonly renewAtMs: number;
}

/**
 * Opens, and where needed makes, the local CA and a certificate under it, and keeps the certificate fresh: renewed at
 * two thirds of its life, a little earlier by chance, and whenever the names change. The key of the CA is read from its
 * sealed file for each renewal and not kept in memory. An error says in words for the operator what is wrong.
 */
export async function openLocalCertificate(
  options: LocalCertificateOptions,
): Promise<Result<CertificateKeeper, string>> {
  const names = localNames(options.names);
  if (!names.ok) return names;
  const ca = await openLocalCa(options.folder, options.ports);
  if (!ca.ok) return ca;
  const stored = await readLeaf(options, ca.value);
  if (!stored.ok) return stored;
  const keeper = new LocalCertificate(options, { ca: ca.value, names: names.value, stored: stored.value });
  const started = await keeper.start();
  return started.ok ? ok(keeper) : started;
}

interface Found {
  readonly ca: LocalCa;
  readonly names: readonly string[];
  readonly stored: Served | null;
}

class LocalCertificate implements CertificateKeeper {
  readonly #options: LocalCertificateOptions;
  readonly #caPem: string;
  readonly #caNotAfterMs: number;
  readonly #expiry: ExpiryWatch;
  readonly #schedule: Schedule;
  #names: readonly string[];
  #served: Served | null;
  #closed = false;

  constructor(options: LocalCertificateOptions, { ca, names, stored }: Found) {
    this.#options = options;
    this.#caPem = ca.certificatePem;
    this.#caNotAfterMs = ca.notAfterMs;
    this.#names = names;
    this.#served = stored;
    this.#expiry = new ExpiryWatch(options.ports);
    const { clock, random } = options.ports;
    const failed = (reason: string, inRow: number): void => this.#failed(reason, inRow);
    this.#schedule = new Schedule({ clock, random, work: () => this.#keepFresh(), failed });
  }

  async start(): Promise<Result<void, string>> {
    // Without the schedule: a failure here is the start's failure, there is no old certificate to go on with.
    const first = await this.#keepFresh();
    if (!first.ok) return first;
    return this.#schedule.run();
  }

  current(): readonly CertificateMaterial[] {
    return this.#served === null ? [] : [this.#served.material];
  }

  localCaPem(): string {
    return this.#caPem;
  }

  async setNames(given: readonly string[]): Promise<Result<void, string>> {
    const names = localNames(given);
    if (!names.ok) return names;
    this.#names = names.value;
    return this.#schedule.run();
  }

  close(): void {
    this.#closed = true;
    this.#schedule.close();
  }

  async #keepFresh(): Promise<Result<{ readonly dueMs: number }, string>> {
    const before = this.#served;
    if (before === null || !this.#isFresh(before)) {
      const renewed = await this.#renew();
      if (!renewed.ok) return renewed;
      if (this.#closed) return err('closed');
      this.#served = renewed.value;
      if (before !== null) this.#options.changed();
    }
    this.#expiry.look(this.#expiring());
    return ok({ dueMs: this.#served?.renewAtMs ?? 0 });
  }

  #isFresh(served: Served): boolean {
    const nowMs = this.#options.ports.clock.now();
    // A clock that was set back leaves a certificate that is not valid yet.
    return served.notBeforeMs <= nowMs && nowMs < served.renewAtMs && sameNames(served.material.names, this.#names);
  }

  async #renew(): Promise<Result<Served, string>> {
    const { folder, ports } = this.#options;
    const ca = await readLocalCa(folder, ports);
    if (!ca.ok) return ca;
    if (ca.value === null) return err(`${folder}: the local CA was removed while it was in use`);
    if (ca.value.certificatePem !== this.#caPem) {
      return err(`${folder}: another local CA has taken the place of the one in use: restart to use it`);
    }
    return makeLeaf(this.#options, ca.value, this.#names);
  }

  #expiring(): readonly Expiring[] {
    const caNotAfterMs = this.#caNotAfterMs;
    const ca = {
      id: 'local-ca',
      what: 'the local CA',
      advice: 'remove local-ca.pem and local-ca.key and restart: a new one is made, and every client has to trust it',
      notBeforeMs: caNotAfterMs - CA_WARNED_OVER_MS,
      notAfterMs: caNotAfterMs,
    };
    if (this.#served === null) return [ca];
    const { notBeforeMs, notAfterMs } = this.#served;
    const advice = 'its renewal fails or is late, see the log';
    return [ca, { id: `local:${notAfterMs}`, what: 'the local certificate', advice, notBeforeMs, notAfterMs }];
  }

  #failed(reason: string, inRow: number): void {
    const until = new Date(this.#served?.notAfterMs ?? 0).toISOString();
    const message = `the local certificate could not be renewed, the present one holds until ${until}: ${reason}`;
    this.#options.ports.log.write('error', 'certificate.renewal-failed', message, { attempts: inRow });
    this.#options.ports.alerts.raise({
      kind: 'certificate.expiring',
      key: 'local:renewal',
      severity: 'medium',
      message,
    });
    this.#expiry.look(this.#expiring());
  }
}

async function makeLeaf(
  { folder, ports }: LocalCertificateOptions,
  ca: LocalCa,
  names: readonly string[],
): Promise<Result<Served, string>> {
  const nowMs = ports.clock.now();
  const validity = {
    notBeforeMs: Math.max(nowMs - BACKDATED_MS, ca.notBeforeMs),
    // A leaf that outlives its CA would be refused as soon as the CA ends, and nobody would have been warned.
    notAfterMs: Math.min(nowMs + LEAF_LIFE_MS, ca.notAfterMs),
  };
  const leaf = await issueLeaf(ca, names, validity, ports.random);
  const path = leafPath(folder);
  const sealed = ports.keyring.seal(KEYRING_PURPOSE, bundle(leaf.chain, leaf.key), LEAF_CONTEXT);
  const written = await ports.files.replace(path, sealed, 0o600);
  if (!written.ok) return err(written.error.detail);
  const served = serve(leaf, names, ports);
  const until = new Date(served.notAfterMs).toISOString();
  ports.log.write('info', 'certificate.issued', `made a local certificate for ${names.join(', ')}`, {
    notAfter: until,
  });
  return ok(served);
}

/** The stored leaf, if it is one of this CA; a damaged one is worth a line in the log and no more, it is soon remade. */
async function readLeaf(
  { folder, ports }: LocalCertificateOptions,
  ca: LocalCa,
): Promise<Result<Served | null, string>> {
  const path = leafPath(folder);
  const sealed = await ports.files.read(path, FILE_LIMIT_BYTES);
  if (!sealed.ok) return sealed.error.reason === 'missing' ? ok(null) : err(sealed.error.detail);
  const plain = ports.keyring.open(KEYRING_PURPOSE, sealed.value, LEAF_CONTEXT);
  const leaf = plain.ok ? parseBundle(plain.value) : plain;
  const names = leaf.ok ? namesOf(leaf.value.chain[0]) : leaf;
  if (leaf.ok && names.ok && leaf.value.chain[0].verify(ca.chain[0].publicKey)) {
    return ok(serve(leaf.value, names.value, ports));
  }
  const reason = names.ok ? 'it is of another CA' : names.error;
  ports.log.write('warn', 'certificate.leaf-discarded', `the stored local certificate is made anew: ${reason}`);
  return ok(null);
}

function serve(leaf: ChainAndKey, names: readonly string[], ports: CertificatePorts): Served {
  const [certificate] = leaf.chain;
  const [notBeforeMs, notAfterMs] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const lifeMs = notAfterMs - notBeforeMs;
  const earlierMs = (fraction(ports.random) * lifeMs) / 20;
  const material: CertificateMaterial = {
    names,
    chainPem: chainPem(leaf.chain),
    keyPem: keyPem(leaf.key),
    notAfterMs,
    origin: 'local',
  };
  return { material, notBeforeMs, notAfterMs, renewAtMs: notBeforeMs + (lifeMs * 2) / 3 - earlierMs };
}

function leafPath(folder: string): string {
  return join(folder, 'local-leaf.key');
}
