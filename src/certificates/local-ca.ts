import { join } from 'node:path';
import { err, ok, type Result } from '../base/index.ts';
import { issueAuthority } from './issue.ts';
import type { CertificatePorts } from './keeper.ts';
import { bundle, type ChainAndKey, chainPem, parseBundle, parseChain } from './pem.ts';

/** What everything that this room seals is sealed for. */
export const KEYRING_PURPOSE = 'certificates';
/** How far before the present a new certificate begins: clients' clocks are that wrong. */
export const BACKDATED_MS = 3_600_000;

const CA_LIFE_MS = 3652 * 86_400_000;
const FILE_LIMIT_BYTES = 64 * 1024;
const KEY_CONTEXT = 'local-ca';

/** The local CA of a data folder: what clients trust, and the key that signs. */
export interface LocalCa extends ChainAndKey {
  readonly certificatePem: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** Where the local CA's certificate lies: the file that users give to their clients. */
export function localCaPath(folder: string): string {
  return join(folder, 'local-ca.pem');
}

/**
 * Opens the CA of a folder, and makes one where there is neither certificate nor key. Of two that make one at once, both
 * get the same. Anything but a whole and usable CA is an error in words for the operator: a new CA in its place would
 * cut off every client that trusts the old one, and would hide that somebody has touched the files.
 *
 * `local-ca.key` holds key and certificate, sealed as one text: it comes into being in one step, and `local-ca.pem`
 * follows from it. So there is no moment at which a crash or a second start could see half a CA.
 */
export async function openLocalCa(folder: string, ports: CertificatePorts): Promise<Result<LocalCa, string>> {
  const made = await ports.files.makeFolder(folder, 0o755);
  if (!made.ok) return err(made.error.detail);
  const read = await readLocalCa(folder, ports);
  if (!read.ok) return read;
  if (read.value !== null) return ok(read.value);
  const created = await createKeyFile(folder, ports);
  if (!created.ok) return created;
  const opened = await readLocalCa(folder, ports);
  if (!opened.ok) return opened;
  return opened.value === null ? err(`${folder}: the local CA vanished while it was being made`) : ok(opened.value);
}

/** Opens the CA of a folder; null where there is none at all. Puts `local-ca.pem` back when only that is missing. */
export async function readLocalCa(folder: string, ports: CertificatePorts): Promise<Result<LocalCa | null, string>> {
  const pemPath = localCaPath(folder);
  const keyPath = keyPathOf(folder);
  // In this order: the key file is made first, so whoever finds the certificate must find the key as well.
  const pem = await readOrNull(ports, pemPath);
  if (!pem.ok) return pem;
  const sealed = await readOrNull(ports, keyPath);
  if (!sealed.ok) return sealed;
  if (sealed.value === null && pem.value === null) return ok(null);
  if (sealed.value === null) return err(`${pemPath} is there, but its key ${keyPath} is not. ${remedy(folder)}`);
  const ca = openKeyFile(folder, sealed.value, ports);
  if (!ca.ok) return ca;
  const certificate = pem.value === null ? await restore(pemPath, ca.value, ports) : ok(pem.value);
  if (!certificate.ok) return certificate;
  const shown = parseChain(new TextDecoder().decode(certificate.value));
  if (!shown.ok) return err(`${pemPath} ${shown.error}. ${remedy(folder)}`);
  if (!shown.value[0].raw.equals(ca.value.chain[0].raw) || shown.value.length > 1) {
    return err(`${pemPath} is not the certificate that belongs to ${keyPath}. ${remedy(folder)}`);
  }
  return ca;
}

function openKeyFile(folder: string, sealed: Uint8Array, ports: CertificatePorts): Result<LocalCa, string> {
  const path = keyPathOf(folder);
  const plain = ports.keyring.open(KEYRING_PURPOSE, sealed, KEY_CONTEXT);
  if (!plain.ok) return err(`${path} cannot be opened with this keyring: ${plain.error}. ${remedy(folder)}`);
  const read = parseBundle(plain.value);
  if (!read.ok) return err(`${path} ${read.error}. ${remedy(folder)}`);
  const [certificate, ...others] = read.value.chain;
  if (others.length > 0 || !certificate.ca || !certificate.verify(certificate.publicKey)) {
    return err(`${path} holds no CA of ours. ${remedy(folder)}`);
  }
  const [notBeforeMs, notAfterMs] = [certificate.validFromDate.getTime(), certificate.validToDate.getTime()];
  const nowMs = ports.clock.now();
  if (nowMs >= notAfterMs)
    return err(`the local CA expired at ${certificate.validToDate.toISOString()}. ${replacement(folder)}`);
  if (nowMs < notBeforeMs) {
    return err(
      `the local CA begins at ${certificate.validFromDate.toISOString()}, after the present: check this machine’s clock`,
    );
  }
  return ok({ ...read.value, certificatePem: chainPem([certificate]), notBeforeMs, notAfterMs });
}

async function createKeyFile(folder: string, ports: CertificatePorts): Promise<Result<void, string>> {
  const id = new Uint8Array(4);
  ports.random.fill(id);
  const nowMs = ports.clock.now();
  const validity = { notBeforeMs: nowMs - BACKDATED_MS, notAfterMs: nowMs + CA_LIFE_MS };
  const ca = await issueAuthority(`Portcullis local CA ${Buffer.from(id).toString('hex')}`, validity, ports.random);
  const sealed = ports.keyring.seal(KEYRING_PURPOSE, bundle(ca.chain, ca.key), KEY_CONTEXT);
  const created = await ports.files.create(keyPathOf(folder), sealed, 0o600);
  // Another start was faster: its CA is the one.
  if (!created.ok && created.error.reason === 'exists') return ok(undefined);
  if (!created.ok) return err(created.error.detail);
  ports.log.write('info', 'certificate.ca-created', `made a local CA: clients must trust ${localCaPath(folder)}`);
  return ok(undefined);
}

async function restore(path: string, ca: LocalCa, ports: CertificatePorts): Promise<Result<Uint8Array, string>> {
  const bytes = new TextEncoder().encode(ca.certificatePem);
  const created = await ports.files.create(path, bytes, 0o644);
  if (!created.ok && created.error.reason !== 'exists') return err(created.error.detail);
  const read = await ports.files.read(path, FILE_LIMIT_BYTES);
  return read.ok ? read : err(read.error.detail);
}

async function readOrNull(ports: CertificatePorts, path: string): Promise<Result<Uint8Array | null, string>> {
  const read = await ports.files.read(path, FILE_LIMIT_BYTES);
  if (read.ok) return read;
  return read.error.reason === 'missing' ? ok(null) : err(read.error.detail);
}

function keyPathOf(folder: string): string {
  return join(folder, 'local-ca.key');
}

function remedy(folder: string): string {
  const files = `${localCaPath(folder)} and ${keyPathOf(folder)}`;
  return `Restore ${files} together with their keyring from a backup. Or, if there is none: ${replacement(folder)}`;
}

function replacement(folder: string): string {
  const files = `${localCaPath(folder)} and ${keyPathOf(folder)}`;
  return `Remove ${files} and start again: a new CA is made, and every client has to trust it anew`;
}
