import { err, errorIssue, type Issue, ok, type ProblemCode, type Result } from '../../../base/index.ts';
import { describedPart, propertyNamesOf, type Names } from '../../../openapi/index.ts';
import { announcesBody } from '../../announced-body.ts';
import { whyNoBody } from '../../asked/why-no-body.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { compileFieldLists, describedFieldIssues, type FieldLists, isWhole } from '../../field-access/index.ts';
import type { FieldRules } from '../../field-rules.ts';
import type { CompileAt, PolicyKind, Step, Steps } from '../../kind.ts';
import { createMediaTypes } from '../../media-types.ts';
import type { Operation } from '../../operation.ts';
import { deny, PASS, type Verdict } from '../../verdict.ts';
import type { AcceptsConfig } from './config.ts';
import { type Place, RefusedFields } from './refused-fields.ts';
import { isFieldType, judgeBody } from './sent-body.ts';

/**
 * The kind that refuses requests whose bodies set fields which the caller may not set. A body of which that can't be told
 * is refused too. A caller who may set everything may send whatever else lets pass.
 */
export function createAcceptsKind(): PolicyKind<AcceptsConfig> {
  return {
    kind: 'accepts',
    summary: 'Refuses requests that set fields which the caller may not set.',
    schema: null,
    // For operations that a body names it does not compile: they have no body of their own.
    inBody: true,
    sources: () => [],
    compile: (config, at, got) =>
      compileEach(at.operations, (operation) => {
        const rules = saidOf(config.operations, operation);
        if (rules === null) return ok({});
        return stepsFor(rules, operation, {
          at,
          document: got.document(at.api),
          isHelpful: config.errors === 'helpful',
        });
      }),
  };
}

interface Context {
  readonly at: CompileAt;
  readonly document: unknown;
  readonly isHelpful: boolean;
}

function stepsFor(
  rules: FieldRules,
  operation: Operation,
  { at, document, isHelpful }: Context,
): Result<Steps, readonly Issue[]> {
  const lists = compileFieldLists(rules, at.roles);
  const issues = [
    ...bodyIssues(rules, operation),
    ...(lists.ok ? [] : lists.error),
    ...describedFieldIssues(rules, document, schemasOf(operation)),
  ];
  if (!lists.ok || issues.length > 0) return err(issues);
  return ok({ decide: stepOf(lists.value, createRefusals(rules, document, isHelpful)) });
}

function bodyIssues({ path }: FieldRules, operation: Operation): readonly Issue[] {
  const { inBody, described } = operation;
  if (inBody === true)
    return [errorIssue(path, 'a field of GraphQL has no body of its own; its arguments are not looked at')];
  if (described?.grpc !== undefined)
    return [errorIssue(path, 'fields of gRPC messages are not looked at', { fix: 'name them in `when`' })];
  const why = whyNoBody(operation, null);
  if (why !== null) return [errorIssue(path, why, { fix: 'take it out' })];
  const content = described?.requestBody?.content ?? [];
  if (content.length === 0 || content.some(({ mediaRange }) => mayHaveFields(mediaRange))) return [];
  const ranges = content.map(({ mediaRange }) => mediaRange).join(', ');
  return [errorIssue(path, `fields can’t be told from ${ranges}, which is all that the operation takes`)];
}

function schemasOf({ described }: Operation): readonly string[] {
  const content = described?.requestBody?.content ?? [];
  return content.flatMap(({ mediaRange, schemaPointer, itemSchemaPointer }) => {
    const pointers = [schemaPointer, itemSchemaPointer].filter((pointer) => pointer !== null);
    return mayHaveFields(mediaRange) && !mediaRange.startsWith('application/json-patch') ? pointers : [];
  });
}

/** Ranges with a star leave room for types that have. */
function mayHaveFields(mediaRange: string): boolean {
  const essence = (mediaRange.split(';', 1)[0] ?? '').trim();
  return essence.includes('*') || isFieldType({ essence, suffix: /\+([^+]+)$/.exec(essence)?.[1] ?? null });
}

function stepOf(lists: FieldLists, refusals: Refusals): Step<'decide'> {
  const mediaTypes = createMediaTypes();
  return {
    reads: { request: 'parsed', response: 'none' },
    head({ principal, request }) {
      if (!announcesBody(request) || isWhole(lists.of(principal))) return PASS;
      const mediaType = mediaTypes.read(request.headers.get('content-type'));
      return mediaType !== null && isFieldType(mediaType) ? PASS : refusals.unread('unsupported-media-type');
    },
    run(exchange) {
      const { principal, request } = exchange;
      const body = exchange.body('parsed');
      const node = lists.of(principal);
      if (isWhole(node)) return PASS;
      const refused = new RefusedFields(refusals.isHelpful);
      const reading = judgeBody(body, mediaTypes.read(request.headers.get('content-type')), node, refused);
      if (reading === 'other-type') return refusals.unread('unsupported-media-type');
      if (reading === 'malformed') return refusals.unread('malformed-body');
      return refused.places.length === 0 ? PASS : refusals.fields(refused.places);
    },
  };
}

interface Refusals {
  readonly isHelpful: boolean;
  unread(code: Extract<ProblemCode, 'unsupported-media-type' | 'malformed-body'>): Verdict;
  fields(places: readonly Place[]): Verdict;
}

/** Longer places are cut: who sent them knows them. */
const TOLD_LENGTH = 256;

/** The record has the place of the first field as far as its names are known here: what a client made up is not kept. */
function createRefusals(rules: FieldRules, document: unknown, isHelpful: boolean): Refusals {
  const described = propertyNamesOf(document);
  const listed = new Set([...rules.default, ...Object.values(rules.roles).flat()].flatMap(({ names }) => names));
  const names: Names = { has: (name) => listed.has(name) || described.has(name) };
  return {
    isHelpful,
    unread: (code) => deny({ code, internal: `${rules.id}: its fields can’t be told` }, rules.id),
    fields(places) {
      const [first = []] = places;
      const place = describedPart(pointerOf(first), names);
      const detail = 'this field may not be set';
      const errors = places.map((each) => ({ detail, pointer: fragmentOf(pointerOf(each)) }));
      const told = isHelpful ? { errors } : {};
      const problem = { code: 'field-not-allowed', ...told, internal: `${rules.id}: the field at #${place}` } as const;
      return deny(problem, `${rules.id}#${place}`);
    },
  };
}

function pointerOf(place: Place): string {
  return place.map((token) => `/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A JSON Pointer as a URI fragment (RFC 6901 §6). */
function fragmentOf(pointer: string): string {
  return `#${encodeURIComponent(pointer.slice(0, TOLD_LENGTH).toWellFormed()).replaceAll('%2F', '/')}`;
}
