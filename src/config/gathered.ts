import type { Issue, Place } from '../base/index.ts';
import type { ApiDescription } from '../openapi/index.ts';
import type { Config } from './config.ts';

/**
 * A configuration with everything it names, as data that can be sent to a thread.
 * Records are keyed by names of the author's choosing: look them up with `Object.hasOwn`.
 */
export interface Gathered {
  readonly revision: number;
  /** SHA-256, hexadecimal, over the text and all gathered bytes: equal hashes mean equal configurations. */
  readonly hash: string;
  readonly file: string;
  readonly text: string;
  readonly config: Config;
  /** By API name; an API with routes written by hand has none. */
  readonly descriptions: Readonly<Record<string, ApiDescription>>;
  /** By API name: the OpenAPI document as the bytes of JSON text, shared rather than copied between threads. */
  readonly documents: Readonly<Record<string, SharedArrayBuffer>>;
  /**
   * By API name: what a description in JSON is called, of which `documents` has the text as it was written; lines are
   * counted there. One in YAML is not here, and `places` has its lines.
   */
  readonly documentFiles: Readonly<Record<string, string>>;
  /** By path: certificates and CAs by their absolute one, the files of policies by the path as they asked for it. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** By reference, as it was written. */
  readonly secrets: Readonly<Record<string, Uint8Array>>;
  /** By key path (`apis.orders.auth`): where that key stands; by `securityPath`, what a description in YAML says. */
  readonly places: Readonly<Record<string, Place>>;
  readonly warnings: readonly Issue[];
}
