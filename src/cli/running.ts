import { posix } from 'node:path';
import { err, type Issue, ok, type Result } from '../base/index.ts';
import { CONFIG_LIMIT_BYTES, resolvePath } from '../config/index.ts';
import type { AdminClient, AdminStatus } from '../control/client.ts';
import { EXIT, type Given } from './command.ts';
import { configurationPath, readConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { complainOfIssues, issueCount } from './issues.ts';
import { plain, shortPath } from './terminal.ts';

const STANDARD_DATA_FOLDER = './.portcullis';

/** A running gateway. */
export interface RunningGateway {
  readonly client: AdminClient;
  /** Its data folder. */
  readonly folder: string;
  /** Whether it was found by a configuration that can't be used. */
  readonly byBrokenConfiguration: boolean;
}

/**
 * Finds the running gateway of a data folder, or of a configuration file: its data folder says where the gateway is and
 * holds the key. Where there is none, says so and gives the exit code.
 */
export async function findRunning(given: Given, context: CommandContext): Promise<Result<RunningGateway, number>> {
  const sought = await soughtBy(given, context);
  if (!sought.ok) {
    context.complain(`portcullis: ${sought.error}.\n`);
    return err(EXIT.unusable);
  }
  const { folder, source, broken } = sought.value;
  const there = folder === null ? null : await context.ports.files.facts(folder);
  const missing = folder === null || (there?.ok === false && there.error.reason === 'missing');
  if (broken.length > 0 && missing) {
    complainOfIssues(broken, given.flags.has('json'), context);
    return err(EXIT.unusable);
  }
  const name = shortPath(folder ?? '', context.workingFolder);
  if (missing) {
    context.complain(
      `portcullis: there is no data folder ${name}, so no gateway has run with ${source} yet.\n` +
        '`portcullis start` runs one; --config names another configuration, --data another data folder.\n',
    );
    return err(EXIT.findings);
  }
  if (broken.length > 0) {
    context.complain(
      `portcullis: ${source} can't be used (${issueCount(broken)}); looking in the data folder ${name}.\n`,
    );
  }
  const client = await context.services.admin(folder);
  if (client.ok) return ok({ client: client.value, folder, byBrokenConfiguration: broken.length > 0 });
  complainOfSilence(client.error, context);
  return err(EXIT.findings);
}

/** A running gateway, and what it says of itself. */
export interface AnsweringGateway extends RunningGateway {
  readonly status: AdminStatus;
}

/** Finds the running gateway as `findRunning` does, and asks it how it is. Where it does not answer, says so too. */
export async function findAnswering(given: Given, context: CommandContext): Promise<Result<AnsweringGateway, number>> {
  const running = await findRunning(given, context);
  if (!running.ok) return running;
  const status = await running.value.client.status();
  if (status.ok) return ok({ ...running.value, status: status.value });
  complainOfSilence(status.error, context);
  return err(EXIT.findings);
}

/** Where a gateway is looked for. */
export interface Sought {
  /** Null where nothing tells of one; then the configuration is broken. */
  readonly folder: string | null;
  /** What led there, in words. */
  readonly source: string;
  /** What is wrong with the configuration that led there. */
  readonly broken: readonly Issue[];
}

/** Finds the data folder that a command line names, by itself or by its configuration. The error is in words. */
export async function soughtBy(given: Given, context: CommandContext): Promise<Result<Sought, string>> {
  const { workingFolder, ports } = context;
  const data = given.values.get('data');
  if (data !== undefined) {
    if (given.values.has('config')) return err('--data and --config can not both be given');
    const folder = resolvePath(data, workingFolder);
    return folder.ok
      ? ok({ folder: folder.value, source: 'it', broken: [] })
      : err(`--data holds a path that ${folder.error}`);
  }
  const file = configurationPath(given, context);
  if (!file.ok) return file;
  const source = shortPath(file.value, workingFolder);
  const parsed = await readConfiguration(file.value, context);
  if (parsed.ok) return ok({ folder: parsed.value.config.dataFolder, source, broken: [] });
  const read = await ports.files.read(file.value, CONFIG_LIMIT_BYTES);
  // A folder guessed without any text would be that of some other gateway.
  if (!read.ok) return ok({ folder: null, source, broken: parsed.error.map(orByData) });
  const folder = dataFolderOf(new TextDecoder().decode(read.value), posix.dirname(file.value));
  return ok({ folder, source, broken: parsed.error });
}

function orByData(issue: Issue): Issue {
  const fix = 'name the data folder of the gateway by --data DIR';
  return { ...issue, fix: issue.fix === null ? fix : `${issue.fix}, or ${fix}` };
}

/**
 * The data folder that a broken configuration names, as far as a line can tell: the text may be no YAML at all, so this
 * knows only a key at the beginning of a line and a plain or quoted word behind it. Else the standard folder.
 */
function dataFolderOf(text: string, base: string): string {
  const lines = [
    ...text.matchAll(/^data:[ \t]+(?:'([^']+)'|"([^"\\]+)"|([^\s'"{}[\]|>&*!%@`#,]\S*))[ \t]*(?:#.*)?\r?$/gm),
  ];
  const [first] = lines;
  const named = lines.length === 1 ? (first?.[1] ?? first?.[2] ?? first?.[3]) : undefined;
  const resolved = resolvePath(named ?? STANDARD_DATA_FOLDER, base);
  return resolved.ok ? resolved.value : posix.join(base, STANDARD_DATA_FOLDER);
}

/** Says why a gateway could not be asked. */
export function complainOfSilence(reason: string, context: CommandContext): void {
  context.complain(`portcullis: the gateway can't be asked: ${plain(reason)}.\n`);
}

/** What the arguments ask of the running gateway, and that gateway. */
interface AskedOfRunning<T> extends RunningGateway {
  readonly wish: T;
}

/**
 * The same for a command whose arguments are read first: where they are none it says why and what tells more, and gives the
 * exit code.
 */
export async function findRunningFor<T>(
  verb: string,
  wish: Result<T, string>,
  given: Given,
  context: CommandContext,
): Promise<Result<AskedOfRunning<T>, number>> {
  if (!wish.ok) {
    context.complain(`portcullis: ${wish.error}.\n\`portcullis ${verb} --help\` says what there is.\n`);
    return err(EXIT.unusable);
  }
  const running = await findRunning(given, context);
  return running.ok ? ok({ ...running.value, wish: wish.value }) : running;
}
