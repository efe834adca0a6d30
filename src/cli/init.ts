import { posix } from 'node:path';
import { err, errorIssue, type Issue, ok, type Result } from '../base/index.ts';
import { gather, parseConfig, type StarterApi, starterConfig } from '../config/index.ts';
import { type Command, EXIT } from './command.ts';
import { buildConfiguration } from './configuration.ts';
import type { CommandContext } from './context.ts';
import { describedPermissions } from './described-permissions.ts';
import { complainOfFaults, complainOfIssues } from './issues.ts';
import { count, plain } from './terminal.ts';

const FILE_NAME = 'portcullis.yaml';
const FILE_MODE = 0o644;
const DOCUMENT_LIMIT = 100;
/** Where many an API runs while it is developed; the next ones are thought to follow. */
const FIRST_UPSTREAM_PORT = 3000;

/** `portcullis init`: writes a configuration to begin with. */
export const initCommand: Command = {
  verb: 'init',
  summary: `writes a ${FILE_NAME} to begin with, from OpenAPI documents`,
  operands: [],
  moreOperands: 'OPENAPI',
  options: {
    upstream: { value: 'URL', says: 'where the API runs; a place to fill in if left out' },
  },
  details: [
    'Each document, a file or a URL, becomes an API with its name and, where there are several, a base path of its own.',
    'The scopes that its operations ask for become two roles: one that may read, and one that may do all. Without a',
    'document the file has one API that routes everything. It never overwrites a file.',
    '',
    'What is written is sound as it stands, but nobody gets in before your issuer is filled in.',
  ],
  async run(given, context) {
    const made = await configurationText(given.operands, given.values.get('upstream') ?? null, context);
    if (!made.ok) {
      complainOfIssues(made.error, false, context);
      return EXIT.unusable;
    }
    const { text, apis } = made.value;
    const file = posix.join(context.workingFolder, FILE_NAME);
    const created = await context.ports.files.create(file, new TextEncoder().encode(text), FILE_MODE);
    if (created.ok) {
      context.write(nextSteps(apis, given.values.has('upstream')));
      return EXIT.fine;
    }
    const message =
      created.error.reason === 'exists'
        ? 'is there already and stays as it is'
        : `can't be written: ${created.error.detail}`;
    complainOfFaults([errorIssue('', `${FILE_NAME} ${message}`)], false, context);
    return EXIT.unusable;
  },
};

interface Written {
  readonly text: string;
  readonly apis: readonly StarterApi[];
}

async function configurationText(
  documents: readonly string[],
  upstream: string | null,
  context: CommandContext,
): Promise<Result<Written, readonly Issue[]>> {
  if (documents.length > DOCUMENT_LIMIT) return err([errorIssue('', `at most ${DOCUMENT_LIMIT} documents are read`)]);
  // The names come from the documents, so these are read under others first.
  const first = documents.map((openapi, at) => ({ name: `document-${at + 1}`, openapi, ...placeOf(at, documents) }));
  const upstreamOf = (at: number): string => upstream ?? `http://127.0.0.1:${FIRST_UPSTREAM_PORT + at}`;
  const nameless = (first.length === 0 ? [{ name: 'api' }] : first).map((api, at) => ({
    ...api,
    upstreamUrl: upstreamOf(at),
  }));
  const descriptions = await describe(nameless, context);
  if (!descriptions.ok) return descriptions;
  const names = new Set<string>();
  const apis = nameless.map((api) => {
    const found = Object.hasOwn(descriptions.value, api.name) ? descriptions.value[api.name] : undefined;
    if (found === undefined) return api;
    const name = uniqueName(found.title, names);
    const basePath = documents.length > 1 ? { basePath: `/${name}` } : {};
    return { ...api, ...basePath, name, permissions: describedPermissions(found.operations) };
  });
  const text = starterConfig({ apis, signIn: { kind: 'placeholder' } });
  const parsed = parse(text, context);
  const built = parsed.ok ? await buildConfiguration(parsed.value, context) : parsed;
  return built.ok ? ok({ text, apis }) : err(built.error.map(withoutPlace));
}

function placeOf(at: number, { length }: readonly string[]): { basePath?: string } {
  return length > 1 ? { basePath: `/document-${at + 1}` } : {};
}

/** What the documents say, by the names of the APIs. */
async function describe(apis: readonly StarterApi[], context: CommandContext) {
  const parsed = parse(starterConfig({ apis, signIn: { kind: 'public' } }), context);
  if (!parsed.ok) return err(parsed.error.map((issue) => toldAsArgument(issue, apis)));
  const { files, secrets, egress } = context.ports;
  const gathered = await gather(parsed.value, { files, secrets, egress, revision: 0 });
  return gathered.ok
    ? ok(gathered.value.descriptions)
    : err(gathered.error.map((issue) => toldAsArgument(issue, apis)));
}

function parse(text: string, context: CommandContext) {
  return parseConfig(text, { file: posix.join(context.workingFolder, FILE_NAME), kinds: [] });
}

/** Nobody has written the lines of this configuration, so what is wrong with it is told of what it came from. */
function toldAsArgument(issue: Issue, apis: readonly StarterApi[]): Issue {
  const api = apis.find(({ name }) => issue.path.startsWith(`apis.${name}.`));
  if (api === undefined) return withoutPlace(issue);
  const path = issue.path.endsWith('.upstream') ? '--upstream' : (api.openapi ?? '');
  return { ...issue, path, place: null };
}

/** Issues of documents keep their places, those of a file that is not written have none. */
function withoutPlace(issue: Issue): Issue {
  return issue.place?.file.endsWith(`/${FILE_NAME}`) === true ? { ...issue, place: null } : issue;
}

/** A name for an API from its document's title, unlike those before it. */
function uniqueName(title: string, taken: Set<string>): string {
  const plainTitle = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/-?\b(?:api|openapi|swagger)\b/g, '')
    .replace(/^[^a-z]+/, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  const wanted = plainTitle === '' || plainTitle in {} ? 'api' : plainTitle;
  let name = wanted;
  for (let number = 2; taken.has(name); number++) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
}

function nextSteps(apis: readonly StarterApi[], upstreamSaid: boolean): string {
  const lines = apis.map(({ name, openapi, basePath = '' }) => {
    const from = openapi === undefined ? 'everything is routed' : `from ${plain(openapi)}`;
    return `  ${name}: ${from}, at https://localhost:8443${basePath}`;
  });
  return [
    `Wrote ${FILE_NAME} with ${count(apis.length, 'API')}:`,
    '',
    ...lines,
    '',
    `Next, in ${FILE_NAME}:`,
    '',
    '  issuers   put in your authorization server and the audience of its tokens; until then nobody gets in',
    '  roles     name them as your tokens do',
    ...(upstreamSaid ? [] : ['  upstream  put in where each API runs']),
    '',
    'Then `portcullis check` shows what protects each operation, and `portcullis start` runs it.',
    '',
  ].join('\n');
}
