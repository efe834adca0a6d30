import type { MessageType, MessageTypes } from './message-types.ts';
import type { WireReader } from './wire-reader.ts';

const ANY_URL = 1;
/** The number of the field that holds the message. */
export const ANY_VALUE = 2;
/** No message has a longer name here, and the rest of a URL says nothing. */
const URL_LIMIT_BYTES = 2_048;

/**
 * What a `google.protobuf.Any` that lies between `from` and `last` says it holds; null where no descriptor of the set is
 * meant, and `none` where it holds nothing: then it has neither a type nor a value.
 */
export function heldType(
  reader: WireReader,
  types: MessageTypes,
  from: number,
  last: number,
): MessageType | 'none' | null {
  if (!reader.find(ANY_URL, from, last)) return isEmpty(reader, from, last) ? 'none' : null;
  const end = reader.lengthEnd(last);
  const length = end - reader.at;
  if (length > URL_LIMIT_BYTES) return null;
  const url = reader.bytes.toString('latin1', reader.at, end);
  if (url === '') return isEmpty(reader, from, last) ? 'none' : null;
  const slash = url.lastIndexOf('/');
  // Without a slash it names no type by its own specification; some readers take it all the same.
  return slash < 0 ? null : types.find(url.slice(slash + 1));
}

function isEmpty(reader: WireReader, from: number, last: number): boolean {
  return !reader.find(ANY_VALUE, from, last) || reader.lengthEnd(last) === reader.at;
}
