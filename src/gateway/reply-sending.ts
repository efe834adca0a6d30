import { type HeaderFields, passedTrailers, type ReplyHead, type WholeBody } from '../wire/index.ts';
import { EventStream, isStanding } from './event-stream.ts';
import { type Answer, framingOf, isBodiless, NO_BODY } from './reply.ts';
import { outgoingHead, type SpokenReply } from './spoken-reply.ts';
import { takesTrailers } from './takes-trailers.ts';
import type { Tunnel } from './tunnel.ts';
import type { Walk } from './walk.ts';

/**
 * The length that a reply without a body names all the same: the upstream's head says it, or else an answer of the
 * gateway's own. `changed`: a step may have changed the body, so nobody knows how long it would be where none is sent.
 */
export function announcedLengthOf(head: ReplyHead | null, own: Answer | null, changed: boolean): number | null {
  if (head === null) return own === null || own.status === 304 ? null : own.body.length;
  return changed ? null : head.announcedLength;
}

const NOTHING = Buffer.alloc(0);

/** Sends a reply whose body is at hand, in one write. `head` is the upstream's; null for an answer of the gateway's. */
export function sendWhole(passage: Walk, reply: SpokenReply, head: ReplyHead | null, body: WholeBody): void {
  const bodiless = isBodiless(passage.request.method, reply.status);
  const outgoing = bodiless
    ? outgoingHead(passage, reply, NO_BODY, reply.announcedLength)
    : outgoingHead(passage, reply, framingOf(head, body.length), null);
  passage.begun(reply.status);
  if (!bodiless) passage.sent(body.length);
  passage.finished();
  passage.stream.send(outgoing, bodiless ? NOTHING : body);
}

/** Sends the head of a reply whose body follows in pieces. */
export function beginBody(passage: Walk, reply: SpokenReply, head: ReplyHead | null): void {
  passage.begun(reply.status);
  passage.stream.begin(outgoingHead(passage, reply, head === null ? NO_BODY : head.framing, reply.announcedLength));
  if (head === null || !isStanding(head, passage.plan)) return;
  passage.stand(new EventStream(passage, { status: reply.status, headers: head.fields, source: 'upstream' }));
}

/** Sends pieces of a body on; false asks for a pause. */
export function writeBody(passage: Walk, pieces: readonly Buffer[]): boolean {
  let more = true;
  for (const piece of pieces) {
    passage.sent(piece.length);
    more = passage.stream.write(piece);
  }
  return more;
}

/** Ends a body that was sent in pieces. Trailers go with it where the client takes them. */
export function finishBody(passage: Walk, trailers: HeaderFields | undefined): void {
  passage.finished();
  const { stream } = passage;
  if (trailers !== undefined && takesTrailers(stream)) stream.finish(passedTrailers(trailers));
  else stream.finish();
}

/** Switches protocols on the client's side too. */
export function openTunnel(passage: Walk, reply: SpokenReply, tunnel: Tunnel): void {
  passage.begun(reply.status);
  const head = outgoingHead(passage, reply, NO_BODY, null);
  const chosen = reply.fields === null ? null : reply.fields.get('sec-websocket-protocol');
  tunnel.open(chosen === null ? head : { ...head, added: [...head.added, 'sec-websocket-protocol', chosen] });
}
