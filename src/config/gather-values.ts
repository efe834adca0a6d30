import { errorIssue } from '../base/index.ts';
import type { ValuesSource } from '../policy/index.ts';
import type { Config } from './config.ts';
import { fileWords } from './description-source.ts';
import { complain, heldFile, placeOf, type Work } from './gather-work.ts';
import { sharedBytes } from './shared-bytes.ts';
import { readValuesFile, VALUES_LIMIT_BYTES } from './values-file.ts';

type FileSource = Extract<ValuesSource, { readonly kind: 'file' }>;

/** The files of named values, each once for its owner, with the key path that names it. */
export function valuesFiles({
  values,
  apis,
}: Pick<Config, 'values' | 'apis'>): readonly (FileSource & { readonly path: string })[] {
  const owners = [
    { values, path: 'values' },
    ...apis.map((api) => ({ values: api.values, path: `${api.path}.values` })),
  ];
  return owners.flatMap((owner) =>
    Object.entries(owner.values).flatMap(([name, source]) =>
      source.kind === 'file' ? [{ ...source, path: `${owner.path}.${name}` }] : [],
    ),
  );
}

/** Reads the files of named values into the table of files, as the JSON text of a list each, in memory that threads share. */
export async function gatherValues(work: Work): Promise<void> {
  const known = new Map<string, FileSource['of']>();
  for (const source of valuesFiles(work.parsed.config)) {
    const { file, of, path } = source;
    const before = known.get(file);
    if (before === undefined && work.gatheredFiles.has(file))
      complain(work, path, 'this file is read for something else already');
    else if (before === undefined) await gatherOne(work, source);
    else if (before !== of) complain(work, path, `the values of this file are ${before} elsewhere`);
    known.set(file, of);
  }
}

async function gatherOne(work: Work, { file, of, path }: FileSource & { readonly path: string }): Promise<void> {
  const held = heldFile(work, file);
  if (held !== null) {
    work.gatheredFiles.set(file, held);
    return;
  }
  const read = await work.files.read(file, VALUES_LIMIT_BYTES);
  if (!read.ok) {
    complain(work, path, fileWords(file, read.error, VALUES_LIMIT_BYTES));
    return;
  }
  const values = readValuesFile(read.value, { file, of });
  if (!values.ok) {
    const { message, place } = values.error;
    const fix = 'a list is taken whole or not at all';
    work.issues.push(errorIssue(path, message, { place: place ?? placeOf(work, path), fix }));
    return;
  }
  work.gatheredFiles.set(file, sharedBytes(Buffer.from(JSON.stringify(values.value))));
}
