import { errorIssue, ok, type Result } from '../base/index.ts';
import { describeServices, type ServiceDescription } from '../openapi/services.ts';
import { accessIssues } from './access-checks.ts';
import { operationIssues } from './checks.ts';
import { unknownExceptions } from './zero-trust-checks.ts';
import type { DescribedDocument } from './description-document.ts';
import { fileWords } from './description-source.ts';
import { complain, placeOf, type Work } from './gather-work.ts';
import { methodKeys, spreadServices } from './service-keys.ts';
import { sharedBytes } from './shared-bytes.ts';

/** All messages of a large organisation's services take a few. */
const DESCRIPTORS_LIMIT_BYTES = 16 * 1024 * 1024;

/** Reads the descriptor sets of all APIs that name one, each file once, as descriptions like others. */
export async function gatherDescriptors(work: Work): Promise<void> {
  const known = new Map<string, Result<ServiceDescription, string>>();
  for (const api of work.parsed.config.apis) {
    if (api.source.kind !== 'descriptors') continue;
    const { file } = api.source;
    const read = known.get(file) ?? (await readServices(work, file));
    known.set(file, read);
    if (!read.ok) {
      complain(work, `${api.path}.descriptors`, read.error);
      continue;
    }
    const names = methodKeys(read.value.description.operations.map(({ id }) => id));
    work.described.set(api.name, documentOf(read.value));
    warnOfRules(work, `${api.path}.descriptors`, read.value.ruled);
    const { config, places } = work.parsed;
    work.issues.push(...operationIssues(api, names, places), ...unknownExceptions(api, names, config, places));
  }
}

/** Whoever writes a rule takes it to hold. */
function warnOfRules(work: Work, path: string, ruled: readonly string[]): void {
  const [first] = ruled;
  if (first === undefined) return;
  const others = ruled.length === 1 ? '' : ` and ${ruled.length - 1} more`;
  const message = `${first}${others} ${ruled.length === 1 ? 'has' : 'have'} rules of validate options, which are not enforced here`;
  const fix = 'let the API itself hold them';
  work.warnings.push({ ...errorIssue(path, message, { place: placeOf(work, path), fix }), severity: 'warning' });
}

/** The same work, with what is said of whole services said of their methods; what can't hold together is an issue. */
export function withServices(work: Work): Work {
  const parsed = spreadServices(work.parsed, work.described);
  if (parsed !== work.parsed) work.issues.push(...accessIssues(parsed.config, parsed.places));
  return { ...work, parsed };
}

async function readServices(work: Work, file: string): Promise<Result<ServiceDescription, string>> {
  const read = await work.files.read(file, DESCRIPTORS_LIMIT_BYTES);
  if (!read.ok) return { ok: false, error: fileWords(file, read.error, DESCRIPTORS_LIMIT_BYTES) };
  const described = await describeServices(read.value);
  return described.ok ? ok(described.value) : { ok: false, error: `${file} ${described.error}` };
}

/** The document is what requests are judged by: nothing else of the file makes another configuration. */
function documentOf({ description, messages }: ServiceDescription): DescribedDocument {
  const methods = description.operations.map(({ id, grpc, deprecated }) => [id, grpc, deprecated]);
  const json = sharedBytes(Buffer.from(JSON.stringify({ methods, ...messages }))).buffer;
  return { description, json, file: null, securityPlaces: new Map() };
}
