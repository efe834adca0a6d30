import { isIP } from 'node:net';
import { type Config, hasOwnCertificate } from '../../config/index.ts';
import type { CommandServices, TlsFindings } from '../context.ts';
import { type Diagnosis, fine, warn } from './diagnosis.ts';

/** Hosts that are looked at, one after the other. */
const HOST_LIMIT = 20;
const HALF_A_YEAR_S = 180 * 86_400;
const RSA_BITS = 2_048;
const CURVE_BITS = 256;

/**
 * What a grader of TLS servers would say of each host of a gateway that runs, by the conditions of SSL Labs' rating guide
 * (2009r), and what an A+ lacks. Where nothing answers nothing is said: the gateway need not run.
 */
export async function checkTlsGrades(
  { probeTls }: Pick<CommandServices, 'probeTls'>,
  config: Config,
): Promise<readonly Diagnosis[]> {
  const { host, https } = config.server;
  const port = https.port;
  // A pattern is looked at by the hosts of APIs that it stands for.
  const own = https.hosts.filter(({ name, certificate }) => certificate !== null && !name.startsWith('*'));
  const named = [...new Set([...config.apis.flatMap((api) => api.host ?? []), ...own.map(({ name }) => name)])];
  // Where an API answers for any host, clients of the others see what one sees that names none.
  const isForAny = named.length === 0 || config.apis.some(({ host: asked, party }) => asked === null && party === null);
  const names: readonly (string | null)[] = isForAny ? [null, ...named] : named;
  const isLocal = (name: string | null): boolean =>
    https.certificate.kind === 'local' && (name === null || !hasOwnCertificate(https, name));
  const told: Diagnosis[] = [];
  for (const serverName of names.slice(0, HOST_LIMIT)) {
    const found = await probeTls({ address: reachable(host), port, serverName });
    if (found.ok) told.push(diagnosisOf(serverName ?? 'https', found.value, isLocal(serverName)));
    else if (told.length === 0) return [fine('tls', `no grade: nothing answers at port ${port} (${found.error})`)];
    else told.push(warn('tls', `${serverName}: no handshake: ${found.error}`, 'look at the log of the gateway'));
  }
  const left = names.length - told.length;
  return left > 0 ? [...told, warn('tls', `${left} more hosts were not looked at`, 'look at them by hand')] : told;
}

/** A grade of SSL Labs; `T` is an untrusted certificate, `M` one for another name. */
export type Grade = 'A+' | 'A' | 'A-' | 'B' | 'C' | 'T' | 'M';

/** What keeps a server from an A+, each with the best grade it allows and what mends it. */
export interface Shortcoming {
  readonly cap: Grade;
  readonly says: string;
  readonly fix: string;
}

/** The best first. */
const GRADES: readonly Grade[] = ['A+', 'A', 'A-', 'B', 'C', 'M', 'T'];

/** The grade that all shortcomings together allow. */
export function gradeOf(shortcomings: readonly Shortcoming[]): Grade {
  return shortcomings.reduce<Grade>((worst, { cap }) => (rank(cap) > rank(worst) ? cap : worst), 'A+');
}

/** All that keeps a server from an A+. */
export function shortcomingsOf(found: TlsFindings): readonly Shortcoming[] {
  return [...certificateFaults(found), ...protocolFaults(found), ...transportFaults(found)];
}

function certificateFaults({ certificate }: TlsFindings): readonly Shortcoming[] {
  const { distrust, namesHost, signature, keyType, keyBits } = certificate;
  const faults: Shortcoming[] = [];
  if (distrust !== null) {
    const fix = 'get a certificate of a public CA, `certificate: { acme: … }` does so by itself';
    faults.push({ cap: 'T', says: `its certificate is not trusted by strangers (${distrust})`, fix });
  }
  if (!namesHost) {
    faults.push({ cap: 'M', says: 'its certificate names other hosts', fix: 'get one that names this host' });
  }
  if (signature !== null && /sha-?1|md5/i.test(signature)) {
    faults.push({ cap: 'T', says: `its certificate is signed with ${signature}`, fix: 'get one signed with SHA-256' });
  }
  const wanted = keyType.startsWith('rsa') ? RSA_BITS : CURVE_BITS;
  if (keyBits !== null && keyBits < wanted) {
    const fix = 'make a key of 2,048 bits (RSA) or 256 (ECDSA) and get a certificate for it';
    faults.push({ cap: 'B', says: `its key has ${keyBits} bits`, fix });
  }
  return faults;
}

function protocolFaults({ takes }: TlsFindings): readonly Shortcoming[] {
  const fix = 'see what stands before the gateway, which does not do so by itself';
  const faults: Shortcoming[] = [];
  for (const old of ['TLS 1.0', 'TLS 1.1'] as const) {
    if (takes[old]) faults.push({ cap: 'B', says: `${old} is spoken`, fix });
  }
  if (!takes['TLS 1.2'] && !takes['TLS 1.3']) faults.push({ cap: 'C', says: 'neither TLS 1.2 nor 1.3 is spoken', fix });
  else if (!takes['TLS 1.3']) faults.push({ cap: 'A-', says: 'TLS 1.3 is not spoken', fix });
  if (takes['no AEAD']) faults.push({ cap: 'B', says: 'suites without AEAD are taken', fix });
  if (takes['no forward secrecy']) faults.push({ cap: 'B', says: 'suites without forward secrecy are taken', fix });
  return faults;
}

function transportFaults({ strictTransportS }: TlsFindings): readonly Shortcoming[] {
  if (strictTransportS !== null && strictTransportS >= HALF_A_YEAR_S) return [];
  const says =
    strictTransportS === null ? 'no Strict-Transport-Security' : 'Strict-Transport-Security is below 180 days';
  const fix = 'replies say it by themselves once the certificate is not the local one; see that no upstream says less';
  return [{ cap: 'A', says, fix }];
}

function diagnosisOf(name: string, found: TlsFindings, isLocal: boolean): Diagnosis {
  const shortcomings = shortcomingsOf(found);
  const grade = gradeOf(shortcomings);
  const hybrid = found.group === null || !/mlkem/i.test(found.group) ? 'no post-quantum group' : found.group;
  const lacks = shortcomings.map(({ says }) => says).join('; ');
  const says = `${name}: ${grade}${lacks === '' ? '' : `: ${lacks}`} (${hybrid})`;
  const [first] = shortcomings;
  if (first === undefined) return fine('tls', says);
  // The local CA is for trying out, and what it brings is said already; anything else is worth a look.
  const others = shortcomings.filter(({ cap }) => cap !== 'T' && cap !== 'A');
  return isLocal && others.length === 0 ? fine('tls', says) : warn('tls', says, (others[0] ?? first).fix);
}

/** Where a gateway that listens on `host` is reached from here. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '::1';
  return isIP(host) === 0 ? '127.0.0.1' : host;
}

function rank(grade: Grade): number {
  return GRADES.indexOf(grade);
}
