import type { Problem } from '../base/index.ts';

/** What is asked of an operation. */
export interface AdminRequest {
  /** The values of the path's parameters. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Empty where the operation takes none. */
  readonly body: Uint8Array;
  readonly contentType: string | null;
  /** By which key it was asked: of an operation without one, `admin`. */
  readonly asker: 'admin' | 'decisions';
  /** The host and port that it was asked at. */
  readonly authority: string;
}

/** A reply of the admin API: JSON, a problem, or text as it is. */
export type AdminReply =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly problem: Problem }
  | { readonly status: number; readonly text: string };

/** One operation of the admin API, and what of the node it asks. */
export interface OperationOf<Backend> {
  readonly id: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly summary: string;
  /** Whether a key is needed. Only what a load balancer asks is free. */
  readonly key: boolean;
  /**
   * `decision`: it asks what the gateway would decide. The key for that opens it besides the admin key, and it has
   * nothing to do with changes, which wait for each other.
   */
  readonly asks?: 'decision';
  /** What its body is, where it takes one; a configuration if nothing is said. */
  readonly body?: 'json';
  /** The largest body that it takes; null where it takes none. */
  readonly bodyLimitBytes: number | null;
  /** The parameters of its query, and what each says. Others are refused. */
  readonly query: Readonly<Record<string, string>>;
  readonly run: (backend: Backend, request: AdminRequest) => Promise<AdminReply>;
}
