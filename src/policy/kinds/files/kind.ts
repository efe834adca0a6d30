import { errorIssue, err, type Issue, ok, type Result } from '../../../base/index.ts';
import {
  archiveFormat,
  type ArchiveLimits,
  fileNameFault,
  type FileNameRules,
  isToldInside,
  judgeFileType,
  mayBe,
  readZip,
  usualType,
} from '../../../body/index.ts';
import { compilePattern } from '../../../openapi/index.ts';
import type { Clock } from '../../../ports/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { createSlot, type Exchange } from '../../exchange.ts';
import type { PolicyKind, Step, Steps } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { PASS, type Verdict } from '../../verdict.ts';
import type { FileRules, FilesConfig } from './config.ts';
import { tooLarge, wrongArchive, wrongName, wrongType } from './refusals.ts';
import { type FileScans, NO_SCANS } from './scanning.ts';
import { filesOf, type NumberedFile } from './sent-files.ts';
import { type Requester, Unpacking } from './unpacking.ts';

/** What this kind works with while requests run. */
export interface FilesPorts {
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly scans: FileScans;
}

/** A step has ten seconds; whatever is not opened by then is refused in words of our own. */
const OPENING_LIMIT_MS = 8_000;

/**
 * The kind that judges files which clients send, as whole bodies or as parts: how many and how large, their names, their
 * type by their bytes, what archives hold, and what a scanner says. Where nothing is said of files, archives are opened all
 * the same in operations whose description takes bodies that are files.
 */
export function createFilesKind({ clock, scans }: FilesPorts): PolicyKind<FilesConfig> {
  // One for all operations: what they share is this thread.
  const unpacking = new Unpacking();
  return {
    kind: 'files',
    summary: 'Refuses files by size, name, type and content.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => stepsFor(config, operation, { clock, scans, unpacking })),
  };
}

interface Tools extends FilesPorts {
  readonly unpacking: Unpacking;
}

function stepsFor(config: FilesConfig, operation: Operation, tools: Tools): Result<Steps, readonly Issue[]> {
  const rules = saidOf(config.operations, operation) ?? config.api;
  if (rules === null)
    return ok(takesFiles(operation) ? { inspect: fileStep(UNSAID, { ...tools, scans: NO_SCANS }) } : {});
  const { names, path } = rules;
  const pattern = names.pattern === null ? null : compilePattern(names.pattern);
  if (pattern !== null && !pattern.ok) {
    return err([errorIssue(`${path}.names.pattern`, `this pattern cannot be used: ${pattern.error.message}`)]);
  }
  const matcher = pattern?.value ?? null;
  const judged: Judged = {
    rules: { ...rules, types: rules.types?.map(usualType) ?? null },
    checks: true,
    names: {
      length: names.lengthBytes,
      extensions: names.extensions,
      matches: matcher === null ? null : (name) => matcher.matches(name),
    },
  };
  return ok({ inspect: fileStep(judged, tools) });
}

/** What is done with the files of an operation. `checks` is false where nothing is said of them: then archives are opened. */
interface Judged {
  readonly rules: FileRules;
  readonly checks: boolean;
  readonly names: FileNameRules;
}

/** What holds where nothing is said: of what can't be looked into nobody knows that it is not wanted. */
const UNSAID: Judged = {
  checks: false,
  names: { length: 0, extensions: null, matches: null },
  rules: {
    sizeBytes: null,
    count: null,
    totalBytes: null,
    types: null,
    names: { pattern: null, extensions: null, lengthBytes: 0 },
    macros: 'pass',
    archives: {
      entries: 2_000,
      depth: 4,
      bytes: 256 * 1024 * 1024,
      ratio: 100,
      encrypted: 'pass',
      unopened: 'pass',
    },
    scanner: null,
    path: '',
  },
};

const READ_FORMATS = /^(?:text\/|application\/(?:json|x-www-form-urlencoded|xml|grpc)|[^/]+\/[^+]*\+(?:json|xml)$)/i;

/** Whether a description takes bodies that are no JSON, text or form. */
function takesFiles({ described }: Operation): boolean {
  const content = described?.requestBody?.content ?? [];
  return described?.grpc === undefined && content.some(({ mediaRange }) => !READ_FORMATS.test(mediaRange));
}

/** Whether the request is over; `end` is set where something is waited for. */
const LEFT = createSlot<{ value: boolean; end: AbortController | null }>('files', () => ({ value: false, end: null }));

function fileStep(judged: Judged, tools: Tools): Step<'inspect'> {
  return {
    reads: { request: 'parsed', response: 'none' },
    run(exchange) {
      const contentType = exchange.request.headers.get('content-type');
      const files = filesOf(exchange.body('parsed'), contentType);
      if (files.length === 0) return PASS;
      const verdict = judged.checks ? plainVerdict(files, judged) : PASS;
      if (verdict !== PASS) return verdict;
      const archives =
        judged.rules.archives === 'pass' ? [] : files.filter(({ bytes }) => archiveFormat(bytes) !== null);
      if (archives.length === 0 && judged.rules.scanner === null) return PASS;
      return deepVerdict(exchange, { files, archives, judged }, tools);
    },
    release(exchange) {
      const left = exchange.slot(LEFT);
      left.value = true;
      left.end?.abort();
    },
  };
}

/** All that takes no waiting. */
function plainVerdict(files: readonly NumberedFile[], { rules, names }: Judged): Verdict {
  const { sizeBytes, count, totalBytes } = rules;
  if (count !== null && files.length > count) return tooLarge('count');
  let total = 0;
  for (const { bytes, number } of files) {
    total += bytes.length;
    if (sizeBytes !== null && bytes.length > sizeBytes) return tooLarge('size', number);
  }
  if (totalBytes !== null && total > totalBytes) return tooLarge('total');
  for (const file of files) {
    const verdict = fileVerdict(file, rules, names);
    if (verdict !== PASS) return verdict;
  }
  return PASS;
}

function fileVerdict(file: NumberedFile, rules: FileRules, names: FileNameRules): Verdict {
  const { name, bytes, number } = file;
  const nameFault = name === null ? null : fileNameFault(name, names);
  if (nameFault !== null) return wrongName(nameFault, number);
  const judged = judgeFileType(file, rules);
  if ('fault' in judged) return wrongType(judged.fault, number);
  const format = archiveFormat(bytes);
  if (format === null) return PASS;
  const isDocument = judged.types.some((type) => DOCUMENTS.test(type));
  if (rules.archives === 'refuse' && !isDocument) return wrongArchive('refused', number);
  // What cannot be opened is let through by its own name alone.
  if (format === 'other' && rules.types !== null && !judged.types.some((type) => rules.types?.includes(type))) {
    return wrongArchive('unopened', number);
  }
  // Many small archives in one request are not all read here, where nobody else has a turn.
  if (format !== 'zip' || !judged.types.every(isToldInside)) return PASS;
  const read = readZip(bytes, (typeof rules.archives === 'string' ? DOCUMENT_LIMITS : rules.archives).entries);
  // One that can't be read is refused where it is opened, and is of no type that says what is inside.
  const fits = judged.types.some((type) => mayBe(type, read.ok ? read.value : []));
  return fits ? PASS : wrongType('other-format', number);
}

/** Documents that are archives inside: whoever refuses archives still takes them where their types say so. */
const DOCUMENTS =
  /^application\/(?:vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.|vnd\.ms-(?:word|excel|powerpoint)|epub\+zip$)/;

/** What is still limited where archives are refused: documents that are archives inside. */
const DOCUMENT_LIMITS: Omit<ArchiveLimits, 'macros'> = {
  entries: 1_000,
  depth: 2,
  bytes: 100 * 1024 * 1024,
  ratio: 100,
  encrypted: 'refuse',
  unopened: 'refuse',
};

interface Work {
  readonly files: readonly NumberedFile[];
  readonly archives: readonly NumberedFile[];
  readonly judged: Judged;
}

/** Opens archives, one after the other, and has the files scanned if nothing is wrong with these. */
async function deepVerdict(exchange: Exchange, { files, archives, judged }: Work, tools: Tools): Promise<Verdict> {
  const { rules } = judged;
  const left = exchange.slot(LEFT);
  const untilMs = tools.clock.monotonic() + OPENING_LIMIT_MS;
  const requester: Requester = {
    address: exchange.request.peer.address,
    wanted: () => !left.value && tools.clock.monotonic() < untilMs,
  };
  const said = typeof rules.archives === 'string' ? DOCUMENT_LIMITS : rules.archives;
  const limits: ArchiveLimits = { ...said, macros: rules.macros };
  for (const { bytes, number } of archives) {
    const fault = await tools.unpacking.open(bytes, limits, requester);
    if (fault !== null) return wrongArchive(fault, number);
  }
  const { scanner } = rules;
  if (scanner === null) return PASS;
  const end = new AbortController();
  left.end = end;
  if (left.value) end.abort();
  return await tools.scans.verdict(files, scanner, { untilMs, signal: end.signal });
}
