import { err, nearestName, ok, type Result } from '../base/index.ts';
import type { Command, Given } from './command.ts';
import { plain } from './terminal.ts';

/**
 * Holds a command's arguments against what it takes: `--name VALUE`, `--name=VALUE`, `--name`, and operands, in any
 * order; behind `--` all are operands. Nothing is guessed or ignored: the error says in words what is wrong.
 */
export function parseArguments(command: Command, argv: readonly string[]): Result<Given, string> {
  const operands: string[] = [];
  const flags = new Set<string>();
  const values = new Map<string, string>();
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] as string;
    if (word === '--') {
      operands.push(...argv.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      operands.push(word);
      continue;
    }
    const equals = word.indexOf('=');
    const name = optionName(equals < 0 ? word : word.slice(0, equals));
    const spec = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
    if (spec === undefined) return err(unknownOption(command, equals < 0 ? word : word.slice(0, equals)));
    if (spec.repeats !== true && (flags.has(name) || values.has(name))) return err(`--${name} is given twice`);
    if (spec.value === null) {
      if (equals >= 0) return err(`--${name} takes no value`);
      flags.add(name);
      continue;
    }
    const value = equals < 0 ? argv[++at] : word.slice(equals + 1);
    if (value === undefined || value === '' || (equals < 0 && value.startsWith('--'))) {
      return err(`--${name} needs a value: --${name} ${spec.value}`);
    }
    const before = values.get(name);
    values.set(name, before === undefined ? value : `${before}\n${value}`);
  }
  return operandIssue(command, operands) ?? ok({ operands, flags, values });
}

function optionName(word: string): string {
  return word.startsWith('--') ? word.slice(2) : word;
}

function unknownOption(command: Command, word: string): string {
  const known = Object.keys(command.options).map((name) => `--${name}`);
  const meant = nearestName(word, known);
  const hint = meant === null ? `it takes ${[...known, '--help'].join(', ')}` : `perhaps ${meant} is meant`;
  return `\`${command.verb}\` has no option ${plain(word)}; ${hint}`;
}

function operandIssue(command: Command, operands: readonly string[]): Result<never, string> | null {
  const missing = command.operands[operands.length];
  if (missing !== undefined)
    return err(`\`${command.verb}\` needs ${command.operands.join(' ')}; ${missing} is missing`);
  const surplus = command.moreOperands === undefined ? operands[command.operands.length] : undefined;
  return surplus === undefined ? null : err(`\`${command.verb}\` takes no argument ${JSON.stringify(plain(surplus))}`);
}
