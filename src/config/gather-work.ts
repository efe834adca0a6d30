import { errorIssue, type Issue, type Place, type Result } from '../base/index.ts';
import type { Egress, Files, Secrets } from '../ports/index.ts';
import type { DescribedInputs } from './described-inputs.ts';
import type { DescribedDocument } from './description-document.ts';
import { fileWords } from './description-source.ts';
import type { Gathered } from './gathered.ts';
import type { ParsedConfig } from './parse.ts';
import { folderOf, resolvePath } from './path.ts';
import { placeAt } from './place-at.ts';
import { parseSecretReference } from './secret-reference.ts';
import { splitWords, words } from './words.ts';

/** What gathering reads through, and the number of the revision it makes. */
export interface GatherOptions {
  /** What certificates of clients are judged with: wall time in milliseconds, and Node's version. Without it no `clientCa` can be gathered. */
  readonly machine?: { readonly now: () => number; readonly nodeVersion: string };
  readonly files: Files;
  readonly secrets: Secrets;
  readonly egress: Egress;
  readonly revision: number;
  /**
   * An earlier gathering of the same text: of it only secrets are read anew, and the certificates that belong to keys among
   * them. Documents and all other files stay as they were then.
   */
  readonly held?: Gathered;
  /** Is told what the description of each API leaves open; where it is not there, nobody looks. */
  readonly tellInputs?: (api: string, inputs: DescribedInputs) => void;
}

/** One gathering while it runs. Its parts fill the tables and go on after a problem, so that all are told at once. */
export interface Work extends GatherOptions {
  readonly parsed: ParsedConfig;
  readonly issues: Issue[];
  readonly warnings: Issue[];
  readonly described: Map<string, DescribedDocument>;
  readonly gatheredFiles: Map<string, Uint8Array>;
  readonly gatheredSecrets: Map<string, Uint8Array>;
}

/**
 * Reads a file into the table of files, by its path as it was asked for; null, with an issue at `path`, where it can't be.
 * A relative path starts at the configuration file.
 */
export async function gatherFile(
  work: Work,
  path: string,
  asked: string,
  limitBytes: number,
): Promise<Uint8Array | null> {
  const held = heldFile(work, asked);
  if (held !== null) {
    work.gatheredFiles.set(asked, held);
    return held;
  }
  const file = resolvePath(asked, folderOf(work.parsed.file));
  if (!file.ok) {
    complain(work, path, `a path here ${file.error}`);
    return null;
  }
  const read = await work.files.read(file.value, limitBytes);
  if (!read.ok) {
    complain(work, path, fileWords(file.value, read.error, limitBytes));
    return null;
  }
  const bytes = ownCopy(read.value);
  work.gatheredFiles.set(asked, bytes);
  return bytes;
}

/** What stays of a file, by what it is called in the table of files; null where it is to be read. */
export function heldFile({ held }: Work, asked: string): Uint8Array | null {
  return held !== undefined && Object.hasOwn(held.files, asked) ? (held.files[asked] ?? null) : null;
}

/** Resolves a reference into the table of secrets; null, with an issue at `path`, where it can't be. */
export async function gatherSecret(work: Work, path: string, reference: string): Promise<Uint8Array | null> {
  const parsed = parseSecretReference(reference, folderOf(work.parsed.file));
  if (!parsed.ok) {
    complain(work, path, parsed.error);
    return null;
  }
  const { vault } = work.parsed.config.secrets;
  if (parsed.value.scheme === 'vault' && vault === null) {
    complain(work, path, words('this secret lies in Vault, and none is configured', 'write `secrets: { vault: … }`'));
    return null;
  }
  const resolved = await work.secrets.resolve(parsed.value, vault?.source ?? null);
  if (!resolved.ok) {
    complain(work, path, resolved.error);
    return null;
  }
  const bytes = ownCopy(resolved.value.reveal());
  work.gatheredSecrets.set(reference, bytes);
  return bytes;
}

/** A small Buffer is a window on a pool that others use too, and sending it to a thread would send the whole pool. */
function ownCopy(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** The value of a check, or null with its error, in `words`, as an issue at `path`. */
export function checked<T>(work: Work, path: string, result: Result<T, string>): T | null {
  if (result.ok) return result.value;
  complain(work, path, result.error);
  return null;
}

/** Notes an issue at a key path; `text` is in `words`. */
export function complain(work: Work, path: string, text: string): void {
  const { message, fix } = splitWords(text);
  const place = placeOf(work, path);
  work.issues.push(errorIssue(path, message, fix === null ? { place } : { place, fix }));
}

/** Where a key path stands, if it was written. */
export function placeOf(work: Work, path: string): Place | null {
  const { places } = work.parsed;
  return placeAt(places, path);
}
