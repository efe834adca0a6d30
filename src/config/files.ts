import { z } from 'zod';
import { didYouMean, err, errorIssue, type Issue, ok, type Place, type Result } from '../base/index.ts';
import { compilePattern } from '../openapi/index.ts';
import type { FileRules, FilesConfig, FileScanner } from '../policy/index.ts';
import type { ApiConfig, OperationConfig } from './config.ts';
import type { FilesRules } from './file-rules.ts';
import { placeAt } from './place-at.ts';
import { parsed, size, uniqueList } from './scalars.ts';
import { words } from './words.ts';

const BYTES = { from: '1B', to: '1GiB' };
const LIST_LIMIT = 200;

const mediaRange = parsed(readMediaRange).meta({ title: 'media type', description: 'Such as image/png, or image/*.' });
const extension = parsed(readExtension).meta({ title: 'extension', description: 'Such as png.' });
const whole = (least: number, most: number, description: string) => {
  const error = `expected a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error }).meta({ description });
};
const refuseOrPass = (description: string) =>
  z.enum(['refuse', 'pass'], { error: 'must be refuse or pass' }).prefault('refuse').meta({ description });

const names = z.strictObject({
  pattern: parsed(readPattern)
    .optional()
    .meta({ title: 'regular expression', description: 'What names must match, such as ^[a-z0-9-]+\\.[a-z]+$.' }),
  extensions: uniqueList(extension, { least: 1, most: LIST_LIMIT, what: 'extension' })
    .optional()
    .meta({ description: 'What names end on. Without it anything that is not known to run somewhere.' }),
  length: whole(1, 255, 'The longest name, in bytes of UTF-8.').prefault(255),
});

const archives = z.strictObject({
  entries: whole(1, 10_000, 'Files in an archive, over all archives in it.').prefault(1_000),
  depth: whole(1, 10, 'How deep archives may lie in each other; 1 is an archive with no other in it.').prefault(3),
  bytes: size({ from: '1KiB', to: '1GiB' }, 'What comes out of an archive, over all archives in it.').prefault(
    '100MiB',
  ),
  held: size(
    { from: '1KiB', to: '1GiB' },
    'What archives in an archive may be together, of those that are held in memory at a time: a tar in a gzip file too.',
  ).prefault('64MiB'),
  ratio: whole(2, 1_032, 'How many times the size of the archive that may be. It counts from 1 MiB on.').prefault(100),
  encrypted: refuseOrPass('What becomes of archives with a password, which nobody can look into.'),
  unopened: refuseOrPass('What becomes of archives that the gateway can not open, such as 7z and RAR.'),
});

const details = z.strictObject({
  size: size(BYTES, 'The largest file.').optional(),
  count: whole(1, 1_000, 'How many files a request may bring.').optional(),
  total: size(BYTES, 'All files of a request together.').optional(),
  types: uniqueList(mediaRange, { least: 1, most: LIST_LIMIT, what: 'media type' }).optional().meta({
    description:
      'What files may be, by their bytes and by what they are called. Without it all but programs, pages and scripts.',
  }),
  names: names.prefault({}).meta({ description: 'What files may be called.' }),
  macros: refuseOrPass('What becomes of office documents that run programs when they are opened.'),
  archives: z
    .union([z.enum(['refuse', 'pass']), archives], {
      error: words('expected refuse, pass, or what archives may hold', 'such as { entries: 100, bytes: 50MiB }'),
    })
    .prefault({})
    .meta({
      description:
        '`refuse` takes no archive but documents that are one inside; `pass` lets them through unopened; else what they may hold.',
    }),
  scan: z.string().optional().meta({ title: 'scanner', description: 'The scanner that looks at them.' }),
});

/** The key `files` of an API and of an operation. */
export const fileKeys = {
  files: details.optional().meta({
    description:
      'What files that clients send are held to, as bodies and as parts of forms. That of an operation takes the place of the API’s.',
  }),
};

/** Null where nothing is said. `path` is the key path of the key. */
export function toFiles(raw: z.output<(typeof fileKeys)['files']>, path: string): FilesRules | null {
  if (raw === undefined) return null;
  return {
    sizeBytes: raw.size ?? null,
    count: raw.count ?? null,
    totalBytes: raw.total ?? null,
    types: raw.types ?? null,
    names: {
      pattern: raw.names.pattern ?? null,
      extensions: raw.names.extensions ?? null,
      lengthBytes: raw.names.length,
    },
    macros: raw.macros,
    archives: raw.archives,
    scan: raw.scan ?? null,
    path,
  };
}

type Operations = readonly (readonly [name: string, operation: OperationConfig])[];

/** What the kind `files` is told of an API; null where there are no files: nothing is said and nothing described. */
export function filesConfig(
  api: ApiConfig,
  operations: Operations,
  scanners: readonly FileScanner[],
): FilesConfig | null {
  const own = operations.flatMap(([name, { files }]) => (files === null ? [] : [[name, files] as const]));
  if (api.files === null && own.length === 0 && api.source.kind !== 'openapi') return null;
  const withScanner = ({ scan, ...rules }: FilesRules): FileRules => ({
    ...rules,
    // One that nobody has is an issue already.
    scanner: scanners.find(({ name }) => name === scan) ?? null,
  });
  return {
    api: api.files === null ? null : withScanner(api.files),
    operations: Object.fromEntries(own.map(([name, rules]) => [name, withScanner(rules)])),
  };
}

/** What is wrong with `files` beside other keys. */
export function fileIssues(
  api: ApiConfig,
  scanners: readonly FileScanner[],
  places: Readonly<Record<string, Place>>,
): Issue[] {
  const known = scanners.map(({ name }) => name);
  return [api, ...Object.values(api.operations)].flatMap((owner) => {
    const { files } = owner;
    if (files === null) return [];
    const issues: Issue[] = [];
    const complain = (path: string, message: string, fix: string): void =>
      void issues.push(errorIssue(path, message, { place: placeAt(places, path), fix }));
    if (api.source.kind === 'descriptors')
      complain(files.path, 'gRPC sends messages and no files', 'take this key away');
    if (files.scan !== null && !known.includes(files.scan)) {
      complain(
        `${files.path}.scan`,
        'no scanner has this name',
        didYouMean(files.scan, known) ?? 'name it below `scanners`',
      );
    }
    const bodyBytes = ('source' in owner ? null : owner.bodyLimitBytes) ?? api.bodyLimitBytes;
    for (const [key, bytes] of [
      ['size', files.sizeBytes],
      ['total', files.totalBytes],
    ] as const) {
      if (bytes === null || bytes <= bodyBytes) continue;
      complain(`${files.path}.${key}`, 'is more than a body may have', 'raise `body`, or lower this');
    }
    return issues;
  });
}

function readMediaRange(text: string): Result<string, string> {
  const lower = text.toLowerCase();
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/(?:\*|[a-z0-9][a-z0-9!#$&^_.+-]{0,126})$/.test(lower)
    ? ok(lower)
    : err(words('this is no media type', 'such as image/png, application/pdf or image/*'));
}

function readExtension(text: string): Result<string, string> {
  const lower = text.toLowerCase();
  if (lower.startsWith('.')) return err(words('an extension is written without its dot', `write ${lower.slice(1)}`));
  return /^[a-z0-9_+-]{1,32}$/.test(lower) ? ok(lower) : err(words('this is no extension', 'such as png'));
}

function readPattern(text: string): Result<string, string> {
  const compiled = compilePattern(text);
  return compiled.ok
    ? ok(text)
    : err(words(`this pattern cannot be used: ${compiled.error.message}`, compiled.error.fix));
}
