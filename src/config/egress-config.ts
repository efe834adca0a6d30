import type { Route } from './routes.ts';

/** The listener for the APIs themselves, over which they call the APIs of others. */
export interface EgressConfig {
  readonly host: string;
  readonly port: number;
  /** Whether callers come over TLS, with the certificate of the https port. */
  readonly tls: boolean;
  /** `any`: whatever runs on this machine. */
  readonly callers: 'any' | readonly EgressCaller[];
}

/** One API that may call third parties. `key` is a secret reference. */
export interface EgressCaller {
  readonly name: string;
  readonly key: string;
  readonly path: string;
}

/** A secret that the gateway writes into requests to a third party: `before`, what the reference stands for, `after`. */
export interface PartySecret {
  readonly place: 'header' | 'query';
  /** Of a header field in lower case. */
  readonly name: string;
  readonly before: string;
  readonly reference: string;
  readonly after: string;
  readonly path: string;
}

/** What holds of a third party besides what holds of every API. */
export interface PartyConfig {
  /** The callers that may call it, by name; null for all. */
  readonly from: readonly string[] | null;
  /** Of its described operations those that may be called; null for all. */
  readonly allow: readonly Route[] | null;
  readonly secrets: readonly PartySecret[];
  readonly replyLimitBytes: number;
  /** From the call to the end of the reply. */
  readonly totalMs: number;
  /** Content types of replies, such as `application/json` or `image/*`; null for any. */
  readonly types: readonly string[] | null;
  /** How many redirects are followed. */
  readonly redirects: number;
  /** Where redirects may lead besides to itself. */
  readonly hosts: readonly { readonly host: string; readonly port: number; readonly weight: number }[];
  /** The server that its name is asked of, `ADDRESS:PORT`; null for that of the system. */
  readonly resolver: string | null;
}

/** What holds of a third party of which nothing else is said. */
export const LARGEST_REPLY_BYTES = 5 * 1024 * 1024;
/** The same for the time of a call. */
export const LONGEST_CALL_MS = 60_000;
/** The same for its replies: what an API speaks that is called by programs; pages are not among it. */
export const USUAL_TYPES: readonly string[] = ['application/json', 'application/*+json', 'text/plain'];

/** Whether a content type, or each one of a pattern, is of another pattern, such as `image/*` or `application/*+json`. */
export function isOfType(type: string, pattern: string): boolean {
  if (pattern === '*/*') return true;
  const star = pattern.indexOf('*');
  if (star < 0) return type === pattern;
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)];
  return type.length > before.length + after.length && type.startsWith(before) && type.endsWith(after);
}
