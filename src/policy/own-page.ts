import type { CanonicalRequest } from '../wire/index.ts';
import type { Verdict } from './verdict.ts';

/** A request for a page of the gateway's own. */
export interface PageRequest {
  readonly request: CanonicalRequest;
  /** All of its body, as it came; empty where it has none. */
  readonly body: Uint8Array;
}

/** What a page says: its own reply, or a refusal. Anything else is a fault. */
export type PageVerdict = Extract<Verdict, { kind: 'reply' | 'deny' }>;

/**
 * A page of the gateway's own, on a path that no API may have: below `/.portcullis`, or a well-known one. Its requests
 * are paced by network, bounded, and recorded under its name.
 */
export interface OwnPage {
  /** What the record calls it. Pages of the same name, host and path are one: the first of them answers. */
  readonly name: string;
  /** The host that it is for; null for every host. */
  readonly host: string | null;
  readonly path: string;
  /** One server tells for many people, such as when all of them are signed out: its network has a larger pace. */
  readonly calledBy: 'browsers' | 'servers';
  /** Upper case. Where GET is one, HEAD is too. */
  readonly methods: readonly string[];
  /** The media types of a body, and its bound; null where its requests have none. */
  readonly body: { readonly types: readonly string[]; readonly limitBytes: number } | null;
  answer(asked: PageRequest): PageVerdict | Promise<PageVerdict>;
}
