import type { CertificateMaterial } from '../ports/index.ts';
import { canonicalName, isAddress } from './names.ts';

/**
 * The certificate for a TLS client that asks for `serverName` (RFC 6066 §3), or for none: the one that names it exactly,
 * else the one whose wildcard covers it, else the first. Null only when there is none at all.
 * The earlier wins where several fit. The names of the materials must be canonical, as the port promises.
 */
export function chooseCertificate(
  materials: readonly CertificateMaterial[],
  serverName: string | null,
): CertificateMaterial | null {
  const first = materials[0] ?? null;
  const name = serverName === null ? null : canonicalName(serverName);
  // An asterisk is a pattern in a certificate and nonsense in a question.
  if (name === null || !name.ok || name.value.startsWith('*')) return first;
  const wildcard = wildcardFor(name.value);
  return (
    materials.find((material) => material.names.includes(name.value)) ??
    (wildcard === null ? undefined : materials.find((material) => material.names.includes(wildcard))) ??
    first
  );
}

/** Whether a certificate with these canonical names is good for the canonical `name` (RFC 9525 §6.3). */
export function coversName(names: readonly string[], name: string): boolean {
  const wildcard = wildcardFor(name);
  return names.includes(name) || (wildcard !== null && names.includes(wildcard));
}

/**
 * Materials without the names that others have a certificate for: whoever names a host exactly is found before a wildcard,
 * so these must not name what those cover.
 */
export function withoutNames(
  materials: readonly CertificateMaterial[],
  taken: readonly string[],
): readonly CertificateMaterial[] {
  return materials.map((material) => ({
    ...material,
    names: material.names.filter((name) => !coversName(taken, name)),
  }));
}

/** The only wildcard that may cover a name: an asterisk for its first label. Addresses and single labels have none. */
function wildcardFor(name: string): string | null {
  const dot = name.indexOf('.');
  return dot < 1 || isAddress(name) ? null : `*${name.slice(dot)}`;
}
