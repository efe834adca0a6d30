import type { ArchiveLimits } from '../../../body/index.ts';
import type { ScannerTarget } from '../../../ports/index.ts';

/** A scanner, and what becomes of files that it can not look at. */
export interface FileScanner extends ScannerTarget {
  /** The largest file that it is given. */
  readonly sizeBytes: number;
  readonly unavailable: 'refuse' | 'pass';
}

/** What files are held to. */
export interface FileRules {
  /** The largest one; null as large as a body may be. */
  readonly sizeBytes: number | null;
  readonly count: number | null;
  /** All of a request together. */
  readonly totalBytes: number | null;
  /** Media types in lower case, a subtype may be `*`; null for all that do not run. */
  readonly types: readonly string[] | null;
  readonly names: {
    /** A regular expression of ECMA-262; null for any. */
    readonly pattern: string | null;
    /** In lower case, without a dot; null for all that do not run. */
    readonly extensions: readonly string[] | null;
    readonly lengthBytes: number;
  };
  readonly macros: 'refuse' | 'pass';
  /** `refuse`: no archive at all; `pass`: nobody opens them. */
  readonly archives: Omit<ArchiveLimits, 'macros'> | 'refuse' | 'pass';
  readonly scanner: FileScanner | null;
  /** The key path of what says it. */
  readonly path: string;
}

/** What the files of an API's requests are held to. */
export interface FilesConfig {
  /** Null where nothing is said: then archives are opened in operations whose description has files. */
  readonly api: FileRules | null;
  /** By operation name, in the place of the API's. */
  readonly operations: Readonly<Record<string, FileRules>>;
}
