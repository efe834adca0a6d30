import { type MediaType, parseJson, type ParsedBody, type Part } from '../../../body/index.ts';
import { type FieldNode, isWhole } from '../../field-access/index.ts';
import { JSON_LINES } from '../../json-lines.ts';
import { judgeLikelyPatch, judgePatch } from './json-patch.ts';
import type { RefusedFields } from './refused-fields.ts';
import { nodesOfField } from './sent-members.ts';

const PATCH = 'application/json-patch+json';
const FORM = 'application/x-www-form-urlencoded';
const PARTS = 'multipart/form-data';
/** As many as of the pairs of a form, times ten: each is read as a body of its own. */
const LINES_LIMIT = 10_000;
const LINE_FEED = 0x0a;

/** Whether fields can be told from bodies of a type. */
export function isFieldType({ suffix, essence }: Pick<MediaType, 'suffix' | 'essence'>): boolean {
  const isJson = suffix === 'json' || essence === 'application/json' || essence === 'text/json';
  return isJson || essence === FORM || essence === PARTS || JSON_LINES.has(essence);
}

/** What became of a body: its fields were judged, it is of a type that has none to tell, or can't be read. */
export type Reading = 'judged' | 'other-type' | 'malformed';

/** Holds the fields of a body against what may be set. `mediaType` is what it says that it is. */
export function judgeBody(
  body: ParsedBody,
  mediaType: MediaType | null,
  node: FieldNode,
  refused: RefusedFields,
): Reading {
  if (body.kind === 'empty') return 'judged';
  if (mediaType === null || !isFieldType(mediaType)) return 'other-type';
  switch (body.kind) {
    case 'json':
      if (mediaType.essence === PATCH) judgePatch(body.value, node, refused);
      else {
        refused.judge(body.value, node);
        judgeLikelyPatch(body.value, node, refused);
      }
      return 'judged';
    case 'form':
      for (const name of body.fields.keys()) judgeText(name, node, refused);
      return 'judged';
    case 'multipart':
      return judgeParts(body.parts, node, refused);
    case 'opaque':
      return judgeLines(body.bytes, node, refused);
    case 'text':
    case 'xml':
      return 'other-type';
  }
}

function judgeText(name: string, node: FieldNode, refused: RefusedFields): void {
  const nodes = nodesOfField(node, name);
  if (nodes === null || !nodes.every(isWhole)) refused.add(name);
}

/** A field whose content is JSON may be set by its members; text and files are whole. */
function judgeParts(parts: readonly Part[], node: FieldNode, refused: RefusedFields): Reading {
  for (const { name, fileName, mediaType, bytes } of parts) {
    if (name === null) return 'malformed';
    const { suffix, essence } = mediaType;
    const isJson = suffix === 'json' || essence === 'application/json' || essence === 'text/json';
    if (!isJson || fileName !== null) {
      judgeText(name, node, refused);
      continue;
    }
    const nodes = nodesOfField(node, name);
    if (nodes === null) {
      refused.add(name);
      continue;
    }
    if (nodes.every(isWhole)) continue;
    const json = parseJson(bytes);
    if (!json.ok) return 'malformed';
    refused.within(name, () => {
      for (const each of nodes) refused.judge(json.value, each);
    });
  }
  return 'judged';
}

function judgeLines(bytes: Uint8Array, node: FieldNode, refused: RefusedFields): Reading {
  let line = 0;
  for (let at = 0; at < bytes.length; line++) {
    if (line === LINES_LIMIT) return 'malformed';
    const found = bytes.indexOf(LINE_FEED, at);
    const end = found < 0 ? bytes.length : found;
    const text = bytes.subarray(at, end);
    at = end + 1;
    if (isBlank(text)) continue;
    const json = parseJson(text);
    if (!json.ok) return 'malformed';
    refused.within(line, () => refused.judge(json.value, node));
  }
  return 'judged';
}

function isBlank(line: Uint8Array): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
