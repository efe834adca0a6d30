import { isAscii } from 'node:buffer';
import { charsetOf } from './media-type.ts';
import type { PartFault, PartHead } from './part-head.ts';
import { isText } from './text.ts';

const BYTE_ORDER_MARK: Buffer = Buffer.from('\ufeff');

/**
 * Holds the content of a part to what its header fields say; null where nothing is wrong. A part of a form without a
 * file name is text to every reader, whatever its type says: so it must be UTF-8, without NUL, and without a byte order
 * mark, which some readers take away.
 */
export function readPartContent(head: PartHead, bytes: Buffer, isForm: boolean): PartFault | null {
  const { facts, isSevenBit, length } = head;
  if (length !== null && length !== String(bytes.length)) return 'part-length';
  if (isSevenBit && !isAscii(bytes)) return 'not-7bit';
  if (charsetOf(facts.mediaType) === 'us-ascii' && !isAscii(bytes)) return 'not-ascii';
  const isBytes = facts.mediaType.essence === 'application/octet-stream';
  // A browser's place for a file where none was chosen. With another type, or content, it is a field to some readers.
  if (facts.fileName === '') return bytes.length === 0 && isBytes ? null : 'no-file-name';
  if (!isForm || facts.fileName !== null) return null;
  // A file to some readers, and to others text.
  if (isBytes) return 'no-file-name';
  return isText(bytes) && !bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? null : 'field-not-text';
}
