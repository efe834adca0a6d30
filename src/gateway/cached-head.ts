import { type FieldList, notModifiedFields, type StoredHead } from '../cache/index.ts';
import { type BodyFraming, type HeaderFields, listedFields, type ReplyHead } from '../wire/index.ts';
import { lengthOf, NO_BODY } from './reply.ts';

const NOT_MODIFIED = 304;

/** The head of a stored reply, as it goes through the steps of `respond` and out. */
export class CachedHead implements StoredHead {
  readonly status: number;
  readonly fields: HeaderFields;
  /** The number that its place bore when it was asked for; see `PlaceMarks`. */
  mark = 0;
  /** Until then the upstream is not asked for it anew, since it has just failed; of the monotonic clock. */
  restsUntilMs = 0;

  /** Throws where the fields are more than one head may hold. */
  constructor(status: number, fields: FieldList) {
    this.status = status;
    this.fields = listedFields(fields);
  }

  /** The head as an upstream would give it; its fields are those of every reply that is given from here. */
  whole(bodyBytes: number): ReplyHead {
    return replyHead(this.status, this.fields, lengthOf(bodyBytes), bodyBytes);
  }

  /** The head that says that the client has it already (RFC 9110 §15.4.5). */
  notModified(): ReplyHead {
    // Made for each, since nobody has counted the memory of another head.
    return replyHead(NOT_MODIFIED, listedFields(notModifiedFields(this.fields)), NO_BODY, null);
  }
}

function replyHead(
  status: number,
  fields: HeaderFields,
  framing: BodyFraming,
  announcedLength: number | null,
): ReplyHead {
  return { fault: null, status, fields, framing, announcedLength, keepAlive: true, idleMs: null, bytes: 0 };
}
