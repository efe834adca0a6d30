import type { FileRules } from '../policy/index.ts';

/** What `files` says, with the name of a scanner in the place of its settings. */
export type FilesRules = Omit<FileRules, 'scanner'> & { readonly scan: string | null };
