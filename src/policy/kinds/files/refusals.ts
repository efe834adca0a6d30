import type { ArchiveFault, FileNameFault, FileTypeFault } from '../../../body/index.ts';
import { deny, type Verdict } from '../../verdict.ts';

/** The refusal of files that are too many or too large. */
export function tooLarge(rule: 'size' | 'count' | 'total' | 'scan.size', number: number | null = null): Verdict {
  const detail = number === null ? SIZE_WORDS[rule] : `${fileWords(number)}: ${SIZE_WORDS[rule]}`;
  return deny({ code: 'body-too-large', detail, internal: `${fileWords(number)}: ${rule}` }, `files.${rule}`);
}

/** The refusal of a file of another type than those that are taken, or than it says. */
export function wrongType(fault: FileTypeFault, number: number): Verdict {
  const code =
    fault === 'other-format' || fault === 'extension' || fault === 'type' ? 'unsupported-media-type' : 'file-refused';
  const detail = `${fileWords(number)}: ${TYPE_WORDS[fault]}`;
  return deny({ code, detail, internal: `${fileWords(number)}: ${fault}` }, `files.type.${fault}`);
}

/** The refusal of a file whose name is not as it may be. */
export function wrongName(fault: FileNameFault | 'ambiguous', number: number): Verdict {
  const detail = `${fileWords(number)}: ${NAME_WORDS[fault]}`;
  const internal = `${fileWords(number)}: name: ${fault}`;
  return deny({ code: 'file-refused', detail, internal }, `files.name.${fault}`);
}

/** The refusal of an archive; where too many wait for theirs to be opened the client may come again. */
export function wrongArchive(fault: ArchiveFault | 'busy' | 'refused', number: number): Verdict {
  if (fault === 'type') return wrongType('other-format', number);
  if (fault === 'busy') {
    const headers = [['retry-after', '1']] as const;
    return deny({ code: 'gateway-overloaded', headers, internal: 'too many archives wait to be opened' }, 'files.busy');
  }
  const detail = `${fileWords(number)}: ${ARCHIVE_WORDS[fault]}`;
  const internal = `${fileWords(number)}: archive: ${fault}`;
  return deny({ code: 'file-refused', detail, internal }, `files.archive.${fault}`);
}

/** What clients are told, here and below: nothing of it repeats what they sent. */
const SIZE_WORDS = {
  size: 'the file is too large',
  count: 'there are too many files',
  total: 'all files together are too large',
  'scan.size': 'the file is larger than what can be scanned',
} as const;

const TYPE_WORDS: Readonly<Record<FileTypeFault, string>> = {
  'other-format': 'the bytes are not of the type that the file is sent as',
  extension: 'the end of the name is not that of the type',
  type: 'files of this type are not taken',
  executable: 'programs are not taken',
  active: 'the file holds what a browser or a server would run',
  archive: 'the file holds an archive as well',
  document: 'the file holds a document as well',
  macro: 'the document has macros',
};

const NAME_WORDS: Readonly<Record<FileNameFault | 'ambiguous', string>> = {
  length: 'the name is too long',
  characters: 'the name has characters that names of files may not have',
  reserved: 'the name is that of a device, or begins or ends as none may',
  runs: 'the name is that of something that runs',
  extension: 'the name does not end as it may',
  pattern: 'the name is not as it may be',
  ambiguous: 'the name can be read in two ways',
};

const ARCHIVE_WORDS: Readonly<Record<Exclude<ArchiveFault, 'type'> | 'refused', string>> = {
  malformed: 'the archive is broken, or can be read in two ways',
  overlap: 'entries of the archive share bytes',
  name: 'a name in the archive leads elsewhere, or stands there twice',
  link: 'the archive holds a link or a device: files and folders alone are taken',
  encrypted: 'the archive has a password',
  unopened: 'an archive of this kind can not be opened',
  entries: 'the archive holds too many files',
  bytes: 'the archive holds too much',
  ratio: 'the archive holds too much for its size',
  depth: 'archives lie too deep in each other',
  held: 'an archive in the archive is too large',
  macro: 'the document has macros',
  refused: 'archives are not taken',
};

const NAME_LENGTH = 80;

/** The refusal of what a scanner has found. What it calls it stands in the record and the log alone. */
export function foundBy(name: string | null, number: number): Verdict {
  const word = (name ?? 'unnamed').replace(/[^A-Za-z0-9._:/-]/g, '_').slice(0, NAME_LENGTH);
  const detail = `${fileWords(number)}: the scanner refuses it`;
  const internal = `${fileWords(number)}: scanner: ${word}`;
  return deny({ code: 'file-refused', detail, internal }, `files.scan.${word}`);
}

/** The refusal of a file that no scanner has looked at. */
export function unscanned(reason: string): Verdict {
  const headers = [['retry-after', '5']] as const;
  return deny({ code: 'scanner-unavailable', headers, internal: reason }, 'files.scan');
}

function fileWords(number: number | null): string {
  return number === null ? 'files' : `file ${number}`;
}
