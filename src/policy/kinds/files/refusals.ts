import type { ArchiveFault, FileNameFault, FileTypeFault } from '../../../body/index.ts';
import { deny, type Verdict } from '../../verdict.ts';

/** The refusal of files that are too many or too large. */
export function tooLarge(rule: 'size' | 'count' | 'total' | 'scan.size', number: number | null = null): Verdict {
  return deny({ code: 'body-too-large', internal: `${fileWords(number)}: ${rule}` }, `files.${rule}`);
}

/** The refusal of a file of another type than those that are taken, or than it says. */
export function wrongType(fault: FileTypeFault, number: number): Verdict {
  const code =
    fault === 'other-format' || fault === 'extension' || fault === 'type' ? 'unsupported-media-type' : 'file-refused';
  return deny({ code, internal: `${fileWords(number)}: ${fault}` }, `files.type.${fault}`);
}

/** The refusal of a file whose name is not as it may be. */
export function wrongName(fault: FileNameFault | 'ambiguous', number: number): Verdict {
  return deny({ code: 'file-refused', internal: `${fileWords(number)}: name: ${fault}` }, `files.name.${fault}`);
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

/** What clients are told: nothing of it repeats what they sent. */
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
  return deny({ code: 'file-refused', internal: `${fileWords(number)}: scanner: ${word}` }, `files.scan.${word}`);
}

/** The refusal of a file that no scanner has looked at. */
export function unscanned(reason: string): Verdict {
  const headers = [['retry-after', '5']] as const;
  return deny({ code: 'scanner-unavailable', headers, internal: reason }, 'files.scan');
}

function fileWords(number: number | null): string {
  return number === null ? 'files' : `file ${number}`;
}
