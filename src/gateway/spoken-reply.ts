import { type BodyFraming, type HeaderFields, type OutgoingHead, PRESENCE } from '../wire/index.ts';
import { letsAnybodyIn, withoutCredentials } from './cors-combination.ts';
import { ID_OPENING } from './reply.ts';
import { presenceOf } from './security-fields.ts';
import type { Walk } from './walk.ts';

/** What a reply says of itself when its head goes out, whoever gave it. */
export interface SpokenReply {
  readonly status: number;
  /** The upstream's own; null for an answer of the gateway's. */
  readonly fields: HeaderFields | null;
  /** Names in lower case and values, in turn. */
  readonly added: readonly string[];
  /** The length that it names all the same where it has no body; null for none. */
  readonly announcedLength: number | null;
  /** Whether no request may follow on the client's connection. */
  readonly closes: boolean;
}

const LINE_END = '\r\n';

/** The head of a reply as it goes out: with the id, a date where it has none, and the security fields that it lacks. */
export function outgoingHead(
  walk: Walk,
  reply: SpokenReply,
  framing: BodyFraming,
  announcedLength: number | null,
): OutgoingHead {
  const { status, closes } = reply;
  const { fields, added } = letsAnybodyIn(reply) ? withoutCredentials(reply) : reply;
  const present = presenceOf(fields, added);
  const dated = (present & PRESENCE.date) !== 0;
  const opening = dated ? ID_OPENING : walk.context.opening(walk.wallMs());
  const closing = closingOf(walk, reply, present);
  return { status, fields, added, opening, requestId: walk.id, closing, framing, announcedLength, closes };
}

/** What follows the id: the end of its line, and the security fields that the reply lacks. */
function closingOf(walk: Walk, { status, fields, added }: SpokenReply, present: number): string {
  const { compiled, context, principal, request } = walk;
  const { securityFields } = compiled.api;
  if (securityFields === null) return LINE_END;
  const tls = request.peer.tls !== null;
  const strictTransport = tls && (context.installed.snapshot.strictTransport || compiled.api.strictTransport);
  const wallMs = (present & PRESENCE.expires) === 0 ? 0 : walk.wallMs();
  const setting = { status, fields, tls, strictTransport, authenticated: principal !== null, wallMs };
  return securityFields.closing(added, present, setting);
}
