import { err, errorIssue, type Issue, ok, type Result } from '../../../base/index.ts';
import { propertyNamesOf } from '../../../openapi/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import { compileFieldLists, describedFieldIssues, type FieldLists, isWhole } from '../../field-access/index.ts';
import type { FieldRules } from '../../field-rules.ts';
import type { CompileAt, PolicyKind, Steps } from '../../kind.ts';
import type { KindPorts } from '../../kind-ports.ts';
import type { Operation } from '../../operation.ts';
import type { FieldsConfig } from './config.ts';
import { repliesOf } from './described-replies.ts';
import { observingStep, openingStep, type ReplyFields, respondStep, writingStep } from './steps.ts';
import { SealedTags } from './sealed-tags.ts';

/**
 * The kind that takes out of replies the fields that the caller may not see, byte by byte: what stays is as the upstream
 * wrote it. What can't be read for that is refused. Entity tags become ones of the gateway's, so that what was given to
 * one caller is never confirmed to another who may see less.
 */
export function createFieldsKind({ tagKey }: Pick<KindPorts, 'tagKey'>): PolicyKind<FieldsConfig> {
  return {
    kind: 'fields',
    summary: 'Takes out of replies the fields that the caller may not see.',
    schema: null,
    sources: () => [],
    compile(config, at, got) {
      const tags = new SealedTags(tagKey, at.api);
      return compileEach(at.operations, (operation) => {
        const rules = saidOf(config.operations, operation);
        // A tag that one operation gave out comes back to another that changes the thing.
        if (rules === null) return ok({ transform: writingStep(tags) });
        const document = got.document(at.api);
        const lists = listsOf(rules, { operation, at, document });
        if (!lists.ok) return lists;
        const names = namesOf(rules, document);
        return ok(stepsOf({ rules, lists: lists.value, tags, names }, config.observed.includes(operation.name)));
      });
    },
  };
}

/** While it only observes, clients' own conditions and the upstream's own tags go on as they are. */
function stepsOf(fields: ReplyFields, observed: boolean): Steps {
  if (observed) return { respond: observingStep(fields), transform: writingStep(fields.tags) };
  return { transform: openingStep(fields), respond: respondStep(fields) };
}

interface Place {
  readonly operation: Operation;
  readonly at: CompileAt;
  readonly document: unknown;
}

function listsOf(rules: FieldRules, { operation, at, document }: Place): Result<FieldLists, readonly Issue[]> {
  const { described } = operation;
  if (described?.grpc !== undefined) {
    const message = 'messages of gRPC are not JSON, and no fields can be taken out of them';
    return err([errorIssue(rules.path, message, { fix: 'take `fields` away' })]);
  }
  const lists = compileFieldLists(rules, at.roles);
  if (described === null) return lists;
  const replies = repliesOf(described);
  const issues = [...describedFieldIssues(rules, document, replies.schemas)];
  if (!replies.readable && lists.ok && !isWhole(lists.value.everybody)) {
    const message = 'the description has no reply of JSON, and no fields can be taken out of any other';
    issues.push(errorIssue(rules.path, message, { fix: 'take `fields` away, or describe the JSON' }));
  }
  if (lists.ok && issues.length === 0) return lists;
  return err(lists.ok ? issues : [...lists.error, ...issues]);
}

/** Names that may be recorded. */
function namesOf({ default: common, roles }: FieldRules, document: unknown): ReplyFields['names'] {
  const listed = new Set([...common, ...Object.values(roles).flat()].flatMap(({ names }) => names));
  const described = propertyNamesOf(document);
  return { has: (name) => listed.has(name) || described.has(name) };
}
