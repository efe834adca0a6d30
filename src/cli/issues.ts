import type { Issue } from '../base/index.ts';
import type { CommandContext } from './context.ts';
import { count, jsonText, palette, plain, shortPath } from './terminal.ts';

/** Every issue for people, grouped by file; each begins with `file:line:column`, which editors and terminals open. */
export function issueReport(issues: readonly Issue[], context: CommandContext): string {
  const groups = Map.groupBy(issues, ({ place }) => place?.file ?? '');
  return [...groups.values()].map((group) => group.map((issue) => issueText(issue, context)).join('')).join('\n');
}

function issueText({ severity, path, place, message, fix }: Issue, { color, workingFolder }: CommandContext): string {
  const paint = palette(color);
  const label = severity === 'error' ? paint.bad('error') : paint.warning('warning');
  const where = place === null ? '' : `${shortPath(place.file, workingFolder)}:${place.line}:${place.column} `;
  const key = path === '' ? '' : paint.strong(plain(path));
  const lines = [`${where}${label} ${key}`.trimEnd(), `    ${plain(message)}`];
  if (fix !== null) lines.push(`    ${paint.faint(plain(fix))}`);
  return `${lines.join('\n')}\n`;
}

/** `2 errors, 1 warning`. */
export function issueCount(issues: readonly Issue[]): string {
  const errors = issues.filter(({ severity }) => severity === 'error').length;
  const warnings = issues.length - errors;
  const parts = [errors > 0 ? count(errors, 'error') : '', warnings > 0 ? count(warnings, 'warning') : ''];
  return parts.filter((part) => part !== '').join(', ') || 'no issues';
}

/** Tells what stands in the way of a command where no configuration is at fault. */
export function complainOfFaults(faults: readonly Issue[], json: boolean, context: CommandContext): void {
  if (json) context.write(jsonText({ issues: faults }));
  else context.complain(issueReport(faults, context));
}

/** Says that a configuration can't be used, with all that is wrong; for commands whose report is something else. */
export function complainOfIssues(issues: readonly Issue[], json: boolean, context: CommandContext): void {
  if (json) context.write(jsonText({ issues }));
  else context.complain(`${issueReport(issues, context)}\nThe configuration can't be used: ${issueCount(issues)}.\n`);
}
