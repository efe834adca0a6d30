import type { HeaderFields, ReplyHead, UpstreamFailure, WholeBody } from '../wire/index.ts';
import type { Tunnel } from './tunnel.ts';

/** Takes what an upstream answers: one final reply, or a failure. */
export interface ReplyTaker {
  /** `Link` fields of an interim reply (103), names and values in turn. */
  hints(links: readonly string[]): void;
  /** A whole reply. */
  whole(head: ReplyHead, body: WholeBody): void;
  /** A reply whose body follows. */
  head(head: ReplyHead): void;
  /** The upstream switches protocols. */
  switched(head: ReplyHead, tunnel: Tunnel): void;
  /** False asks for a pause. */
  pieces(pieces: readonly Buffer[]): boolean;
  end(trailers?: HeaderFields): void;
  /** There is no whole reply. */
  failed(failure: UpstreamFailure): void;
  /** The time of the request is over, and no reply has begun. */
  late(): void;
  /** Nobody wants the reply to what was sent any more, and nobody will know what became of it. */
  abandoned?(): void;
}
