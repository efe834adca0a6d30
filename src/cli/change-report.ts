import type { Issue } from '../base/index.ts';
import type { ChangeReply } from '../control/client.ts';
import { EXIT } from './command.ts';
import type { CommandContext } from './context.ts';
import { issueCount, issueReport } from './issues.ts';
import { complainOfSilence } from './running.ts';
import { jsonText } from './terminal.ts';

/** How the answer to a change is told. */
export interface ChangeTelling {
  readonly json: boolean;
  /** The words for a revision that is in force now. */
  readonly done: (revision: number) => string;
  /** The exit code of a refusal. */
  readonly refused: number;
}

/** Tells what came of a change; gives the exit code. */
export function tellChange(
  reply: ChangeReply,
  { json, done, refused }: ChangeTelling,
  context: CommandContext,
): number {
  if (reply.ok) {
    const { revision } = reply.value;
    context.write(json ? jsonText({ revision }) : done(revision));
    return EXIT.fine;
  }
  if (typeof reply.error === 'string') {
    complainOfSilence(reply.error, context);
    return EXIT.findings;
  }
  tellRefusal(reply.error, json, context);
  return refused;
}

/** Tells all that is wrong with a configuration that was refused. */
export function tellRefusal(issues: readonly Issue[], json: boolean, context: CommandContext): void {
  if (json) context.write(jsonText({ issues }));
  else {
    const report = issueReport(issues, context);
    context.complain(`${report}\nThe new configuration was refused: ${issueCount(issues)}. The old one stays.\n`);
  }
}

/** Issues of a text that was read from another file than the gateway's: they name the one that the author has before them. */
export function issuesIn(issues: readonly Issue[], configuration: string, file: string): readonly Issue[] {
  return issues.map((issue) =>
    issue.place?.file === configuration ? { ...issue, place: { ...issue.place, file } } : issue,
  );
}
