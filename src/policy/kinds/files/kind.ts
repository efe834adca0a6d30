import { errorIssue, err, type Issue, ok, type Result } from '../../../base/index.ts';
import {
  archiveFormat,
  type ArchiveLimits,
  documentFault,
  fileNameFault,
  type FileNameRules,
  judgeFileType,
  type SentArchive,
  Turns,
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
import { filesOf, namedFiles, type NumberedFile } from './sent-files.ts';
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

/** What is held in memory of archives in archives where nobody says it. */
const HELD_BYTES = 64 * 1024 * 1024;

/** What archives are held to where nothing is said of files. */
export const UNSAID_ARCHIVES = {
  entries: 2_000,
  depth: 4,
  bytes: 256 * 1024 * 1024,
  held: HELD_BYTES,
  ratio: 100,
  encrypted: 'pass',
  unopened: 'pass',
} as const satisfies FileRules['archives'];

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
    archives: UNSAID_ARCHIVES,
    scanner: null,
    path: '',
  },
};

const READ_FORMATS =
  /^(?:text\/|application\/(?:json|x-www-form-urlencoded|xml|grpc(?:\+[^;]*)?)(?:[ ;]|$)|[^/]+\/[^+]*\+(?:json|xml)$)/i;

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
      const { headers } = exchange.request;
      const body = exchange.body('parsed');
      const files = filesOf(body, headers);
      if (files.length === 0) return PASS;
      if (!judged.checks) {
        return files.some(({ bytes }) => archiveFormat(bytes) !== null)
          ? contentVerdict(exchange, { files, judged }, tools)
          : PASS;
      }
      const named = namedFiles(body, headers, files);
      if (named === null) return wrongName('ambiguous', 1);
      const verdict = plainVerdict(named, judged);
      return verdict === PASS ? contentVerdict(exchange, { files: named, judged }, tools) : verdict;
    },
    release(exchange) {
      const left = exchange.slot(LEFT);
      left.value = true;
      left.end?.abort();
    },
  };
}

/** All that is told without a look at the bytes. */
function plainVerdict(files: readonly NumberedFile[], { rules, names }: Judged): Verdict {
  const { sizeBytes, count, totalBytes } = rules;
  if (count !== null && files.length > count) return tooLarge('count');
  let total = 0;
  for (const { bytes, number } of files) {
    total += bytes.length;
    if (sizeBytes !== null && bytes.length > sizeBytes) return tooLarge('size', number);
  }
  if (totalBytes !== null && total > totalBytes) return tooLarge('total');
  for (const { name, number } of files) {
    const fault = name === null ? null : fileNameFault(name, names);
    if (fault !== null) return wrongName(fault, number);
  }
  return PASS;
}

/** An archive that is to be opened, or a document whose list is. */
interface NumberedArchive extends SentArchive {
  readonly number: number;
}

interface Work {
  readonly files: readonly NumberedFile[];
  readonly judged: Judged;
}

/** All that is told by the bytes; other requests have their turns meanwhile, however many files this one has. */
async function contentVerdict(exchange: Exchange, { files, judged }: Work, tools: Tools): Promise<Verdict> {
  const { rules, checks } = judged;
  const turns = new Turns();
  const archives: NumberedArchive[] = [];
  for (const file of files) {
    const { bytes, number } = file;
    const told = checks ? judgeFileType(file, rules) : { types: NO_TYPES };
    if ('fault' in told) return wrongType(told.fault, number);
    const format = archiveFormat(bytes);
    if (format !== null) {
      const archive = {
        bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        format,
        types: told.types,
        number,
      };
      const fault = checks ? formatFault(archive, rules) : null;
      if (fault !== null) return wrongArchive(fault, number);
      archives.push(archive);
    }
    const turn = turns.spend(bytes.length);
    if (turn !== null) await turn;
  }
  if (archives.length === 0 && rules.scanner === null) return PASS;
  return await deepVerdict(exchange, { files, archives, judged, turns }, tools);
}

const NO_TYPES: readonly string[] = [];

/** Whether an archive of this format is taken at all. */
function formatFault({ format, types }: SentArchive, rules: FileRules): 'refused' | 'unopened' | null {
  const isDocument = types.some((type) => DOCUMENTS.test(type));
  if (rules.archives === 'refuse' && !isDocument) return 'refused';
  // What cannot be opened is let through by its own name alone.
  const isListed = rules.types === null || types.some((type) => rules.types?.includes(type));
  return format === 'other' && !isListed ? 'unopened' : null;
}

/** Documents that are archives inside: whoever refuses archives still takes them where their types say so. */
const DOCUMENTS =
  /^application\/(?:vnd\.openxmlformats-officedocument\.|vnd\.oasis\.opendocument\.|vnd\.ms-(?:word|excel|powerpoint)|epub\+zip$)/;

/** What is still limited where archives are refused: documents that are archives inside. */
const DOCUMENT_LIMITS: Omit<ArchiveLimits, 'macros'> = {
  entries: 1_000,
  depth: 2,
  bytes: 100 * 1024 * 1024,
  held: HELD_BYTES,
  ratio: 100,
  encrypted: 'refuse',
  unopened: 'refuse',
};

interface DeepWork extends Work {
  readonly archives: readonly NumberedArchive[];
  readonly turns: Turns;
}

/** Opens archives, one after the other, and has the files scanned if nothing is wrong with these. */
async function deepVerdict(exchange: Exchange, work: DeepWork, tools: Tools): Promise<Verdict> {
  const { rules } = work.judged;
  const left = exchange.slot(LEFT);
  const untilMs = tools.clock.monotonic() + OPENING_LIMIT_MS;
  const requester: Requester = {
    address: exchange.request.peer.address,
    turns: work.turns,
    wanted: () => !left.value && tools.clock.monotonic() < untilMs,
  };
  const limits: ArchiveLimits = {
    ...(typeof rules.archives === 'string' ? DOCUMENT_LIMITS : rules.archives),
    macros: rules.macros,
  };
  for (const archive of work.archives) {
    if (!requester.wanted()) return wrongArchive('busy', archive.number);
    // Where archives pass, documents are still what they say they are.
    const fault =
      rules.archives === 'pass'
        ? await documentFault(archive, limits, work.turns)
        : await tools.unpacking.open(archive, limits, requester);
    if (fault !== null) return wrongArchive(fault, archive.number);
  }
  const { scanner } = rules;
  if (scanner === null) return PASS;
  const end = new AbortController();
  left.end = end;
  if (left.value) end.abort();
  return await tools.scans.verdict(work.files, scanner, { untilMs, signal: end.signal });
}
