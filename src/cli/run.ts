import { nearestName } from '../base/index.ts';
import { parseArguments } from './arguments.ts';
import { type Command, EXIT } from './command.ts';
import type { CommandContext } from './context.ts';
import { commandHelp, overview } from './help.ts';
import { plain } from './terminal.ts';

/** The verbs there are, in the order of the help. Only the code of the one that is asked for is loaded. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['demo', async () => (await import('./demo.ts')).demoCommand],
  ['protect', async () => (await import('./protect.ts')).protectCommand],
  ['init', async () => (await import('./init.ts')).initCommand],
  ['start', async () => (await import('./start.ts')).startCommand],
  ['check', async () => (await import('./check.ts')).checkCommand],
  ['explain', async () => (await import('./explain.ts')).explainCommand],
  ['status', async () => (await import('./status.ts')).statusCommand],
  ['reload', async () => (await import('./reload.ts')).reloadCommand],
  ['diff', async () => (await import('./diff.ts')).diffCommand],
  ['apply', async () => (await import('./apply.ts')).applyCommand],
  ['rollback', async () => (await import('./rollback.ts')).rollbackCommand],
  ['sessions', async () => (await import('./sessions.ts')).sessionsCommand],
  ['access', async () => (await import('./access.ts')).accessCommand],
  ['doctor', async () => (await import('./doctor.ts')).doctorCommand],
  ['errors', async () => (await import('./errors.ts')).errorsCommand],
  ['reports', async () => (await import('./reports.ts')).reportsCommand],
  ['revoke', async () => (await import('./revoke.ts')).revokeCommand],
  ['revocations', async () => (await import('./revocations.ts')).revocationsCommand],
  ['keys', async () => (await import('./keys.ts')).keysCommand],
  ['audit', async () => (await import('./audit.ts')).auditCommand],
]);

/** Runs one command line (without the program's own name); gives the exit code: 0 fine, 1 findings or refused, 2 unusable. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') return await help(rest, context);
  if (verb === '--version' || verb === '-V') {
    context.write(`${context.version}\n`);
    return EXIT.fine;
  }
  const command = await COMMANDS.get(verb)?.();
  if (command === undefined) return unknownVerb(verb, context);
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (own.includes('--help') || own.includes('-h')) {
    context.write(commandHelp(command));
    return EXIT.fine;
  }
  const given = parseArguments(command, rest);
  if (given.ok) return await command.run(given.value, context);
  context.complain(`portcullis: ${given.error}.\n\`portcullis ${command.verb} --help\` says what there is.\n`);
  return EXIT.unusable;
}

async function help([verb]: readonly string[], context: CommandContext): Promise<number> {
  if (verb === undefined) {
    const commands = await Promise.all([...COMMANDS.values()].map((load) => load()));
    context.write(overview(commands, context.version));
    return EXIT.fine;
  }
  const command = await COMMANDS.get(verb)?.();
  if (command === undefined) return unknownVerb(verb, context);
  context.write(commandHelp(command));
  return EXIT.fine;
}

function unknownVerb(written: string, context: CommandContext): number {
  const verbs = [...COMMANDS.keys()];
  const what = written.startsWith('-') ? 'option' : 'verb';
  const meant = nearestName(written, [...verbs, '--help', '--version']);
  const hint = meant === null ? `There are ${verbs.join(', ')}.` : `Did you mean ${meant}?`;
  context.complain(`portcullis: there is no ${what} ${JSON.stringify(plain(written.slice(0, 100)))}. ${hint}\n`);
  return EXIT.unusable;
}
