import { ok, type Problem } from '../base/index.ts';
import { type CrossOrigin, type Operation, preflightMethod, preflightStep } from '../policy/index.ts';
import type { CanonicalRequest } from '../wire/index.ts';
import { needOf } from './body-need.ts';
import { isOwnPath } from './own-paths.ts';
import { NO_MESSAGES } from './message-steps.ts';
import type { Plan } from './plan.ts';
import { plannedStep } from './planned-step.ts';
import { ReplySteps } from './reply-steps.ts';
import type {
  AskedPlace,
  CompiledApi,
  CompiledOperation,
  PreflightMatch,
  PreflightTable,
  Snapshot,
} from './snapshot.ts';

/**
 * Finds what preflights ask for. They are answered here whatever the path says of OPTIONS, and judged as what they ask
 * for: by its lists and its limits of addresses, and never by who calls, for browsers do not say.
 */
export class Preflights implements PreflightTable {
  readonly #router: Snapshot['router'];
  /** Those with the longest paths first. */
  readonly #places: readonly ApiPlace[];
  readonly #documentOf: (api: string) => unknown;
  readonly #made = new WeakMap<CompiledOperation, CompiledOperation>();

  constructor(router: Snapshot['router'], places: readonly ApiPlace[], documentOf: (api: string) => unknown) {
    this.#router = router;
    this.#places = places.toSorted((one, other) => other.api.basePath.length - one.api.basePath.length);
    this.#documentOf = documentOf;
  }

  find({ host, path, method, headers }: AskedPlace): PreflightMatch | null {
    const asked = preflightMethod(method, headers);
    if (asked === null) return null;
    const allow = this.#methodsAt(host, path);
    if (this.#apiAt(host, path, allow)?.cors === null) return null;
    const found = this.#router.find(host, path, asked);
    if (found.kind === 'matched') {
      const { cors } = found.target.api;
      if (cors === null) return null;
      return { kind: 'matched', params: found.params, target: this.#answering(found.target, cors, allow) };
    }
    return found.kind === 'methodNotAllowed' ? found : null;
  }

  readable(problem: Problem, { host, path, headers }: AskedPlace): Problem {
    const api = this.#apiAt(host, path, this.#methodsAt(host, path)) ?? this.#apiAround(host, path);
    return api === null ? problem : readableBy(api, headers, problem);
  }

  /** No path takes CONNECT, and what is said then is what it does take. */
  #methodsAt(host: string, path: string): readonly string[] {
    const found = this.#router.find(host, path, 'CONNECT');
    return found.kind === 'methodNotAllowed' ? found.allow : [];
  }

  /** All operations of a path are of one API. */
  #apiAt(host: string, path: string, [method]: readonly string[]): CompiledApi | null {
    const found = method === undefined ? null : this.#router.find(host, path, method);
    return found?.kind === 'matched' ? found.target.api : null;
  }

  /** The one API whose paths begin as this one does, where none has it. */
  #apiAround(host: string, path: string): CompiledApi | null {
    if (isOwnPath(path)) return null;
    const [nearest, next] = this.#places.filter(
      (place) => (place.host === null || place.host === host) && isBelow(place.api.basePath, path),
    );
    if (nearest === undefined || next?.api.basePath === nearest.api.basePath) return null;
    return nearest.api;
  }

  #answering(asked: CompiledOperation, cors: CrossOrigin, methods: readonly string[]): CompiledOperation {
    const { operation } = asked;
    const document = (): unknown => this.#documentOf(operation.api);
    const made = this.#made.get(asked) ?? answering(asked, { operation, cors, methods, document });
    this.#made.set(asked, made);
    return made;
  }
}

/** An API, and the host that it answers on; null for all. */
export interface ApiPlace {
  readonly host: string | null;
  readonly api: CompiledApi;
}

function isBelow(basePath: string, path: string): boolean {
  return path === basePath || path.startsWith(`${basePath}/`);
}

/** A refusal with what a page needs to read it, where its API says who may. */
export function readableBy({ cors }: CompiledApi, headers: CanonicalRequest['headers'], problem: Problem): Problem {
  if (cors === null) return problem;
  return { ...problem, headers: [...(problem.headers ?? []), ...cors.replyFields(headers)] };
}

function answering(asked: CompiledOperation, answerer: Answerer): CompiledOperation {
  const { operation, api, priority, timeoutMs, deadlineMs } = asked;
  const plan = (): ReturnType<CompiledOperation['plan']> => {
    const planned = asked.plan();
    return planned.ok ? ok((kept ??= preflightPlan(planned.value, answerer))) : planned;
  };
  let kept: Plan | null = null;
  const none = { bodyLimitBytes: 0, bodyDescribed: false, grpc: null, websocket: null, cache: null, children: null };
  return { operation, api, priority, timeoutMs, deadlineMs, ...none, plan, tryPlan: plan };
}

interface Answerer {
  readonly operation: Operation;
  readonly cors: CrossOrigin;
  readonly methods: readonly string[];
  /** What describes the operation. */
  readonly document: () => unknown;
}

/** The plan of an operation's preflights: those of its steps that hold for them, then the answer. */
function preflightPlan({ request, respond }: Plan, { operation, cors, methods, document }: Answerer): Plan {
  const about = { stage: 'decide', policy: `${operation.api}/cors`, observed: false, head: false } as const;
  const answer = plannedStep(
    about,
    preflightStep(cors, { described: operation.described, document: document() }, methods),
  );
  const admitting = request.filter(({ stage, step }) => stage === 'admit' && step.preflights !== false);
  return {
    request: [...admitting, answer],
    respond: new ReplySteps(respond.all.filter(({ step }) => step.preflights === true)),
    record: [],
    signInNeeded: false,
    readsRequest: needOf([], 'request'),
    messages: NO_MESSAGES,
  };
}
