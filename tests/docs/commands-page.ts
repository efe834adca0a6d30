import { type CommandContext, runCli } from '../../src/cli/index.ts';

const INTRODUCTION = `# Commands

<!-- Generated from src/cli; do not edit. \`npm run docs:reference\` writes it anew. -->

What \`portcullis --help\` and \`portcullis VERB --help\` print. In the repository the command is \`bin/portcullis\`; where
the package is installed, \`npx portcullis\`.
`;

/** What a command line prints when it asks for help, and its exit code. Nothing but printing is given to it. */
export async function helpOf(...argv: readonly string[]): Promise<{ readonly text: string; readonly code: number }> {
  let text = '';
  const write = (more: string): void => {
    text += more;
  };
  const context: Partial<CommandContext> = {
    write,
    complain: write,
    color: false,
    workingFolder: '/',
    version: 'VERSION',
  };
  const code = await runCli(argv, context as CommandContext);
  return { text, code };
}

/** The verbs that the overview lists, in its order. */
export async function verbs(): Promise<readonly string[]> {
  const { text } = await helpOf('--help');
  return [...text.matchAll(/^ {2}([a-z]+)\b.* {2,}\S/gm)].map(([, verb]) => verb as string);
}

/** The page of all commands, made from their help. */
export async function commandsPage(): Promise<string> {
  const overview = await helpOf('--help');
  const sections = [block(overview.text)];
  for (const verb of await verbs()) {
    const { text } = await helpOf(verb, '--help');
    sections.push(`\n## ${verb}\n\n${block(text)}`);
  }
  return `${INTRODUCTION}\n${sections.join('')}`;
}

function block(text: string): string {
  return `\`\`\`text\n${text.trimEnd()}\n\`\`\`\n`;
}
