import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { posix } from 'node:path';
import { type Config, hasOwnCertificate } from '../../config/index.ts';
import type { Clock, Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

const DAY_MS = 86_400_000;
const LOCAL_CA_WARNED_MS = 90 * DAY_MS;
const SERVED_WARNED_MS = 14 * DAY_MS;
const FILE_LIMIT_BYTES = 1024 * 1024;

interface Ports {
  readonly files: Files;
  readonly clock: Clock;
}

/** Until when the certificates hold: the local CA, the one from files where there is one, and those of single hosts. */
export async function checkCertificates(ports: Ports, config: Config): Promise<readonly Diagnosis[]> {
  const { certificate, hosts } = config.server.https;
  const told = [await checkLocalCa(ports, config.dataFolder)];
  if (certificate.kind === 'acme') {
    const authority = new URL(certificate.authorities[0]?.directory ?? '').host;
    told.push(fine('certificate', `those of the hosts come from ${authority} by ACME, see the log of the gateway`));
  }
  if (certificate.kind === 'files') {
    const named = config.apis.flatMap(({ host }) => host ?? []);
    const others = named.filter((host) => !hasOwnCertificate(config.server.https, host));
    told.push(await checkServed(ports, certificate.certificate, others));
  }
  for (const { name, certificate: own } of hosts) {
    if (own === null) continue;
    // A label that nobody has stands for all that an asterisk does.
    const asked = name.replace(/^\*/, 'x'.repeat(63));
    const judged = await checkServed(ports, own.certificate, [asked]);
    told.push({ ...judged, says: `${name}: ${judged.says.replace(asked, name)}` });
  }
  return told;
}

async function checkLocalCa({ files, clock }: Ports, dataFolder: string): Promise<Diagnosis> {
  const path = posix.join(dataFolder, 'certificates', 'local-ca.pem');
  const read = await files.read(path, FILE_LIMIT_BYTES);
  if (!read.ok && read.error.reason === 'missing') {
    return fine('certificate', 'the local CA comes into being with the first start');
  }
  if (!read.ok) return fail('certificate', `${path} can't be read`, read.error.detail);
  const found = firstCertificate(read.value);
  const again = `remove local-ca.pem and local-ca.key beside it and restart: clients must then trust the new one`;
  if (found === null) return fail('certificate', `${path} holds no certificate`, again);
  return judge({ what: 'the local CA', found, nowMs: clock.now(), warnedMs: LOCAL_CA_WARNED_MS, fix: again });
}

async function checkServed({ files, clock }: Ports, path: string, hosts: readonly string[]): Promise<Diagnosis> {
  const read = await files.read(path, FILE_LIMIT_BYTES);
  const found = read.ok ? firstCertificate(read.value) : null;
  const fix = 'replace it; the gateway takes the new one without a restart';
  if (found === null) return fail('certificate', `${path} can't be read as a certificate`, fix);
  const missing = hosts.filter((host) => !covers(found, host));
  const judged = judge({ what: path, found, nowMs: clock.now(), warnedMs: SERVED_WARNED_MS, fix });
  if (judged.state !== 'ok' || missing.length === 0) return judged;
  return warn(
    'certificate',
    `${path} does not name ${missing.join(', ')}`,
    'clients of these hosts will refuse it: get one that names them',
  );
}

interface Judged {
  readonly what: string;
  readonly found: X509Certificate;
  readonly nowMs: number;
  readonly warnedMs: number;
  readonly fix: string;
}

function judge({ what, found, nowMs, warnedMs, fix }: Judged): Diagnosis {
  const [from, until] = [found.validFromDate, found.validToDate];
  if (nowMs < from.getTime()) {
    return fail(
      'certificate',
      `${what} is valid only from ${from.toISOString()} on`,
      'look at the clock of this machine',
    );
  }
  if (nowMs >= until.getTime()) return fail('certificate', `${what} expired at ${until.toISOString()}`, fix);
  const days = Math.floor((until.getTime() - nowMs) / DAY_MS);
  const says = `${what} holds until ${until.toISOString().slice(0, 10)} (${days} days)`;
  return until.getTime() - nowMs < warnedMs ? warn('certificate', says, fix) : fine('certificate', says);
}

function covers(certificate: X509Certificate, host: string): boolean {
  const address = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  if (isIP(address) !== 0) return certificate.checkIP(address) !== undefined;
  return certificate.checkHost(host) !== undefined;
}

function firstCertificate(pem: Uint8Array): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
