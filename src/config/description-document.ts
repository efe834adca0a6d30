import { err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { type ApiDescription, describeApi, replyWarnings, requestWarnings } from '../openapi/index.ts';
import { type DescribedInputs, describedInputs } from './described-inputs.ts';
import { isUrl, withoutQuery } from './description-source.ts';
import { readJson } from './json-document.ts';
import { pathOfPointer } from './json-locator.ts';
import { sharedBytes } from './shared-bytes.ts';
import type { Reading } from './source-document.ts';
import { utf8Text } from './utf8-text.ts';
import { readYaml, type YamlRules } from './yaml-document.ts';

const DEPTH_LIMIT = 500;

/** Aliases are common in descriptions written by hand, and each repeats few values; the bound on values holds the bombs. */
const RULES: YamlRules = {
  forConfiguration: false,
  depthLimit: DEPTH_LIMIT,
  nodeLimit: 2_000_000,
  aliasLimit: 100_000,
};

/** YAML takes twenty times as long to read as JSON and fifty times its own size in memory meanwhile. */
const YAML_LIMIT_BYTES = 16 * 1024 * 1024;

/** An OpenAPI document as it was understood, and the same document as JSON text. */
export interface DescribedDocument {
  readonly description: ApiDescription;
  readonly json: SharedArrayBuffer;
  /** What the document is called, where `json` is its text as it was written; null for YAML. */
  readonly file: string | null;
  /** Of YAML by operation: where its `security` stands, or that of the whole document. Of JSON they are found later. */
  readonly securityPlaces: ReadonlyMap<string, Place>;
}

/** Is told what a sound document leaves open; where there is none, nobody looks. */
export type TellInputs = (inputs: DescribedInputs) => void;

/** What a document is wanted for besides. */
export interface DescriptionUse {
  readonly tellInputs: TellInputs | null;
  /** Tells the operations whose replies must be as described; null where none must. */
  readonly judgesReplies: ((operation: string) => boolean) | null;
}

const ROUTES_ONLY: DescriptionUse = { tellInputs: null, judgesReplies: null };

/** Reads the bytes of an OpenAPI document, JSON or YAML. All issues bear lines of that document. */
export function readDescription(
  bytes: Uint8Array,
  location: string,
  use: DescriptionUse = ROUTES_ONLY,
): Result<DescribedDocument, readonly Issue[]> {
  // Issues are printed and kept.
  const file = isUrl(location) ? withoutQuery(location) : location;
  const text = utf8Text(bytes);
  if (text === null) {
    return err([errorIssue('', 'is not UTF-8', { place: { file, line: 1, column: 1 }, fix: 'save it as UTF-8' })]);
  }
  const isJson = looksLikeJson(text, file);
  if (!isJson && bytes.byteLength > YAML_LIMIT_BYTES) {
    const message = `is larger than ${YAML_LIMIT_BYTES / 1024} KiB, too large for YAML`;
    return err([errorIssue('', message, { place: { file, line: 1, column: 1 }, fix: 'turn it into JSON' })]);
  }
  const reading = isJson ? readJson(text, file, DEPTH_LIMIT) : readYaml(text, file, RULES);
  return describe(reading, isJson ? { text, file } : null, use);
}

function describe(
  { document, issues }: Reading,
  json: { readonly text: string; readonly file: string } | null,
  { tellInputs, judgesReplies }: DescriptionUse,
): Result<DescribedDocument, readonly Issue[]> {
  if (document === null) return err(issues);
  const place = (pointer: string): Place | null => document.locate(pathOfPointer(pointer))?.key ?? null;
  const described = describeApi(document.value, place);
  if (!described.ok) return err([...issues, ...described.error]);
  if (issues.length > 0) return err(issues);
  tellInputs?.(describedInputs(document.value, described.value, place));
  const warnings = [...described.value.warnings, ...requestWarnings(document.value, described.value, place)];
  if (judgesReplies !== null) warnings.push(...replyWarnings(document.value, described.value, judgesReplies, place));
  return ok({
    description: { ...described.value, warnings },
    json: sharedBytes(Buffer.from(json?.text ?? JSON.stringify(document.value))).buffer,
    file: json?.file ?? null,
    securityPlaces: json === null ? securityPlacesOf(described.value, place) : new Map(),
  });
}

function securityPlacesOf(
  { operations }: ApiDescription,
  place: (pointer: string) => Place | null,
): ReadonlyMap<string, Place> {
  const shared = place('/security');
  return new Map(
    operations.flatMap(({ id, pointer, security }) => {
      const found = security === null ? null : (place(`${pointer}/security`) ?? shared);
      return found === null ? [] : [[id, found] as const];
    }),
  );
}

/** A text that begins like JSON but is named as YAML may be YAML in braces. */
function looksLikeJson(text: string, file: string): boolean {
  return !/\.ya?ml$/i.test(file) && /^[\t\n\r ]*[{[]/.test(text);
}
