import { errorIssue, err, type Issue, ok } from '../../../base/index.ts';
import { alwaysHolds, type Expression, namesBehind, readsOf } from '../../../rules/index.ts';
import { compileEach, saidOf } from '../../compile-each.ts';
import type { PolicyKind } from '../../kind.ts';
import type { Operation } from '../../operation.ts';
import { neededBy } from '../permission/kind.ts';
import type { ZeroTrustConfig, ZeroTrustOperation } from './config.ts';

/**
 * The kind that builds nothing, and lets nothing be built that falls short of zero trust: operations that need no
 * permission, unsafe ones without a second factor, and ones whose path names an object that no rule asks about.
 */
export function createZeroTrustKind(): PolicyKind<ZeroTrustConfig> {
  return {
    kind: 'zero-trust',
    summary: 'Holds operations to what the preset `zero-trust` demands.',
    schema: null,
    sources: () => [],
    compile: (config, { operations }) =>
      compileEach(operations, (operation) => {
        const issues = operationIssues(operation, config);
        return issues.length > 0 ? err(issues) : ok({});
      }),
  };
}

/** What is done with these changes nothing (RFC 9110 §9.2.1, and QUERY). */
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'QUERY']);

function operationIssues(operation: Operation, config: ZeroTrustConfig): readonly Issue[] {
  const { name, method, described } = operation;
  if (config.open.includes(name)) return [];
  const said = saidOf(config.operations, operation) ?? config.api;
  const issue = (message: string, fix: string): Issue =>
    errorIssue(said.path, `zero trust: ${name} ${message}`, { fix });
  const needs = neededBy(operation, { operations: said.needs === null ? {} : { [name]: said.needs } });
  // Every method of gRPC is a POST, and may change anything; so may what comes over a WebSocket, though a GET opens it.
  const isSafe = SAFE.has(method) && described?.grpc === undefined && !said.opensWebSocket;
  return [
    ...(needs.length === 0 ? [issue('needs no permission', 'say which in `needs`')] : []),
    ...(isSafe || said.isSure
      ? []
      : [issue('may change something, and asks for no second factor', 'write assurance: { amr: mfa }, or an `acr`')]),
    ...(config.ownerless.includes(name) ? [] : unasked(operation, said)).map((parameter) =>
      issue(
        `names an object by {${parameter}}, and no rule says whose it is`,
        `hold ${parameterPath(parameter)} against the caller in \`object\`, or the operation in preset.zero-trust.objects with the reason`,
      ),
    ),
  ];
}

const OF_CALLER = /^(?:principal|tenant)(?:\.|$)/;
const OF_REPLY = /^(?:response|item)(?:\.|$)/;
const OF_OWNER = /^owner(?:\.|$)/;

/** Parameters of the path of which the rule asks neither by themselves nor by the reply or the owner that they lead to. */
function unasked({ template }: Operation, { object, lookedUpBy }: ZeroTrustOperation): readonly string[] {
  const parameters = [...template.matchAll(/\{([^{}]+?)(?:\.\.\.)?\}/g)].map(([, name]) => name as string);
  if (object === null || !saysWhose(object, lookedUpBy)) return parameters;
  const reads = readsOf(object);
  if ([...reads].some((name) => OF_REPLY.test(name))) return [];
  const behind = namesBehind('request.params', object);
  const lookedUp = [...reads].some((name) => OF_OWNER.test(name)) ? new Set(lookedUpBy) : null;
  const isAsked = (name: string): boolean =>
    reads.has(`params.${name}`) || behind.has(name) || lookedUp?.has(`params.${name}`) === true;
  return parameters.filter((name) => !isAsked(name));
}

/** Whether a rule may say something else of one caller than of another. */
function saysWhose(object: Expression, lookedUpBy: readonly string[]): boolean {
  return !alwaysHolds(object) && [...readsOf(object), ...lookedUpBy].some((name) => OF_CALLER.test(name));
}

/** As conditions write it: names with points in them stand in brackets. */
function parameterPath(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? `params.${name}` : `params[${JSON.stringify(name)}]`;
}
