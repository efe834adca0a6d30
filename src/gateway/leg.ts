import type { ReplyHead, UpstreamCall, UpstreamEvents, UpstreamFailure } from '../wire/index.ts';
import type { BodyFraming, HeaderFields, OutgoingRequest } from '../wire/index.ts';
import type { Passage } from './passage.ts';
import type { Reply } from './reply-passage.ts';
import { lengthOf } from './reply.ts';
import { upstreamFields } from './forwarded.ts';

const NO_BODY: BodyFraming = { kind: 'none' };
const EARLY_HINTS = 103;

/** The upstream's half of a passage: carries the request there, and what comes back to the reply. */
export class Leg implements UpstreamEvents {
  readonly #passage: Passage;
  readonly #reply: Reply;
  #call: UpstreamCall | null = null;
  #startedMs = 0;
  #endedMs = 0;
  #over = false;
  /** The upstream's status, once it is known. */
  status: number | null = null;

  constructor(passage: Passage, reply: Reply) {
    this.#passage = passage;
    this.#reply = reply;
  }

  /** From the call to the end of the upstream's reply, in microseconds; null while there is none. */
  get elapsedUs(): number | null {
    return this.#endedMs === 0 ? null : Math.round((this.#endedMs - this.#startedMs) * 1_000);
  }

  /** Sends the request with a body that is at hand, or with none. */
  sendWhole(body: Buffer | null): void {
    const framing = body === null ? NO_BODY : lengthOf(body.length);
    this.#open(framing);
    if (framing.kind === 'none') return;
    this.#call?.write([body as Buffer]);
    this.#call?.finish();
  }

  /** Sends on what came of a streaming body; the upstream hears of the request with the first of it. */
  sendPieces(pieces: readonly Buffer[]): boolean {
    if (this.#over) return true;
    if (this.#call === null) this.#open(this.#passage.stream.framing);
    return this.#call?.write(pieces) ?? true;
  }

  sendEnd(): void {
    if (this.#over) return;
    if (this.#call === null) this.#open(NO_BODY);
    else this.#call.finish();
  }

  /** Gives the upstream up; nothing of it is heard any more. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#call?.abort();
  }

  /** The client takes more again. */
  resume(): void {
    if (!this.#over) this.#call?.resume();
  }

  #open(framing: BodyFraming): void {
    const { compiled, context, request } = this.#passage;
    const pool = context.installed.pools[compiled.api.index];
    if (pool === undefined) throw new Error(`no pool for ${compiled.api.name}`);
    this.#startedMs = context.ports.clock.monotonic();
    const { basePath, upstream, authority } = compiled.api;
    const path = upstream.pathPrefix + (request.path.slice(basePath.length) || '/');
    const outgoing: OutgoingRequest = {
      method: request.method,
      target: request.query === null ? path : `${path}?${request.query}`,
      authority,
      fields: request.headers as HeaderFields,
      added: upstreamFields(this.#passage),
      framing,
    };
    this.#call = pool.call(outgoing, this);
    // The pool may have refused at once, before there was a call to abandon.
    if (this.#over) this.#call.abort();
  }

  interim(status: number, fields: HeaderFields): void {
    if (this.#over || status !== EARLY_HINTS) return;
    // Hints are for the client alone; whatever else stands there has not been judged.
    const links = fields.all('link').flatMap((link) => ['link', link]);
    if (links.length > 0) this.#passage.stream.interim(status, links);
  }

  whole(head: ReplyHead, body: Buffer): void {
    if (this.#over) return;
    this.#settle(head);
    this.#reply.whole(head, body);
  }

  head(head: ReplyHead): void {
    if (this.#over) return;
    this.status = head.status;
    this.#reply.head(head);
  }

  pieces(pieces: readonly Buffer[]): boolean {
    return this.#over ? true : this.#reply.pieces(pieces);
  }

  end(): void {
    if (this.#over) return;
    this.#settle(null);
    this.#reply.end();
  }

  failed(failure: UpstreamFailure): void {
    if (this.#over) return;
    this.#settle(null);
    this.#passage.failed(failure);
  }

  drained(): void {
    if (!this.#over) this.#passage.stream.resumeBody();
  }

  #settle(head: ReplyHead | null): void {
    this.#over = true;
    this.#endedMs = this.#passage.context.ports.clock.monotonic();
    if (head !== null) this.status = head.status;
  }
}
