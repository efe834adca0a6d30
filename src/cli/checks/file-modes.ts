import { posix } from 'node:path';
import type { FileFacts, Files } from '../../ports/index.ts';
import { type Diagnosis, fail, fine, warn } from './diagnosis.ts';

/** What lies in a data folder and is nobody else's business. */
const KEY_FILES = ['keyring.json', 'admin.key'] as const;

/** A file or folder that is there, with what is known of it. */
export interface FoundFile {
  readonly path: string;
  readonly facts: FileFacts;
}

/** Who may read and write the data folder, the keys in it, and the configuration. */
export async function checkFileModes(
  files: Files,
  { configFile, dataFolder }: { readonly configFile: string; readonly dataFolder: string },
): Promise<readonly Diagnosis[]> {
  const folder = await files.facts(dataFolder);
  const keys = KEY_FILES.map((name) => posix.join(dataFolder, name));
  const diagnoses = await Promise.all([
    checkConfiguration(files, configFile),
    ...keys.map((key) => checkKey(files, key)),
  ]);
  const data = folder.ok
    ? checkFolder({ path: dataFolder, facts: folder.value })
    : folder.error.reason === 'missing'
      ? fine('files', `the data folder ${dataFolder} comes into being with the first start`)
      : fail('files', `the data folder ${dataFolder} can't be looked at`, folder.error.detail);
  return [data, ...diagnoses.filter((diagnosis) => diagnosis !== null)];
}

function checkFolder({ path, facts }: FoundFile): Diagnosis {
  if (!facts.directory) return fail('files', `${path} is no folder`, 'name another one under `data`');
  if ((facts.mode & 0o077) === 0) return fine('files', `the data folder is its owner's alone (${octal(facts.mode)})`);
  return fail('files', `the data folder ${path} is open to other users (${octal(facts.mode)})`, `chmod 700 ${path}`);
}

async function checkKey(files: Files, path: string): Promise<Diagnosis | null> {
  const facts = await files.facts(path);
  if (!facts.ok) return null;
  const { mode } = facts.value;
  const name = posix.basename(path);
  if ((mode & 0o077) === 0) return fine('files', `${name} is its owner's alone (${octal(mode)})`);
  const says = `${path} is open to other users (${octal(mode)})`;
  return fail('files', says, `chmod 600 ${path}, and replace the key: others may have read it`);
}

async function checkConfiguration(files: Files, path: string): Promise<Diagnosis | null> {
  const facts = await files.facts(path);
  if (!facts.ok) return null;
  const { mode } = facts.value;
  if ((mode & 0o002) !== 0) {
    return fail(
      'files',
      `every user may change ${path} (${octal(mode)}), and so what is protected`,
      `chmod o-w ${path}`,
    );
  }
  if ((mode & 0o020) !== 0) {
    return warn('files', `a group may change ${path} (${octal(mode)})`, `chmod g-w ${path}, unless the group is meant`);
  }
  return fine('files', `only its owner may change the configuration (${octal(mode)})`);
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, '0');
}
