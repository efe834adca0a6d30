import type { Place } from '../base/index.ts';
import { runTests, type TestOutcome } from '../gateway/index.ts';
import type { BuiltConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { count, palette, plain, shortPath } from './terminal.ts';

/** Runs the configuration's own tests, as they are run before it is put in force. */
export async function runOwnTests(
  { parsed, snapshot }: BuiltConfiguration,
  context: CommandContext,
): Promise<readonly TestOutcome[]> {
  const { config, places } = parsed;
  const place = (path: string): Place | null => (Object.hasOwn(places, path) ? places[path] : undefined) ?? null;
  return await runTests({ snapshot, config, place }, context.ports.clock);
}

/** The tests for people: a line for each that failed, with what came out instead, and how many passed. */
export function testReport(outcomes: readonly TestOutcome[], context: CommandContext): string {
  const paint = palette(context.color);
  const failed = outcomes.filter(({ passed }) => !passed);
  const lines = failed.flatMap(({ place, request, expected, came, reason }) => [
    `${placeWords(place, context)}${paint.bad('failed')} ${paint.strong(plain(request))}`,
    `    expected ${plain(String(expected))}, came ${plain(came)}`,
    ...(reason === null ? [] : [`    ${paint.faint(plain(reason))}`]),
  ]);
  const sum = failed.length === 0 ? paint.good('all passed') : paint.bad(`${failed.length} failed`);
  return `${lines.map((line) => `${line}\n`).join('')}${count(outcomes.length, 'test')} of the configuration: ${sum}.\n`;
}

function placeWords(place: Place | null, { workingFolder }: CommandContext): string {
  return place === null ? '' : `${shortPath(place.file, workingFolder)}:${place.line}:${place.column} `;
}
