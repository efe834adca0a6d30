import type { Forwarded, Refused } from '../case.ts';
import type { Field } from './hpack.ts';

/** One request in the terms of HTTP/2. Names may be anything, since what is wrong with them is what is tested. */
export interface LaneRequest {
  readonly fields: readonly Field[];
  /** Null: no DATA at all. */
  readonly data: Buffer | null;
  /** What ends the client's side; `nothing`: the rest of the body stays away. */
  readonly end: 'head' | 'data' | 'trailers' | 'nothing';
  readonly trailers?: readonly Field[];
  /** The data waits for an interim reply 100. */
  readonly awaitsContinue?: boolean;
}

/** The stream is reset with this code and nobody replies; nothing of it goes upstream as a whole request. */
export interface Reset {
  readonly kind: 'reset';
  readonly code: number;
}

/** A case of the corpus as it runs over HTTP/2. */
export interface LaneCase {
  /** Begins with the number of the item, as over HTTP/1.1. */
  readonly name: string;
  readonly request: LaneRequest;
  readonly outcome: Forwarded | Refused | Reset;
  /** Whether the beginning of a request that is refused or reset may reach the origin; it never becomes a whole one. */
  readonly reach: 'none' | 'cut';
  /** In which dresses it is sent; `plain`: one will do. */
  readonly dresses: 'all' | 'plain';
}

/** How a stream ends: with a whole reply of the origin, with a reset of ours of this code, or without a word. */
export type StreamEnd = readonly [streamId: number, end: 'served' | 'gone' | number];

/** Octets on a connection of their own, behind the preface and empty SETTINGS, and what must come of them. */
export interface FrameCase {
  readonly name: string;
  readonly bytes: Buffer;
  /** Nothing is sent before. */
  readonly isBare: boolean;
  readonly outcome:
    | { readonly kind: 'goaway'; readonly code: number }
    | { readonly kind: 'streams'; readonly streams: readonly StreamEnd[] };
}
