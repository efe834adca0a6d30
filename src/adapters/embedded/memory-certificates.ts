import type { CertificateMaterial, Certificates } from '../../ports/index.ts';

/** The certificates of this node, and how the one who renews them puts new ones in. */
export interface HeldCertificates extends Certificates {
  /** Puts a new list in place of the old one and tells who listens. An empty list is a bug and throws. */
  replace(all: readonly CertificateMaterial[]): void;
}

// Each listening socket has one; more means that stopped ones were forgotten.
const LISTENER_LIMIT = 256;

/** Certificates in memory. Whoever loads or renews them fills this; whoever serves them reads it. */
export function createMemoryCertificates(
  initial: readonly CertificateMaterial[],
  localCaPem: string | null,
): HeldCertificates {
  const listeners = new Set<(all: readonly CertificateMaterial[]) => void>();
  let all = checked(initial);
  return {
    current: () => all,
    localCaPem: () => localCaPem,
    onChange(changed) {
      if (listeners.size >= LISTENER_LIMIT) throw new RangeError(`more than ${LISTENER_LIMIT} listeners`);
      const listener = (list: readonly CertificateMaterial[]): void => changed(list);
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    replace(next) {
      all = checked(next);
      for (const listener of [...listeners]) {
        if (listeners.has(listener)) listener(all);
      }
    },
  };
}

function checked(all: readonly CertificateMaterial[]): readonly CertificateMaterial[] {
  if (all.length === 0) throw new RangeError('no certificate at all: nothing could be served');
  return Object.freeze([...all]);
}
