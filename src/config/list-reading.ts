import { err, ok, type Place, type Result } from '../base/index.ts';
import { GEO_LIMIT_BYTES, GeoDatabase, LIST_LIMIT_BYTES, type ListFile, readListFile } from '../lists/index.ts';
import type { Files } from '../ports/index.ts';
import { fileWords } from './description-source.ts';
import { sharedBytes } from './shared-bytes.ts';
import { words } from './words.ts';

/** Why a list can't be used, in `words`, and where in its file, where it is of one line. */
export interface ListReadingFault {
  readonly text: string;
  readonly place: Place | null;
}

/** A list as it was read: its packed form, in shared memory, and how many entries stand in its file. */
export interface ListReading {
  readonly packed: Uint8Array;
  /** Null for a database. */
  readonly entries: number | null;
  /** When a database was made, in milliseconds; null for a list. */
  readonly madeAtMs: number | null;
}

/** Reads the file of a list, or a database, and judges it whole. */
export async function readList(
  { kind, file }: Pick<ListFile, 'kind' | 'file'>,
  files: Pick<Files, 'read'>,
): Promise<Result<ListReading, ListReadingFault>> {
  const isGeo = kind === 'country' || kind === 'asn';
  const limitBytes = isGeo ? GEO_LIMIT_BYTES : LIST_LIMIT_BYTES;
  const read = await files.read(file, limitBytes);
  if (!read.ok) return err({ text: fileWords(file, read.error, limitBytes), place: null });
  if (isGeo) {
    const packed = sharedBytes(read.value);
    const opened = GeoDatabase.open(packed, kind);
    if (opened.ok) return ok({ packed, entries: null, madeAtMs: opened.value.builtAtMs });
    return err({ text: `${file} ${opened.error}`, place: null });
  }
  const list = readListFile(read.value, kind);
  if (list.ok) return ok({ ...list.value, madeAtMs: null });
  const { line, message } = list.error;
  if (line === null) return err({ text: `${file} ${message}`, place: null });
  const fix = 'a list is taken whole or not at all';
  return err({ text: words(`line ${line} of ${file}: ${message}`, fix), place: { file, line, column: 1 } });
}
