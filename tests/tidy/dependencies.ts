import type { Complaint } from './repository.ts';

type Versions = Readonly<Record<string, string>>;

/** The parts of package.json that name other packages. */
export interface Manifest {
  readonly dependencies?: Versions;
  readonly devDependencies?: Versions;
  readonly optionalDependencies?: Versions;
  readonly overrides?: Versions;
}

/** The parts of package-lock.json that are checked. */
export interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly optionalDependencies?: Versions;
        readonly resolved?: string;
        readonly integrity?: string;
        readonly hasInstallScript?: boolean;
      }
    >
  >;
}

/** Dependencies whose version is a range. */
export function pinComplaints(manifest: Manifest): Complaint[] {
  return namesOf(manifest)
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${name} is not pinned: ${version}`);
}

/** Dependencies that the page about dependencies does not explain. */
export function unexplainedDependencies(manifest: Manifest, page: string): Complaint[] {
  const explained = new Set([...page.matchAll(/^\| `([^`]+)`/gm)].map((row) => row[1]));
  const named = new Set(namesOf(manifest).map(([name]) => name));
  return [
    ...[...named].filter((name) => !explained.has(name)).map((name) => `${name} has no line`),
    ...[...explained].filter((name) => !named.has(name ?? '')).map((name) => `${name} has a line and is not used`),
  ];
}

/**
 * Optional packages that the lock names without describing them. npm writes such a lock, unsaid, on a machine whose
 * registry lacks them, and then `npm ci` refuses it on the machines that need them.
 */
export function lockComplaints(lock: Lock): Complaint[] {
  const described = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')));
  return Object.entries(lock.packages).flatMap(([path, entry]) => {
    const missing = Object.keys(entry.optionalDependencies ?? {}).filter((name) => !described.has(name));
    return [
      ...missing.map((name) => `${path === '' ? 'package.json' : path} wants ${name}, which has no entry`),
      ...(path !== '' && entry.integrity === undefined ? [`${path} has no integrity hash`] : []),
      ...(entry.hasInstallScript === true ? [`${path} runs a script when it is installed`] : []),
      ...(entry.resolved === undefined ? [] : [`${path} names the registry it came from`]),
    ];
  });
}

function namesOf(manifest: Manifest): [string, string][] {
  const groups = [manifest.dependencies, manifest.devDependencies, manifest.optionalDependencies, manifest.overrides];
  return groups.flatMap((group) => Object.entries(group ?? {}));
}
