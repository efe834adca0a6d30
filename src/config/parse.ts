import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import type { PolicyKind } from '../policy/index.ts';
import { checkConfig } from './checks.ts';
import type { Config } from './config.ts';
import { formatKeyPath, type KeyPath } from './key-path.ts';
import { literalSecretIssues } from './literal-secrets.ts';
import { configSchema, toConfig } from './schema.ts';
import { mismatchWords, toIssues } from './schema-issues.ts';
import { createLineIndex, type SourceDocument } from './source-document.ts';
import { readYaml, type YamlRules } from './yaml-document.ts';

/** A configuration file may have 1 MiB: ten thousand operations with settings of their own stay below that. */
export const CONFIG_LIMIT_BYTES = 1024 * 1024;
const ISSUE_LIMIT = 200;

const RULES: YamlRules = { forConfiguration: true, depthLimit: 32, nodeLimit: 200_000, aliasLimit: 100 };

/** What parsing yields and gathering goes on with. `kinds` are those the text was read with. */
export interface ParsedConfig {
  readonly file: string;
  readonly text: string;
  readonly config: Config;
  /** By key path: where that key stands. */
  readonly places: Readonly<Record<string, Place>>;
  readonly kinds: readonly PolicyKind<unknown>[];
}

/** What a text is read as: `file` is its absolute path, where relative paths start and which issues name. */
export interface ParseOptions {
  readonly file: string;
  readonly kinds: readonly PolicyKind<unknown>[];
}

/**
 * Reads a configuration, strictly and purely: no file is touched. Returns all issues there are, in the order of the
 * file, or a configuration with every default filled in. Bytes are taken too, and must be UTF-8. Never throws.
 */
export function parseConfig(
  source: string | Uint8Array,
  { file, kinds }: ParseOptions,
): Result<ParsedConfig, readonly Issue[]> {
  const decoded = decode(source, file);
  if (!decoded.ok) return err([decoded.error]);
  const text = decoded.value;
  const reading = readYaml(text, file, RULES);
  if (reading.document === null) return err(reading.issues);
  const { document } = reading;
  const checked = configSchema(kinds).safeParse(document.value, { error: mismatchWords });
  const unsound = [...reading.issues, ...(checked.success ? [] : toIssues(checked.error.issues, document))];
  // Where something is wrong already, that is what has to be mended.
  const told = new Set(unsound.map(({ path }) => path));
  const literal = literalSecretIssues(document, { text, file }).filter(({ path }) => path === '' || !told.has(path));
  const issues = [...unsound, ...literal];
  if (!checked.success || issues.length > 0) return err(inOrder(issues));
  const config = toConfig(checked.data, file);
  const places = placesOf(document);
  const found = checkConfig(config, places);
  return found.length > 0 ? err(inOrder(found)) : ok({ file, text, config, places, kinds });
}

function inOrder(issues: readonly Issue[]): Issue[] {
  const line = ({ place }: Issue): number => place?.line ?? 0;
  const column = ({ place }: Issue): number => place?.column ?? 0;
  return issues.toSorted((a, b) => line(a) - line(b) || column(a) - column(b)).slice(0, ISSUE_LIMIT);
}

function decode(source: string | Uint8Array, file: string): Result<string, Issue> {
  const bytes = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength;
  const start: Place = { file, line: 1, column: 1 };
  if (bytes > CONFIG_LIMIT_BYTES) {
    return err(errorIssue('', `is larger than ${CONFIG_LIMIT_BYTES / 1024} KiB`, { place: start }));
  }
  const text = typeof source === 'string' ? source : decodeUtf8(source);
  if (text === null || !text.isWellFormed())
    return err(errorIssue('', 'is not UTF-8', { place: start, fix: 'save it as UTF-8' }));
  if (text.startsWith('\ufeff')) {
    return err(errorIssue('', 'begins with a byte order mark', { place: start, fix: 'save it as UTF-8 without one' }));
  }
  // Direction marks make a line read otherwise than it is; a lone carriage return ends a line for some readers only.
  const odd =
    /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]|\r(?!\n)/.exec(text);
  if (odd === null) return ok(text);
  const code = (odd[0].codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const place = createLineIndex(file, text).placeAt(odd.index);
  return err(errorIssue('', `holds an invisible control character (U+${code})`, { place, fix: 'take it away' }));
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function placesOf(document: SourceDocument): Record<string, Place> {
  const places: [string, Place][] = [];
  const visit = (value: unknown, path: KeyPath): void => {
    const located = document.locate(path);
    if (located !== null) places.push([formatKeyPath(path), located.key]);
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) value.forEach((element, index) => visit(element, [...path, index]));
    else for (const [key, member] of Object.entries(value)) visit(member, [...path, key]);
  };
  visit(document.value, []);
  return Object.fromEntries(places);
}
