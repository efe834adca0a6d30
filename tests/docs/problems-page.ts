import { type ProblemCode, problemCatalogue } from '../../src/base/index.ts';

const INTRODUCTION = `# Problems

<!-- Generated from src/base/problem-catalogue.ts; do not edit. \`npm run docs:reference\` writes it anew. -->

Every refusal is one of these. Its body is \`application/problem+json\` (RFC 9457):

\`\`\`json
{
  "type": "urn:portcullis:problem:not-found",
  "title": "Not found",
  "status": 404,
  "code": "not-found",
  "instance": "urn:uuid:019aa8f0-6c3e-7b54-9d3f-2f1a4f0f6a11"
}
\`\`\`

- \`code\` is what a program should look at. It is never renamed and never reused.
- \`instance\` holds the id of the request. \`x-request-id\` of the same reply says it too, and so does the log.
- What went wrong inside is never part of it: no address of an upstream, no stack, no text of a rule.
- A refusal is sent with \`cache-control: no-store\`, and to HEAD without its body.
- *Ends the connection* marks what leaves the framing in doubt. The reply says \`connection: close\`, and nothing that
  follows on that connection is read.
`;

/** The page of all problems, made from the catalogue. */
export function problemsPage(): string {
  const codes = Object.keys(problemCatalogue) as ProblemCode[];
  const rows = codes.map((code) => {
    const { status, title } = problemCatalogue[code];
    return `| ${status} | [\`${code}\`](#${code}) | ${title} |`;
  });
  return [
    INTRODUCTION,
    '| status | code | title |',
    '| --- | --- | --- |',
    ...rows,
    '',
    codes.map(section).join('\n'),
  ].join('\n');
}

function section(code: ProblemCode): string {
  const entry = problemCatalogue[code];
  const facts = [`**${entry.status} ${entry.title}**`];
  if ('closes' in entry) facts.push('Ends the connection');
  const lines = [`## ${code}`, '', `${facts.join('. ')}.`, '', `- Cause: ${entry.cause}`, `- Fix: ${entry.fix}`, ''];
  return lines.join('\n');
}
