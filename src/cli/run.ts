import { nearestName } from '../base/index.ts';
import { applyCommand } from './apply.ts';
import { parseArguments } from './arguments.ts';
import { auditCommand } from './audit.ts';
import { checkCommand } from './check.ts';
import { type Command, EXIT } from './command.ts';
import type { CommandContext } from './context.ts';
import { demoCommand } from './demo.ts';
import { diffCommand } from './diff.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { commandHelp, overview } from './help.ts';
import { initCommand } from './init.ts';
import { protectCommand } from './protect.ts';
import { reloadCommand } from './reload.ts';
import { rollbackCommand } from './rollback.ts';
import { startCommand } from './start.ts';
import { statusCommand } from './status.ts';
import { plain } from './terminal.ts';

/** The verbs there are, in the order of the help. */
const COMMANDS: readonly Command[] = [
  demoCommand,
  protectCommand,
  initCommand,
  startCommand,
  checkCommand,
  explainCommand,
  statusCommand,
  reloadCommand,
  diffCommand,
  applyCommand,
  rollbackCommand,
  doctorCommand,
  auditCommand,
];

/** Runs one command line (without the program's own name); gives the exit code: 0 fine, 1 findings or refused, 2 unusable. */
export async function runCli(argv: readonly string[], context: CommandContext): Promise<number> {
  const [verb, ...rest] = argv;
  if (verb === undefined || verb === '--help' || verb === '-h' || verb === 'help') return help(rest, context);
  if (verb === '--version' || verb === '-V') {
    context.write(`${context.version}\n`);
    return EXIT.fine;
  }
  const command = COMMANDS.find((known) => known.verb === verb);
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

function help([verb]: readonly string[], context: CommandContext): number {
  const command = COMMANDS.find((known) => known.verb === verb);
  if (command === undefined && verb !== undefined) return unknownVerb(verb, context);
  context.write(command === undefined ? overview(COMMANDS, context.version) : commandHelp(command));
  return EXIT.fine;
}

function unknownVerb(written: string, context: CommandContext): number {
  const verbs = COMMANDS.map(({ verb }) => verb);
  const what = written.startsWith('-') ? 'option' : 'verb';
  const meant = nearestName(written, [...verbs, '--help', '--version']);
  const hint = meant === null ? `There are ${verbs.join(', ')}.` : `Did you mean ${meant}?`;
  context.complain(`portcullis: there is no ${what} ${JSON.stringify(plain(written.slice(0, 100)))}. ${hint}\n`);
  return EXIT.unusable;
}
