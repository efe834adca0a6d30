import { type MediaType, type ParsedBody, parseMediaType, readSentName, type SentFile } from '../../../body/index.ts';
import type { HeaderMap } from '../../../wire/index.ts';

/** A file of a request, and which of them it is, from 1. */
export interface NumberedFile extends SentFile {
  readonly number: number;
}

/**
 * The files of a body: the whole of it where it is neither JSON nor a form, and of one in parts those with a file name. Of
 * lists of parts that are no form all but text and JSON are files.
 */
export function filesOf(body: ParsedBody, headers: HeaderMap): readonly NumberedFile[] {
  const contentType = headers.get('content-type');
  switch (body.kind) {
    case 'empty':
    case 'json':
    case 'form':
      return [];
    case 'multipart':
      return partFiles(body);
    case 'text':
      // Text is kept as it came, with a mark at its beginning: these are its bytes.
      return [{ mediaType: typeOf(contentType), name: null, bytes: Buffer.from(body.text), number: 1 }];
    case 'xml':
      return [{ mediaType: typeOf(contentType), name: null, bytes: body.bytes, number: 1 }];
    case 'opaque':
      return [{ mediaType: body.mediaType, name: null, bytes: body.bytes, number: 1 }];
  }
}

/**
 * The files of a body with the name that the request itself gives a file that is all of it. Null where two readers could
 * take that for different names.
 */
export function namedFiles(
  body: ParsedBody,
  headers: HeaderMap,
  files: readonly NumberedFile[],
): readonly NumberedFile[] | null {
  const field = body.kind === 'multipart' ? null : headers.get('content-disposition');
  if (field === null) return files;
  const name = readSentName(field);
  return name.ok ? files.map((file) => ({ ...file, name: name.value })) : null;
}

/** It has been read before, or there would be no body. */
function typeOf(contentType: string | null): MediaType | null {
  const read = contentType === null ? null : parseMediaType(contentType);
  return read?.ok === true ? read.value : null;
}

function partFiles({ mediaType, parts }: Extract<ParsedBody, { kind: 'multipart' }>): readonly NumberedFile[] {
  const isForm = mediaType.subtype === 'form-data';
  const files: NumberedFile[] = [];
  for (const part of parts) {
    const { fileName, bytes, contentType } = part;
    // A browser's form has an empty name, and no bytes, where no file was chosen.
    const isFile = fileName === null ? !isForm && !isField(part.mediaType) : fileName !== '';
    const said = contentType === null ? null : part.mediaType;
    if (isFile) files.push({ mediaType: said, name: fileName, bytes, number: files.length + 1 });
  }
  return files;
}

function isField({ type, suffix, essence }: MediaType): boolean {
  return type === 'text' || suffix === 'json' || essence === 'application/json';
}
