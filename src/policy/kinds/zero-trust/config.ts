import type { Expression } from '../../../rules/index.ts';

/** What is said of one operation. */
export interface ZeroTrustOperation {
  /** The permissions that it needs; null for what its description says. */
  readonly needs: readonly string[] | null;
  /** Whether callers show a second factor, or are no people. */
  readonly isSure: boolean;
  /** Whether a WebSocket is opened by it: then what comes over it may change something, whatever its method. */
  readonly opensWebSocket: boolean;
  /** Whose objects a caller reaches by it; null where nothing says so. */
  readonly object: Expression | null;
  /** What the owner is asked for by, such as `params.orderId`, where the rule asks for it. */
  readonly lookedUpBy: readonly string[];
  readonly path: string;
}

/** What the configuration says of an API's operations. Names are the author's. */
export interface ZeroTrustConfig {
  /** Of those of which it says nothing. */
  readonly api: ZeroTrustOperation;
  readonly operations: Readonly<Record<string, ZeroTrustOperation>>;
  /** Those that anybody may call, for a reason that was given. */
  readonly open: readonly string[];
  /** Those whose path names no object of anybody, for a reason that was given. */
  readonly ownerless: readonly string[];
}
