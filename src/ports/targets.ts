import type { TableDeclaration } from './tables.ts';

/** The resolver that a name is asked of: an address with a port, or null for those that this machine is set up with. */
type ResolverAddress = string | null;

/**
 * Where the targets of an upstream are found. It is plain data, and what is equal in all is found once. `allowed`: the
 * blocks of addresses that may be connected to although nobody wrote them down (loopback, link-local and such).
 */
export type TargetSource =
  | {
      /** All addresses of a name (RFC 1035, 3596), each with this port. */
      readonly kind: 'dns';
      readonly name: string;
      readonly port: number;
      readonly family: AddressFamily;
      readonly resolver: ResolverAddress;
      readonly allowed: readonly string[];
    }
  | {
      /** The hosts and ports of a service (RFC 2782). */
      readonly kind: 'srv';
      readonly name: string;
      readonly family: AddressFamily;
      readonly resolver: ResolverAddress;
      readonly allowed: readonly string[];
    }
  /** A list in a file of the operator; the path is absolute. What stands there was written down, so it is not judged. */
  | { readonly kind: 'file'; readonly path: string }
  | {
      /** A service of Consul, as its agent at `url` knows it. `token` is a secret reference, `caFile` absolute. */
      readonly kind: 'consul';
      readonly url: string;
      readonly service: string;
      readonly tag: string | null;
      readonly datacenter: string | null;
      readonly token: string | null;
      readonly caFile: string | null;
      readonly allowed: readonly string[];
    }
  | {
      /** The endpoints of a service of Kubernetes. `api` null: the one that runs this program. The files are absolute. */
      readonly kind: 'kubernetes';
      readonly api: string | null;
      readonly service: string;
      readonly namespace: string;
      /** A number, or the name of a port. */
      readonly port: number | string;
      readonly tokenFile: string | null;
      readonly caFile: string | null;
      readonly allowed: readonly string[];
    };

/** Which addresses of a name are targets. */
export type AddressFamily = 'any' | 'ipv4' | 'ipv6';

/** A target that was found. `host` is as `net.connect` takes it, without brackets; `weight` is from 1 to 1,000. */
export interface FoundTarget {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

/** The row of a source in the live table: its targets, by host and port, and when they were last found to be others. */
export interface TargetRow {
  readonly targets: readonly FoundTarget[];
  readonly atMs: number;
}

/** A source has no more targets than this: what is beyond it is left out. */
export const TARGET_LIMIT = 1_000;

const DAY_MS = 86_400_000;

/** Targets that could not be asked for anew are forgotten after so long, as RFC 8767 §5 advises for names. */
export const TARGETS_STALE_AFTER_MS = 3 * DAY_MS;

/**
 * The live table of found targets, with a row for each source, by `targetKey`. Age is looked to by who fills it: a source
 * that has found nothing for too long has a row without targets.
 */
export const UPSTREAM_TARGETS: TableDeclaration = {
  name: 'upstream-targets',
  // Those of a configuration of a thousand APIs, and of the one before it while they stand beside each other.
  rowLimit: 2_000,
  staleAfterMs: TARGETS_STALE_AFTER_MS,
  whenStale: 'serve',
};

/** The key of a source's row. */
export function targetKey(source: TargetSource): string {
  return JSON.stringify(source);
}
