import { err, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { AdminClient } from '../control/client.ts';
import { EXIT, type Given } from './command.ts';
import { configurationPath, readConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { complainOfIssues } from './issues.ts';
import { plain, shortPath } from './terminal.ts';

/** A running gateway, and the configuration by which it was found. */
export interface RunningGateway {
  readonly client: AdminClient;
  readonly config: Config;
}

/**
 * Finds the running gateway of a configuration file: its data folder says where the gateway is and holds the key.
 * Where there is none, says so and gives the exit code.
 */
export async function findRunning(given: Given, context: CommandContext): Promise<Result<RunningGateway, number>> {
  const file = configurationPath(given, context);
  if (!file.ok) {
    context.complain(`portcullis: ${file.error}.\n`);
    return err(EXIT.unusable);
  }
  const parsed = await readConfiguration(file.value, context);
  if (!parsed.ok) {
    complainOfIssues(parsed.error, given.flags.has('json'), context);
    return err(EXIT.unusable);
  }
  const { config } = parsed.value;
  const folder = await context.ports.files.facts(config.dataFolder);
  if (!folder.ok && folder.error.reason === 'missing') {
    const name = shortPath(config.dataFolder, context.workingFolder);
    context.complain(
      `portcullis: there is no data folder ${name}, so no gateway has run with ${shortPath(file.value, context.workingFolder)} yet.\n` +
        '`portcullis start` runs it; --config names another configuration.\n',
    );
    return err(EXIT.findings);
  }
  const client = await context.services.admin(config.dataFolder, config);
  if (client.ok) return ok({ client: client.value, config });
  complainOfSilence(client.error, context);
  return err(EXIT.findings);
}

/** Says why a gateway could not be asked. */
export function complainOfSilence(reason: string, context: CommandContext): void {
  context.complain(`portcullis: the gateway can't be asked: ${plain(reason)}.\n`);
}
