import type { CommandContext } from './context.ts';

/** An option of a command: `value` is what stands for its value in the help, null where it takes none. */
export interface OptionSpec {
  readonly value: string | null;
  /** It may be given several times; its values stand on lines of their own. */
  readonly repeats?: true;
  readonly says: string;
}

/** What a command line gave to a command, already held against its specification. */
export interface Given {
  readonly operands: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** One verb. Option names are without their dashes. */
export interface Command {
  readonly verb: string;
  readonly summary: string;
  /** The names of its operands; all are needed. */
  readonly operands: readonly string[];
  /** The name of what may follow them, any number of times; nothing may where it is left out. */
  readonly moreOperands?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  /** What the help says below the options, line by line. */
  readonly details: readonly string[];
  /** Does it; gives the exit code. */
  run(given: Given, context: CommandContext): Promise<number>;
}

/** What the exit code of every command means. */
export const EXIT = { fine: 0, findings: 1, unusable: 2 } as const;

/** The option that names the configuration file. */
export const CONFIG_OPTION: OptionSpec = { value: 'FILE', says: 'the configuration; ./portcullis.yaml if left out' };

/** The option that names the data folder of a running gateway. */
export const DATA_OPTION: OptionSpec = {
  value: 'DIR',
  says: 'the data folder of the gateway; the configuration is not read then',
};

/** The option that asks for JSON. */
export const JSON_OPTION: OptionSpec = { value: null, says: 'answer in JSON' };
