import type { ParsedBody } from './parsed-body.ts';
import type { Part } from './multipart.ts';
import { signatureFault, type SignatureFault } from './signature.ts';
import { bufferOf } from './text.ts';

/**
 * Holds what is not read of a body to what its media type says: a body that is opaque, and each part that is, which has
 * a type of its own. Text and JSON are read where they are judged; a file that is called text holds no NUL, as no text in
 * any charset that is like ASCII does. Null where nothing is wrong. Takes time linear in the bytes.
 */
export function contentFault(body: ParsedBody): SignatureFault | null {
  if (body.kind === 'opaque') return signatureFault(body.mediaType, { bytes: body.bytes, whole: true });
  if (body.kind !== 'multipart') return null;
  for (const part of body.parts) {
    const fault = partFault(part);
    if (fault !== null) return fault;
  }
  return null;
}

function partFault({ contentType, mediaType, bytes }: Part): SignatureFault | null {
  if (contentType === null) return null;
  const { type, suffix, subtype } = mediaType;
  if (type === 'text' || suffix === 'json' || subtype === 'json') {
    return bufferOf(bytes).includes(0) ? 'other-format' : null;
  }
  return signatureFault(mediaType, { bytes, whole: true });
}
