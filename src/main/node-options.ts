import type { Issue, Result, Secret } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { KindTable } from '../gateway/index.ts';
import type { HostPorts } from './host-ports.ts';

/** What a node is started with. */
export interface NodeOptions {
  readonly host: HostPorts;
  /** Absolute; relative paths in the configuration start there. */
  readonly file: string;
  /** Reads the configuration's text, now and at each reload. */
  readonly readText: () => Promise<Result<Uint8Array, string>>;
  /** Whether the text stands in the file, which is then watched, and written by `apply` and `rollback`. */
  readonly hasFile?: boolean;
  readonly author: string;
  readonly version: string;
  readonly nodeVersion: string;
  readonly passphrase: Secret | null;
  /** The data plane has died: nothing is served any more. */
  readonly lost: (reason: string) => void;
  /** Left out for the product as it is. */
  readonly variant?: NodeVariant;
}

/** A node with other kinds of policy than the product's, in threads with entries of their own. No configuration names code. */
export interface NodeVariant {
  readonly kinds: KindTable;
  readonly gatewayEntry: URL;
  readonly compileEntry: URL;
  readonly heapLimitMb?: number;
}

/** A running node. */
export interface GatewayNode {
  readonly ports: {
    readonly https: number;
    readonly http: number | null;
    readonly egress?: number;
    readonly admin: number;
  };
  readonly config: Config;
  /** Where the CA is that clients must trust, or null where the certificate is not ours. */
  readonly caFile: string;
  readonly warnings: readonly Issue[];
  reload(author: string): Promise<Result<{ readonly revision: number }, readonly Issue[]>>;
  stop(): Promise<void>;
}
