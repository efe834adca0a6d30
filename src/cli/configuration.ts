import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import {
  CONFIG_LIMIT_BYTES,
  gather,
  type Gathered,
  type GatherOptions,
  parseConfig,
  type ParsedConfig,
  resolvePath,
} from '../config/index.ts';
import { compile, kindTable, type KindTable, type Snapshot, verify } from '../gateway/index.ts';
import type { TableVersion } from '../ports/index.ts';
import type { Given } from './command.ts';
import type { CommandContext } from './context.ts';

const STANDARD_FILE = './portcullis.yaml';

/** The absolute path of the configuration file that a command line names, or of the standard one. */
export function configurationPath(given: Given, context: CommandContext): Result<string, string> {
  const resolved = resolvePath(given.values.get('config') ?? STANDARD_FILE, context.workingFolder);
  return resolved.ok ? resolved : err(`--config holds a path that ${resolved.error}`);
}

/** A configuration that has been read and built as the gateway would build it. */
export interface BuiltConfiguration {
  readonly parsed: ParsedConfig;
  readonly snapshot: Snapshot;
  readonly warnings: readonly Issue[];
}

/** What else is to be told of what is read. */
export type BuildOptions = Pick<GatherOptions, 'tellInputs'>;

/** Reads a configuration file; the error is all that is wrong with it. */
export async function readConfiguration(
  file: string,
  context: CommandContext,
): Promise<Result<ParsedConfig, readonly Issue[]>> {
  const read = await context.ports.files.read(file, CONFIG_LIMIT_BYTES);
  if (read.ok) return parseConfig(read.value, { file, kinds: [...kindsOf(context).values()] });
  const place = { file, line: 1, column: 1 };
  switch (read.error.reason) {
    case 'missing':
      return err([
        errorIssue('', `there is no configuration file ${file}`, { fix: 'name another one by --config FILE' }),
      ]);
    case 'too-large':
      return err([errorIssue('', `is larger than ${CONFIG_LIMIT_BYTES / 1024} KiB`, { place })]);
    case 'forbidden':
    case 'not-a-file':
    case 'full':
    case 'exists':
    case 'other':
      return err([errorIssue('', `${file} can't be read: ${read.error.detail}`)]);
  }
}

/** Reads all that a configuration names; the error is all that can't be had. */
export async function gatherConfiguration(
  parsed: ParsedConfig,
  context: CommandContext,
  options: BuildOptions = {},
): Promise<Result<Gathered, readonly Issue[]>> {
  const { files, secrets, egress, clock } = context.ports;
  const machine = { now: () => clock.now(), nodeVersion: context.runtime.node };
  return await gather(parsed, { ...options, files, secrets, egress, machine, revision: 0 });
}

/** Gathers, compiles and verifies what was read: all problems of these stages, or what the gateway would run. */
export async function buildConfiguration(
  parsed: ParsedConfig,
  context: CommandContext,
  options: BuildOptions = {},
): Promise<Result<BuiltConfiguration, readonly Issue[]>> {
  const gathered = await gatherConfiguration(parsed, context, options);
  if (!gathered.ok) return gathered;
  const { warnings } = gathered.value;
  const snapshot = compile(gathered.value, { kinds: kindsOf(context), tables: { read: emptyTable } });
  if (!snapshot.ok) return err([...snapshot.error, ...warnings]);
  const broken = verify(snapshot.value);
  return broken.length > 0 ? err([...broken, ...warnings]) : ok({ parsed, snapshot: snapshot.value, warnings });
}

/** Reads and builds a configuration file in one go. */
export async function loadConfiguration(
  file: string,
  context: CommandContext,
  options: BuildOptions = {},
): Promise<Result<BuiltConfiguration, readonly Issue[]>> {
  const parsed = await readConfiguration(file, context);
  return parsed.ok ? await buildConfiguration(parsed.value, context, options) : parsed;
}

function kindsOf(context: CommandContext): KindTable {
  return context.kinds ?? kindTable([]);
}

/** Live tables are filled in a running gateway only; building a Snapshot reads none of their rows. */
function emptyTable<Row>(name: string): TableVersion<Row> {
  const declaration = { name, rowLimit: 0, staleAfterMs: 0, whenStale: 'deny' } as const;
  return { declaration, version: 0, filledAtMs: null, rows: new Map() };
}
